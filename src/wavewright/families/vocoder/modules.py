"""The vocoder's torch modules: the network that predicts filters and pitch, and the synthesis with gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.spectrum import hann_window
from ...nn.convnext import ConvNeXtStack, split_memory
from ...nn.spectrum import frame, irfft, overlap_add, rfft
from .config import VocoderConfig
from .pitch_bins import N_PITCH_BINS
from .synthesis import MAX_PARAMETER, MIN_MAGNITUDE, mel_interpolation, noise_log_power

INITIAL_PARAMETERS = (1.0, 0.0, 0.7)  # pulses through the envelope itself, and noise 6 dB below it
INITIAL_WEIGHT_SCALE = 0.1  # of the last layer, so that filters start close to INITIAL_PARAMETERS


class FilterNetwork(nn.Module):
    """Network from mel frames to the pitch of each interval and the filters of each subframe; the exported module.

    The input layer sees, for each interval, the mel frame at its start, one before that and ``look_ahead`` after it.
    ConvNeXt blocks follow, first with a row for each interval (``frame_*``), then with one for each subframe; their
    convolutions are causal.

    In training this is the player ``vocoder``. Exported, it is the graph ``frames.onnx``, whose weights have the prefix
    ``frames.``.
    """

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        channels, fine = config.channels, config.subframe_channels
        self.context_frames = 2 + config.look_ahead  # mel frames that the input layer sees
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
            Normalised mel frames, ``(batch, 1 + intervals + look_ahead, n_mels)``. The first is the one before the
            start of the first interval.
        memory : Tensor, optional
            Inputs of the convolutions before these intervals, ``(batch, sum(memory_sizes))``, zeros at the start of a
            stream; None for a whole clip.

        Returns
        -------
        parameters : Tensor
            Of the filters, ``(batch, intervals * n_subframes, 3 * n_bins)``, see :func:`.synthesis.decode_filters`.
        pitch_logits : Tensor
            At the end of each interval, ``(batch, intervals, N_PITCH_BINS)``.
        next_memory : Tensor or None
            Memory for the intervals that follow, None without a memory.
        """
        frame_memory, subframe_memory = split_memory(memory, self.memory_sizes)
        n_intervals = features.shape[1] - self.context_frames + 1
        context = torch.cat([features[:, offset : offset + n_intervals] for offset in range(self.context_frames)], -1)
        hidden, frame_memory = self.frame_blocks(self.in_proj(context), frame_memory)
        hidden = self.frame_norm(hidden)  # (batch, intervals, channels)
        subframes = self.subframe_proj(hidden)  # (batch, intervals, n_subframes * subframe_channels)
        subframes = subframes.reshape(subframes.shape[0], -1, self.config.subframe_channels)
        subframes, subframe_memory = self.subframe_blocks(subframes, subframe_memory)
        next_memory = None
        if frame_memory is not None and subframe_memory is not None:
            next_memory = torch.cat([frame_memory, subframe_memory], 1)
        return self.out_proj(self.subframe_norm(subframes)), self.pitch_proj(hidden), next_memory


class DifferentiableSynthesis(nn.Module):
    """Synthesis with gradients: :class:`.synthesis.StreamingSynthesis` without noise reduction, for whole crops.

    The formulas are explained there; a change there is a change here.
    """

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        lower, weight = mel_interpolation(config)
        t = torch.arange(config.n_subframes) / config.n_subframes  # of each subframe's start, in intervals
        self.window = nn.Buffer(torch.from_numpy(hann_window(2 * config.subframe_length)), persistent=False)
        self.lower = nn.Buffer(torch.from_numpy(lower), persistent=False)
        self.weight = nn.Buffer(torch.from_numpy(weight), persistent=False)
        self.t = nn.Buffer(t[None, None, :, None], persistent=False)

    def forward(self, parameters: Tensor, mel: Tensor, pulses: Tensor, noises: list[Tensor]) -> list[Tensor]:
        """Synthesise a wave with each of several noises and the same pulses.

        Parameters
        ----------
        parameters : Tensor
            Of the filters, ``(batch, intervals * n_subframes, 3 * n_bins)``.
        mel : Tensor
            Log-mel frames at the ends of the intervals, ``(batch, intervals + 1, n_mels)``.
        pulses : Tensor
            ``(batch, subframe_length + time)``: the first window starts a subframe before the first sample.
        noises : list of Tensor
            The same shape each.

        Returns
        -------
        list of Tensor
            Waves ``(batch, time)`` without delay; the first ``config.transient`` and the last ``config.delay`` samples
            lack segments of before and after the crop.
        """
        config = self.config
        real, imaginary, root = parameters.float().clamp(-MAX_PARAMETER, MAX_PARAMETER).chunk(3, -1)
        envelope = self.envelopes(mel)
        scale = (real.square() + imaginary.square() + MIN_MAGNITUDE).sqrt()
        pulse_filters = torch.complex(real * scale * envelope, imaginary * scale * envelope)
        filtered_pulses = pulse_filters * self.source_spectra(pulses)
        noise_gains = root.square() * envelope
        waves = []
        for noise in noises:
            segments = irfft(filtered_pulses + noise_gains * self.source_spectra(noise), config.n_fft)
            wave = overlap_add(segments, config.subframe_length)[:, config.delay :]
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
