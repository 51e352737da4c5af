"""The engine of a WaveNet: draws sample after sample on one processor core, without PyTorch.

Every layer caches its past inputs, so that a sample costs one pass over the weights (Le Paine et al., 2016). Modes:
``float32`` equals the trained network within 1e-4; ``int16`` and ``int8`` are the bits of a weight, with a scale for
each row, and multiply vectors of 14 bits with a scale for each vector. They are faster, since the time of a sample is
that of reading all weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from ...base.errors import BadSetting
from .config import Mode, WaveNetConfig
from .kernels import MAX_INTEGER, Streams, Weights, Workspace
from .weights import Tensors, checked_tensors, fingerprint
from .wide_dots import ROWS, STEPS_AT_ONCE, width_of

ALIGNMENT = 64  # bytes; the weights of a register then never lie in two cache lines
COLUMNS_AT_ONCE = 2 * STEPS_AT_ONCE  # a row's columns are padded to a multiple of this
MAX_SUM = 2**31 - 2**20  # of products in 32 bits, less what rounding may add


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """Return an array of zeros that starts at a cache line."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = np.zeros(n_bytes + ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    return buffer[start : start + n_bytes].view(dtype).reshape(shape)


def padded_columns(n_columns: int) -> int:
    """Return the number of columns of a packed row."""
    return -(-n_columns // COLUMNS_AT_ONCE) * COLUMNS_AT_ONCE


def pack_matrix(rows: np.ndarray, is_wide: bool) -> np.ndarray:
    """Lay out matrices ``(..., rows, columns)`` as the loop reads them, padded with zeros.

    Wide or floating-point: ``(..., blocks, steps, ROWS * width)``, see wide_dots.py; else ``(..., rows, padded
    columns)``.
    """
    *stack, n_rows, n_columns = rows.shape
    if not is_wide and rows.dtype != np.float32:
        plain = aligned_zeros((*stack, n_rows, padded_columns(n_columns)), rows.dtype)
        plain[..., :n_columns] = rows
        return plain
    width = width_of(rows.dtype)
    n_blocks = -(-n_rows // ROWS)
    n_steps = padded_columns(n_columns) // width
    padded = np.zeros((*stack, n_blocks * ROWS, n_steps * width), rows.dtype)
    padded[..., :n_rows, :n_columns] = rows
    padded = padded.reshape(*stack, n_blocks, ROWS, n_steps, width)
    result = aligned_zeros((*stack, n_blocks, n_steps, ROWS * width), rows.dtype)
    result[...] = np.moveaxis(padded, -3, -2).reshape(result.shape)
    return result


def quantise_rows(rows: np.ndarray, mode: Mode) -> tuple[np.ndarray, np.ndarray]:
    """Quantise the rows of matrices.

    Weights that are stored with 8 bits a row are exact in mode ``int8``.

    - ``rows``: ``(..., rows, taps, columns)`` float32; each tap of a row is multiplied by a vector of its own.
    - ``mode``: ``float32`` leaves the rows as they are.
    - returns ``integers``: the shape of ``rows``.
    - returns ``scales``: scale of each row, ``(..., rows)`` float32: the smallest with which the integers fit their
      type, and no vector of integers up to MAX_INTEGER makes a sum that overflows 32 bits.
    """
    if mode == "float32":
        return rows, np.ones(rows.shape[:-2], np.float32)
    kind = np.dtype(mode)
    magnitudes = np.abs(rows, dtype=np.float64)
    by_type = magnitudes.max((-2, -1)) / np.iinfo(kind).max
    by_sum = magnitudes.sum(-1).max(-1) * (MAX_INTEGER / MAX_SUM)
    scales = np.maximum(by_type, by_sum)
    scales[scales == 0] = 1.0
    return np.rint(rows / scales[..., None, None]).astype(kind), scales.astype(np.float32)


def pack(config: WaveNetConfig, tensors: Tensors, mode: Mode, is_wide: bool) -> Weights:
    """Return the network as the loop reads it, its matrices laid out for wide instructions if ``is_wide``."""
    n_layers, channels = config.n_layers, config.channels
    no_residual = np.zeros((channels, channels), np.float32)  # of the last layer
    residuals = np.stack([tensors.get(f"residual.{layer}.weight", no_residual) for layer in range(n_layers)])
    residual, residual_scale = quantise_rows(residuals[:, :, None], mode)  # (layers, R, 1, R)
    skip, skip_scale = quantise_rows(tensors["skip.weight"].reshape(-1, n_layers, channels), mode)  # (S, layers, R)
    gated = np.concatenate([residual[:, :, 0], np.moveaxis(skip, 1, 0)], axis=1)  # (layers, R + S, R)
    dilated = np.stack([tensors[f"dilated.{layer}.weight"] for layer in range(n_layers)])
    dilated, dilated_scale = quantise_rows(
        dilated.reshape(n_layers, 2 * channels, 2, channels), mode
    )  # (layers, 2 R, 2, R)
    head, head_scale = quantise_rows(tensors["head.weight"][:, None], mode)
    output, output_scale = quantise_rows(tensors["output.weight"][:, None], mode)
    n_padding = padded_columns(config.input_taps) - config.input_taps  # taps without weight, the oldest
    dilations = np.array(config.dilations, np.int64)
    return Weights(
        input=pack_matrix(np.pad(tensors["input.weight"], ((0, 0), (n_padding, 0))), is_wide=True),
        input_bias=tensors["input.bias"],
        dilated=pack_matrix(np.moveaxis(dilated, 2, 1), is_wide),
        dilated_scale=dilated_scale,
        dilated_bias=np.stack([tensors[f"dilated.{layer}.bias"] for layer in range(n_layers)]),
        gated=pack_matrix(gated, is_wide),
        gated_scale=np.concatenate([residual_scale, np.tile(skip_scale, (n_layers, 1))], axis=1),
        residual_bias=np.stack([tensors.get(f"residual.{layer}.bias", no_residual[0]) for layer in range(n_layers)]),
        skip_bias=tensors["skip.bias"],
        head=pack_matrix(head[:, 0], is_wide),
        head_scale=head_scale,
        head_bias=tensors["head.bias"],
        output=pack_matrix(output[:, 0], is_wide),
        output_scale=output_scale,
        output_bias=tensors["output.bias"],
        dilations=dilations,
        ring_starts=np.cumsum(dilations) - dilations,
        is_mixture=config.head == "logistics",
    )


def silent_streams(config: WaveNetConfig, seeds: np.ndarray, mode: Mode) -> Streams:
    """Return streams ``(len(seeds),)`` before their first sample."""
    n_streams = len(seeds)
    n_slots = sum(config.dilations)
    return Streams(
        seeds=seeds,
        past=aligned_zeros((n_streams, padded_columns(config.input_taps)), np.float32),
        rings=aligned_zeros((n_streams, n_slots, padded_columns(config.channels)), _vector_type(mode)),
        ring_scales=np.zeros((n_streams, n_slots), np.float32),
    )


def make_workspace(config: WaveNetConfig, n_streams: int, mode: Mode) -> Workspace:
    """Return the work arrays for so many streams."""
    widest = max(2 * config.channels, config.channels + config.skip_channels, config.head_channels, config.outputs)
    size = -(-widest // ROWS) * ROWS
    sums_type = np.float32 if mode == "float32" else np.int32
    return Workspace(
        hidden=aligned_zeros((n_streams, config.channels), np.float32),
        skipped=aligned_zeros((n_streams, config.skip_channels), np.float32),
        input_sums=aligned_zeros((size,), np.float32),
        sums=aligned_zeros((size,), sums_type),
        past_sums=aligned_zeros((size,), sums_type),
        units=aligned_zeros((size,), np.float32),
        vector=aligned_zeros((size,), _vector_type(mode)),
    )


def _vector_type(mode: Mode) -> type:
    return np.float32 if mode == "float32" else np.int16


STATE_VERSION = 1
ABOUT = "about"  # in a saved state: version, model, mode and position, JSON as bytes
BLOCK_SAMPLES = 2_048  # between which an interruption takes effect
TEMPERATURES = (0.0, 10.0)
UNCONDITIONED_HOP = 2**62  # samples for which a missing condition holds


@dataclass
class State:
    """The state of streams; :meth:`Engine.draw`, :meth:`Engine.outputs` and :meth:`Engine.prime` advance it.

    - ``position``: samples so far.
    - ``streams``: cached inputs of the layers.
    - ``about``: version, model and mode of the engine.
    """

    position: int
    streams: Streams
    about: dict[str, object]

    @property
    def n_streams(self) -> int:
        """Number of streams."""
        return len(self.streams.seeds)

    @property
    def memory_bytes(self) -> int:
        """Size of the cached inputs."""
        return sum(array.nbytes for array in self.streams)

    def save(self) -> dict[str, np.ndarray]:
        """Return the state as arrays, from which :meth:`Engine.restore` continues bit for bit."""
        about = json.dumps({**self.about, "position": self.position}).encode()
        arrays = {name: array.copy() for name, array in self.streams._asdict().items()}
        return {ABOUT: np.frombuffer(about, np.uint8).copy(), **arrays}


class Engine:
    """A WaveNet that draws samples; a stream of many, in chunks of any size, equals the stream alone in one piece.

    Samples are those of the signal that the network models, see signal.py.

    - ``config``: of the model.
    - ``tensors``: as a model folder has them, see :func:`.weights.tensor_shapes`; float32, or what NumPy converts to
      it.
    - ``mode``: arithmetic of the layers.
    - ``portable``: run the integer modes without special instructions; the samples are the same.

    Raises BadModel if the tensors do not fit ``config``, or BadSetting for an unknown mode.
    """

    def __init__(
        self,
        config: WaveNetConfig,
        tensors: Mapping[str, np.ndarray],
        mode: Mode = "int16",
        portable: bool = False,
    ) -> None:
        if mode not in get_args(Mode):
            raise BadSetting(f"The mode is {mode!r}; a WaveNet runs in {', '.join(get_args(Mode))} or auto.")
        from .wide_dots import HAS_WIDE_DOTS

        checked = checked_tensors(config, tensors)
        self.config = config
        self.mode: Mode = mode
        self._weights = pack(config, checked, mode, is_wide=HAS_WIDE_DOTS and not portable)
        self._about: dict[str, object] = {
            "version": STATE_VERSION,
            "model": fingerprint(config, checked),
            "mode": mode,
        }

    @property
    def memory_bytes(self) -> int:
        """Size of the weights."""
        return sum(array.nbytes for array in self._weights if isinstance(array, np.ndarray))

    def start(self, seeds: Sequence[int]) -> State:
        """Return streams before their first sample, one for each seed (whole numbers from 0 on)."""
        if not len(seeds) or min(seeds) < 0:
            raise BadSetting(f"The seeds are {list(seeds)}; give at least one, each 0 or more.")
        keys = np.array([np.random.SeedSequence(int(seed)).generate_state(1, np.uint64)[0] for seed in seeds])
        return State(0, silent_streams(self.config, keys, self.mode), dict(self._about))

    def draw(
        self, state: State, n_samples: int, condition: np.ndarray | None = None, temperature: float = 1.0
    ) -> np.ndarray:
        """Draw the next samples of each stream and advance ``state``.

        - ``state``: streams of this engine.
        - ``n_samples``: samples to draw.
        - ``condition``: ``(streams, segments, n_layers, 2 * channels)`` float32, added before the gates. The first
          segment is that of ``state.position``; each lasts up to the next multiple of ``config.condition_hop``.
        - ``temperature``: scale of each distribution: 0 takes the most probable class, or the mean of a logistic.
        - returns: ``(streams, n_samples)`` float32 in [-1, 1].

        Raises BadSetting for a condition that does not fit, or a temperature out of range.
        """
        low, high = TEMPERATURES
        if not low <= temperature <= high:
            raise BadSetting(f"The temperature is {temperature}; it must lie between {low:g} and {high:g}.")
        signal = np.zeros((state.n_streams, n_samples), np.float32)
        for start, block, _ in self._blocks(state, signal, condition, 1, temperature):
            signal[:, start : start + BLOCK_SAMPLES] = block
        return signal

    def outputs(self, state: State, signal: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        """Return the distribution of each sample of a signal given all before it (teacher forcing); advance ``state``.

        - ``state``, ``condition``: as in :meth:`draw`.
        - ``signal``: ``(streams, n)`` in [-1, 1].
        - returns: ``(streams, n, config.outputs)`` float32.

        Raises BadSetting for a signal or condition that does not fit.
        """
        signal = _checked_signal(signal, state)
        outputs = np.zeros((*signal.shape, self.config.outputs), np.float32)
        for start, _, block_outputs in self._blocks(state, signal, condition, BLOCK_SAMPLES, None):
            outputs[:, start : start + BLOCK_SAMPLES] = block_outputs
        return outputs

    def prime(self, state: State, signal: np.ndarray, condition: np.ndarray | None = None) -> None:
        """Advance ``state`` over ``signal (streams, n)``, which is then continued; faster than :meth:`outputs`."""
        for _ in self._blocks(state, _checked_signal(signal, state), condition, 0, None):
            pass

    def restore(self, saved: Mapping[str, np.ndarray]) -> State:
        """Return the state that :meth:`State.save` saved; raise BadSetting if it is damaged or of another engine."""
        about = _read_about(saved)
        remedy = "start anew, or restore it with the engine that it comes from"
        for name, own in self._about.items():
            if about.get(name) != own:
                raise BadSetting(f"The saved state has {name} {about.get(name)!r}, this engine has {own!r}; {remedy}.")
        state = self.start([0] * max(1, saved["seeds"].size if "seeds" in saved else 1))
        for name, own_array in state.streams._asdict().items():
            array = saved.get(name)
            is_usable = array is not None and array.shape == own_array.shape and array.dtype == own_array.dtype
            if array is None or not is_usable or not np.isfinite(array).all():
                raise BadSetting(f"The saved state is damaged: its {name} cannot be those of this model; {remedy}.")
            own_array[...] = array
        position = about.get("position")
        if not isinstance(position, int) or position < 0:
            raise BadSetting(f"The saved state is damaged: its position is {position!r}; {remedy}.")
        state.position = position
        return state

    def _blocks(
        self,
        state: State,
        signal: np.ndarray,
        condition: np.ndarray | None,
        max_outputs: int,
        temperature: float | None,
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Advance ``state`` over ``signal``, block by block; yield start, samples and last ``max_outputs`` outputs.

        With a ``temperature`` the samples are drawn, else those of ``signal`` are used.
        """
        from .kernels import advance

        hop = self.config.condition_hop
        if condition is None:
            condition = np.zeros((state.n_streams, 1, self.config.n_layers, 2 * self.config.channels), np.float32)
            hop = UNCONDITIONED_HOP
        else:
            condition = self._checked_condition(condition, state, signal.shape[1])
        first_segment = state.position // hop
        workspace = make_workspace(self.config, state.n_streams, self.mode)
        for start in range(0, signal.shape[1], BLOCK_SAMPLES):
            block = signal[:, start : start + BLOCK_SAMPLES].copy()
            n_outputs = min(max_outputs, block.shape[1])
            outputs = np.zeros((state.n_streams, n_outputs, self.config.outputs), np.float32)
            advance(
                self._weights,
                state.streams,
                workspace,
                state.position,
                condition,
                hop,
                first_segment,
                block,
                outputs,
                temperature is not None,
                np.float32(temperature or 0.0),
            )
            state.position += block.shape[1]
            yield start, block, outputs

    def _checked_condition(self, condition: np.ndarray, state: State, n_samples: int) -> np.ndarray:
        """Return the condition as contiguous float32; raise BadSetting if it does not cover the samples."""
        hop = self.config.condition_hop
        n_segments = -(-(state.position % hop + n_samples) // hop)
        expected = (state.n_streams, n_segments, self.config.n_layers, 2 * self.config.channels)
        shape = condition.shape
        if len(shape) != 4 or shape[1] < n_segments or (shape[0], *shape[2:]) != (expected[0], *expected[2:]):
            raise BadSetting(
                f"The condition has shape {shape}; {n_samples} samples need {expected} (streams, segments of {hop} "
                "samples, layers, units) or more segments."
            )
        if not np.isfinite(condition).all():
            raise BadSetting("The condition has values that are not finite; check what it was computed from.")
        return np.ascontiguousarray(condition, np.float32)


def _checked_signal(signal: np.ndarray, state: State) -> np.ndarray:
    """Return a signal as float32; raise BadSetting unless it is ``(streams, samples)`` in [-1, 1]."""
    if signal.ndim != 2 or len(signal) != state.n_streams or not (np.abs(signal) <= 1.0).all():
        raise BadSetting(
            f"The signal has shape {signal.shape}; it must be (streams, samples) with {state.n_streams} streams, all "
            "in [-1, 1]."
        )
    return signal.astype(np.float32)


def _read_about(saved: Mapping[str, np.ndarray]) -> dict[str, object]:
    """Return what a saved state says of itself; raise BadSetting if it says nothing."""
    try:
        about = json.loads(np.asarray(saved[ABOUT], np.uint8).tobytes())
    except (KeyError, ValueError, TypeError):
        about = None
    if not isinstance(about, dict):
        raise BadSetting("The arrays are no saved state of a WaveNet; give the arrays that State.save returned.")
    return about
