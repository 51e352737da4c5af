"""Inference of a denoiser: frames by NumPy, the network frame by frame by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.fft import irfft, rfft

from ...contracts.enhancement import EchoCanceller, EchoStream, EnhancementSettings, Enhancer, EnhancerStream
from ...dsp.echo import LinearEchoCanceller
from ...models.folder import ModelFolder
from .config import BLOCK_FRAMES, FRAME_FILE, LOOKAHEAD_FRAMES, DenoiserConfig

MIN_POWER = 1e-12
"""Of a bin, below which all channels count the same in the mean of their masks."""


class FrameEstimator:
    """The graph of one frame: the enhanced spectrum of the first input, for rows that are independent of each other.

    That of a bidirectional model is the graph of a block: of ``BLOCK_FRAMES + LOOKAHEAD_FRAMES`` spectra in place of
    the inputs, it enhances the first ``BLOCK_FRAMES``.

    - ``folder``: the model; raises BadModel if its graph is damaged.
    """

    def __init__(self, folder: ModelFolder) -> None:
        self.config = config = folder.config(DenoiserConfig)
        n_spectra = BLOCK_FRAMES + LOOKAHEAD_FRAMES if config.bidirectional else config.n_inputs
        spectra, level = (None, n_spectra, config.n_bins, 2), (None, config.n_inputs, 2)
        enhanced = (None, BLOCK_FRAMES, config.n_bins, 2) if config.bidirectional else (None, config.n_bins, 2)
        self.state_shapes = {"level": level[1:], **config.state_shapes}
        states = {name: (None, *shape) for name, shape in self.state_shapes.items()}
        self.session = folder.session(
            FRAME_FILE,
            {"spectra": spectra, "dereverb": (None, 1), **states},
            {"enhanced": enhanced} | {f"next_{name}": shape for name, shape in states.items()},
        )
        self._outputs = ["enhanced", *(f"next_{name}" for name in states)]

    def new_states(self, n_rows: int) -> dict[str, np.ndarray]:
        """Return the level and the states of rows before their first frame, by name."""
        return {name: np.zeros((n_rows, *shape), np.float32) for name, shape in self.state_shapes.items()}

    def __call__(
        self, spectra: np.ndarray, dereverb: np.ndarray, states: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the enhanced spectra ``(rows, bins)`` and the next states of spectra ``(rows, inputs, bins)``.

        Spectra of a block are ``(rows, frames, bins)``, before and after.
        """
        parts = spectra.view(np.float32).reshape(*spectra.shape, 2)
        enhanced, *after = self.session.run(self._outputs, {"spectra": parts, "dereverb": dereverb, **states})
        return np.ascontiguousarray(enhanced).view(np.complex64)[..., 0], dict(zip(states, after, strict=True))


class DenoiserRuntime(Enhancer):
    """A denoiser that is open for inference."""

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.estimator = FrameEstimator(folder)
        self.config = self.estimator.config

    def stream(self, n_channels: int = 1, settings: EnhancementSettings | None = None) -> DenoiserStream:
        """Return a new stream; that of a bidirectional model is late by 6 s, for files."""
        kind = BlockStream if self.config.bidirectional else DenoiserStream
        return kind(self, n_channels, settings or EnhancementSettings())


class DenoiserStream(EnhancerStream):
    """Channels, enhanced hop by hop, late by one window less a sample.

    Linked channels all have the mean of their masks, in which each counts by its power in the bin.

    - ``runtime``: the model.
    - ``settings``: what is removed, and how much of it.
    """

    delay_hops = 1

    def __init__(self, runtime: DenoiserRuntime, n_channels: int, settings: EnhancementSettings) -> None:
        self._runtime = runtime
        self._settings = settings
        self._wet = np.float32(settings.enhanced_fraction)
        self._is_linked = settings.is_linked and n_channels > 1
        super().__init__(n_channels, runtime.config.hop_length, self.delay_hops)

    def _process_hop(self, hop: np.ndarray) -> np.ndarray:
        spectra = self._frames.spectra(hop)
        return self._runtime.finite(self._frames.wave(self._mixed(spectra, self._rows(spectra[:, None]))))

    def _mixed(self, spectra: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
        """Return the output ``(channels, ..., bins)`` of spectra and what the network makes of them."""
        if self._is_linked:
            enhanced = spectra * mean_mask(spectra, enhanced)
        return enhanced if self._wet == 1 else (1 - self._wet) * spectra + self._wet * enhanced

    def _reset_hops(self) -> None:
        config = self._runtime.config
        self._frames = Frames(config, self.n_channels, self.n_channels)
        self._rows = EstimatorRows(self._runtime.estimator, self.n_channels, self._settings.dereverb)

    def _hop_state(self) -> dict[str, np.ndarray]:
        return self._frames.state() | self._rows.state()

    def _restore_hops(self, state: Mapping[str, np.ndarray]) -> None:
        self._frames.restore(state)
        self._rows.restore(state)


class BlockStream(DenoiserStream):
    """Channels, enhanced block by block, each of which the model knows together with the seconds after it."""

    delay_hops = BLOCK_FRAMES + LOOKAHEAD_FRAMES
    _pending: np.ndarray  # spectra that are not enhanced yet, ``(channels, delay_hops, bins)``
    _n_pending: int
    _finished: np.ndarray  # the block that leaves, ``(channels, BLOCK_FRAMES, bins)``

    def _process_hop(self, hop: np.ndarray) -> np.ndarray:
        self._pending[:, self._n_pending] = self._frames.spectra(hop)
        self._n_pending += 1
        if self._n_pending == self._pending.shape[1]:
            block = self._pending[:, :BLOCK_FRAMES]
            self._finished = self._mixed(block, self._rows(self._pending))
            self._pending = np.concatenate([self._pending[:, BLOCK_FRAMES:], np.zeros_like(block)], axis=1)
            self._n_pending = LOOKAHEAD_FRAMES
        # The frames of a block leave one by one while the next block fills; before the first, there are none.
        frame = self._finished[:, (self._n_pending - LOOKAHEAD_FRAMES) % BLOCK_FRAMES]
        return self._runtime.finite(self._frames.wave(frame))

    def _reset_hops(self) -> None:
        super()._reset_hops()
        n_bins = self._runtime.config.n_bins
        self._pending = np.zeros((self.n_channels, self.delay_hops, n_bins), np.complex64)
        self._finished = np.zeros((self.n_channels, BLOCK_FRAMES, n_bins), np.complex64)
        self._n_pending = 0

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
    """A microphone and a far end, hop by hop, late by one window less a sample.

    - ``runtime``: the model.
    """

    def __init__(self, runtime: PostFilterRuntime) -> None:
        self._runtime = runtime
        super().__init__(LinearEchoCanceller(runtime.sample_rate, runtime.config.echo_settings), delay_hops=1)

    def _process_hop(self, hop: np.ndarray) -> np.ndarray:
        microphone, far = hop
        error, echo = self._linear.process(microphone, far)
        spectra = self._frames.spectra(np.stack([error, echo, microphone, far]))
        return self._runtime.finite(self._frames.wave(self._rows(spectra[None])))

    def _reset_hops(self) -> None:
        super()._reset_hops()
        config = self._runtime.config
        self._frames = Frames(config, config.n_inputs, 1)
        self._rows = EstimatorRows(self._runtime.estimator, 1, dereverb=False)

    def _hop_state(self) -> dict[str, np.ndarray]:
        return super()._hop_state() | self._frames.state() | self._rows.state()

    def _restore_hops(self, state: Mapping[str, np.ndarray]) -> None:
        super()._restore_hops(state)
        self._frames.restore(state)
        self._rows.restore(state)


class Frames:
    """Frames of a wave and back, with a window on both sides whose squares add up to 1.

    - ``config``: of the model.
    - ``n_inputs``, ``n_outputs``: rows of the waves.
    """

    def __init__(self, config: DenoiserConfig, n_inputs: int, n_outputs: int) -> None:
        # The square root of a periodic Hann window.
        self._window = np.sin(np.pi * np.arange(config.n_fft) / config.n_fft).astype(np.float32)
        self._last = np.zeros((n_inputs, config.hop_length), np.float32)
        self._tail = np.zeros((n_outputs, config.hop_length), np.float32)  # of the last frame, to add to the next

    def spectra(self, hop: np.ndarray) -> np.ndarray:
        """Return the spectra ``(inputs, bins)`` of the frame that ends with a hop."""
        frame = np.concatenate([self._last, hop], axis=1)
        self._last = hop
        spectra: np.ndarray = rfft(frame * self._window)
        return spectra

    def wave(self, spectra: np.ndarray) -> np.ndarray:
        """Return the hop ``(outputs, hop_length)`` that the frame of spectra ``(outputs, bins)`` completes."""
        frame = irfft(spectra) * self._window
        hop_length = self._tail.shape[1]
        hop: np.ndarray = self._tail + frame[:, :hop_length]
        self._tail = frame[:, hop_length:]
        return hop

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the next frames."""
        return {"last": self._last.copy(), "tail": self._tail.copy()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where the state was taken."""
        self._last, self._tail = state["last"].copy(), state["tail"].copy()


class EstimatorRows:
    """The state of the network for rows that are independent of each other.

    - ``estimator``: the graph.
    - ``dereverb``: remove reverberation too.
    """

    def __init__(self, estimator: FrameEstimator, n_rows: int, dereverb: bool) -> None:
        self._estimator = estimator
        self._dereverb = np.full((n_rows, 1), dereverb, np.float32)
        self._states = estimator.new_states(n_rows)

    def __call__(self, spectra: np.ndarray) -> np.ndarray:
        """Return the enhanced spectra ``(rows, bins)`` of the next frame, ``(rows, inputs, bins)``."""
        enhanced, self._states = self._estimator(spectra, self._dereverb, self._states)
        return enhanced

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the next frames."""
        return {name: array.copy() for name, array in self._states.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where the state was taken."""
        self._states = {name: state[name].copy() for name in self._states}


def open_denoiser(folder: ModelFolder) -> DenoiserRuntime | PostFilterRuntime:
    """Open a denoiser or a post-filter of echo, by what the model removes."""
    return PostFilterRuntime(folder) if folder.config(DenoiserConfig).removes == "echo" else DenoiserRuntime(folder)


def mean_mask(spectra: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
    """Return the mask ``(..., bins)`` of all channels, of spectra before and after ``(channels, ..., bins)``.

    It is the mean of the channels' masks with their powers as weights: what leaves the least error in all of them.
    """
    power = spectra.real**2 + spectra.imag**2
    products = (enhanced * spectra.conj()).sum(0) + MIN_POWER
    mask: np.ndarray = products / (power.sum(0) + MIN_POWER)
    return mask
