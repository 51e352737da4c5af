"""ONNX graphs point to their own weights alone, checked without the onnx package before ONNX Runtime sees them."""

from __future__ import annotations

import random

import onnx
import pytest
from onnx import TensorProto, helper
from tiny_models import sign_again

from wavewright import models
from wavewright.base.errors import BadModel
from wavewright.families import loading
from wavewright.models import graph_file
from wavewright.models.graph_file import check_graph_file

WEIGHTS = "weights.safetensors"


def external(name="w", location=WEIGHTS, offset="8", length="16", dims=(4,), data_type=TensorProto.FLOAT, **more):
    """A tensor that lies outside its graph; an entry that is None is left out."""
    tensor = TensorProto(name=name, data_type=data_type, dims=dims)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": offset, "length": length, **more}.items():
        if value is not None:
            tensor.external_data.add(key=key, value=value)
    return tensor


def graph_of(*initializers, nodes=(), name="g"):
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    return helper.make_graph(list(nodes), name, [], [output], list(initializers))


def written(path, graph, **more):
    path.write_bytes(helper.make_model(graph, **more).SerializeToString())
    return path


def constant(tensor):
    return helper.make_node("Constant", [], ["location"], value=tensor)


def in_a_branch(tensor):
    branch = graph_of(tensor, nodes=[helper.make_node("Identity", ["w"], ["y"])], name="branch")
    return helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=graph_of(name="other"))


def sparse(tensor):
    return onnx.SparseTensorProto(values=tensor, indices=TensorProto(data_type=TensorProto.INT64, dims=[4]), dims=[9])


def test_initializers_in_the_weights_are_allowed(tmp_path):
    for kinds in (
        {},
        {"data_type": TensorProto.FLOAT16, "dims": (2, 4)},
        {"data_type": TensorProto.INT8, "dims": (16,)},
    ):
        check_graph_file(written(tmp_path / "g.onnx", graph_of(external(**kinds))), WEIGHTS, 24)
    node = helper.make_node("Identity", ["w"], ["y"], name="/location/of/a/node")
    check_graph_file(written(tmp_path / "g.onnx", graph_of(external(), nodes=[node])), WEIGHTS, 24)
    check_graph_file(
        written(tmp_path / "g.onnx", graph_of(helper.make_tensor("v", TensorProto.FLOAT, [2], [1, 2]))), WEIGHTS, 0
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        *(
            ({"location": location}, "only weights.safetensors may hold weights")
            for location in (
                "../weights.safetensors",
                "/etc/passwd",
                "card.json",
                "",
                "./weights.safetensors",
                "*/_ORT_MEM_ADDR_/*",
            )
        ),
        ({"location": None}, "only weights.safetensors may hold weights"),
        ({"offset": "9"}, "ends at byte 25 of weights.safetensors, which has 24"),
        ({"offset": "-8"}, "has the offset '-8'"),
        ({"offset": "+8"}, r"has the offset '\+8'"),
        ({"offset": " 8"}, "has the offset ' 8'"),
        ({"offset": "9" * 30}, "has the offset"),
        ({"offset": "8", "length": None}, "and the length ''"),
        ({"offset": None}, "has the offset ''"),
        ({"length": "0"}, "of 4 numbers has 0 bytes"),
        ({"length": "8"}, "of 4 numbers has 8 bytes"),
        ({"dims": (5,)}, "of 5 numbers has 16 bytes"),
        ({"dims": (-1,)}, "has 16 bytes"),
        ({"dims": (2**62, 2**62)}, "has 16 bytes"),
        ({"data_type": TensorProto.STRING}, "has 16 bytes"),
        ({"basepath": "/etc"}, "one that is unknown"),
    ],
)
def test_what_points_elsewhere_is_refused(tmp_path, changes, reason):
    path = written(tmp_path / "g.onnx", graph_of(external(**changes)))
    with pytest.raises(BadModel, match=rf"g\.onnx cannot be opened as an ONNX graph \(.*{reason}"):
        check_graph_file(path, WEIGHTS, 24)


def test_a_key_given_twice_is_refused(tmp_path):
    tensor = external(location=WEIGHTS)
    tensor.external_data.add(key="location", value="../x")
    with pytest.raises(BadModel, match="the key 'location' twice"):
        check_graph_file(written(tmp_path / "g.onnx", graph_of(tensor)), WEIGHTS, 24)


def hidden_models():
    """Graphs with a tensor outside them where no initializer of the main graph is."""
    tensor = external()
    yield helper.make_model(graph_of(nodes=[constant(tensor)]))
    yield helper.make_model(graph_of(nodes=[in_a_branch(tensor)]))
    yield helper.make_model(graph_of(nodes=[helper.make_node("Constant", [], ["y"], sparse_value=sparse(tensor))]))
    attribute = onnx.AttributeProto(name="many", type=onnx.AttributeProto.TENSORS, tensors=[tensor])
    yield helper.make_model(graph_of(nodes=[onnx.NodeProto(op_type="X", attribute=[attribute])]))
    with_sparse = graph_of()
    with_sparse.sparse_initializer.append(sparse(tensor))
    yield helper.make_model(with_sparse)
    function = helper.make_function("d", "f", [], ["y"], [constant(tensor)], [helper.make_opsetid("", 17)])
    yield helper.make_model(graph_of(), functions=[function])
    trained = helper.make_model(graph_of())
    trained.training_info.add().initialization.CopyFrom(graph_of(tensor))
    yield trained


@pytest.mark.parametrize("proto", list(hidden_models()))
def test_tensors_outside_are_found_wherever_they_hide(tmp_path, proto):
    (tmp_path / "g.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(BadModel, match="a tensor that is no initializer of the main graph lies outside it"):
        check_graph_file(tmp_path / "g.onnx", WEIGHTS, 24)


def test_a_tensor_spread_over_two_messages_is_refused(tmp_path):
    contents = helper.make_model(graph_of(external(location="../x"))).SerializeToString()
    for more in (b"\x3a\x00", contents):  # what protocol buffers merge into one model
        (tmp_path / "g.onnx").write_bytes(helper.make_model(graph_of()).SerializeToString() + more)
        with pytest.raises(BadModel, match="a field of a model that occurs once is repeated"):
            check_graph_file(tmp_path / "g.onnx", WEIGHTS, 24)


@pytest.mark.parametrize(
    "contents", [b"\x0b", b"\x3a\xff", b"\xff" * 12, b"\x00\x00", b"\x3d\x00", b"\x3a" + b"\x80" * 10]
)
def test_what_is_no_protocol_buffer_is_refused(tmp_path, contents):
    (tmp_path / "g.onnx").write_bytes(contents)
    with pytest.raises(BadModel, match="cannot be opened as an ONNX graph"):
        check_graph_file(tmp_path / "g.onnx", WEIGHTS, 24)


def test_other_formats_and_huge_files_are_refused(tmp_path, monkeypatch):
    path = written(tmp_path / "g.onnx", graph_of())
    monkeypatch.setattr(graph_file, "MAX_GRAPH_BYTES", 10)
    with pytest.raises(BadModel, match="a graph has at most 10"):
        check_graph_file(path, WEIGHTS, 24)
    monkeypatch.undo()
    path.write_bytes(b"\x18\x00\x00\x00ORTM" + bytes(100))
    with pytest.raises(BadModel, match="in ONNX Runtime's own format"):
        check_graph_file(path, WEIGHTS, 24)


def test_deep_nesting_is_refused(tmp_path):
    inner = graph_of(external(), name="location")
    for _ in range(25):
        node = onnx.NodeProto(op_type="If")
        node.attribute.add(name="then_branch", type=onnx.AttributeProto.GRAPH).g.CopyFrom(inner)
        inner = graph_of(nodes=[node])
    (tmp_path / "g.onnx").write_bytes(onnx.ModelProto(graph=inner).SerializeToString())
    with pytest.raises(BadModel, match="too deep"):
        check_graph_file(tmp_path / "g.onnx", WEIGHTS, 24)


@pytest.mark.parametrize("name", models.bundled())
def test_the_bundled_graphs_are_read_as_onnx_reads_them(name, monkeypatch):
    folder = models.BUNDLED_FOLDER / name
    n_bytes = (folder / WEIGHTS).stat().st_size
    for path in folder.glob("*.onnx"):
        seen = []
        check = graph_file._check_tensor
        monkeypatch.setattr(
            graph_file,
            "_check_tensor",
            lambda tensor, *rest, seen=seen, check=check: (seen.append(tensor), check(tensor, *rest)),
        )
        check_graph_file(path, WEIGHTS, n_bytes)
        monkeypatch.undo()
        graph = onnx.load(path, load_external_data=False).graph
        assert [TensorProto.FromString(tensor).name for tensor in seen] == [tensor.name for tensor in graph.initializer]


def test_a_graph_that_points_elsewhere_never_reaches_the_runtime(copied_gan, monkeypatch):
    from wavewright.base import onnx_runtime

    described = onnx.load(copied_gan / "generator.onnx", load_external_data=False)
    (copied_gan / "other.bin").write_bytes(bytes(10_000))
    weight = next(tensor for tensor in described.graph.initializer if tensor.external_data)
    for entry in weight.external_data:
        if entry.key == "location":
            entry.value = "other.bin"
    (copied_gan / "generator.onnx").write_bytes(described.SerializeToString())
    sign_again(copied_gan)
    monkeypatch.setattr(onnx_runtime, "InferenceSession", lambda *_, **__: pytest.fail("the graph was opened"))
    with pytest.raises(BadModel, match=r"a tensor lies in 'other\.bin'; only weights\.safetensors may hold weights"):
        loading.load(copied_gan)


def test_weights_that_no_hash_covers_are_not_used(copied_gan):
    from tiny_models import change_card

    from wavewright.models.card import Card

    files = dict(Card.read(copied_gan).files)
    del files[WEIGHTS]
    change_card(copied_gan, files=files)
    with pytest.raises(BadModel, match=r"weights\.safetensors"):
        loading.load(copied_gan)


def test_damaged_graphs_are_refused_or_read(tmp_path):
    rng = random.Random(0)
    whole = helper.make_model(
        graph_of(external(), nodes=[constant(helper.make_tensor("c", TensorProto.FLOAT, [1], [1]))])
    )
    contents = whole.SerializeToString()
    n_refused = 0
    for _ in range(2_000):
        damaged = bytearray(contents)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        (tmp_path / "g.onnx").write_bytes(bytes(damaged[: rng.choice((None, rng.randrange(len(damaged))))]))
        try:
            check_graph_file(tmp_path / "g.onnx", WEIGHTS, 24)
        except BadModel:
            n_refused += 1
    assert n_refused > 1_000
