"""A streaming denoiser of one's own: an ONNX file that enhances one frame, or one piece of a wave, with its states.

Two forms are understood, as others export them:

- spectra: the input is the spectrum of one frame, real and imaginary part, such as ``(1, 257, 1, 2)``, and the output
  has the same shape. Frames are two hops long, with a square-root Hann window on both sides.
- a wave: the input is one piece ``(1, n)``, the output has the same shape.

Every other input is a state: of floats, zero before the first frame, with an output of the same shape that is the next
one. A TOML file beside the ONNX file, with its name, says what the graph does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import Field, ValidationError

from ...base.errors import BadModel, BadSetting, printable
from ...base.files import short_hash_of
from ...base.toml_tables import TomlTable, parse_toml
from ...base.validation import fault_of
from ...contracts.enhancement import AttenuationLimit, EnhancementSettings, EnhancerStream
from ...models.graph_file import reason_of
from .runtime import DenoiserStream, FrameDenoiser

SUFFIX = ".onnx"
FLOAT = "tensor(float)"
RATES_OF_BINS = {257: 16_000, 161: 16_000, 513: 48_000, 481: 48_000, 769: 48_000}
"""Sample rate by the number of bins, where the TOML file gives none."""
DEFAULT_RATE = 16_000
PARTS = 2  # real and imaginary part


class GraphDescription(TomlTable):
    """What the TOML file beside an ONNX file may say.

    - ``sample_rate``: in Hz.
    - ``piece``: samples of a piece of a wave, where the graph takes any number.
    - ``input``, ``output``: names of the sound; default: the first ones.
    - ``states``: the output that is the next state, by the name of the state's input.
    - ``constants``: values of inputs that are neither sound nor state, by name.
    """

    sample_rate: int | None = Field(default=None, ge=8_000, le=192_000)
    piece: int | None = Field(default=None, ge=1, le=192_000)
    input: str | None = None
    output: str | None = None
    states: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, float] = Field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """An input or output of a graph; axes of any length count as 1."""

    name: str
    type: str
    shape: tuple[int, ...]
    is_dynamic: bool

    @classmethod
    def of(cls, argument: object) -> Value:
        """Return that of ONNX Runtime's ``NodeArg``."""
        sizes = list(getattr(argument, "shape", ()) or ())
        fixed = tuple(size if isinstance(size, int) and size > 0 else 1 for size in sizes)
        return cls(str(getattr(argument, "name", "")), str(getattr(argument, "type", "")), fixed, list(fixed) != sizes)

    def __str__(self) -> str:
        return f"{printable(self.name)} {list(self.shape)}"


class GraphFile:
    """An ONNX file of a known form.

    Raises BadModel if it cannot be opened or its form is not understood, BadSetting if its TOML file is not valid.
    """

    def __init__(self, path: Path) -> None:
        from ...base.onnx_runtime import open_session

        if not path.is_file():
            raise BadModel(f"{path} does not exist; give the path of an ONNX file, or the name of a model.")
        self.path, self.described = path, _description(path.with_suffix(".toml"))
        try:
            self._session = open_session(path)
        except Exception as error:  # ONNX Runtime's errors share no other base class
            raise BadModel(f"{path} cannot be opened as an ONNX graph ({reason_of(error)}).") from error
        inputs = [Value.of(argument) for argument in self._session.get_inputs()]
        outputs = [Value.of(argument) for argument in self._session.get_outputs()]
        self._sound, self._enhanced = self._chosen(inputs, "input"), self._chosen(outputs, "output")
        self.states = self._states([value for value in inputs if value is not self._sound], outputs)
        self._constants = self._constant_inputs(inputs)
        self.n_bins = self._bins()
        self.hop_length = self.n_bins - 1 if self.n_bins else self._piece()
        self.piece_shape = self._piece_shape()
        self.sample_rate = self.described.sample_rate or RATES_OF_BINS.get(self.n_bins, DEFAULT_RATE)

    def new_states(self) -> dict[str, np.ndarray]:
        """Return the states before the first frame, by the name of the input."""
        return {value.name: np.zeros(value.shape, np.float32) for value in self.states}

    def run(self, sound: np.ndarray, states: Mapping[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the enhanced frame or piece, and the next states."""
        names = [self._enhanced.name, *self.states.values()]
        feeds = {self._sound.name: sound, **self._constants, **states}
        try:
            enhanced, *after = self._session.run(names, feeds)
        except Exception as error:
            raise BadModel(
                f"{self.path} failed on a frame ({reason_of(error)}); check the TOML file beside it."
            ) from error
        return enhanced, {value.name: array for value, array in zip(self.states, after, strict=True)}

    def frame(self, spectrum: np.ndarray, states: Mapping[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the enhanced spectrum ``(bins,)`` of a spectrum, and the next states."""
        parts = spectrum.astype(np.complex64).view(np.float32).reshape(self.n_bins, PARTS)
        shape = self._sound.shape
        is_bins_first = shape.index(self.n_bins) < shape.index(PARTS)
        enhanced, states = self.run((parts if is_bins_first else parts.T).reshape(shape), states)
        parts = np.asarray(enhanced, np.float32).reshape(
            (self.n_bins, PARTS) if is_bins_first else (PARTS, self.n_bins)
        )
        return np.ascontiguousarray(parts if is_bins_first else parts.T).view(np.complex64)[:, 0], states

    def _chosen(self, values: Sequence[Value], kind: str) -> Value:
        """Return the input or output that is the sound."""
        name = getattr(self.described, kind)
        found = next((value for value in values if value.name == name), None) if name else values[0]
        if found is None:
            there = ", ".join(map(str, values))
            raise BadModel(f"{self.path} has no {kind} {name!r}, which its TOML file names; it has {there}.")
        return found

    def _states(self, inputs: Sequence[Value], outputs: Sequence[Value]) -> dict[Value, str]:
        """Return the output of the next state by its input: the named one, one of a similar name, or the next one."""
        left = [value for value in outputs if value is not self._enhanced]
        states: dict[Value, str] = {}
        for value in inputs:
            named = self.described.states.get(value.name)
            if value.name in self.described.constants:
                continue
            fitting = (
                [other for other in left if other.name == named]
                if named
                else [other for other in left if other.type == value.type == FLOAT and _fits(value, other)]
            )
            similar = [other for other in fitting if value.name in other.name]
            if not fitting or value.is_dynamic:
                raise BadModel(
                    f"{self.path} has an input that is no state, as no output has its type and shape: {value}. Give "
                    f"its value as constants.{printable(value.name)}, or its output as states."
                    f"{printable(value.name)}, in {self.path.with_suffix('.toml').name} beside it."
                )
            states[value] = (similar or fitting)[0].name
            left.remove((similar or fitting)[0])
        return states

    def _constant_inputs(self, inputs: Sequence[Value]) -> dict[str, np.ndarray]:
        """Return the inputs whose values the TOML file gives."""
        types = {FLOAT: np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_}
        given = {value.name: value for value in inputs if value.name in self.described.constants}
        return {
            name: np.full(value.shape, self.described.constants[name], types.get(value.type, np.float32))
            for name, value in given.items()
        }

    def _bins(self) -> int:
        """Return the number of bins of a graph of spectra, 0 of one of waves."""
        sizes = sorted(size for size in self._sound.shape if size != 1)
        return sizes[1] if len(sizes) == PARTS and sizes[0] == PARTS and sizes[1] % 2 == 1 else 0

    def _piece(self) -> int:
        """Return the samples of a piece of a wave."""
        sizes = [size for size in self._sound.shape if size != 1]
        if len(sizes) > 1 or self._sound.type != FLOAT or not self._sound.shape:
            raise BadModel(
                f"{self.path} takes {self._sound}, which is neither the spectrum of a frame, (1, bins, 1, 2), nor a "
                "piece of a wave, (1, samples); export it frame by frame, with its states as inputs and outputs."
            )
        if not sizes and self.described.piece is None:
            raise BadModel(
                f"{self.path} takes waves of any length; say how many samples are enhanced at a time, as piece in "
                f"{self.path.with_suffix('.toml').name} beside it."
            )
        return self.described.piece or sizes[0]

    def _piece_shape(self) -> tuple[int, ...]:
        """Return the shape of the input for a piece: its samples are on the axis that is not 1, or on the last one."""
        shape = list(self._sound.shape)
        axis = next((index for index, size in enumerate(shape) if size != 1), len(shape) - 1)
        shape[axis] = self.hop_length
        return tuple(shape)


def _fits(state: Value, output: Value) -> bool:
    """Return whether an output may be the next state: exporters leave shapes of outputs open."""
    return output.shape == state.shape or (output.is_dynamic and len(output.shape) == len(state.shape))


def _description(path: Path) -> GraphDescription:
    """Return what a TOML file says, if it exists; raise BadSetting if it is not valid."""
    if not path.is_file():
        return GraphDescription()
    try:
        return GraphDescription.model_validate(parse_toml(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        fault = fault_of(error)
        known = ", ".join(GraphDescription.model_fields)
        raise BadSetting(f"{path}: {fault.position}: {fault.message}; it may have {known}.") from error
    except ValueError as error:
        raise BadSetting(f"{path} is no TOML ({printable(str(error))}); correct it there.") from error


class GraphEnhancer(FrameDenoiser):
    """A denoiser in an ONNX file.

    Raises BadModel or BadSetting as `GraphFile`.
    """

    def __init__(self, path: Path) -> None:
        self.graph = GraphFile(path)
        self.sample_rate, self.labels = self.graph.sample_rate, ()
        self.estimator = GraphEstimator(self.graph)
        self.hop_length = self.graph.hop_length

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.graph.path.name

    @cached_property
    def content_hash(self) -> str:
        """Hash of the file."""
        return short_hash_of(self.graph.path)

    @property
    def licence(self) -> str:
        """Unknown."""
        return ""

    def __repr__(self) -> str:
        """Return one line: what the graph takes."""
        kind = (
            f"spectra of {self.graph.n_bins} bins"
            if self.graph.n_bins
            else f"pieces of {self.graph.hop_length} samples"
        )
        return f"{self.name}: a denoiser of {kind} at {self.sample_rate} Hz"

    def stream(self, n_channels: int = 1, settings: EnhancementSettings | None = None) -> EnhancerStream:
        """Return a new stream; ``dereverb`` of the settings changes nothing."""
        settings = settings or EnhancementSettings()
        if self.graph.n_bins:
            return DenoiserStream(self, n_channels, settings)
        return PieceStream(self, n_channels, settings)


class GraphEstimator:
    """The frames of a graph of spectra, as `FrameEstimator`."""

    def __init__(self, graph: GraphFile) -> None:
        self._graph = graph

    def new_states(self) -> dict[str, np.ndarray]:
        """Return the states before the first frame, by name."""
        return self._graph.new_states()

    def __call__(
        self, spectra: np.ndarray, dereverb: np.ndarray, states: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the enhanced spectra ``(frames, bins)`` of spectra ``(1, frames, bins)``, and the next states."""
        enhanced, after = [], dict(states)
        for spectrum in spectra[0]:
            frame, after = self._graph.frame(spectrum, after)
            enhanced.append(frame)
        return np.stack(enhanced), after


class PieceStream(EnhancerStream):
    """Channels, enhanced piece by piece, each by itself."""

    def __init__(self, enhancer: GraphEnhancer, n_channels: int, settings: EnhancementSettings) -> None:
        self._enhancer, graph = enhancer, enhancer.graph
        self._limit = AttenuationLimit(settings, n_channels, graph.hop_length / graph.sample_rate)
        super().__init__(n_channels, graph.hop_length, delay_hops=0)
        self._states = [graph.new_states() for _ in range(n_channels)]

    def _process_hops(self, hops: np.ndarray) -> np.ndarray:
        graph, enhanced = self._enhancer.graph, np.empty_like(hops)
        for channel, pieces in enumerate(hops):
            for index, piece in enumerate(pieces):
                wave, self._states[channel] = graph.run(piece.reshape(graph.piece_shape), self._states[channel])
                enhanced[channel, index] = np.asarray(wave, np.float32).reshape(-1)
        wet = self._limit.fixed
        if wet is None:
            powers = (np.square(part, dtype=np.float64).sum(-1) for part in (enhanced, hops - enhanced))
            wet = self._limit.fractions(*powers)[..., None]
        return self._enhancer.finite((1 - wet) * hops + wet * enhanced).reshape(len(hops), -1)

    def _hop_state(self) -> dict[str, np.ndarray]:
        rows = {name: np.stack([states[name] for states in self._states]) for name in self._states[0]}
        return rows | self._limit.state()

    def _restore_hops(self, state: Mapping[str, np.ndarray]) -> None:
        self._states = [{name: state[name][index].copy() for name in row} for index, row in enumerate(self._states)]
        self._limit.restore(state)
