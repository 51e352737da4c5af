"""The generators of the GAN: latent vector, label and code to a spectrum with noise, or to a waveform."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.blocks import LinearUpsample, ResidualBlock, ResidualGRU
from ...nn.spectrum import istft, stft
from .config import GanConfig
from .runtime import edge_gain

FIRST_FRAMES = 8  # length of the spectral generator's first feature map
WAVEGAN_LAYERS, WAVEGAN_STRIDE, WAVEGAN_KERNEL = 5, 4, 25
MIN_WAVEGAN_CHANNELS = 16
MAX_LOG_GAIN = 5.0
INITIAL_NOISE_LOG_GAIN = -4.0  # the first clips are tones with little noise


def draw_latents(config: GanConfig, n_clips: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Draw the input of a generator from torch's global generator.

    - ``config``: configuration of the model.
    - ``device``: where the tensors are made.
    - returns ``latent``: ``(n_clips, latent_size)``, normal.
    - returns ``code``: InfoGAN code ``(n_clips, code_size)``: a one-hot category, then dimensions in [-1, 1]; None
      without a code.
    """
    latent = torch.randn(n_clips, config.latent_size, device=device)
    code = []
    if config.code_categories:
        category = torch.randint(config.code_categories, (n_clips,), device=device)
        code.append(F.one_hot(category, config.code_categories).float())
    if config.code_continuous:
        code.append(torch.rand(n_clips, config.code_continuous, device=device) * 2 - 1)
    return latent, torch.cat(code, 1) if code else None


class ConditioningMLP(nn.Module):
    """Two linear layers from latent vector, label embedding and code to the vector that conditions a generator."""

    size = 256

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.label_embedding = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        n_inputs = config.latent_size + (config.label_size if config.labels else 0) + config.code_size
        self.layers = nn.Sequential(
            nn.Linear(n_inputs, self.size), nn.LeakyReLU(0.2), nn.Linear(self.size, self.size), nn.LeakyReLU(0.2)
        )

    def forward(self, latent: Tensor, label: Tensor | None, code: Tensor | None) -> Tensor:
        """Return ``(batch, 256)`` of latents ``(batch, latent_size)``, labels ``(batch,)`` and InfoGAN codes."""
        inputs = [latent]
        if self.label_embedding is not None:
            inputs.append(self.label_embedding(label))
        if code is not None:
            inputs.append(code)
        condition: Tensor = self.layers(torch.cat(inputs, 1))
        return condition


class SpectralGenerator(nn.Module):
    """Generator of complex STFT frames and noise gains; the inverse STFT of their sum is the clip.

    Eight frames are doubled by interpolation until they cover the clip, with a residual block after each doubling and
    ``n_blocks`` at the full frame rate. The spectrum of each bin is a slowly varying complex amplitude, rotated by the
    phase that a sinusoid at the centre of the bin advances from frame to frame, so that a steady tone is a constant for
    the network.

    References
    ----------
    H. Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders", 2023: a spectrum as the
    output of a generator.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        channels, n_bins = config.channels, config.n_fft // 2 + 1
        n_doublings = max((config.n_frames - 1).bit_length() - 3, 0)  # 8 frames doubled until they cover the clip
        self.conditioning = ConditioningMLP(config)
        self.in_proj = nn.Linear(ConditioningMLP.size, channels * FIRST_FRAMES)
        self.position_embedding = nn.Parameter(torch.randn(1, channels, FIRST_FRAMES << n_doublings) * 0.1)
        self.stages = nn.ModuleList(ResidualBlock(channels, ConditioningMLP.size) for _ in range(n_doublings))
        self.upsample = LinearUpsample(2)
        self.blocks = nn.ModuleList(ResidualBlock(channels, ConditioningMLP.size) for _ in range(config.n_blocks))
        self.recurrence = ResidualGRU(channels) if config.recurrent else None
        self.spectrum_head = nn.Conv1d(channels, 3 * n_bins, 1)  # log gain, real part, imaginary part
        self.noise_head = nn.Conv1d(channels, config.noise_bands, 1)  # log gain of each band
        nn.init.constant_(self.noise_head.get_parameter("bias"), INITIAL_NOISE_LOG_GAIN)
        # In whole numbers first: as a float32 angle, bin 512 of frame 122 would be off by thousandths of a radian.
        cycles = torch.arange(n_bins).unsqueeze(1) * torch.arange(config.n_frames) * config.hop_length % config.n_fft
        rotation = 2 * torch.pi * cycles / config.n_fft  # (bins, frames)
        self.rotation_cos = nn.Buffer(torch.cos(rotation), persistent=False)
        self.rotation_sin = nn.Buffer(torch.sin(rotation), persistent=False)
        self.bands_to_bins = nn.Buffer(_bands_to_bins(config), persistent=False)  # (bins, bands)
        self.window = nn.Buffer(torch.hann_window(config.n_fft), persistent=False)
        self.fade = nn.Buffer(torch.from_numpy(edge_gain(config)), persistent=False)

    def forward(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Predict spectrum and noise.

        - ``latent``, ``label``, ``code``: ``(batch, latent_size)``, ``(batch,)`` and ``(batch, code_size)``; label and
          code only where the model has them.
        - returns ``spectrum``: real and imaginary part ``(batch, 2, bins, frames)``.
        - returns ``noise_gain``: factor of the STFT of white noise, ``(batch, bins, frames)``.
        """
        condition = self.conditioning(latent, label, code)
        hidden: Tensor = self.in_proj(condition).unflatten(1, (-1, FIRST_FRAMES))  # (batch, channels, 8)
        for block in self.stages:
            hidden = block(self.upsample(hidden), condition)
        hidden = (hidden + self.position_embedding)[..., : self.config.n_frames]
        for block in self.blocks:
            hidden = block(hidden, condition)
        if self.recurrence is not None:
            hidden = self.recurrence(hidden)
        hidden = F.leaky_relu(hidden, 0.2)
        log_gain, real, imaginary = self.spectrum_head(hidden).float().chunk(3, 1)
        gain = log_gain.clamp(max=MAX_LOG_GAIN).exp()
        real, imaginary = gain * real, gain * imaginary
        spectrum = torch.stack(
            [
                real * self.rotation_cos - imaginary * self.rotation_sin,
                real * self.rotation_sin + imaginary * self.rotation_cos,
            ],
            1,
        )
        band_gain = self.noise_head(hidden).float().clamp(max=MAX_LOG_GAIN).exp()  # (batch, bands, frames)
        return spectrum, self.bands_to_bins @ band_gain

    def wave(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        """Generate clips with noise from torch's global generator; see :meth:`forward`.

        - returns: ``(batch, 1, n_samples)``, faded at both ends.
        """
        config = self.config
        spectrum, noise_gain = self(latent, label, code)
        white_noise = torch.randn(latent.shape[0], config.n_samples, device=latent.device)
        noise = stft(white_noise, config.n_fft, config.hop_length, self.window)
        summed = torch.complex(spectrum[:, 0], spectrum[:, 1]) + noise_gain * noise
        wave = istft(summed, config.n_fft, config.hop_length, self.window, config.n_samples)
        return (wave * self.fade).unsqueeze(1)


def _bands_to_bins(config: GanConfig) -> Tensor:
    """Return triangular weights from gains of mel-spaced bands to bins, ``(bins, bands)``; each row sums to 1."""
    n_bins, n_bands = config.n_fft // 2 + 1, config.noise_bands
    hertz = torch.arange(n_bins) * config.sample_rate / config.n_fft
    mel = torch.log1p(hertz / 700)
    position = mel / mel[-1] * (n_bands - 1)  # of each bin on the axis of bands
    return (1 - (position.unsqueeze(1) - torch.arange(n_bands)).abs()).clamp(min=0)


class WaveGenerator(nn.Module):
    """Generator of WaveGAN, with interpolation and convolution for its transposed convolutions.

    References
    ----------
    C. Donahue et al., "Adversarial Audio Synthesis", 2019, table 2.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        self.conditioning = ConditioningMLP(config)
        self.first_frames = -(-config.n_samples // WAVEGAN_STRIDE**WAVEGAN_LAYERS)
        in_channels = config.channels
        self.in_proj = nn.Linear(ConditioningMLP.size, in_channels * self.first_frames)
        self.recurrence = ResidualGRU(in_channels) if config.recurrent else None
        self.layers = nn.ModuleList()
        for index in range(WAVEGAN_LAYERS):
            is_last = index == WAVEGAN_LAYERS - 1
            out_channels = 1 if is_last else max(in_channels // 2, MIN_WAVEGAN_CHANNELS)
            conv = nn.Conv1d(in_channels, out_channels, WAVEGAN_KERNEL, padding=WAVEGAN_KERNEL // 2)
            self.layers.append(nn.Sequential(LinearUpsample(WAVEGAN_STRIDE), conv))
            in_channels = out_channels
        self.fade = nn.Buffer(torch.from_numpy(edge_gain(config)), persistent=False)

    def forward(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        """Return clips ``(batch, 1, n_samples)`` in [-1, 1]; see :meth:`SpectralGenerator.forward`."""
        hidden: Tensor = self.in_proj(self.conditioning(latent, label, code)).unflatten(1, (-1, self.first_frames))
        if self.recurrence is not None:
            hidden = self.recurrence(hidden)
        for layer in self.layers:
            hidden = layer(F.relu(hidden))
        return torch.tanh(hidden.float())[..., : self.config.n_samples]

    def wave(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        """Return clips ``(batch, 1, n_samples)``, faded at their end; this generator adds no noise."""
        clips: Tensor = self(latent, label, code)
        return clips * self.fade


GeneratorNetwork: TypeAlias = SpectralGenerator | WaveGenerator


class ExportedGenerator(nn.Module):
    """A generator with positional inputs: ``latent``, then ``label`` and ``code`` where the model has them.

    - ``generator``: the generator to export.
    """

    def __init__(self, generator: GeneratorNetwork) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, latent: Tensor, *conditions: Tensor) -> tuple[Tensor, Tensor] | Tensor:
        """Return the output of the generator."""
        config = self.generator.config
        label = conditions[0] if config.labels else None
        code = conditions[-1] if config.code_size else None
        output: tuple[Tensor, Tensor] | Tensor = self.generator(latent, label, code)
        return output
