"""The engine of a WaveNet: draws sample after sample on one processor core, without torch.

Every layer keeps what it will need again, so that a sample costs one pass over the weights (Le Paine et al., 2016). Modes: ``float32``
equals the trained network within 1e-4; ``int16`` and ``int8`` are the number of bits of a weight, with a scale for each row, and multiply
vectors of 14 bits with a scale for each vector; they are faster since a sample costs reading all weights. ``auto`` is
the fastest of the three on this machine whose drift from ``float32`` is within its bound (mode_choice.py).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from ...errors import BadSetting
from .config import WaveNetConfig

if TYPE_CHECKING:
    from .kernels import Streams

Mode = Literal["int16", "float32", "int8"]
ModeOrAuto = Literal["int16", "float32", "int8", "auto"]

STATE_VERSION = 1
ABOUT = "about"  # in a saved state: what it is a state of, JSON as bytes
PIECE_SAMPLES = 2_048  # between which an interruption takes effect
TEMPERATURES = (0.0, 10.0)
ALWAYS = 2**62  # samples; for how long a condition that is not there holds


def tensor_shapes(config: WaveNetConfig) -> dict[str, tuple[int, ...]]:
    """The tensors that an engine needs and the shape of each; the last layer has no residual connection."""
    channels, skip, head = config.channels, config.skip_channels, config.head_channels
    shapes: dict[str, tuple[int, ...]] = {"input.weight": (channels, config.input_taps), "input.bias": (channels,)}
    for layer in range(config.n_layers):
        shapes |= {f"dilated.{layer}.weight": (2 * channels, 2 * channels), f"dilated.{layer}.bias": (2 * channels,)}
        if layer < config.n_layers - 1:
            shapes |= {f"residual.{layer}.weight": (channels, channels), f"residual.{layer}.bias": (channels,)}
    shapes |= {"skip.weight": (skip, config.n_layers * channels), "skip.bias": (skip,)}
    shapes |= {"head.weight": (head, skip), "head.bias": (head,)}
    return shapes | {"output.weight": (config.outputs, head), "output.bias": (config.outputs,)}


@dataclass
class State:
    """What streams have heard so far; :meth:`Engine.draw` and :meth:`Engine.outputs` move it on."""

    position: int  # samples heard
    streams: Streams
    about: dict[str, Any]  # version, model and mode

    @property
    def n_streams(self) -> int:
        return len(self.streams.seeds)

    @property
    def memory_bytes(self) -> int:
        return sum(array.nbytes for array in self.streams)

    def save(self) -> dict[str, np.ndarray]:
        """The state as arrays, which :meth:`Engine.restore` goes on from bit for bit."""
        about = json.dumps({**self.about, "position": self.position}).encode()
        arrays = {name: array.copy() for name, array in self.streams._asdict().items()}
        return {ABOUT: np.frombuffer(about, np.uint8).copy(), **arrays}


class Engine:
    """A WaveNet that hears and draws samples; stream ``i`` of many, in chunks of any size, equals it alone and in one piece.

    ``tensors`` are those of a model folder, by name as :func:`tensor_shapes` lists them; float32, or what NumPy turns into it. Samples are those that the network hears (see frames.py). ``portable`` plays
    the integer modes without naming an instruction, as processors do for which none is named; the samples are the same.

    Raises BadModel for tensors that do not fit ``config`` and BadSetting for a mode that does not exist.
    """

    def __init__(
        self,
        config: WaveNetConfig,
        tensors: Mapping[str, np.ndarray],
        mode: ModeOrAuto = "int16",
        portable: bool = False,
    ):
        if mode not in get_args(ModeOrAuto):
            raise BadSetting(f"The mode is {mode!r}; a WaveNet plays in {', '.join(get_args(ModeOrAuto))}.")
        from .packing import checked_tensors, pack
        from .wide_dots import HAS_WIDE_DOTS

        checked = checked_tensors(config, tensors)
        fingerprint = _fingerprint(config, checked)
        if mode == "auto":
            from .mode_choice import fastest_mode

            mode = fastest_mode(config, checked, fingerprint)
        self.config, self.mode = config, mode
        self._weights = pack(config, checked, mode, is_wide=HAS_WIDE_DOTS and not portable)
        self._about = {"version": STATE_VERSION, "model": fingerprint, "mode": mode}

    @property
    def memory_bytes(self) -> int:
        """Of the weights, without those of the streams."""
        return sum(array.nbytes for array in self._weights if isinstance(array, np.ndarray))

    def start(self, seeds: Sequence[int]) -> State:
        """Streams that have heard nothing, one for each seed (whole numbers from 0 on)."""
        from .packing import silent_streams

        if not len(seeds) or min(seeds) < 0:
            raise BadSetting(f"The seeds are {list(seeds)}; give at least one, each 0 or more.")
        keys = np.array([np.random.SeedSequence(int(seed)).generate_state(1, np.uint64)[0] for seed in seeds])
        return State(0, silent_streams(self.config, keys, self.mode), dict(self._about))

    def draw(
        self, state: State, n_samples: int, condition: np.ndarray | None = None, temperature: float = 1.0
    ) -> np.ndarray:
        """The next samples of each stream, ``(streams, n_samples)`` float32 in [-1, 1]; moves ``state`` on.

        ``condition (streams, segments, n_layers, 2 * channels)`` float32 is added before the gates; its first segment is the one that
        holds at ``state.position``, each holds up to the next multiple of ``config.condition_hop``. ``temperature`` widens or narrows
        each distribution: 0 takes the most probable class, or the mean of a logistic. Raises BadSetting for a condition that does not fit.
        """
        low, high = TEMPERATURES
        if not low <= temperature <= high:
            raise BadSetting(f"The temperature is {temperature}; it must lie between {low:g} and {high:g}.")
        wave = np.zeros((state.n_streams, n_samples), np.float32)
        for begin, piece, _ in self._pieces(state, wave, condition, 1, temperature):
            wave[:, begin : begin + PIECE_SAMPLES] = piece
        return wave

    def outputs(self, state: State, wave: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        """What describes each sample of ``wave (streams, n)`` given all before it, ``(streams, n, outputs)``; moves ``state`` on over it.

        ``condition`` as in :meth:`draw`. Raises BadSetting for a wave or condition that does not fit.
        """
        wave = _checked_wave(wave, state)
        found = np.zeros((*wave.shape, self.config.outputs), np.float32)
        for begin, _, of_piece in self._pieces(state, wave, condition, PIECE_SAMPLES, None):
            found[:, begin : begin + PIECE_SAMPLES] = of_piece
        return found

    def hear(self, state: State, wave: np.ndarray, condition: np.ndarray | None = None) -> None:
        """Move ``state`` on over ``wave (streams, n)``, which is then continued; as :meth:`outputs`, but faster and without them."""
        for _ in self._pieces(state, _checked_wave(wave, state), condition, 0, None):
            pass

    def restore(self, saved: Mapping[str, np.ndarray]) -> State:
        """The state that :meth:`State.save` gave; raises BadSetting for one of another model, mode or version, or a damaged one."""
        about = _read_about(saved)
        remedy = "start anew, or restore it with the engine that it comes from"
        for name, own in self._about.items():
            if about.get(name) != own:
                raise BadSetting(f"The saved state has {name} {about.get(name)!r}, this engine has {own!r}; {remedy}.")
        state = self.start([0] * max(1, saved["seeds"].size if "seeds" in saved else 1))
        for name, own in state.streams._asdict().items():
            array = saved.get(name)
            if array is None or array.shape != own.shape or array.dtype != own.dtype or not np.isfinite(array).all():
                raise BadSetting(f"The saved state is damaged: its {name} cannot be those of this model; {remedy}.")
            own[...] = array
        position = about.get("position")
        if not isinstance(position, int) or position < 0:
            raise BadSetting(f"The saved state is damaged: its position is {position!r}; {remedy}.")
        state.position = position
        return state

    def _pieces(
        self, state: State, wave: np.ndarray, condition: np.ndarray | None, room: int, temperature: float | None
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Move ``state`` on over ``wave``, piece by piece: where a piece begins, its samples, and the outputs of the last ``room`` of them.

        Where there is a ``temperature`` the samples are drawn, else those of ``wave`` are heard.
        """
        from .kernels import advance
        from .packing import desk_of

        hop = self.config.condition_hop
        if condition is None:
            condition, hop = (
                np.zeros((state.n_streams, 1, self.config.n_layers, 2 * self.config.channels), np.float32),
                ALWAYS,
            )
        else:
            condition = self._checked_condition(condition, state, wave.shape[1])
        first_segment = state.position // hop
        desk = desk_of(self.config, state.n_streams, self.mode)
        for begin in range(0, wave.shape[1], PIECE_SAMPLES):
            piece = wave[:, begin : begin + PIECE_SAMPLES].copy()
            found = np.zeros((state.n_streams, min(room, piece.shape[1]), self.config.outputs), np.float32)
            draws, of_temperature = temperature is not None, np.float32(temperature or 0.0)
            advance(
                self._weights,
                state.streams,
                desk,
                state.position,
                condition,
                hop,
                first_segment,
                piece,
                found,
                draws,
                of_temperature,
            )
            state.position += piece.shape[1]
            yield begin, piece, found

    def _checked_condition(self, condition: np.ndarray, state: State, n_samples: int) -> np.ndarray:
        hop = self.config.condition_hop
        n_segments = -(-(state.position % hop + n_samples) // hop)
        expected = (state.n_streams, n_segments, self.config.n_layers, 2 * self.config.channels)
        shape = condition.shape
        if len(shape) != 4 or shape[1] < n_segments or (shape[0], *shape[2:]) != (expected[0], *expected[2:]):
            raise BadSetting(
                f"The condition has shape {shape}; {n_samples} samples need {expected} (streams, segments of {hop} samples, layers, "
                "units) or more segments."
            )
        if not np.isfinite(condition).all():
            raise BadSetting("The condition has numbers that are not finite; look at what it was computed from.")
        return np.ascontiguousarray(condition, np.float32)


def _checked_wave(wave: np.ndarray, state: State) -> np.ndarray:
    if wave.ndim != 2 or len(wave) != state.n_streams or not (np.abs(wave) <= 1.0).all():
        raise BadSetting(
            f"The wave to hear has shape {wave.shape}; it must be (streams, samples) with {state.n_streams} streams, all in [-1, 1]."
        )
    return wave.astype(np.float32)


def _fingerprint(config: WaveNetConfig, tensors: Mapping[str, np.ndarray]) -> str:
    """Twelve hexadecimal digits that name a network."""
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(config)).encode())
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].tobytes())
    return digest.hexdigest()[:12]


def _read_about(saved: Mapping[str, np.ndarray]) -> dict[str, Any]:
    try:
        about = json.loads(np.asarray(saved[ABOUT], np.uint8).tobytes())
    except (KeyError, ValueError, TypeError):
        about = None
    if not isinstance(about, dict):
        raise BadSetting(
            "What was given to restore is no saved state of a WaveNet; give the arrays that State.save returned."
        )
    return about
