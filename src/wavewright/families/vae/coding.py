"""Waves to latents and back through the ONNX graphs, block by block, so that a sound of any length needs little memory, unless
its detail is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...dsp.spectral_frames import StreamingSTFT, spectrum_to_features
from ...errors import BadModel
from ...models.folder import ModelFolder, Shapes
from .config import DECODER_FILE, ENCODER_FILE, VaeConfig
from .detail import Detail
from .rendering import Noise, Rendering

BLOCK_FRAMES = 512  # that go through a graph at once, beside what they hear around them


class Coder:
    """The two graphs of a model. What comes out does not depend on how a sound is cut into blocks."""

    def __init__(self, folder: ModelFolder):
        self.name, self.config = folder.card.name, folder.config(VaeConfig)
        config = self.config
        n_latents, n_frames = (1, config.fold) if config.latent == "clip" else (None, None)
        means: Shapes = dict.fromkeys(("mean", "log_variance"), (1, n_latents, config.latent_size))
        features: Shapes = {"features": (1, n_frames, config.n_features)}
        latents: Shapes = {"latents": (1, n_latents, config.latent_size)}
        frames: Shapes = {"head": (1, n_frames, 3 * config.frames.n_bins)}
        if config.noise_bands:
            frames["log_gains"] = (1, n_frames, config.noise_bands)
        if config.n_condition:
            latents["condition"] = (1, n_latents, config.n_condition)
        if config.causal:
            for blocks, inputs, outputs in (
                (config.encoder_blocks, features, means),
                (config.decoder_blocks, latents, frames),
            ):
                size = blocks * (config.kernel - 1) * config.channels
                inputs["memory"] = outputs["memory_after"] = (1, size)
        self._encoder = folder.session(ENCODER_FILE, features, means)
        self._decoder = folder.session(DECODER_FILE, latents, frames)
        self._memories = features.get("memory"), latents.get("memory")

    def encode(self, wave: np.ndarray) -> np.ndarray:
        """``wave (time,)`` to the means of its latents, ``(latents, latent_size)``."""
        config, hop = self.config, self.config.hop_length
        n_frames = -(-len(wave) // hop) + config.frames.n_overlapping - 1
        n_latents = -(-n_frames // config.fold)
        memory, parts = self.silence(0), []
        for first, last, heard_from, heard_to in self._blocks(n_latents, config.encoder_blocks):
            start = heard_from * config.fold
            means, memory = self.means(self._features(wave, start, heard_to * config.fold), memory)
            parts.append(means[first - heard_from : last - heard_from])
        return np.concatenate(parts)

    def decode(
        self, latents: np.ndarray, condition: np.ndarray, noise: Noise, detail: Detail | None = None
    ) -> np.ndarray:
        """``latents (latents, latent_size)``, each with its ``condition (latents, n_condition)``, to the wave that they stand for, ``(time,)``.

        ``noise`` says what chance makes of it, ``detail`` of all frames what it has beside.
        """
        rendering, waves = Rendering(self.config, noise), []
        for first, frames in self._decoded(latents, condition):
            waves.append(rendering.next(frames, detail and detail.of_frames(first, first + len(frames["head"]))))
        before = self.config.n_fft - self.config.hop_length
        return np.concatenate(waves)[before:]

    def detail(self, wave: np.ndarray, latents: np.ndarray, condition: np.ndarray, share: float) -> Detail:
        """A share of what the reconstruction of ``wave (time,)`` from its ``latents`` and ``condition``, as for :meth:`decode`, lacks of it."""
        rendering = Rendering(self.config, Noise(0))
        recording = self._spectrum(wave, 0, len(latents) * self.config.fold)
        powers = [rendering.power(frames) for _, frames in self._decoded(latents, condition)]
        return Detail.of(recording, np.concatenate(powers), share, self.config.frames)

    def _decoded(self, latents: np.ndarray, condition: np.ndarray) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """The decoder's frames of a sound block by block, each with the number of its first."""
        fold, memory = self.config.fold, self.silence(1)
        for first, last, heard_from, heard_to in self._blocks(len(latents), self.config.decoder_blocks):
            frames, memory = self.frames(latents[heard_from:heard_to], condition[heard_from:heard_to], memory)
            kept = slice((first - heard_from) * fold, (last - heard_from) * fold)
            yield first * fold, {name: each[kept] for name, each in frames.items()}

    def _blocks(self, n_latents: int, n_layers: int) -> Iterator[tuple[int, int, int, int]]:
        """Latents ``first`` to ``last`` of each block, and those that are heard for them, ``heard_from`` to ``heard_to``."""
        config = self.config
        size = max(1, BLOCK_FRAMES // config.fold)
        around = 0 if config.causal else -(-n_layers * (config.kernel // 2) // config.fold)
        for first in range(0, n_latents, size):
            last = min(first + size, n_latents)
            yield first, last, max(0, first - around), min(n_latents, last + around)

    def _features(self, wave: np.ndarray, first: int, last: int) -> np.ndarray:
        """Frames ``first`` to ``last`` of a wave as the encoder hears them, silence before and after it."""
        return spectrum_to_features(self._spectrum(wave, first, last), first, self.config.frames)

    def _spectrum(self, wave: np.ndarray, first: int, last: int) -> np.ndarray:
        """The spectrum ``(last - first, bins)`` of those frames."""
        n_fft, hop = self.config.n_fft, self.config.hop_length
        start, stop = (first + 1) * hop - n_fft, last * hop
        heard = wave[max(0, start) : max(0, stop)]
        padded = np.pad(heard, (max(0, -start), 0))
        padded = np.pad(padded, (0, stop - start - len(padded)))
        analysis = StreamingSTFT(self.config.frames)
        analysis.buffer = padded[: n_fft - hop].astype(np.float32)
        return analysis.push(padded[n_fft - hop :])

    def silence(self, which: int) -> np.ndarray | None:
        """What the encoder (0) or decoder (1) remembers before a sound; None for one without a memory."""
        shape = self._memories[which]
        return None if shape is None else np.zeros(tuple(size or 1 for size in shape), np.float32)

    def means(self, features: np.ndarray, memory: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """``features (frames, n_features)``, a whole number of latents, to their means ``(latents, latent_size)``, and the memory after."""
        found, memory = self._run(self._encoder, {"features": features[None]}, memory)
        return found["mean"], memory

    def frames(
        self, latents: np.ndarray, condition: np.ndarray, memory: np.ndarray | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """``latents (latents, latent_size)`` to ``head (frames, 3 * bins)`` and ``log_gains (frames, noise_bands)``, and the memory after."""
        inputs = {"latents": latents[None].astype(np.float32)}
        if self.config.n_condition:
            inputs["condition"] = condition[None].astype(np.float32)
        return self._run(self._decoder, inputs, memory)

    def _run(
        self, session: Any, inputs: dict[str, np.ndarray], memory: np.ndarray | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """The outputs of a graph for one sound by name, and its memory after; raises BadModel where they are no numbers."""
        if memory is not None:
            inputs["memory"] = memory
        names = [output.name for output in session.get_outputs()]
        try:
            outputs = dict(zip(names, session.run(names, inputs), strict=True))
        except Exception as error:  # ONNX Runtime's errors share no other base class
            reason = str(error).splitlines()[0]
            raise BadModel(
                f"{self.name} cannot play ({reason}); its card does not fit its graphs: copy the model again."
            ) from error
        if not all(np.isfinite(output).all() for output in outputs.values()):
            raise BadModel(
                f"{self.name} gives numbers that are none; its weights are damaged or its training exploded."
            )
        after = outputs.pop("memory_after", None)
        return {name: output[0] for name, output in outputs.items()}, after


class Stream:
    """Live coding with a causal model: pieces of a wave to latents, latents to pieces of a wave, memories kept between the calls."""

    def __init__(self, coder: Coder, seed: int = 0):
        self.coder, config = coder, coder.config
        self.analysis, self.first = StreamingSTFT(config.frames), 0
        self.waiting = np.zeros((0, config.frames.n_bins), np.complex64)
        self.rendering = Rendering(config, Noise(seed))
        self.memories = [coder.silence(0), coder.silence(1)]

    def encode(self, wave: np.ndarray) -> np.ndarray:
        """The latents ``(latents, latent_size)`` that ``wave (time,)`` completes."""
        config = self.coder.config
        spectrum = np.concatenate([self.waiting, self.analysis.push(wave.astype(np.float32))])
        n_frames = len(spectrum) // config.fold * config.fold
        self.waiting = spectrum[n_frames:]
        if not n_frames:
            return np.zeros((0, config.latent_size), np.float32)
        features = spectrum_to_features(spectrum[:n_frames], self.first, config.frames)
        self.first += n_frames
        means, self.memories[0] = self.coder.means(features, self.memories[0])
        return means

    def decode(self, latents: np.ndarray, condition: np.ndarray) -> np.ndarray:
        """The samples ``(time,)`` that ``latents (latents, latent_size)`` complete, each told its ``condition (latents, n_condition)``.

        The first ``n_fft - hop_length`` samples of a stream lie before its sound.
        """
        if not len(latents):
            return np.zeros(0, np.float32)
        frames, self.memories[1] = self.coder.frames(latents, condition, self.memories[1])
        return self.rendering.push(frames)
