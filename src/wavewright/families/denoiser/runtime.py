"""Inference of a denoiser: frames by NumPy, the network frame by frame by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.fft import irfft, rfft

from ...contracts.runtime import EnhancementSettings, Enhancer, EnhancerStream, checked_channels
from ...errors import BadModel, BadSetting
from ...models.folder import ModelFolder
from .config import FRAME_FILE, DenoiserConfig

MIN_POWER = 1e-12
"""Of a bin, below which all channels count the same in the mean of their masks."""


class FrameEstimator:
    """The graph of one frame: the enhanced spectrum of the first input, for rows that are independent of each other.

    Parameters
    ----------
    folder : ModelFolder
        The model; raises BadModel if its graph is damaged.
    config : DenoiserConfig
        Of the model.
    """

    def __init__(self, folder: ModelFolder, config: DenoiserConfig) -> None:
        self.config = config
        spectra, level = (None, config.n_inputs, config.n_bins, 2), (None, config.n_inputs, 2)
        states, dereverb = (None, config.n_blocks, config.n_bands, config.channels), (None, 1)
        self.session = folder.session(
            FRAME_FILE,
            {"spectra": spectra, "dereverb": dereverb, "level": level, "states": states},
            {"enhanced": (None, config.n_bins, 2), "next_level": level, "next_states": states},
        )
        # The square root of a periodic Hann window, whose squares add up to 1 at a distance of half its length.
        self.window = np.sin(np.pi * np.arange(config.n_fft) / config.n_fft).astype(np.float32)

    def new_states(self, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the level and the states of rows before their first frame."""
        config = self.config
        level = np.zeros((n_rows, config.n_inputs, 2), np.float32)
        return level, np.zeros((n_rows, config.n_blocks, config.n_bands, config.channels), np.float32)

    def __call__(
        self, spectra: np.ndarray, dereverb: np.ndarray, level: np.ndarray, states: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the enhanced spectra ``(rows, bins)``, and the next level and states, of ``(rows, inputs, bins)``."""
        inputs = {
            "spectra": spectra.view(np.float32).reshape(*spectra.shape, 2),
            "dereverb": dereverb,
            "level": level,
            "states": states,
        }
        enhanced, level, states = self.session.run(["enhanced", "next_level", "next_states"], inputs)
        return np.ascontiguousarray(enhanced).view(np.complex64)[..., 0], level, states


class DenoiserRuntime(Enhancer):
    """A denoiser that is open for inference."""

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(DenoiserConfig)
        if config.removes != "noise":
            raise BadModel(f"{folder.path} is a post-filter of echo; use it with `wavewright cancel-echo`.")
        self.estimator = FrameEstimator(folder, config)

    def stream(self, n_channels: int = 1, settings: EnhancementSettings | None = None) -> DenoiserStream:
        """Return a new stream."""
        return DenoiserStream(self, n_channels, settings or EnhancementSettings())


class DenoiserStream(EnhancerStream):
    """Channels, enhanced hop by hop, late by one window less a sample.

    Every frame is computed by itself, so that chunks of any sizes give the same samples. Linked channels share the
    mean of their masks, in which each counts by its power in the bin.

    Parameters
    ----------
    runtime : DenoiserRuntime
        The model.
    n_channels : int
        Number of channels.
    settings : EnhancementSettings
        What is removed, and how much of it.
    """

    def __init__(self, runtime: DenoiserRuntime, n_channels: int, settings: EnhancementSettings) -> None:
        if n_channels < 1:
            raise BadSetting(f"The number of channels is {n_channels}; it must be at least 1.")
        self._runtime = runtime
        self._settings = settings
        self._dereverb = np.full((n_channels, 1), settings.dereverb, np.float32)
        self._is_linked = settings.is_linked and n_channels > 1
        self.n_channels = n_channels
        self.latency_samples = runtime.config.n_fft - 1
        self.reset()

    def reset(self) -> None:
        """Forget all samples, as a new stream."""
        config = self._runtime.config
        self._window = np.zeros((self.n_channels, config.n_fft), np.float32)  # the newest hop of it is being filled
        self._n_filled = 0  # samples of the newest hop that have arrived
        self._tail = np.zeros((self.n_channels, config.hop_length), np.float32)  # of the last frame, to add to the next
        # Finished samples that wait: a stream starts with a hop less one sample of silence before its first.
        self._ready = np.zeros((self.n_channels, config.hop_length - 1), np.float32)
        self._level, self._states = self._runtime.estimator.new_states(self.n_channels)

    def process(self, wave: np.ndarray) -> np.ndarray:
        """Return as many samples as ``wave (channels, time)`` has, late by `latency_samples`."""
        wave = checked_channels(wave, self.n_channels, may_be_empty=True)
        hop_length = self._runtime.config.hop_length
        finished = [self._ready]
        position, n_samples = 0, wave.shape[1]
        while position < n_samples:
            n_taken = min(hop_length - self._n_filled, n_samples - position)
            start = hop_length + self._n_filled
            self._window[:, start : start + n_taken] = wave[:, position : position + n_taken]
            self._n_filled += n_taken
            position += n_taken
            if self._n_filled == hop_length:
                finished.append(self._next_hop())
        samples = np.concatenate(finished, axis=1)
        self._ready = samples[:, n_samples:]
        return samples[:, :n_samples]

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the rest of the stream."""
        return {
            "window": self._window.copy(),
            "n_filled": np.array(self._n_filled),
            "tail": self._tail.copy(),
            "ready": self._ready.copy(),
            "level": self._level.copy(),
            "states": self._states.copy(),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where a stream of the same model was."""
        expected = self.state()
        n_filled = int(state.get("n_filled", -1))
        hop_length = self._runtime.config.hop_length
        fits = (
            expected.keys() == state.keys()
            and 0 <= n_filled < hop_length
            and state["ready"].shape == (self.n_channels, hop_length - 1 - n_filled)
            and all(np.shape(state[name]) == array.shape for name, array in expected.items() if name != "ready")
        )
        if not fits:
            raise BadSetting(
                "The state does not belong to a stream of this model with as many channels; take one that `state` of "
                "such a stream returned."
            )
        self._window, self._n_filled = state["window"].copy(), n_filled
        self._tail, self._ready = state["tail"].copy(), state["ready"].copy()
        self._level, self._states = state["level"].copy(), state["states"].copy()

    def _next_hop(self) -> np.ndarray:
        """Enhance the frame that is complete, and return the hop ``(channels, hop_length)`` that it completes."""
        estimator, hop_length = self._runtime.estimator, self._runtime.config.hop_length
        spectra = rfft(self._window * estimator.window)
        enhanced, self._level, self._states = estimator(spectra[:, None], self._dereverb, self._level, self._states)
        if self._is_linked:
            enhanced = spectra * mean_mask(spectra, enhanced)
        wet = self._settings.enhanced_fraction
        if wet < 1:
            enhanced = np.float32(1 - wet) * spectra + np.float32(wet) * enhanced
        frame = irfft(enhanced) * estimator.window
        hop: np.ndarray = self._runtime.finite(self._tail + frame[:, :hop_length])
        self._tail = frame[:, hop_length:]
        self._window = np.concatenate([self._window[:, hop_length:], np.zeros_like(self._tail)], axis=1)
        self._n_filled = 0
        return hop


def mean_mask(spectra: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
    """Return the mask ``(bins,)`` of all channels, of spectra before and after ``(channels, bins)``.

    It is the mean of the channels' masks with their powers as weights: what leaves the least error in all of them.
    """
    power = spectra.real**2 + spectra.imag**2
    products = (enhanced * spectra.conj()).sum(0) + MIN_POWER
    mask: np.ndarray = products / (power.sum(0) + MIN_POWER)
    return mask
