"""Export: graphs equal the trained modules, weights are stored once, a folder is written whole or not at all."""

from __future__ import annotations

import json
import tempfile

import numpy as np
import onnx
import pytest
import torch
from safetensors.numpy import load_file
from tiny_models import LABELS, TinySpectral, example_inputs, make_gan, seeded
from torch import Tensor, nn

from wavewright.base.errors import BadModel
from wavewright.base.onnx_runtime import open_session
from wavewright.models.card import Card
from wavewright.models.folder import ModelFolder
from wavewright.nn.network import ExportSpec, GraphSpec
from wavewright.training import export
from wavewright.training.export import export_copy, export_model
from wavewright.training.weights_file import rounded, row_scales, write_safetensors

SAMPLE = np.full((1, 8), 0.5, np.float32)


def write(folder, graphs, files=None, weight_bits=16):
    card = Card(name="x", family="gan", sample_rate=8_000)
    return export_model(folder, card, ExportSpec(graphs, SAMPLE, files or {}), weight_bits)


def run(folder, name, inputs):
    session = open_session(folder / name)
    return session.run(None, {key: tensor.numpy() for key, tensor in inputs.items()})


class Shared(nn.Module):
    """One weight used twice, under two names."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.second = nn.Linear(6, 6)
        self.second.weight = self.first.weight

    def forward(self, wave: Tensor) -> Tensor:
        return self.second(torch.relu(self.first(wave)))


def test_graph_equals_torch_with_float16_weights(tmp_path):
    module, inputs = seeded(TinySpectral), example_inputs()
    write(tmp_path, {"generator.onnx": GraphSpec(module, inputs, ("spectrum", "noise_gain"))})
    half = seeded(TinySpectral).eval()
    with torch.no_grad():
        for parameter in half.parameters():
            if parameter.ndim >= 2:
                parameter.copy_(parameter.half().float())
        expected = half(*inputs.values())
    for reference, estimate in zip(expected, run(tmp_path, "generator.onnx", inputs), strict=True):
        np.testing.assert_allclose(estimate, reference.numpy(), atol=1e-4)
    unrounded = module.eval()(*inputs.values())[0].detach().numpy()
    assert (
        np.abs(expected[0].numpy() - unrounded).max() > 1e-6
    )  # the rounding is real, so the comparison above means something


def test_any_batch_size_gives_the_same(tmp_path):
    write(tmp_path, {"generator.onnx": GraphSpec(seeded(TinySpectral), example_inputs(), ("spectrum", "noise_gain"))})
    inputs = example_inputs()
    together = run(tmp_path, "generator.onnx", inputs)[0]
    alone = [
        run(tmp_path, "generator.onnx", {key: value[i : i + 1] for key, value in inputs.items()})[0] for i in range(3)
    ]
    np.testing.assert_allclose(np.concatenate(alone), together, atol=1e-6)


def test_weights_are_stored_once_and_named_as_in_the_module(tmp_path):
    module = seeded(TinySpectral)
    write(tmp_path, {"generator.onnx": GraphSpec(module, example_inputs(), ("spectrum", "noise_gain"))})
    stored = load_file(tmp_path / "weights.safetensors")
    state = export_copy(module).state_dict()
    for name, array in stored.items():
        np.testing.assert_array_equal(array.astype(np.float32), state[name.removeprefix("generator.")].numpy())
        assert array.dtype == (np.float16 if array.ndim >= 2 else np.float32)
    assert sum(array.size for array in stored.values()) <= sum(parameter.numel() for parameter in state.values())
    graph = onnx.load(tmp_path / "generator.onnx", load_external_data=False).graph
    inside = [i for i in graph.initializer if i.data_location != onnx.TensorProto.EXTERNAL and np.prod(i.dims) >= 16]
    assert [i.name for i in inside] == []


def test_a_weight_with_two_names_or_in_two_graphs_is_stored_once(tmp_path):
    module = seeded(Shared)
    inputs = {"wave": torch.ones(2, 6)}
    write(
        tmp_path, {"a.onnx": GraphSpec(module, inputs, ("out",)), "b.onnx": GraphSpec(module.first, inputs, ("out",))}
    )
    shapes = [array.shape for array in load_file(tmp_path / "weights.safetensors").values()]
    assert shapes.count((6, 6)) == 1
    rounded_module = export_copy(module)
    np.testing.assert_allclose(run(tmp_path, "a.onnx", inputs)[0], rounded_module(inputs["wave"]).numpy(), atol=1e-6)
    np.testing.assert_allclose(
        run(tmp_path, "b.onnx", inputs)[0], rounded_module.first(inputs["wave"]).numpy(), atol=1e-6
    )


def test_constants_that_are_no_weights_stay_exact(tmp_path):
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("gain", torch.linspace(0, 1, 64).reshape(2, 32), persistent=False)

        def forward(self, wave: Tensor) -> Tensor:
            return wave * self.gain

    write(tmp_path, {"gain.onnx": GraphSpec(Scaled(), {"wave": torch.ones(2, 2, 32)}, ("out",))})
    expected = torch.linspace(0, 1, 64).reshape(2, 32).numpy()
    np.testing.assert_array_equal(run(tmp_path, "gain.onnx", {"wave": torch.ones(1, 2, 32)})[0][0], expected)


def test_weights_of_8_bits_are_a_quarter_of_the_size_and_equal_torch(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(6, 64, 12), nn.Flatten(), nn.Linear(64 * 5, 40), nn.ReLU(), nn.Linear(40, 3))
    with torch.no_grad():
        module[0].weight[5] = 0  # a row without a scale
        module[2].weight[7] *= 1e-9  # a row far below float16
    inputs = {"wave": torch.randn(3, 6, 16)}
    write(tmp_path / "a", {"a.onnx": GraphSpec(module, inputs, ("out",))}, weight_bits=8)
    stored = load_file(tmp_path / "a" / "weights.safetensors")
    assert {name: array.dtype for name, array in stored.items() if array.ndim > 1} == {
        "a.0.weight": np.int8,
        "a.0.weight.scale": np.float32,
        "a.2.weight": np.int8,
        "a.2.weight.scale": np.float32,
        "a.4.weight": np.float16,  # too small for a scale to be worth it
    }
    weight = module[2].weight.detach().numpy()
    step = np.abs(weight).max(1, keepdims=True) / 127
    restored = stored["a.2.weight"] * stored["a.2.weight.scale"]
    assert np.abs(restored - weight).max() > 1e-6
    assert (np.abs(restored - weight) <= 0.5003 * step).all()
    exported = export_copy(module, 8)
    with torch.no_grad():
        np.testing.assert_allclose(
            run(tmp_path / "a", "a.onnx", inputs)[0], exported(inputs["wave"]).numpy(), atol=1e-5
        )


def test_rounding_to_8_bits_twice_changes_nothing():
    array = (
        np.random.default_rng(0).normal(size=(64, 100)).astype(np.float32)
        * np.logspace(-30, 3, 64, dtype=np.float32)[:, None]
    )
    once = rounded(array, 8)
    np.testing.assert_array_equal(rounded(once, 8), once)
    np.testing.assert_array_equal(row_scales(once), row_scales(array))


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.ones((2, 2), np.float32), np.float16),
        (np.ones((2, 2), np.float64), np.float16),
        (np.ones(4, np.float32), np.float32),
        (np.full((2, 2), 70_000, np.float32), np.float32),
        (np.ones((2, 2), np.int64), np.int64),
    ],
)
def test_rounding_leaves_vectors_and_values_beyond_float16(array, dtype):
    assert rounded(array).dtype == dtype
    np.testing.assert_array_equal(rounded(array), array)


def test_graphs_contain_no_paths_of_the_machine(tmp_path):
    write(tmp_path, {"generator.onnx": GraphSpec(seeded(TinySpectral), example_inputs(), ("spectrum", "noise_gain"))})
    contents = (tmp_path / "generator.onnx").read_bytes()
    assert b"site-packages" not in contents
    assert b"tiny_models" not in contents


def test_the_module_is_left_as_it_was():
    module = seeded(TinySpectral).train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    export_copy(module)
    assert module.training
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert all(parameter.requires_grad for parameter in module.parameters())


class Choosing(torch.nn.Module):
    """The index of the largest number of each row, as a codec chooses codes."""

    def forward(self, rows):
        return rows.argmax(-1)


@pytest.mark.parametrize(("n_others", "is_refused"), [(0, False), (2, False), (20, True)])
def test_a_few_choices_may_differ_where_two_are_as_near(n_others, is_refused):
    graph = GraphSpec(Choosing(), {"rows": torch.randn(1, 100, 8)}, ("numbers",))

    class Folder:
        def session(self, *_):
            return self

        def run(self, _, inputs):
            numbers = inputs["rows"].argmax(-1)
            numbers[:, :n_others] += 5
            return [numbers]

    if is_refused:
        with pytest.raises(RuntimeError, match=r"encoder\.onnx gives numbers 0\.2 away from torch; at most 0\.03"):
            export._check_against_torch(Folder(), "encoder.onnx", graph)
    else:
        export._check_against_torch(Folder(), "encoder.onnx", graph)


def test_a_failed_export_leaves_the_old_model_as_it_was(tmp_path, monkeypatch):
    folder = make_gan(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(RuntimeError, match=r"generator\.onnx gives spectrum .* away from torch"):
        make_gan(tmp_path, module=seeded(TinySpectral, seed=1))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_nothing_is_written_outside_the_folder_where_a_killed_process_would_leave_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    ModelFolder(make_gan(tmp_path / "model")).verify()


def test_exporting_again_replaces_the_model(tmp_path):
    folder = make_gan(tmp_path)
    (folder / ".export-killed").mkdir()
    first = ModelFolder(folder)
    make_gan(tmp_path, module=seeded(TinySpectral, seed=1))
    second = ModelFolder(folder)
    second.verify()
    assert first.hash != second.hash
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.json",
        "generator.onnx",
        "sample.ogg",
        "weights.safetensors",
    ]


def test_export_is_reproducible(tmp_path):
    assert ModelFolder(make_gan(tmp_path / "a")).hash == ModelFolder(make_gan(tmp_path / "b")).hash


def test_further_tensors_are_stored_and_listed(tmp_path):
    embeddings = np.arange(6, dtype=np.float32).reshape(3, 2)
    folder = write(tmp_path, {}, {"training_embeddings.safetensors": {"embeddings": embeddings}})
    folder.verify()
    assert sorted(folder.card.files) == ["sample.ogg", "training_embeddings.safetensors", "weights.safetensors"]
    np.testing.assert_array_equal(folder.tensors("training_embeddings.safetensors")["embeddings"], embeddings)


def test_safetensors_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "t.safetensors"
    write_safetensors(path, {"a": np.ones((2, 2), np.float32)})
    with pytest.raises(AttributeError):
        write_safetensors(path, {"a": "no array"})
    assert load_file(path)["a"].dtype == np.float16
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.safetensors"]


def test_sessions_check_what_goes_in_and_comes_out(tmp_path):
    folder = ModelFolder(make_gan(tmp_path))
    outputs = {"spectrum": (1, 2, 33, 101), "noise_gain": (1, 33, 101)}
    session = folder.session("generator.onnx", {"latent": (1, 4), "label": (None,)}, outputs)
    assert session.output_names == ["spectrum", "noise_gain"]
    assert (session.zero_input("latent").shape, session.zero_input("label").tolist()) == ((1, 4), [0.0])
    for inputs in ({"latent": (1, 5), "label": (1,)}, {"latent": (1, 4)}, {"latent": (1, 4, 1), "label": (1,)}):
        with pytest.raises(BadModel, match=r"has the inputs latent \(any, 4\), label \(any\), but its card asks for"):
            folder.session("generator.onnx", inputs, outputs)


def test_the_card_lists_every_file_with_its_hash(tmp_path):
    folder = make_gan(tmp_path)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert sorted(card["files"]) == ["generator.onnx", "sample.ogg", "weights.safetensors"]
    assert card["labels"] == list(LABELS)
