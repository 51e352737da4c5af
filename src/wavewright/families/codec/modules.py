"""Modules of the codec: frames of the wave, encoder, decoder, and the autoencoder that they form."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.spectrum import hann_window
from ...nn.convnext import ConvNeXtStack, split_memory
from ...nn.quantize import ResidualQuantizer
from ...nn.spectrum import frame, irfft, overlap_add, power_spectrum, rfft
from .config import CodecConfig
from .spectra import COMPRESSION, LOG_POWER_MEAN, LOG_POWER_SCALE, MIN_POWER, MIN_ROOT
from .wwc import SILENT


class WindowedFrames(nn.Module):
    """Wave to features of its spectra, and spectra to the wave, as :mod:`.spectra` computes them."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        self.window = nn.Buffer(torch.from_numpy(hann_window(config.n_fft)), persistent=False)

    def analyse(self, wave: Tensor) -> Tensor:
        """Map ``(batch, time)`` to ``(batch, subframes, 3 * n_bins)``; see :func:`.spectra.analysis_features`."""
        config = self.config
        spectrum = rfft(frame(F.pad(wave, (config.lead, 0)), config.n_fft, config.subframe_length) * self.window)
        power = power_spectrum(spectrum) + MIN_POWER
        compressed = spectrum * power ** (0.5 * (COMPRESSION - 1))
        log_power = (power.log() - LOG_POWER_MEAN) / LOG_POWER_SCALE
        return torch.cat([compressed.real, compressed.imag, log_power], -1)

    def synthesise(self, spectra: Tensor) -> Tensor:
        """Map the decoder's spectra ``(batch, subframes, 2 * n_bins)`` to ``(batch, time)``."""
        config = self.config
        real, imaginary = spectra.float().chunk(2, -1)
        root = torch.sqrt(real.square() + imaginary.square() + MIN_ROOT)
        frames = irfft(torch.complex(real * root, imaginary * root), config.n_fft) * self.window
        envelope = self.window.square().view(config.overlap, -1).sum(0).repeat(spectra.shape[1] + config.overlap - 1)
        wave = overlap_add(frames, config.subframe_length) / envelope
        return wave[:, config.lead :]


class SpectralEncoder(nn.Module):
    """Features of spectra to a latent per frame: ConvNeXt blocks over subframes, then over frames.

    Latents are ``encoder_look_ahead`` frames late: as many first ones belong to no frame of the features. They are
    normalised without parameters, so that codes can follow them.
    """

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        subframe_channels, frame_channels = config.subframe_channels[0], config.encoder_channels
        self.look_ahead = config.encoder_look_ahead
        self.frame_size = config.n_subframes * subframe_channels
        self.in_proj = nn.Linear(3 * config.n_bins, subframe_channels)
        self.subframe_blocks = _stack(config.subframe_blocks[0], subframe_channels, config)
        self.frame_proj = nn.Linear((1 + self.look_ahead) * self.frame_size, frame_channels)
        self.frame_blocks = _stack(config.encoder_blocks, frame_channels, config)
        self.frame_norm = nn.LayerNorm(frame_channels)
        self.out_proj = nn.Linear(frame_channels, config.latent_size)
        self.latent_norm = nn.LayerNorm(config.latent_size, elementwise_affine=False)
        self.memory_sizes = (
            self.subframe_blocks.memory_size,
            self.look_ahead * self.frame_size,
            self.frame_blocks.memory_size,
        )

    def forward(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Encode a whole clip, or the next frames of a stream.

        - ``features``: ``(batch, frames * n_subframes, 3 * n_bins)``.
        - ``memory``: memory of the frames before, ``(batch, sum(memory_sizes))``; zeros at the start of a stream.
        - returns ``latent``: ``(batch, frames, latent_size)``.
        - returns ``memory``: memory for the frames that follow, None without a memory.
        """
        subframe_memory, waiting, frame_memory = split_memory(memory, self.memory_sizes)
        hidden, subframe_memory = self.subframe_blocks(self.in_proj(features), subframe_memory)
        frames = hidden.reshape(hidden.shape[0], -1, self.frame_size)
        if self.look_ahead:
            n_frames = frames.shape[1]
            if waiting is None:
                frames = F.pad(frames, (0, 0, self.look_ahead, 0))
            else:
                frames = torch.cat([waiting.view(-1, self.look_ahead, self.frame_size), frames], 1)
                waiting = frames[:, -self.look_ahead :].flatten(1)
            frames = _concatenate_shifted(frames, 1 + self.look_ahead, n_frames)
        hidden, frame_memory = self.frame_blocks(self.frame_proj(frames), frame_memory)
        latent = self.latent_norm(self.out_proj(self.frame_norm(hidden)))
        return latent, _join_memory(subframe_memory, waiting, frame_memory)


class SpectralDecoder(nn.Module):
    """Quantised latents to spectra: ConvNeXt blocks over frames, then over subframes.

    A spectrum is the real and the imaginary part of bins with the square root of their magnitude.
    """

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        subframe_channels, frame_channels = config.subframe_channels[1], config.decoder_channels
        self.n_input_frames = 2 + config.look_ahead  # the frame before, the frame, those of the look-ahead
        self.in_proj = nn.Linear(self.n_input_frames * config.latent_size, frame_channels)
        self.frame_blocks = _stack(config.decoder_blocks, frame_channels, config)
        self.subframe_proj = nn.Linear(frame_channels, config.n_subframes * subframe_channels)
        self.subframe_blocks = _stack(config.subframe_blocks[1], subframe_channels, config)
        self.subframe_norm = nn.LayerNorm(subframe_channels)
        self.out_proj = nn.Linear(subframe_channels, 2 * config.n_bins)
        self.memory_sizes = (self.frame_blocks.memory_size, self.subframe_blocks.memory_size)

    def forward(self, latent: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Decode a whole clip, or the next frames of a stream.

        - ``latent``: the frame before, the frames to decode and those of the look-ahead, ``(batch, 1 + frames +
          look_ahead, latent_size)``.
        - ``memory``: see :meth:`SpectralEncoder.forward`.
        - returns ``spectra``: ``(batch, frames * n_subframes, 2 * n_bins)``.
        - returns ``memory``: memory for the frames that follow, None without a memory.
        """
        frame_memory, subframe_memory = split_memory(memory, self.memory_sizes)
        n_frames = latent.shape[1] - self.n_input_frames + 1
        inputs = _concatenate_shifted(latent, self.n_input_frames, n_frames)
        hidden, frame_memory = self.frame_blocks(self.in_proj(inputs), frame_memory)
        subframes = self.subframe_proj(hidden).reshape(hidden.shape[0], -1, self.config.subframe_channels[1])
        subframes, subframe_memory = self.subframe_blocks(subframes, subframe_memory)
        return self.out_proj(self.subframe_norm(subframes)), _join_memory(frame_memory, subframe_memory)


class CodecAutoencoder(nn.Module):
    """Analysis, encoder, residual quantiser, decoder and synthesis: the module that is exported."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        self.frames = WindowedFrames(config)
        self.encoder = SpectralEncoder(config)
        self.decoder = SpectralDecoder(config)
        self.quantizer = ResidualQuantizer(
            config.n_codebooks, config.latent_size, config.codebook_size, config.code_size, config.quantizer
        )

    def latent(self, wave: Tensor) -> Tensor:
        """Map ``(batch, time)``, whole frames, to latents ``(batch, frames, latent_size)``."""
        n_late = self.config.encoder_look_ahead
        padded = F.pad(wave, (0, n_late * self.config.hop_length))
        latent: Tensor = self.encoder(self.frames.analyse(padded))[0][:, n_late:]
        return latent.float()

    def quantise(self, wave: Tensor, n_used: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map ``(batch, time)`` to quantised latents, codes and commitment; see :meth:`ResidualQuantizer.forward`.

        Latents are quantised in float32 under autocast, too.
        """
        latent = self.latent(wave)
        with torch.autocast(latent.device.type, enabled=False):
            quantised: tuple[Tensor, Tensor, Tensor] = self.quantizer(latent, n_used)
        return quantised

    def wave(self, latent: Tensor) -> Tensor:
        """Map ``(batch, frames, latent_size)`` to ``(batch, time)``, with zeros before and after the clip."""
        wave: Tensor = self.frames.synthesise(self.decoder(F.pad(latent, (0, 0, 1, self.config.look_ahead)))[0])
        return wave

    def encode(self, wave: Tensor) -> Tensor:
        """Map ``(batch, time)`` to codes ``(batch, frames, n_codebooks)`` int64."""
        return self.quantizer.encode(self.latent(wave))

    def decode(self, codes: Tensor, n_codebooks: int | None = None) -> Tensor:
        """Map codes ``(batch, frames, n_codebooks)`` to ``(batch, time)``, by the first ``n_codebooks`` alone."""
        if n_codebooks is not None:
            is_unused = torch.arange(codes.shape[-1], device=codes.device) >= n_codebooks
            codes = codes.masked_fill(is_unused, SILENT)
        return self.wave(self.quantizer.decode(codes))


def _stack(n_blocks: int, channels: int, config: CodecConfig) -> ConvNeXtStack:
    return ConvNeXtStack(n_blocks, channels, round(config.expansion * channels), config.kernel_size)


def _concatenate_shifted(frames: Tensor, n_shifts: int, n_frames: int) -> Tensor:
    """Concatenate each frame with those that follow it, ``(batch, n_frames, n_shifts * size)``."""
    return torch.cat([frames[:, shift : shift + n_frames] for shift in range(n_shifts)], -1)


def _join_memory(*memories: Tensor | None) -> Tensor | None:
    present = [memory for memory in memories if memory is not None]
    return torch.cat(present, 1) if present else None
