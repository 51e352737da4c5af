"""Check an ONNX file before it is opened: its data must lie within the model's own file of weights; run its graph.

An ONNX file is a protocol buffer. Its tensors may point to bytes in any file ("external data": location, offset,
length), and ONNX Runtime reads what they point to. The parser below knows only the few messages that lead to
tensors, so it needs no package; see onnx.proto (onnx/onnx) and the encoding of protocol buffers (protobuf.dev).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import BadModel, printable

if TYPE_CHECKING:
    import numpy as np

    from ..base.onnx_runtime import InferenceSession

MAX_GRAPH_BYTES = 2**25
"""Size of a graph without its weights."""

MAX_DEPTH = 64
"""Depth of nested messages."""

FLATBUFFER_MARK = b"ORTM"
"""Magic bytes of ONNX Runtime's own format, which is refused."""

MESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "sparse": {1: "tensor", 2: "tensor"},
    "training": {1: "graph", 2: "graph"},
}
"""Fields of each message of onnx.proto that lead to tensors, and the messages in them."""

ONCE = {"model": {7}, "attribute": {5, 6, 22}, "sparse": {1, 2}, "training": {1, 2}}
"""Fields that occur once. Protocol buffers merge repeated ones, so a tensor could be split over two messages."""

DIMS, DATA_TYPE, EXTERNAL_DATA, DATA_LOCATION = 1, 2, 13, 14  # fields of a tensor
ITEM_BYTES = {1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8}  # by data type: float32, uint8, int8, int32, ...
KEYS = {"location", "offset", "length"}  # of external data
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types

Field = tuple[int, int | bytes]
"""Number and value of a field; fields of fixed width are skipped."""


def check_graph_file(path: Path, weights_file: str, n_weight_bytes: int) -> None:
    """Raise BadModel unless ``path`` is an ONNX file whose external data lie within ``weights_file``.

    - ``weights_file``: the only location that external data may have. Only initializers of the main graph may be
      external.
    """
    if path.stat().st_size > MAX_GRAPH_BYTES:
        raise BadModel(
            f"{path} has {path.stat().st_size:,} bytes; a graph has at most {MAX_GRAPH_BYTES:,}: copy the model "
            "folder again."
        )
    contents = path.read_bytes()
    if contents[4:8] == FLATBUFFER_MARK:
        raise BadModel(
            f"{path} is in ONNX Runtime's own format; a model folder holds ONNX graphs: export the model again."
        )
    try:
        for tensor, is_initializer in _tensors(contents, "model"):
            _check_tensor(tensor, is_initializer, weights_file, n_weight_bytes)
    except ValueError as error:
        reason = printable(str(error))
        raise BadModel(f"{path} cannot be opened as an ONNX graph ({reason}); copy the model folder again.") from error


def _tensors(message: bytes, kind: str, depth: int = 0, parents: tuple[str, ...] = ()) -> Iterator[tuple[bytes, bool]]:
    """Yield every tensor of a message, and whether it is an initializer of the main graph."""
    if depth > MAX_DEPTH:
        raise ValueError("its messages lie too deep in one another")
    seen: set[int] = set()
    inner = MESSAGES[kind]
    for number, value in _fields(message):
        if number not in inner or not isinstance(value, bytes):
            continue
        if number in seen and number in ONCE.get(kind, ()):
            raise ValueError(f"a field of a {kind} that occurs once is repeated")
        seen.add(number)
        path = (*parents, kind)
        if inner[number] == "tensor":
            yield value, path == ("model", "graph")
        elif path == ("model",) or b"location" in value:  # only what holds this key can point to a file
            yield from _tensors(value, inner[number], depth + 1, path)


def _check_tensor(message: bytes, is_initializer: bool, weights_file: str, n_weight_bytes: int) -> None:
    """Raise ValueError for an external tensor that is not an initializer, or lies outside the weights."""
    tensor = _parse_tensor(message)
    if not tensor.is_external:
        return
    if not is_initializer:
        raise ValueError("a tensor that is no initializer of the main graph lies outside it")
    location, offset, length = (tensor.entries.get(key, "") for key in ("location", "offset", "length"))
    if location != weights_file:
        raise ValueError(f"a tensor lies in {location!r}; only {weights_file} may hold weights")
    if not (re.fullmatch("[0-9]{1,15}", offset) and re.fullmatch("[0-9]{1,15}", length)):
        raise ValueError(f"a tensor has the offset {offset!r} and the length {length!r}")
    end = int(offset) + int(length)
    if end > n_weight_bytes:
        raise ValueError(f"a tensor ends at byte {end} of {weights_file}, which has {n_weight_bytes}")
    if not tensor.item_bytes or tensor.n_items * tensor.item_bytes != int(length):
        raise ValueError(f"a tensor of {tensor.n_items} numbers has {length} bytes")


@dataclass
class _Tensor:
    """The fields of a tensor that say where its data are."""

    n_items: int = 1
    item_bytes: int = 0
    is_external: bool = False
    entries: dict[str, str] = field(default_factory=dict)


def _parse_tensor(message: bytes) -> _Tensor:
    """Return the fields of a tensor; raise ValueError if an entry of its external data is unknown or repeated."""
    tensor = _Tensor()
    for number, value in _fields(message):
        if number == DIMS:
            for size in [value] if isinstance(value, int) else _varints(value):
                tensor.n_items = min(tensor.n_items * size, 2**63)
        elif number == DATA_TYPE and isinstance(value, int):
            tensor.item_bytes = ITEM_BYTES.get(value, 0)
        elif number == DATA_LOCATION:
            tensor.is_external = tensor.is_external or value != 0
        elif number == EXTERNAL_DATA and isinstance(value, bytes):
            tensor.is_external = True
            key, text = _entry(value)
            if key in tensor.entries or key not in KEYS:
                raise ValueError(f"a tensor outside it has the key {key!r} twice, or one that is unknown")
            tensor.entries[key] = text
    return tensor


def _entry(message: bytes) -> tuple[str, str]:
    """Return key and value of an entry of external data; raise ValueError where one is missing or repeated."""
    strings = [(number, value) for number, value in _fields(message) if isinstance(value, bytes)]
    if [number for number, _ in strings] != [1, 2]:
        raise ValueError("an entry of external data is damaged")
    return strings[0][1].decode("utf-8", "strict"), strings[1][1].decode("utf-8", "strict")


def _fields(message: bytes) -> Iterator[Field]:
    """Yield the fields of a message; raise ValueError where it is damaged."""
    position = 0
    while position < len(message):
        tag = message[position]
        if tag < 128:
            position += 1
        else:
            tag, position = _varint(message, position)
        number, kind = tag >> 3, tag & 7
        if not number or tag >= 2**32:
            raise ValueError("a field has no number")
        if kind == VARINT:
            value, position = _varint(message, position)
            yield number, value
        elif kind == BYTES:
            n_bytes = message[position] if position < len(message) else 128
            if n_bytes < 128:
                position += 1
            else:
                n_bytes, position = _varint(message, position)
            if n_bytes > len(message) - position:
                raise ValueError("it is truncated")
            yield number, message[position : position + n_bytes]
            position += n_bytes
        elif kind in (FIXED32, FIXED64):
            position += 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"a field has the type {kind}")
    if position != len(message):
        raise ValueError("it is truncated")


def _varints(message: bytes) -> Iterator[int]:
    """Yield the numbers of a packed field."""
    position = 0
    while position < len(message):
        value, position = _varint(message, position)
        yield value


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Decode the varint at a position, seven bits a byte; return it and the position after it."""
    value = shift = 0
    while position < len(message) and shift < 70:
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            if value >= 2**64:
                break
            return value, position
        shift += 7
    raise ValueError("it is truncated, or a number in it is too long")


Shapes = dict[str, tuple[int | None, ...]]
"""Shape of each input or output of a graph by name; ``None`` is a free dimension, such as the batch or time."""

ExpectedShapes = Mapping[str, tuple[int | None, ...]]
"""Expected shapes, which may be a constant of the family."""


SOURCE_LINE = re.compile(r"(?:/|[A-Z]:\\)\S+\.(?:cc|h):\d+ \S.*\) ")
"""File, line and function of ONNX Runtime in its messages: ``/core/graph/model.cc:166 onnxruntime::Model(...) ``."""


def reason_of(error: Exception) -> str:
    """Return the message of an ONNX Runtime error without the names of its functions, files and nodes."""
    reason = SOURCE_LINE.sub("", str(error)).splitlines()[0] if str(error) else type(error).__name__
    return printable(reason.rpartition("[ONNXRuntimeError] : ")[2].rpartition("Status Message: ")[2].rstrip(". "))


class GraphSession:
    """A session of ONNX Runtime that raises BadModel for failures and for outputs of unexpected shapes.

    - ``path``: file of the graph, for messages.
    - ``session``: the session of ONNX Runtime.
    - ``inputs``, ``outputs``: expected shapes; the first dimension is the batch, whatever its size here.
    """

    def __init__(self, path: Path, session: InferenceSession, inputs: ExpectedShapes, outputs: ExpectedShapes) -> None:
        self._path = path
        self._session = session
        self._inputs = inputs
        self._outputs = outputs
        self._checked: dict[str, tuple[int, ...]] = {}  # the last shape of each output, which was right
        self.output_names: list[str] = [output.name for output in session.get_outputs()]

    def run(self, names: Sequence[str] | None, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Compute outputs of the graph, by default all of them in the order of `output_names`.

        Raises BadModel if the graph fails or an output has an unexpected shape.
        """
        names = self.output_names if names is None else list(names)
        try:
            outputs: list[np.ndarray] = self._session.run(names, dict(inputs))
        except Exception as error:  # ONNX Runtime's errors share no other base class
            raise self.mismatch(reason_of(error)) from error
        for name, output in zip(names, outputs, strict=True):
            if self._checked.get(name) != output.shape:
                self._check_shape(name, output)
                self._checked[name] = output.shape
        return outputs

    def zero_input(self, name: str) -> np.ndarray:
        """Return a float32 input of zeros, such as the memory at the start of a stream; free dimensions have size 1."""
        import numpy as np

        return np.zeros([1 if size is None else size for size in self._inputs[name]], np.float32)

    def check_length(self, output: np.ndarray, length: int) -> None:
        """Raise BadModel unless an output ``(batch, time, ...)`` has the length that follows from the inputs."""
        if output.shape[1] != length:
            raise self.mismatch(f"an output has {output.shape[1]} steps where {length} are due")

    def mismatch(self, reason: str) -> BadModel:
        """Return the error for a graph that does not match the card of its model."""
        return BadModel(f"{self._path} does not fit its card ({reason}); copy the model folder again.")

    def _check_shape(self, name: str, output: np.ndarray) -> None:
        expected = self._outputs[name]
        matches = len(output.shape) == len(expected) and all(
            axis == 0 or size is None or output.shape[axis] == size for axis, size in enumerate(expected)
        )
        if not matches:
            shape = tuple("any" if size is None else size for size in expected)
            raise self.mismatch(f"{name} has the shape {output.shape}, expected is {shape}".replace("'", ""))
