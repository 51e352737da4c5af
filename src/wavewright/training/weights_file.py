"""Store the weights of all graphs of a model in one safetensors file, rounded to 16 or 8 bits.

The graphs contain no weights. Each weight is external data of the graph: the file, an offset, a length. A float16
weight passes through a Cast to float32, an int8 weight is then multiplied by the scales of its rows; ONNX Runtime folds
both when it loads the graph. So nothing is stored twice, and other programs can read the weights by name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save

from ..base.whole_file import write_whole
from ..models.folder import SCALE_SUFFIX, WEIGHTS_FILE, WEIGHTS_KEY

MIN_INT8_SIZE = 4096
"""Numbers of a matrix from which on 8 bits and a scale for each row are worthwhile."""

MIN_STORED_SIZE = 16
"""Numbers of a constant from which on it is stored with the weights; shorter ones, such as axes, stay in the graph."""

DATA_TYPES = {
    "F16": onnx.TensorProto.FLOAT16,
    "F32": onnx.TensorProto.FLOAT,
    "I8": onnx.TensorProto.INT8,
    "I64": onnx.TensorProto.INT64,
}

Content = tuple[str, tuple[int, ...], bytes]
"""Type, shape and digest of a stored tensor."""


class TensorEntry(TypedDict):
    """Entry of a tensor in the header of a safetensors file."""

    dtype: str
    shape: list[int]
    data_offsets: list[int]


def rounded(array: np.ndarray, weight_bits: int = 16) -> np.ndarray:
    """Return a tensor with the values that are stored.

    Matrices are rounded to float16, or to 8 bits and a float32 scale for each row if they have MIN_INT8_SIZE numbers.
    Biases, norms and statistics (one dimension) stay exact: they are a hundredth of the size, and a network is most
    sensitive to their rounding. A matrix that exceeds the range of float16 stays exact too.

    - ``array``: tensor of any type and shape.
    - ``weight_bits``: 16 or 8.
    - returns: float16, float32 with the values of 8 bits and their scales, or ``array`` itself.
    """
    if array.dtype.kind != "f" or array.ndim < 2:
        return array
    if weight_bits == 8 and array.size >= MIN_INT8_SIZE:
        scales = row_scales(array)
        values: np.ndarray = np.rint(array / scales).astype(np.float32) * scales
        return values
    is_within_range = np.abs(array).max(initial=0) <= np.finfo(np.float16).max
    return array.astype(np.float16) if is_within_range else array


def row_scales(array: np.ndarray) -> np.ndarray:
    """Return the size of one step of 8 bits in each row; the largest value of a row is 127 steps.

    Scales are rounded up to 12 bits, so that a product with a number of steps is exact, and rounded weights have the
    same scales again.

    - ``array``: ``(rows, ...)``.
    - returns: float32 ``(rows, 1, ...)``; 1 for rows of zeros.
    """
    largest = np.abs(array).max(axis=tuple(range(1, array.ndim)), keepdims=True).astype(np.float64)
    mantissa, exponent = np.frexp(largest / 127)
    scales = np.ldexp(np.ceil(np.ldexp(mantissa, 12)), exponent - 12)
    return np.where(largest > 0, scales, 1).astype(np.float32)


def write_safetensors(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write named tensors, rounded as weights are, whole or not at all."""
    write_whole(path, save({name: np.ascontiguousarray(rounded(array)) for name, array in tensors.items()}))


def write_graphs(folder: Path, graphs: Mapping[str, onnx.ModelProto], weights: Mapping[str, np.ndarray]) -> None:
    """Write the file of weights, and the graphs that point into it.

    - ``folder``: folder to write into.
    - ``graphs``: graphs by file name, with their weights inside; the weights are removed from them.
    - ``weights``: further tensors, each stored under its name; a graph that has the same tensor points to it.

    Raises RuntimeError if a constant of a graph has a type that is not in DATA_TYPES.
    """
    store = _Store()
    for name, array in weights.items():
        store.add_named(name, array)
    names = {
        file: {
            initializer: store.add(f"{Path(file).stem}.{initializer}", array)
            for initializer, array in _remove_weights(graph).items()
        }
        for file, graph in graphs.items()
    }
    contents = save(store.tensors)
    header_bytes = int.from_bytes(contents[:8], "little")
    header: dict[str, TensorEntry] = json.loads(contents[8 : 8 + header_bytes])
    (folder / WEIGHTS_FILE).write_bytes(contents)
    for file, graph in graphs.items():
        entries: dict[str, TensorEntry] = {}
        for initializer, stored in names[file].items():
            entries |= {name: header[name] for name in (stored, stored + SCALE_SUFFIX) if name in header}
            _point_to_weight(graph, initializer, stored, header, 8 + header_bytes)
        graph.metadata_props.add(key=WEIGHTS_KEY, value=json.dumps(entries))
        onnx.save_model(graph, folder / file)
        onnx.checker.check_model(str(folder / file), full_check=True)


class _Store:
    """Tensors by name, each content once."""

    def __init__(self) -> None:
        self.tensors: dict[str, np.ndarray] = {}
        self._names: dict[Content, str] = {}

    def add_named(self, name: str, array: np.ndarray) -> None:
        """Store an array under this name even if its content is stored under another."""
        content, tensors = _stored(array)
        self._names.setdefault(content, name)
        self.tensors |= {name + suffix: tensor for suffix, tensor in tensors.items()}

    def add(self, name: str, array: np.ndarray) -> str:
        """Store an array unless its content is stored; return the name of the content."""
        content, tensors = _stored(array)
        if content not in self._names:
            self._names[content] = name
            self.tensors |= {name + suffix: tensor for suffix, tensor in tensors.items()}
        return self._names[content]


def _stored(array: np.ndarray) -> tuple[Content, dict[str, np.ndarray]]:
    """Return the content of an array and its stored tensors by suffix.

    An array that 8 bits a row or float16 represent exactly is stored so, and any other stays exact.
    """
    half = rounded(array)
    tensors = {"": half if np.array_equal(half.astype(array.dtype), array) else array}
    if array.dtype == np.float32 and array.ndim >= 2 and array.size >= MIN_INT8_SIZE:
        scales = row_scales(array)
        steps = np.rint(array / scales).astype(np.int8)
        if np.array_equal(steps * scales, array):
            tensors = {"": steps, SCALE_SUFFIX: scales}
    tensors = {suffix: np.ascontiguousarray(tensor) for suffix, tensor in tensors.items()}
    digest = hashlib.sha256(b"".join(tensor.tobytes() for tensor in tensors.values())).digest()
    return (tensors[""].dtype.str, array.shape, digest), tensors


def _remove_weights(graph: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Remove the weights and large constants from a graph; return them by name."""
    removed = {}
    for initializer in list(graph.graph.initializer):
        array = numpy_helper.to_array(initializer)
        if array.dtype.kind == "f" or array.size >= MIN_STORED_SIZE:
            removed[initializer.name] = array
            graph.graph.initializer.remove(initializer)
    for node in list(graph.graph.node):
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            array = numpy_helper.to_array(node.attribute[0].t)
            if array.size >= MIN_STORED_SIZE:
                removed[node.output[0]] = array
                graph.graph.node.remove(node)
        node.doc_string = ""  # it contains paths of the machine that traced the graph
    return removed


def _point_to_weight(
    graph: onnx.ModelProto, name: str, stored: str, header: Mapping[str, TensorEntry], data_start: int
) -> None:
    """Make a weight of a graph external data, and add the nodes that convert it to float32.

    - ``graph``: its initializer ``name`` was removed before.
    - ``name``, ``stored``: name of the weight in the graph and in the file.
    - ``header``: header of the file.
    - ``data_start``: offset of the data in the file, bytes.
    """
    entry, scales = header[stored], header.get(stored + SCALE_SUFFIX)
    if entry["dtype"] not in DATA_TYPES:
        raise RuntimeError(
            f"The graph has a constant {name} of type {entry['dtype']}; export knows {', '.join(DATA_TYPES)}."
        )
    if entry["dtype"] not in ("F16", "I8"):
        _add_external(graph, name, entry, data_start)
        return
    _add_external(graph, f"{name}.stored", entry, data_start)
    cast = f"{name}.unscaled" if scales else name
    nodes = [onnx.helper.make_node("Cast", [f"{name}.stored"], [cast], to=onnx.TensorProto.FLOAT)]
    if scales:
        _add_external(graph, name + SCALE_SUFFIX, scales, data_start)
        nodes.append(onnx.helper.make_node("Mul", [cast, name + SCALE_SUFFIX], [name]))
    for node in reversed(nodes):
        graph.graph.node.insert(0, node)


def _add_external(graph: onnx.ModelProto, name: str, entry: TensorEntry, data_start: int) -> None:
    """Add an initializer whose data are in the file of weights."""
    begin, end = entry["data_offsets"]
    tensor = onnx.TensorProto(name=name, data_type=DATA_TYPES[entry["dtype"]], dims=entry["shape"])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": WEIGHTS_FILE, "offset": data_start + begin, "length": end - begin}.items():
        tensor.external_data.add(key=key, value=str(value))
    graph.graph.initializer.append(tensor)
