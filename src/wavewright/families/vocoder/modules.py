"""The vocoder's torch modules: the network that predicts filters and pitch, and a synthesis with gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.spectrum import hann_window
from ...nn.convnext import ConvNeXtStack, split_memory
from ...nn.spectrum import frame, irfft, overlap_add, rfft
from .config import VocoderConfig
from .pitch_bins import N_PITCH_BINS
from .synthesis import MAX_PARAMETER, MIN_POWER, mel_interpolation, noise_log_power

INITIAL_PARAMETERS = (1.0, 0.0, 0.7)  # real and imaginary part, root of the noise gain: the envelope alone
INITIAL_WEIGHT_SCALE = 0.1  # of the last layer, so that filters start close to INITIAL_PARAMETERS


class FilterNetwork(nn.Module):
    """Network from mel frames to filters of each subframe and the pitch of each frame; the part that is exported.

    ConvNeXt blocks at the frame rate, then at the subframe rate. Every convolution is causal; each frame sees the
    frame before it and ``look_ahead`` frames after it through the input layer.
    """

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        channels, fine = config.channels, config.subframe_channels
        self.context_frames = 2 + config.look_ahead  # of the input layer
        self.in_proj = nn.Linear(self.context_frames * config.n_mels, channels)
        self.frame_blocks = ConvNeXtStack(
            config.blocks, channels, round(config.expansion * channels), config.kernel_size
        )
        self.frame_norm = nn.LayerNorm(channels)
        self.pitch_proj = nn.Linear(channels, N_PITCH_BINS)
        self.subframe_proj = nn.Linear(channels, config.n_subframes * fine)
        self.subframe_blocks = ConvNeXtStack(
            config.subframe_blocks, fine, round(config.expansion * fine), config.kernel_size
        )
        self.subframe_norm = nn.LayerNorm(fine)
        self.out_proj = nn.Linear(fine, 3 * config.n_bins)
        self.memory_sizes = (self.frame_blocks.memory_size, self.subframe_blocks.memory_size)
        with torch.no_grad():
            self.out_proj.weight.mul_(INITIAL_WEIGHT_SCALE)
            self.out_proj.bias.copy_(torch.tensor(INITIAL_PARAMETERS).repeat_interleave(config.n_bins))

    def forward(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Predict filters and pitch.

        Parameters
        ----------
        features : Tensor
            Normalised mel frames, one before and ``look_ahead`` after those to predict for:
            ``(batch, 1 + frames + look_ahead, n_mels)``.
        memory : Tensor, optional
            Inputs of the convolutions before these frames, ``(batch, sum(memory_sizes))``, zeros at the start of a
            stream; None for a whole clip.

        Returns
        -------
        parameters : Tensor
            Of the filters, ``(batch, frames * n_subframes, 3 * n_bins)``, see :func:`.synthesis.decode_filters`.
        pitch_logits : Tensor
            At the end of each frame, ``(batch, frames, N_PITCH_BINS)``.
        next_memory : Tensor or None
            Memory for the frames that follow, None without a memory.
        """
        frame_memory, subframe_memory = split_memory(memory, self.memory_sizes)
        n_frames = features.shape[1] - self.context_frames + 1
        context = torch.cat([features[:, offset : offset + n_frames] for offset in range(self.context_frames)], -1)
        hidden, frame_memory = self.frame_blocks(self.in_proj(context), frame_memory)
        hidden = self.frame_norm(hidden)
        subframes = self.subframe_proj(hidden)
        subframes = subframes.reshape(subframes.shape[0], -1, self.config.subframe_channels)
        subframes, subframe_memory = self.subframe_blocks(subframes, subframe_memory)
        next_memory = None
        if frame_memory is not None and subframe_memory is not None:
            next_memory = torch.cat([frame_memory, subframe_memory], 1)
        return self.out_proj(self.subframe_norm(subframes)), self.pitch_proj(hidden), next_memory


class DifferentiableSynthesis(nn.Module):
    """Filters and sources to waves with gradients: :class:`.synthesis.StreamingSynthesis` without noise reduction."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        lower, weight = mel_interpolation(config)
        t = torch.arange(config.n_subframes) / config.n_subframes
        self.window = nn.Buffer(torch.from_numpy(hann_window(2 * config.subframe_length)), persistent=False)
        self.lower = nn.Buffer(torch.from_numpy(lower), persistent=False)
        self.weight = nn.Buffer(torch.from_numpy(weight), persistent=False)
        self.t = nn.Buffer(t[None, None, :, None], persistent=False)

    def forward(self, parameters: Tensor, mel: Tensor, pulses: Tensor, noises: list[Tensor]) -> list[Tensor]:
        """Synthesise one wave for each noise.

        Parameters
        ----------
        parameters : Tensor
            Of the filters, ``(batch, subframes, 3 * n_bins)``.
        mel : Tensor
            Log-mel frames at the boundaries of the frames, ``(batch, frames + 1, n_mels)``.
        pulses : Tensor of shape ``(batch, subframe_length + time)``
        noises : list of Tensor
            The same shape each.

        Returns
        -------
        list of Tensor
            Waves ``(batch, time)``; the last ``config.delay`` samples lack the contribution of later subframes.
        """
        config = self.config
        real, imaginary, root = parameters.float().clamp(-MAX_PARAMETER, MAX_PARAMETER).chunk(3, -1)
        root_magnitude = (real.square() + imaginary.square() + MIN_POWER).sqrt()
        envelope = self.envelopes(mel)
        pulse_filters = torch.complex(real * root_magnitude * envelope, imaginary * root_magnitude * envelope)
        filtered_pulses = pulse_filters * self.source_spectra(pulses)
        noise_gains = root.square() * envelope
        waves = []
        for noise in noises:
            frames = irfft(filtered_pulses + noise_gains * self.source_spectra(noise), config.n_fft)
            wave = overlap_add(frames, config.subframe_length)[:, config.delay :]
            waves.append(wave[:, : pulses.shape[1] - config.subframe_length])
        return waves

    def envelopes(self, mel: Tensor) -> Tensor:
        """Return the gains ``(batch, subframes, n_bins)`` of ``mel``, as :func:`.synthesis.spectral_envelopes`."""
        log_power = mel[..., self.lower] * (1 - self.weight) + mel[..., self.lower + 1] * self.weight
        log_gain = (0.5 * (log_power - noise_log_power(self.config))).unsqueeze(2)
        log_gain = log_gain[:, :-1] * (1 - self.t) + log_gain[:, 1:] * self.t
        return log_gain.exp().flatten(1, 2)

    def source_spectra(self, source: Tensor) -> Tensor:
        """Return the spectra ``(batch, subframes, n_bins)`` of the windows of ``(batch, subframe_length + time)``."""
        length = self.config.subframe_length
        windows = frame(source, 2 * length, length) * self.window
        return rfft(F.pad(windows, (length, self.config.n_fft - 3 * length)))
