"""From a trained network to a playable model folder: one small weights file, small ONNX graphs that point into it, a card.

The graphs hold no weights. Each weight is external data of the graph: file ``weights.safetensors``, an offset, a length. A float16
weight passes through a Cast to float32, one of 8 bits is then multiplied by the scales of its rows; ONNX Runtime folds both when it
loads the graph. So nothing is stored twice, and other programs can read the weights by name. Products of matrices of 8 bits may be
computed in integers as well, see :mod:`.integer_products`; constant nodes are folded, see :mod:`.optimised_graph`.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.numpy import save
from torch import Tensor, nn

from ..clip import Clip
from ..errors import TrainingStopped
from ..interruption import uninterrupted
from ..models.card import CARD_FILE, Card
from ..models.folder import SAMPLE_FILE, SCALE_SUFFIX, WEIGHTS_FILE, WEIGHTS_KEY, ModelFolder, write_card
from ..models.replacing import PREFIX, finish_replacing, link_or_copy, replace_model
from ..nn.export_spec import ExportSpec, GraphSpec
from ..whole_file import write_whole
from .integer_products import with_integer_products
from .optimised_graph import optimised

OPSET = 17  # the first with LayerNormalization; every ONNX Runtime since 1.12 reads it
TOLERANCE = 1e-4  # between what plays and what was trained, for values up to 1; relative for larger ones
OTHER_CHOICES = (
    0.03  # share of whole numbers, such as codes, that may differ: where two are as near, either may be taken
)
INTEGER_TOLERANCE = 0.2  # of products in 8 bits: their error over what comes out, as root mean squares
SAMPLE_PEAK = 0.89  # of the example sound, -1 dB: lossy coding overshoots a little
SMALLEST_IN_8_BITS = 4096  # numbers of a matrix; smaller ones save nothing
_Content = tuple[str, tuple[int, ...], bytes]  # type, shape and digest of what is stored
SMALLEST_STORED = 16  # numbers; shorter constants that are no weights, such as sizes and axes, stay in the graph


def as_played(module: nn.Module, weight_bits: int = 16) -> nn.Module:
    """A copy of a module as it will play: in evaluation mode, on the CPU, its weights rounded as they are stored."""
    copied = copy.deepcopy(module).cpu().float().eval().requires_grad_(False)
    for tensor in copied.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.from_numpy(rounded(tensor.numpy(), weight_bits).astype(np.float32)))
    return copied


def rounded(array: np.ndarray, weight_bits: int = 16) -> np.ndarray:
    """A tensor with the values that are stored: of two or more dimensions float16, or float32 of 8 bits a row; others stay exact.

    Biases, norms and statistics (one dimension) are a hundredth of the size, and a network notices their rounding most. What is too
    large for float16 stays as it is, too; what has fewer than SMALLEST_IN_8_BITS numbers is never rounded to 8 bits.
    """
    is_matrix = array.dtype.kind == "f" and array.ndim >= 2
    if is_matrix and weight_bits == 8 and array.size >= SMALLEST_IN_8_BITS:
        scales = row_scales(array)
        return np.rint(array / scales).astype(np.float32) * scales
    fits = is_matrix and np.abs(array).max(initial=0) <= np.finfo(np.float16).max
    return array.astype(np.float16) if fits else array


def row_scales(array: np.ndarray) -> np.ndarray:
    """What one step of 8 bits is worth in each row of ``array (rows, ...)``: float32 ``(rows, 1, ...)``, the largest value 127 steps.

    Scales are rounded up to 12 bits, so that a product with a step is exact and the same scales are found again in rounded weights.
    """
    largest = np.abs(array).max(axis=tuple(range(1, array.ndim)), keepdims=True).astype(np.float64)
    mantissa, exponent = np.frexp(largest / 127)
    scales = np.ldexp(np.ceil(np.ldexp(mantissa, 12)), exponent - 12)
    return np.where(largest > 0, scales, 1).astype(np.float32)


def write_safetensors(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write named tensors, rounded as weights are, whole or not at all."""
    write_whole(path, save({name: np.ascontiguousarray(rounded(array)) for name, array in tensors.items()}))


def export_graph(graph: GraphSpec, folder: Path | None = None) -> onnx.ModelProto:
    """Return the graph of a module, for any batch size, with its weights inside and named as in the module.

    ``folder`` is where a temporary file is written, so that the remains of a killed process are removed with it;
    default: the system's.
    """
    names = [*graph.inputs, *graph.outputs]
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(dir=folder) as temporary:
        # The tracer warns of Python numbers that become constants and of its own age; what it traced is compared with torch later.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.module,
            # One clip: the tracer bakes a GRU's first state into the graph, and only that of one clip expands to any batch.
            tuple(tensor[:1] for tensor in graph.inputs.values()),
            Path(temporary) / "graph.onnx",
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={
                name: {0: "batch"} | {axis: f"{name}_{axis}" for axis in graph.dynamic_axes.get(name, ())}
                for name in names
            },
            opset_version=OPSET,
            # Folding here would bake products of weights into the graph; ONNX Runtime folds when it loads.
            do_constant_folding=False,
            # The newer exporter takes ten times as long or more, and turns interpolation into slow gathers.
            dynamo=False,
        )
        return onnx.load(Path(temporary) / "graph.onnx")


def export_model(
    folder: Path, card: Card, spec: ExportSpec, weight_bits: int = 16, product_bits: int = 32
) -> ModelFolder:
    """Write a playable model folder and return it, opened; the card gets the hashes of all other files.

    Matrices are stored with 16 bits, or with 8 and a scale for each row (``weight_bits``); those of 8 bits multiply in float32 or in
    integers of 8 bits (``product_bits``), whose step the graphs' example inputs give.

    Everything is written into a hidden folder, checked against torch and then replaces the old model, see
    :func:`.models.replacing.replace_model`. Raises TrainingStopped where a network gives no finite numbers,
    RuntimeError where a graph differs from its module.
    """
    folder.mkdir(parents=True, exist_ok=True)
    finish_replacing(folder)
    temporary = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    try:
        graphs = {
            name: replace(graph, module=as_played(graph.module, weight_bits)) for name, graph in spec.graphs.items()
        }
        weights = {name: rounded(array, weight_bits).astype(np.float32) for name, array in spec.weights.items()}
        _write_graphs(temporary, {name: export_graph(graph, temporary) for name, graph in graphs.items()}, weights)
        for name, tensors in spec.files.items():
            write_safetensors(temporary / name, tensors)
        write_sample(temporary, Clip(spec.sample, card.sample_rate))
        write_hashed_card(temporary, card)
        if product_bits == 8:
            for name, graph in graphs.items():
                _check_against_torch(ModelFolder(temporary), name, graph)
                examples = {key: tensor.numpy() for key, tensor in graph.inputs.items()}
                onnx.save_model(with_integer_products(temporary, name, examples), temporary / name)
        for name in graphs:
            onnx.save_model(
                optimised(onnx.load(temporary / name, load_external_data=False), temporary), temporary / name
            )
        write_hashed_card(temporary, card)
        for name, graph in graphs.items():
            _check_against_torch(ModelFolder(temporary), name, graph, is_in_integers=product_bits == 8)
        replace_model(folder, temporary)
    finally:
        with uninterrupted():
            shutil.rmtree(temporary, ignore_errors=True)
    return ModelFolder(folder)


def write_sample(folder: Path, clip: Clip) -> None:
    """Write an example sound of a model, scaled so that lossy coding does not exceed full scale."""
    peak = float(np.abs(clip.wave).max(initial=0.0))
    Clip(clip.wave * min(1.0, SAMPLE_PEAK / max(peak, SAMPLE_PEAK)), clip.sample_rate).write(folder / SAMPLE_FILE)


def rewrite(folder: ModelFolder, name: str, tensors: Mapping[str, np.ndarray]) -> ModelFolder:
    """Write a file of tensors into a model folder, in place of the one that it may have, and its hash on the card; the folder, opened again."""
    temporary = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder.path))
    try:
        for other in folder.card.files.keys() - {name}:
            link_or_copy(folder.file(other), temporary / other)
        write_safetensors(temporary / name, dict(tensors))
        write_hashed_card(temporary, folder.card)
        replace_model(folder.path, temporary)
    finally:
        with uninterrupted():
            shutil.rmtree(temporary, ignore_errors=True)
    return ModelFolder(folder.path)


def write_hashed_card(folder: Path, card: Card) -> None:
    """Write the card with the hashes of all other files of a folder."""
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir()) if path.name != CARD_FILE}
    write_card(folder, card.model_copy(update={"files": files}))


def _write_graphs(folder: Path, graphs: Mapping[str, onnx.ModelProto], weights: Mapping[str, np.ndarray]) -> None:
    """Write the weights, those of all graphs beside the given ones, into one file, and the graphs that point into it.

    Each given weight is there by its name; a graph that has the same points to it.
    """
    store: dict[str, np.ndarray] = {}
    names_by_content: dict[_Content, str] = {}
    for name, array in weights.items():
        names_of_one: dict[_Content, str] = {}
        _stored_name(store, names_of_one, name, array)
        names_by_content = names_of_one | names_by_content
    used = {
        file: {
            initializer: _stored_name(store, names_by_content, f"{Path(file).stem}.{initializer}", array)
            for initializer, array in _take_weights(model).items()
        }
        for file, model in graphs.items()
    }
    contents = save(store)
    header_bytes = int.from_bytes(contents[:8], "little")
    header = json.loads(contents[8 : 8 + header_bytes])
    (folder / WEIGHTS_FILE).write_bytes(contents)
    for file, model in graphs.items():
        entries: dict[str, dict] = {}
        for initializer, stored in used[file].items():
            entries |= {name: header[name] for name in (stored, stored + SCALE_SUFFIX) if name in header}
            _point_to_weight(model, initializer, stored, header, 8 + header_bytes)
        entry = model.metadata_props.add()
        entry.key, entry.value = WEIGHTS_KEY, json.dumps(entries)
        onnx.save_model(model, folder / file)
        onnx.checker.check_model(str(folder / file), full_check=True)


def _take_weights(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Take the weights and large constants out of a graph, which is left without them."""
    taken = {}
    for initializer in list(model.graph.initializer):
        array = numpy_helper.to_array(initializer)
        if array.dtype.kind == "f" or array.size >= SMALLEST_STORED:
            taken[initializer.name] = array
            model.graph.initializer.remove(initializer)
    for node in list(model.graph.node):
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            array = numpy_helper.to_array(node.attribute[0].t)
            if array.size >= SMALLEST_STORED:
                taken[node.output[0]] = array
                model.graph.node.remove(node)
        node.doc_string = ""  # it tells of paths on the machine that traced the graph
    return taken


def _stored_name(
    store: dict[str, np.ndarray], names_by_content: dict[_Content, str], name: str, array: np.ndarray
) -> str:
    """Put an array into the store unless one with the same content is there; the name that it has there.

    Weights have been rounded before; an array that 8 bits a row or float16 hold exactly is stored so, and any other stays exact.
    """
    steps = scales = None
    half = rounded(array)
    if array.dtype == np.float32 and array.ndim >= 2 and array.size >= SMALLEST_IN_8_BITS:
        scales = row_scales(array)
        steps = np.rint(array / scales).astype(np.int8)
    if steps is not None and scales is not None and np.array_equal(steps * scales, array):
        kept = {"": steps, SCALE_SUFFIX: scales}
    else:
        kept = {"": half if np.array_equal(half.astype(array.dtype), array) else array}
    kept = {suffix: np.ascontiguousarray(part) for suffix, part in kept.items()}
    digest = hashlib.sha256(b"".join(part.tobytes() for part in kept.values())).digest()
    content = (kept[""].dtype.str, array.shape, digest)
    if content not in names_by_content:
        names_by_content[content] = name
        store |= {name + suffix: part for suffix, part in kept.items()}
    return names_by_content[content]


_TYPES = {
    "F16": onnx.TensorProto.FLOAT16,
    "F32": onnx.TensorProto.FLOAT,
    "I8": onnx.TensorProto.INT8,
    "I64": onnx.TensorProto.INT64,
}


def _point_to_weight(
    model: onnx.ModelProto, name: str, stored: str, header: Mapping[str, dict], data_start: int
) -> None:
    """Make a weight of a graph external data, and add the nodes that make it float32: a Cast, and a Mul where it has scales."""

    def point(tensor_name: str, entry: dict) -> None:
        if entry["dtype"] not in _TYPES:
            raise RuntimeError(
                f"The graph has a constant {name} of type {entry['dtype']}; export knows {', '.join(_TYPES)}."
            )
        begin, end = entry["data_offsets"]
        tensor = onnx.TensorProto(name=tensor_name, data_type=_TYPES[entry["dtype"]], dims=entry["shape"])
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in {"location": WEIGHTS_FILE, "offset": data_start + begin, "length": end - begin}.items():
            tensor.external_data.add(key=key, value=str(value))
        model.graph.initializer.append(tensor)

    entry, scales = header[stored], header.get(stored + SCALE_SUFFIX)
    if entry["dtype"] not in ("F16", "I8"):
        point(name, entry)
        return
    point(f"{name}.stored", entry)
    cast = f"{name}.unscaled" if scales else name
    nodes = [onnx.helper.make_node("Cast", [f"{name}.stored"], [cast], to=onnx.TensorProto.FLOAT)]
    if scales:
        point(name + SCALE_SUFFIX, scales)
        nodes.append(onnx.helper.make_node("Mul", [cast, name + SCALE_SUFFIX], [name]))
    for node in reversed(nodes):
        model.graph.node.insert(0, node)


def _check_against_torch(folder: ModelFolder, name: str, graph: GraphSpec, is_in_integers: bool = False) -> None:
    """Raise unless the written graph computes what its module computes, and finite numbers, for one clip and for three.

    Products in integers come near that, by root mean square.
    """
    free_inputs = {
        key: _free_shape(tensor.shape, graph.dynamic_axes.get(key, ())) for key, tensor in graph.inputs.items()
    }
    for n_clips in (1, 3):
        inputs = {key: tensor[torch.arange(n_clips) % tensor.shape[0]] for key, tensor in graph.inputs.items()}
        with torch.no_grad():
            outputs = graph.module(*inputs.values())
        expected = [output.numpy() for output in ((outputs,) if isinstance(outputs, Tensor) else outputs)]
        shapes = {
            key: _free_shape(array.shape, graph.dynamic_axes.get(key, ()))
            for key, array in zip(graph.outputs, expected, strict=True)
        }
        session = folder.session(name, free_inputs, shapes)
        found = session.run(list(graph.outputs), {key: tensor.numpy() for key, tensor in inputs.items()})
        for key, wanted, got in zip(graph.outputs, expected, found, strict=True):
            if not np.isfinite(wanted).all():
                raise TrainingStopped(
                    f"The network's {key} is not a finite number; go back to an earlier checkpoint, learn more slowly."
                )
            if wanted.dtype.kind in "iu":  # of choices, where two may be as near
                difference, tolerance = float((wanted != got).mean()), OTHER_CHOICES
            elif is_in_integers:
                difference = float(np.sqrt(np.square(wanted - got).mean() / max(np.square(wanted).mean(), 1e-12)))
                tolerance = INTEGER_TOLERANCE
            else:
                difference, tolerance = float(np.abs(wanted - got).max() / max(1.0, np.abs(wanted).max())), TOLERANCE
            if not difference <= tolerance:
                raise RuntimeError(
                    f"{name} gives {key} {difference:.2g} away from torch; at most {tolerance} is allowed."
                )


def _free_shape(shape: Sequence[int], free: Sequence[int]) -> tuple[int | None, ...]:
    """A shape with None for the batch and for the axes that may have any length."""
    return tuple(None if axis == 0 or axis in free else size for axis, size in enumerate(shape))


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
