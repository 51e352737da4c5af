"""A model folder: what training wrote and playing reads, checked before it is used."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import BadModel, printable
from ..whole_file import write_whole
from .card import CARD_FILE, Card, playable
from .graph_file import check_graph_file
from .graph_session import ExpectedShapes, GraphSession, Shapes, reason_of

if TYPE_CHECKING:
    import numpy as np

WEIGHTS_FILE = "weights.safetensors"
SAMPLE_FILE = "sample.ogg"  # an example of the model's output; older folders have a sample.wav
SCALE_SUFFIX = ".scale"  # of the tensor with the scales (rows, 1, ...) of an int8 weight, float32
MOST_NAMES = 8  # listed in one line
WEIGHTS_KEY = (
    "weights"  # in a graph's metadata: the weights that it points to, as their entries in the header of WEIGHTS_FILE
)

Config = TypeVar("Config")


class ModelFolder:
    """A folder with a card, weights and graphs. Opening it reads the card; ``verify`` compares every file with its hash."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self._place = playable(self.path)
        self.card = Card.read(self.path)

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the card's list of files, without the sample."""
        return _hash_of({name: digest for name, digest in self.card.files.items() if name != SAMPLE_FILE})

    @property
    def hashes(self) -> tuple[str, ...]:
        """The hash and earlier hashes of the same weights and graphs; coded files may carry any of them."""
        return (self.hash, *self.card.former_hashes)

    @property
    def n_bytes(self) -> int:
        """Size of the listed files in bytes."""
        return sum(path.stat().st_size for name in self.card.files if (path := self.path / name).is_file())

    def hash_of(self, names: Iterable[str]) -> str:
        """The same of some of the files; one that is not listed counts as missing."""
        return _hash_of({name: self.card.files.get(name, "") for name in names})

    def verify(self) -> None:
        """Compare every listed file with its SHA-256; raises BadModel for one that is missing or differs."""
        for name, expected in self.card.files.items():
            with self.file(name).open("rb") as opened:
                found = hashlib.file_digest(opened, "sha256").hexdigest()
            if found != expected:
                raise BadModel(
                    f"{self._place / name} is not the file that its card describes (SHA-256 differs); {_REMEDY}."
                )

    def file(self, name: str) -> Path:
        """The path of a listed file; raises BadModel where the card does not list it or it is missing."""
        path = self._place / name
        if name not in self.card.files:
            raise BadModel(
                f"The model in {self.path} has no {name}, which the family {self.card.family} needs; {_REMEDY}."
            )
        if not path.is_file():
            raise BadModel(f"{path} is missing; {_REMEDY}.")
        return path

    def config(self, kind: type[Config]) -> Config:
        """What the card says of the network, as the dataclass ``kind`` of its family, with the card's labels and sample rate.

        Raises BadModel for a setting that the family does not have, of a wrong type or out of its range.
        """
        return self.card.config_as(kind, self.path)

    def tensors(self, name: str = WEIGHTS_FILE) -> dict[str, np.ndarray]:
        """All tensors of a safetensors file, as stored: float16, float32, or int8 beside its scales."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self.file(name)
        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:  # the latter: unknown data types
            raise BadModel(f"{path} cannot be read as safetensors ({printable(str(error))}); {_REMEDY}.") from error

    def weights(self) -> dict[str, np.ndarray]:
        """All tensors of the file of weights by name, as the float32 numbers that they stand for."""
        try:
            return as_float32(self.tensors())
        except ValueError as error:
            raise BadModel(
                f"The scales in {self._place / WEIGHTS_FILE} do not fit its weights ({error}); {_REMEDY}."
            ) from error

    def session(self, name: str, inputs: ExpectedShapes, outputs: ExpectedShapes) -> GraphSession:
        """Open a graph for one thread.

        Raises BadModel where the graph cannot be read, points to bytes outside the file of weights or to weights that
        differ from its own list, or where its inputs and outputs are not the given ones.
        """
        from ..onnx_runtime import open_session

        path = self.file(name)
        n_weight_bytes = self.file(WEIGHTS_FILE).stat().st_size if WEIGHTS_FILE in self.card.files else 0
        check_graph_file(path, WEIGHTS_FILE, n_weight_bytes)
        try:
            session = open_session(path)
            listed = session.get_modelmeta().custom_metadata_map.get(WEIGHTS_KEY, "{}")
            found_inputs, found_outputs = _shapes_of(session.get_inputs()), _shapes_of(session.get_outputs())
        except Exception as error:  # ONNX Runtime's errors share no other base class; names may be invalid UTF-8
            raise BadModel(f"{path} cannot be opened as an ONNX graph ({reason_of(error)}); {_REMEDY}.") from error
        self._check_weights(path, listed)
        _check_shapes(path, "input", found_inputs, inputs)
        _check_shapes(path, "output", found_outputs, outputs)
        return GraphSession(path, session, outputs)

    def _check_weights(self, graph: Path, listed: str) -> None:
        """Raise BadModel unless every weight that a graph points to has the name, shape and place that it had at export."""
        expected = _json_object(graph, listed)
        found = self._weights_header if expected else {}
        for name, entry in expected.items():
            if found.get(name) != entry:
                has = f"has shape {_shape_in(found[name])}" if name in found else "is missing"
                raise BadModel(
                    f"{graph.name} needs the weight {printable(name)} with shape {_shape_in(entry)}, which in "
                    f"{self._place / WEIGHTS_FILE} {has} or lies elsewhere; {_REMEDY}."
                )

    @cached_property
    def _weights_header(self) -> dict[str, Any]:
        path = self.file(WEIGHTS_FILE)
        with path.open("rb") as opened:
            n_bytes = int.from_bytes(opened.read(8), "little")
            return _json_object(path, opened.read(min(n_bytes, path.stat().st_size)))


def described(folder: ModelFolder) -> str:
    """Return one line: family, sample rate, labels, speakers and the size of the files."""
    card = folder.card
    parts = [f"{card.sample_rate} Hz"]
    for what, names in (("labels", card.labels), ("speakers", card.config.get("speakers") or ())):
        if names:
            more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
            parts.append(f"{what} {', '.join(names[:MOST_NAMES])}{more}")
    return f"<{card.name}: {card.family}, {', '.join(parts)}, {folder.n_bytes / 1e6:.1f} MB>"


def as_float32(stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Stored tensors, some of them int8 beside their scales, as the float32 numbers that they stand for."""
    scales = {name + SCALE_SUFFIX for name in stored}  # a network may also have a weight that is called so
    named = {name: array for name, array in stored.items() if name not in scales}
    scaled = {name: stored.get(name + SCALE_SUFFIX) for name in named}
    return {
        name: array.astype("float32") if (scale := scaled[name]) is None else array.astype("float32") * scale
        for name, array in named.items()
    }


_REMEDY = "copy the model folder again, or export it again by training with --resume"


def _json_object(path: Path, text: str | bytes) -> dict[str, Any]:
    """The JSON object that a file carries inside; raises BadModel where it is damaged."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadModel(
            f"What {path} says of its weights cannot be read ({printable(str(error))}); {_REMEDY}."
        ) from error
    if not isinstance(found, dict):
        raise BadModel(f"What {path} says of its weights is no list of them; {_REMEDY}.")
    return found


def _shape_in(entry: Any) -> Any:
    """Return the shape in an entry of a safetensors header, or an invalid entry itself, as text for a message."""
    return printable(str(entry.get("shape") if isinstance(entry, dict) else entry))


def _shapes_of(nodes: list[Any]) -> Shapes:
    """Return the shapes of a graph's inputs or outputs by name; a named dimension is None."""
    return {node.name: tuple(size if isinstance(size, int) else None for size in node.shape) for node in nodes}


def _check_shapes(graph: Path, kind: str, found: Shapes, expected: ExpectedShapes) -> None:
    """Raise BadModel unless the inputs or outputs of a graph are the expected ones."""
    fits = found.keys() == expected.keys() and all(
        len(found[name]) == len(shape)
        and all(a == b or a is None or b is None for a, b in zip(found[name], shape, strict=True))
        for name, shape in expected.items()
    )
    if not fits:
        raise BadModel(
            f"{graph} has the {kind}s {_shapes_text(found)}, but its card asks for {_shapes_text(expected)}; {_REMEDY}."
        )


def _shapes_text(shapes: ExpectedShapes) -> str:
    """Return the first few shapes as text for a message."""
    return ", ".join(
        f"{printable(name)} ({', '.join('any' if n is None else str(n) for n in shape[:MOST_NAMES])})"
        for name, shape in itertools.islice(shapes.items(), MOST_NAMES)
    )


def _hash_of(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]


def write_card(folder: Path, card: Card) -> None:
    """Write ``card.json`` into a model folder, whole or not at all."""
    write_whole(Path(folder) / CARD_FILE, card.to_json().encode())
