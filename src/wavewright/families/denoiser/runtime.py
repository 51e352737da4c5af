"""Inference of a denoiser: features and frames by NumPy, the mask by ONNX Runtime, for as many frames as have come.

How many frames are computed at once changes no sample: what NumPy and ONNX Runtime compute of a frame does not depend
on the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ...base.errors import BadModel
from ...contracts.enhancement import (
    AttenuationLimit,
    EchoCanceller,
    EchoStream,
    EnhancementSettings,
    Enhancer,
    EnhancerStream,
)
from ...dsp.echo import LinearEchoCanceller
from ...models.folder import ModelFolder
from .config import (
    BLOCK_FRAMES,
    FRAME_FILE,
    LOOKAHEAD_FRAMES,
    MIN_LEVEL,
    MIN_MAGNITUDE,
    N_FEATURES,
    DenoiserConfig,
)

FORMER_INPUT = b"spectra"
"""Input of the graph of one frame, which models of earlier versions have."""

MIN_POWER = 1e-12
"""Of a bin, below which all channels count the same in the mean of their masks."""

LOWEST_HZ, HIGHEST_HZ = 125.0, 8_000.0
"""Between which the levels of speech and noise are compared."""


class FrameEstimator:
    """Features, mask and enhanced spectra of frames; raises BadModel if the graph of the model is damaged."""

    def __init__(self, folder: ModelFolder) -> None:
        self.config = config = folder.config(DenoiserConfig)
        if FORMER_INPUT in folder.file(FRAME_FILE).read_bytes():
            raise BadModel(
                f"{folder.path} was trained by a version of Wavewright whose denoisers computed one frame at a time; "
                "continue its training with --resume, which writes the graph again."
            )
        states = config.state_shapes
        self._session = folder.session(
            FRAME_FILE,
            {"features": (None, config.n_bins, N_FEATURES * config.n_inputs), "dereverb": (1, 1), **states},
            {"mask": (None, 2, config.n_bins)} | {f"next_{name}": shape for name, shape in states.items()},
        )
        self._outputs = ["mask", *(f"next_{name}" for name in states)]

    def new_states(self) -> dict[str, np.ndarray]:
        """Return the states before the first frame, by name.

        ``level (inputs, 2)`` holds the decaying sum of mean compressed magnitudes and that of its weights, the others
        are those of the recurrent layers.
        """
        states = {name: np.zeros(shape, np.float32) for name, shape in self.config.state_shapes.items()}
        return {"level": np.zeros((self.config.n_inputs, 2)), **states}

    def __call__(
        self, spectra: np.ndarray, dereverb: np.ndarray, states: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the enhanced spectra ``(frames, bins)`` and the next states.

        - ``spectra``: ``(inputs, frames, bins)``, of ``BLOCK_FRAMES + LOOKAHEAD_FRAMES`` frames for a bidirectional
          model, whose next states are those after ``BLOCK_FRAMES``.
        """
        real, imaginary = np.ascontiguousarray(spectra.real), np.ascontiguousarray(spectra.imag)
        features, level = self._features(real, imaginary, states["level"])
        recurrent = {name: states[name] for name in self.config.state_shapes}
        mask, *after = self._session.run(self._outputs, {"features": features, "dereverb": dereverb, **recurrent})
        mask_real, mask_imaginary, real, imaginary = mask[:, 0], mask[:, 1], real[0], imaginary[0]
        enhanced = np.empty(real.shape, np.complex64)  # no product of complex numbers, whose rounding may differ
        enhanced.real = mask_real * real - mask_imaginary * imaginary
        enhanced.imag = mask_real * imaginary + mask_imaginary * real
        return enhanced, {"level": level, **dict(zip(recurrent, after, strict=True))}

    def _features(self, real: np.ndarray, imaginary: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return features as those of the module, ``(frames, bins, N_FEATURES * inputs)``, and the next level."""
        config = self.config
        power = np.maximum(real * real + imaginary * imaginary, np.float32(MIN_MAGNITUDE**2))
        magnitude, factor = np.sqrt(power), power ** np.float32((config.exponent - 1) / 2)
        sums = np.add.reduce((magnitude * factor)[..., : config.n_lower_bins], axis=-1, dtype=np.float64)
        means = sums / config.n_lower_bins
        levels, n_known = np.empty_like(means), BLOCK_FRAMES if config.bidirectional else means.shape[1]
        known = level
        for frame in range(means.shape[1]):
            level = config.level_decay * level
            level[:, 0] += means[:, frame]
            level[:, 1] += 1
            levels[:, frame] = level[:, 0] / level[:, 1]
            if frame + 1 == n_known:
                known = level
        divisors = np.maximum(levels, MIN_LEVEL)[list(config.level_inputs)].astype(np.float32)
        factor /= divisors[..., None]
        features = np.empty((*power.shape[1:], config.n_inputs, N_FEATURES), np.float32)
        for index, part in enumerate((real, imaginary, magnitude)):
            features[..., index] = (part * factor).transpose(1, 2, 0)
        return features.reshape(*power.shape[1:], -1), known


class RowEstimator(Protocol):
    """What enhances frames, such as `FrameEstimator`."""

    def new_states(self) -> dict[str, np.ndarray]:
        """Return the states before the first frame, by name."""

    def __call__(
        self, spectra: np.ndarray, dereverb: np.ndarray, states: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the enhanced spectra ``(frames, bins)`` of ``(inputs, frames, bins)``, and the next states."""


class FrameDenoiser(Enhancer):
    """A model that enhances frames of two hops."""

    estimator: RowEstimator
    hop_length: int


class DenoiserRuntime(FrameDenoiser):
    """A denoiser that is open for inference."""

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.estimator = FrameEstimator(folder)
        self.config = self.estimator.config
        self.hop_length = self.config.hop_length

    def stream(self, n_channels: int = 1, settings: EnhancementSettings | None = None) -> DenoiserStream:
        """Return a new stream; that of a bidirectional model is late by 6 s, for files."""
        kind = BlockStream if self.config.bidirectional else DenoiserStream
        return kind(self, n_channels, settings or EnhancementSettings())


class DenoiserStream(EnhancerStream):
    """Channels, enhanced hop by hop, late by one window less a sample.

    Linked channels all have the mean of their masks, in which each counts by its power in the bin.
    """

    delay_hops = 1

    def __init__(self, runtime: FrameDenoiser, n_channels: int, settings: EnhancementSettings) -> None:
        self._runtime = runtime
        self._is_linked = settings.is_linked and n_channels > 1
        n_rows, frame_seconds = 1 if self._is_linked else n_channels, runtime.hop_length / runtime.sample_rate
        self._limit = AttenuationLimit(settings, n_rows, frame_seconds)
        self._bins = slice(round(2 * frame_seconds * LOWEST_HZ), round(2 * frame_seconds * HIGHEST_HZ))
        super().__init__(n_channels, runtime.hop_length, self.delay_hops)
        self._frames = Frames(runtime.hop_length, n_channels, n_channels)
        self._rows = EstimatorRows(runtime.estimator, n_channels, settings.dereverb)

    def _process_hops(self, hops: np.ndarray) -> np.ndarray:
        spectra = self._frames.spectra(hops)
        return self._runtime.finite(self._frames.wave(self._mixed(spectra, self._rows(spectra[:, None]))))

    def _mixed(self, spectra: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
        """Return the output ``(channels, frames, bins)`` of spectra and what the network makes of them."""
        if self._is_linked:
            enhanced = spectra * mean_mask(spectra, enhanced)
        wet = self._limit.fixed
        if wet is None:
            wet = self._limit.fractions(self._powers(enhanced), self._powers(spectra - enhanced))[..., None]
        mixed: np.ndarray = (1 - wet) * spectra + wet * enhanced
        return mixed

    def _powers(self, spectra: np.ndarray) -> np.ndarray:
        """Return the powers ``(rows, frames)`` of spectra, where speech is; linked channels are one row."""
        audible = np.ascontiguousarray(spectra[..., self._bins])
        powers: np.ndarray = (audible.real**2 + audible.imag**2).sum(-1, dtype=np.float64)
        return powers.sum(0, keepdims=True) if self._is_linked else powers

    def _hop_state(self) -> dict[str, np.ndarray]:
        return self._frames.state() | self._rows.state() | self._limit.state()

    def _restore_hops(self, state: Mapping[str, np.ndarray]) -> None:
        self._frames.restore(state)
        self._rows.restore(state)
        self._limit.restore(state)


class BlockStream(DenoiserStream):
    """Channels, enhanced block by block, each of which the model knows together with the seconds after it."""

    delay_hops = BLOCK_FRAMES + LOOKAHEAD_FRAMES

    def __init__(self, runtime: FrameDenoiser, n_channels: int, settings: EnhancementSettings) -> None:
        super().__init__(runtime, n_channels, settings)
        n_bins = runtime.hop_length + 1
        self._pending = np.zeros((n_channels, self.delay_hops, n_bins), np.complex64)  # spectra, not enhanced yet
        self._finished = np.zeros((n_channels, BLOCK_FRAMES, n_bins), np.complex64)  # the block that leaves
        self._n_pending = 0

    def _process_hops(self, hops: np.ndarray) -> np.ndarray:
        spectra = self._frames.spectra(hops)
        leaving = np.empty_like(spectra)
        for index in range(hops.shape[1]):
            self._pending[:, self._n_pending] = spectra[:, index]
            self._n_pending += 1
            if self._n_pending == self._pending.shape[1]:
                block = self._pending[:, :BLOCK_FRAMES]
                self._finished = self._mixed(block, self._rows(self._pending[:, None])[:, :BLOCK_FRAMES])
                self._pending = np.concatenate([self._pending[:, BLOCK_FRAMES:], np.zeros_like(block)], axis=1)
                self._n_pending = LOOKAHEAD_FRAMES
            # The frames of a block leave one by one while the next block fills; before the first, there are none.
            leaving[:, index] = self._finished[:, (self._n_pending - LOOKAHEAD_FRAMES) % BLOCK_FRAMES]
        return self._runtime.finite(self._frames.wave(leaving))

    def _hop_state(self) -> dict[str, np.ndarray]:
        own = {"pending": self._pending.copy(), "finished": self._finished.copy()}
        return super()._hop_state() | own | {"n_pending": np.array(self._n_pending)}

    def _restore_hops(self, state: Mapping[str, np.ndarray]) -> None:
        super()._restore_hops(state)
        self._pending, self._finished = state["pending"].copy(), state["finished"].copy()
        self._n_pending = int(state["n_pending"])


class PostFilterRuntime(EchoCanceller):
    """A linear echo canceller and a post-filter that removes what it leaves of the echo."""

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.estimator = FrameEstimator(folder)
        self.config = self.estimator.config

    def stream(self) -> PostFilterStream:
        """Return a new stream."""
        return PostFilterStream(self)


class PostFilterStream(EchoStream):
    """A microphone and a far end, hop by hop, late by one window less a sample."""

    def __init__(self, runtime: PostFilterRuntime) -> None:
        self._runtime = runtime
        config = runtime.config
        super().__init__(LinearEchoCanceller(runtime.sample_rate, config.echo_settings), delay_hops=1)
        self._frames = Frames(config.hop_length, config.n_inputs, 1)
        self._rows = EstimatorRows(runtime.estimator, 1, dereverb=False)

    def _process_hops(self, hops: np.ndarray) -> np.ndarray:
        parts = [self._linear.process(microphone, far) for microphone, far in hops.swapaxes(0, 1)]
        errors, echoes = (np.stack(waves) for waves in zip(*parts, strict=True))
        spectra = self._frames.spectra(np.stack([errors, echoes, *hops]))
        return self._runtime.finite(self._frames.wave(self._rows(spectra[None])))

    def _hop_state(self) -> dict[str, np.ndarray]:
        return super()._hop_state() | self._frames.state() | self._rows.state()

    def _restore_hops(self, state: Mapping[str, np.ndarray]) -> None:
        super()._restore_hops(state)
        self._frames.restore(state)
        self._rows.restore(state)


class Frames:
    """Frames of a wave and back, with a window on both sides whose squares add up to 1.

    - ``hop_length``: half of the window.
    - ``n_inputs``, ``n_outputs``: rows of the waves.
    """

    def __init__(self, hop_length: int, n_inputs: int, n_outputs: int) -> None:
        # The square root of a periodic Hann window.
        self._window = np.sin(np.pi * np.arange(2 * hop_length) / (2 * hop_length)).astype(np.float32)
        self._last = np.zeros((n_inputs, hop_length), np.float32)
        self._tail = np.zeros((n_outputs, hop_length), np.float32)  # of the last frame, to add to the next

    def spectra(self, hops: np.ndarray) -> np.ndarray:
        """Return the spectra ``(inputs, frames, bins)`` of the frames that end with ``hops (inputs, frames, hop)``."""
        frames = np.concatenate([np.concatenate([self._last[:, None], hops[:, :-1]], axis=1), hops], axis=2)
        self._last = hops[:, -1].copy()
        spectra: np.ndarray = np.fft.rfft(frames * self._window)  # scipy.fft is slow to import
        return spectra

    def wave(self, spectra: np.ndarray) -> np.ndarray:
        """Return the samples ``(outputs, time)`` that frames of spectra ``(outputs, frames, bins)`` complete."""
        frames: np.ndarray = np.fft.irfft(spectra) * self._window
        hop_length = self._tail.shape[1]
        first, second = frames[..., :hop_length], frames[..., hop_length:]
        tails = np.concatenate([self._tail[:, None], second[:, :-1]], axis=1)
        self._tail = second[:, -1].copy()
        samples: np.ndarray = (tails + first).reshape(len(tails), -1)
        return samples

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the next frames."""
        return {"last": self._last.copy(), "tail": self._tail.copy()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where the state was taken."""
        self._last, self._tail = state["last"].copy(), state["tail"].copy()


class EstimatorRows:
    """The states of the network for rows that are independent of each other; reverberation is removed on request."""

    def __init__(self, estimator: RowEstimator, n_rows: int, dereverb: bool) -> None:
        self._estimator = estimator
        self._dereverb = np.full((1, 1), dereverb, np.float32)
        self._states = [estimator.new_states() for _ in range(n_rows)]

    def __call__(self, spectra: np.ndarray) -> np.ndarray:
        """Return the enhanced spectra ``(rows, frames, bins)`` of the next frames, ``(rows, inputs, frames, bins)``."""
        enhanced = []
        for index, row in enumerate(spectra):
            frames, self._states[index] = self._estimator(row, self._dereverb, self._states[index])
            enhanced.append(frames)
        return np.stack(enhanced)

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the next frames."""
        return {name: np.stack([states[name] for states in self._states]) for name in self._states[0]}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where the state was taken."""
        self._states = [{name: state[name][index].copy() for name in row} for index, row in enumerate(self._states)]


def mean_mask(spectra: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
    """Return the mask ``(..., bins)`` of all channels, of spectra before and after ``(channels, ..., bins)``.

    It is the mean of the channels' masks with their powers as weights: what leaves the least error in all of them.
    """
    power = spectra.real**2 + spectra.imag**2
    products = (enhanced * spectra.conj()).sum(0) + MIN_POWER
    mask: np.ndarray = products / (power.sum(0) + MIN_POWER)
    return mask
