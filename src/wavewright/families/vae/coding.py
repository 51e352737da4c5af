"""Encoding and decoding by the ONNX graphs: block by block in bounded memory, or live."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ...base.errors import BadSetting
from ...contracts.runtime import checked_wave
from ...dsp.spectral_frames import StreamingSTFT, spectrum_to_features
from ...dsp.spectrum import frame, hann_window
from ...models.folder import ModelFolder
from ...models.graph_file import GraphSession, Shapes
from .config import DECODER_FILE, ENCODER_FILE, VaeConfig
from .synthesis import DecoderSynthesis, NoiseSource, Residual

BLOCK_FRAMES = 512  # that a graph computes at once, besides their receptive field

Memory = np.ndarray | None
"""State of a causal graph between blocks, ``(1, size)``; None for a graph that looks ahead."""


class LatentCoder:
    """The two graphs of a model. The blocks into which a clip is divided do not change the result.

    Raises BadModel if a graph is damaged or does not fit the card.
    """

    def __init__(self, folder: ModelFolder, check_finite: Callable[[np.ndarray], np.ndarray]) -> None:
        self.config = folder.config(VaeConfig)
        self._name = folder.card.name
        self._check_finite = check_finite
        encoder_inputs, encoder_outputs = _encoder_shapes(self.config)
        decoder_inputs, decoder_outputs = _decoder_shapes(self.config)
        self._encoder = folder.session(ENCODER_FILE, encoder_inputs, encoder_outputs)
        self._decoder = folder.session(DECODER_FILE, decoder_inputs, decoder_outputs)
        self.encoder_memory = _zeros(encoder_inputs.get("memory"))  # before a clip
        self.decoder_memory = _zeros(decoder_inputs.get("memory"))

    def encode(self, wave: np.ndarray) -> np.ndarray:
        """Return the means of the latents of ``wave (time,)``, ``(latents, latent_size)`` float32."""
        config = self.config
        n_frames = -(-len(wave) // config.hop_length) + config.frame_settings.n_overlapping - 1
        n_latents = -(-n_frames // config.latent_frames)
        memory = self.encoder_memory
        blocks = []
        for block, context in self._blocks(n_latents, config.encoder_blocks):
            first = context.start * config.latent_frames
            spectrum = self._spectrum(wave, first, context.stop * config.latent_frames)
            means, memory = self.encode_frames(spectrum_to_features(spectrum, first, config.frame_settings), memory)
            blocks.append(means[block.start - context.start : block.stop - context.start])
        return np.concatenate(blocks)

    def decode(
        self, latents: np.ndarray, conditioning: np.ndarray, noise: NoiseSource, residual: Residual | None = None
    ) -> np.ndarray:
        """Return the clip ``(time,)`` of latents ``(n, latent_size)`` with conditioning ``(n, n_condition_inputs)``."""
        synthesis = DecoderSynthesis(self.config, noise)
        waves = []
        for first, outputs in self._decode_blocks(latents, conditioning):
            last = first + len(outputs["head"])
            block_residual = None if residual is None else residual.slice_frames(first, last)
            waves.append(synthesis.synthesise(outputs, block_residual))
        return np.concatenate(waves)[self.config.n_fft - self.config.hop_length :]

    def measure_residual(
        self, wave: np.ndarray, latents: np.ndarray, conditioning: np.ndarray, fraction: float
    ) -> Residual:
        """Measure what the reconstruction of a clip ``(time,)`` lacks; ``fraction`` of it, 0 to 1, will be applied."""
        synthesis = DecoderSynthesis(self.config, NoiseSource(0))
        recording = self._spectrum(wave, 0, len(latents) * self.config.latent_frames)
        power = [synthesis.mean_power(outputs) for _, outputs in self._decode_blocks(latents, conditioning)]
        return Residual.measure(recording, np.concatenate(power), fraction, self.config.frame_settings)

    def checked_latents(self, latents: np.ndarray) -> np.ndarray:
        """Return latents, ``(latent_size,)`` or for a model of ``frames`` ``(n, latent_size)``, as float32 rows.

        Raises BadSetting for other shapes, NaN or infinite values.
        """
        size = self.config.latent_size
        rows = np.atleast_2d(np.asarray(latents, np.float32))
        is_clip = self.config.latent == "clip"
        is_shaped = rows.ndim == 2 and rows.shape[1] == size and len(rows) and (len(rows) == 1 or not is_clip)
        if not is_shaped or not np.isfinite(rows).all():
            expected = f"({size},)" if is_clip else f"(n, {size})"
            raise BadSetting(
                f"The latents have shape {np.shape(latents)}; {self._name} takes finite numbers of shape {expected}, "
                "as encode returns them."
            )
        return rows

    def encode_frames(self, features: np.ndarray, memory: Memory) -> tuple[np.ndarray, Memory]:
        """Return the means of the latents of frames ``(frames, n_features)``, and the memory for the next frames.

        Frames are a multiple of ``latent_frames``; the memory before a clip is :attr:`encoder_memory`.
        """
        n_latents = len(features) // self.config.latent_frames
        outputs, memory = self._run(self._encoder, {"features": features[None]}, memory, n_latents)
        return outputs["mean"], memory

    def decode_frames(
        self, latents: np.ndarray, conditioning: np.ndarray, memory: Memory
    ) -> tuple[dict[str, np.ndarray], Memory]:
        """Return ``head`` and ``log_gains`` for the frames of latents ``(latents, latent_size)``, and the memory.

        The memory before a clip is :attr:`decoder_memory`.
        """
        inputs = {"latents": latents[None].astype(np.float32)}
        if self.config.n_condition_inputs:
            inputs["condition"] = conditioning[None].astype(np.float32)
        return self._run(self._decoder, inputs, memory, len(latents) * self.config.latent_frames)

    def _run(
        self, session: GraphSession, inputs: dict[str, np.ndarray], memory: Memory, length: int
    ) -> tuple[dict[str, np.ndarray], Memory]:
        """Return the outputs ``(length, ...)`` of a graph for one clip by name, and its next memory."""
        if memory is not None:
            inputs["memory"] = memory
        names = session.output_names
        outputs = dict(zip(names, map(self._check_finite, session.run(names, inputs)), strict=True))
        next_memory = outputs.pop("next_memory", None)
        for output in outputs.values():
            session.check_length(output, length)
        return {name: output[0] for name, output in outputs.items()}, next_memory

    def _decode_blocks(
        self, latents: np.ndarray, conditioning: np.ndarray
    ) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Yield the decoder's outputs for a clip block by block, each with the index of its first frame."""
        n_frames = self.config.latent_frames
        memory = self.decoder_memory
        for block, context in self._blocks(len(latents), self.config.decoder_blocks):
            outputs, memory = self.decode_frames(latents[context], conditioning[context], memory)
            inner = slice((block.start - context.start) * n_frames, (block.stop - context.start) * n_frames)
            yield block.start * n_frames, {name: each[inner] for name, each in outputs.items()}

    def _blocks(self, n_latents: int, n_layers: int) -> Iterator[tuple[slice, slice]]:
        """Yield the latents of each block, and those with their receptive field, as slices."""
        config = self.config
        size = max(1, BLOCK_FRAMES // config.latent_frames)
        margin = 0 if config.causal else -(-n_layers * (config.kernel_size // 2) // config.latent_frames)
        for first in range(0, n_latents, size):
            last = min(first + size, n_latents)
            yield slice(first, last), slice(max(0, first - margin), min(n_latents, last + margin))

    def _spectrum(self, wave: np.ndarray, first: int, last: int) -> np.ndarray:
        """Return STFT frames ``first`` to ``last`` of ``wave (time,)``, padded by zeros: ``(last - first, bins)``."""
        n_fft, hop_length = self.config.n_fft, self.config.hop_length
        start, stop = (first + 1) * hop_length - n_fft, last * hop_length
        samples = wave[max(0, start) : max(0, stop)]
        n_before = max(0, -start)
        padded = np.pad(samples, (n_before, stop - start - n_before - len(samples)))
        frames = frame(padded.astype(np.float32, copy=False), n_fft, hop_length)
        return np.fft.rfft(frames * hann_window(n_fft)).astype(np.complex64)


class LatentStream:
    """Live coding with a causal model: blocks of a wave to latents, latents to blocks of a wave."""

    def __init__(self, coder: LatentCoder, seed: int = 0) -> None:
        self._coder = coder
        self._config = coder.config
        self._stft = StreamingSTFT(coder.config.frame_settings)
        self._first_frame = 0
        # Frames of an incomplete latent.
        self._pending = np.zeros((0, coder.config.frame_settings.n_bins), np.complex64)
        self._synthesis = DecoderSynthesis(coder.config, NoiseSource(seed))
        self._encoder_memory = coder.encoder_memory
        self._decoder_memory = coder.decoder_memory

    def encode(self, wave: np.ndarray) -> np.ndarray:
        """Return the latents ``(latents, latent_size)``, possibly none, that a block ``(time,)`` completes.

        Raises BadAudio for a wave of another shape, integers, NaN or infinite values.
        """
        config = self._config
        samples = checked_wave(wave) if np.size(wave) else np.zeros(0, np.float32)
        spectrum = np.concatenate([self._pending, self._stft.push(samples)])
        n_frames = len(spectrum) // config.latent_frames * config.latent_frames
        self._pending = spectrum[n_frames:]
        if not n_frames:
            return np.zeros((0, config.latent_size), np.float32)
        features = spectrum_to_features(spectrum[:n_frames], self._first_frame, config.frame_settings)
        self._first_frame += n_frames
        means, self._encoder_memory = self._coder.encode_frames(features, self._encoder_memory)
        return means

    def decode(self, latents: np.ndarray, conditioning: np.ndarray) -> np.ndarray:
        """Return the samples ``(time,)`` float32 that latents and their conditioning complete.

        Latents are ``(latents, latent_size)``; for their conditioning see :meth:`.VaeRuntime.conditioning`. The first
        ``n_fft - hop_length`` samples of a stream precede the clip.

        Raises BadSetting for latents of another shape, NaN or infinite values.
        """
        if not len(latents):
            return np.zeros(0, np.float32)
        rows = self._coder.checked_latents(latents)
        outputs, self._decoder_memory = self._coder.decode_frames(rows, conditioning, self._decoder_memory)
        return self._synthesis.push(outputs)


def _encoder_shapes(config: VaeConfig) -> tuple[Shapes, Shapes]:
    """Return the shapes of the encoder's inputs and outputs."""
    n_latents, n_frames = _lengths(config)
    inputs: Shapes = {"features": (1, n_frames, config.n_features)}
    outputs: Shapes = {
        "mean": (1, n_latents, config.latent_size),
        "log_variance": (1, n_latents, config.latent_size),
    }
    return _with_memory(inputs, outputs, config, config.encoder_blocks)


def _decoder_shapes(config: VaeConfig) -> tuple[Shapes, Shapes]:
    """Return the shapes of the decoder's inputs and outputs."""
    n_latents, n_frames = _lengths(config)
    inputs: Shapes = {"latents": (1, n_latents, config.latent_size)}
    outputs: Shapes = {"head": (1, n_frames, 3 * config.frame_settings.n_bins)}
    if config.n_condition_inputs:
        inputs["condition"] = (1, n_latents, config.n_condition_inputs)
    if config.noise_bands:
        outputs["log_gains"] = (1, n_frames, config.noise_bands)
    return _with_memory(inputs, outputs, config, config.decoder_blocks)


def _lengths(config: VaeConfig) -> tuple[int | None, int | None]:
    """Return the number of latents and of frames of a clip; None where any number is possible."""
    return (1, config.latent_frames) if config.latent == "clip" else (None, None)


def _with_memory(inputs: Shapes, outputs: Shapes, config: VaeConfig, n_blocks: int) -> tuple[Shapes, Shapes]:
    """Return the shapes with the memory of a causal graph."""
    if not config.causal:
        return inputs, outputs
    shape = (1, n_blocks * (config.kernel_size - 1) * config.channels)
    return {**inputs, "memory": shape}, {**outputs, "next_memory": shape}


def _zeros(shape: tuple[int | None, ...] | None) -> Memory:
    """Return an empty memory of a shape, None for a graph without memory."""
    return None if shape is None else np.zeros([size or 1 for size in shape], np.float32)
