"""A model folder, written by training and read for inference, checked before it is used."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..base.errors import BadModel, printable
from ..base.whole_file import write_whole
from .card import CARD_FILE, Card, active_folder
from .graph_file import ExpectedShapes, GraphSession, Shapes, check_graph_file, reason_of

if TYPE_CHECKING:
    import numpy as np
    from _typeshed import DataclassInstance

HASH_DIGITS = 12
WEIGHTS_FILE = "weights.safetensors"
SAMPLE_FILE = "sample.ogg"
"""An example of the model's output; older folders have a sample.wav."""

SCALE_SUFFIX = ".scale"
"""Suffix of the tensor with the float32 scales ``(rows, 1, ...)`` of an int8 weight."""

WEIGHTS_KEY = "weights"
"""Key in a graph's metadata: the weights that it points to, as their entries in the header of WEIGHTS_FILE."""

MAX_NAMES = 8
"""Names that are listed in one line."""

REMEDY = "copy the model folder again, or export it again by training with --resume"

ConfigT = TypeVar("ConfigT", bound="DataclassInstance")


class GraphValue(Protocol):
    """An input or output as ONNX Runtime describes it."""

    name: str
    shape: list[int | str | None]


class ModelFolder:
    """A folder with a card, weights and graphs.

    Opening it reads the card; :meth:`verify` compares every file with its hash.

    - ``path``: the folder.

    Raises BadModel if the folder has no card, or it cannot be read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._active = active_folder(self.path)
        self.card = Card.read(self.path)

    @cached_property
    def hash(self) -> str:
        """The first twelve digits of :attr:`sha256`."""
        return self.sha256[:HASH_DIGITS]

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the card's list of files, without the sample, as 64 hexadecimal digits."""
        return _sha256_of({name: digest for name, digest in self.card.files.items() if name != SAMPLE_FILE})

    @property
    def hashes(self) -> tuple[str, ...]:
        """The hash and earlier hashes of the same weights and graphs; coded files may carry any of them."""
        return (self.hash, *self.card.former_hashes)

    @property
    def n_bytes(self) -> int:
        """Size of the listed files in bytes."""
        return sum(path.stat().st_size for name in self.card.files if (path := self.path / name).is_file())

    def hash_of(self, names: Iterable[str]) -> str:
        """Return a hash like `hash` of some of the files; a file that is not listed counts as missing."""
        return _sha256_of({name: self.card.files.get(name, "") for name in names})[:HASH_DIGITS]

    def verify(self) -> None:
        """Compare every listed file with its SHA-256; raise BadModel if one is missing or differs."""
        for name, expected in self.card.files.items():
            with self.file(name).open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            if digest != expected:
                raise BadModel(
                    f"{self._active / name} is not the file that its card describes (SHA-256 differs); {REMEDY}."
                )

    def file(self, name: str) -> Path:
        """Return the path of a listed file; raise BadModel if the card does not list it or it is missing."""
        path = self._active / name
        if name not in self.card.files:
            raise BadModel(
                f"The model in {self.path} has no {name}, which the family {self.card.family} needs; {REMEDY}."
            )
        if not path.is_file():
            raise BadModel(f"{path} is missing; {REMEDY}.")
        return path

    def config(self, kind: type[ConfigT]) -> ConfigT:
        """Return the configuration of the network, with the card's labels and sample rate.

        Raises BadModel if a setting is unknown, of a wrong type or out of its range.
        """
        return self.card.config_as(kind, self.path)

    def tensors(self, name: str = WEIGHTS_FILE) -> dict[str, np.ndarray]:
        """Return all tensors of a safetensors file as stored: float16, float32, or int8 with their scales.

        Raises BadModel if the file is missing or damaged.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self.file(name)
        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:  # the latter: unknown data types
            raise BadModel(f"{path} cannot be read as safetensors ({printable(str(error))}); {REMEDY}.") from error

    def weights(self) -> dict[str, np.ndarray]:
        """Return all weights by name as float32; raise BadModel if the file is missing or damaged."""
        try:
            return as_float32(self.tensors())
        except ValueError as error:
            raise BadModel(
                f"The scales in {self._active / WEIGHTS_FILE} do not fit its weights ({error}); {REMEDY}."
            ) from error

    def session(self, name: str, inputs: ExpectedShapes, outputs: ExpectedShapes) -> GraphSession:
        """Open a graph for one thread, with the expected names and shapes of inputs and outputs.

        Raises BadModel if the graph cannot be read, points to bytes outside the file of weights or to weights that
        differ from its own list, or has other inputs or outputs.
        """
        from ..base.onnx_runtime import open_session

        path = self.file(name)
        n_weight_bytes = self.file(WEIGHTS_FILE).stat().st_size if WEIGHTS_FILE in self.card.files else 0
        check_graph_file(path, WEIGHTS_FILE, n_weight_bytes)
        try:
            session = open_session(path, is_optimised=True)
            listed = session.get_modelmeta().custom_metadata_map.get(WEIGHTS_KEY, "{}")
            actual_inputs, actual_outputs = _shapes_of(session.get_inputs()), _shapes_of(session.get_outputs())
        except Exception as error:  # ONNX Runtime's errors share no other base class; names may be invalid UTF-8
            raise BadModel(f"{path} cannot be opened as an ONNX graph ({reason_of(error)}); {REMEDY}.") from error
        self._check_weights(path, listed)
        _check_shapes(path, "input", actual_inputs, inputs)
        _check_shapes(path, "output", actual_outputs, outputs)
        return GraphSession(path, session, inputs, outputs)

    def _check_weights(self, graph: Path, listed: str) -> None:
        """Raise BadModel unless every weight that a graph points to has the name, shape and offset of the export."""
        expected = _json_object(graph, listed)
        stored = self._weights_header if expected else {}
        for name, entry in expected.items():
            if stored.get(name) != entry:
                difference = f"has shape {_shape_in(stored[name])}" if name in stored else "is missing"
                raise BadModel(
                    f"{graph.name} needs the weight {printable(name)} with shape {_shape_in(entry)}, which in "
                    f"{self._active / WEIGHTS_FILE} {difference} or has another offset; {REMEDY}."
                )

    @cached_property
    def _weights_header(self) -> dict[str, object]:
        path = self.file(WEIGHTS_FILE)
        with path.open("rb") as opened:
            n_bytes = int.from_bytes(opened.read(8), "little")
            return _json_object(path, opened.read(min(n_bytes, path.stat().st_size)))


def describe_model(folder: ModelFolder) -> str:
    """Return one line: family, sample rate, labels, speakers and the size of the files."""
    card = folder.card
    properties = [f"{card.sample_rate} Hz"]
    for kind, names in (("labels", tuple(card.labels)), ("speakers", card.speakers)):
        if names:
            more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
            properties.append(f"{kind} {', '.join(names[:MAX_NAMES])}{more}")
    return f"<{card.name}: {card.family}, {', '.join(properties)}, {folder.n_bytes / 1e6:.1f} MB>"


def as_float32(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return stored tensors as float32, int8 weights times their scales, which have their name and SCALE_SUFFIX.

    Raises ValueError if scales have another shape than their weights ask for.
    """
    scales = {name + SCALE_SUFFIX for name in stored}  # a network may also have a weight that is called so
    named = {name: array for name, array in stored.items() if name not in scales}
    scaled = {name: stored.get(name + SCALE_SUFFIX) for name in named}
    return {
        name: array.astype("float32") if (scale := scaled[name]) is None else array.astype("float32") * scale
        for name, array in named.items()
    }


def _json_object(path: Path, text: str | bytes) -> dict[str, object]:
    """Return the JSON object inside a file; raise BadModel if it is damaged."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadModel(f"The list of weights in {path} cannot be read ({printable(str(error))}); {REMEDY}.") from error
    if not isinstance(value, dict):
        raise BadModel(f"The list of weights in {path} is no JSON object; {REMEDY}.")
    return value


def _shape_in(entry: object) -> str:
    """Return the shape in an entry of a safetensors header, or an invalid entry itself, as text for a message."""
    return printable(str(entry.get("shape") if isinstance(entry, dict) else entry))


def _shapes_of(values: Sequence[GraphValue]) -> Shapes:
    """Return the shapes of a graph's inputs or outputs by name; a named dimension is None."""
    return {value.name: tuple(size if isinstance(size, int) else None for size in value.shape) for value in values}


def _check_shapes(graph: Path, kind: str, actual: Shapes, expected: ExpectedShapes) -> None:
    """Raise BadModel unless the inputs or outputs of a graph are the expected ones."""
    matches = actual.keys() == expected.keys() and all(
        len(actual[name]) == len(shape)
        and all(a == b or a is None or b is None for a, b in zip(actual[name], shape, strict=True))
        for name, shape in expected.items()
    )
    if not matches:
        raise BadModel(
            f"{graph} has the {kind}s {_shapes_text(actual)}, but its card asks for {_shapes_text(expected)}; {REMEDY}."
        )


def _shapes_text(shapes: ExpectedShapes) -> str:
    """Return the first few shapes as text for a message."""
    return ", ".join(
        f"{printable(name)} ({', '.join('any' if n is None else str(n) for n in shape[:MAX_NAMES])})"
        for name, shape in itertools.islice(shapes.items(), MAX_NAMES)
    )


def _sha256_of(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def write_card(folder: Path, card: Card) -> None:
    """Write ``card.json`` into a model folder, whole or not at all."""
    write_whole(Path(folder) / CARD_FILE, card.to_json().encode())
