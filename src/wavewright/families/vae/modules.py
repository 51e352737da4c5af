"""Torch modules of the VAE: encoder, decoder, and the autoencoder between waves that they form."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ...nn.convnext import ConvNeXtStack
from ...nn.spectral_frames import SpectralFrames
from .config import VaeConfig
from .synthesis import synthesise_batch

BOTTLENECK_CHANNELS = {"clip": 24, "frames": 64}  # of each frame, before the frames of a latent are concatenated
LOG_VARIANCE_RANGE = (-12.0, 4.0)
INITIAL_LOG_VARIANCE = -2.0  # small enough that the decoder uses the latents from the first step
# Both make the first outputs quiet. A bin's log gain is one of compressed magnitudes and counts twice in the tone's
# magnitude, so it starts as low as that of the noise, which is a gain of magnitudes: exp(-6), -52 dB.
INITIAL_LOG_GAIN = -3.0
INITIAL_NOISE_LOG_GAIN = -6.0


class VaeEncoder(nn.Module):
    """Encoder: ConvNeXt blocks over STFT frames, then a projection of all frames of a latent to its Gaussian.

    A latent stands for up to all frames of a clip, so a narrow bottleneck before the projection saves most weights.
    """

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        bottleneck_channels = BOTTLENECK_CHANNELS[config.latent]
        self.in_proj = nn.Linear(config.n_features, config.channels)
        self.blocks = ConvNeXtStack(
            config.encoder_blocks, config.channels, config.hidden, config.kernel_size, config.look_ahead
        )
        self.norm = nn.LayerNorm(config.channels)
        self.bottleneck = nn.Linear(config.channels, bottleneck_channels)
        self.to_latent = nn.Linear(config.latent_frames * bottleneck_channels, 2 * config.latent_size)
        with torch.no_grad():
            self.to_latent.bias[config.latent_size :] = INITIAL_LOG_VARIANCE

    def forward(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Predict the Gaussian of each latent vector.

        - ``features``: ``(batch, frames, n_features)``, a multiple of ``latent_frames`` frames. For each bin the log
          power, then the real and the imaginary part of the spectrum with square-root magnitudes, divided by
          :func:`.bin_phasors`: these turn with a tone at the bin's centre, so a steady tone is constant over time.
        - ``memory``: see :meth:`.ConvNeXtStack.forward`.
        - returns ``mean, log_variance``: ``(batch, latents, latent_size)``.
        - returns ``memory``: memory for the frames that follow.
        """
        hidden, memory = self.blocks(self.in_proj(features), memory)
        frames = self.bottleneck(self.norm(hidden))
        # (batch, latents, latent_frames * bottleneck_channels)
        folded = frames.unflatten(1, (-1, self.config.latent_frames)).flatten(2)
        mean, log_variance = self.to_latent(folded).chunk(2, -1)
        return mean, log_variance, memory


class VaeDecoder(nn.Module):
    """Decoder: a projection of each latent to its frames, then ConvNeXt blocks and the heads of tone and noise."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.bottleneck_channels = BOTTLENECK_CHANNELS[config.latent]
        n_inputs = config.latent_size
        self.condition: nn.Linear | None = None
        if config.n_condition_inputs:
            self.condition = nn.Linear(config.n_condition_inputs, config.condition_size)
            n_inputs += config.condition_size
        self.unfold = nn.Linear(n_inputs, config.latent_frames * self.bottleneck_channels)
        self.in_proj = nn.Linear(self.bottleneck_channels, config.channels)
        # unfold differs between frames, but only bottleneck_channels wide; broadcast is as wide as the network, and the
        # same for all frames of a latent.
        self.broadcast = nn.Linear(n_inputs, config.channels)
        # Position of a frame in the clip; the frames of a sequence of any length have none.
        self.position_embedding: nn.Parameter | None = None
        if config.latent == "clip":
            self.position_embedding = nn.Parameter(0.1 * torch.randn(config.latent_frames, config.channels))
        self.blocks = ConvNeXtStack(
            config.decoder_blocks, config.channels, config.hidden, config.kernel_size, config.look_ahead
        )
        self.norm = nn.LayerNorm(config.channels)
        self.head = nn.Linear(config.channels, 3 * config.frame_settings.n_bins)
        self.noise_head = nn.Linear(config.channels, config.noise_bands) if config.noise_bands else None
        with torch.no_grad():
            self.head.bias[: config.frame_settings.n_bins] = INITIAL_LOG_GAIN
            if self.noise_head is not None:
                self.noise_head.bias.fill_(INITIAL_NOISE_LOG_GAIN)

    def forward(
        self, latents: Tensor, conditioning: Tensor | None = None, memory: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Predict the STFT frames of latent vectors.

        - ``latents``: ``(batch, latents, latent_size)``.
        - ``conditioning``: label weights and pitch features of each vector, ``(batch, latents, n_condition_inputs)``;
          None for a model without conditioning.
        - ``memory``: see :meth:`.ConvNeXtStack.forward`.
        - returns ``head``: the tone of each bin: log gain ``g``, real and imaginary part of ``c``, ``(batch, frames, 3
          * bins)``. ``c * exp(g)`` has the square root of the magnitude, so the spectrum is ``c * exp(g) * abs(c *
          exp(g)) * scale`` times :func:`.bin_phasors`. Unlike the unit phasor of Vocos, ``c`` can shrink where a phase
          is unpredictable; see :func:`.head_to_spectrum`.
        - returns ``log_gains``: log of each noise band's magnitude relative to a full-scale tone, not compressed,
          ``(batch, frames, noise_bands)``; None without noise. See :func:`.noise_gains`.
        - returns ``memory``: memory for the vectors that follow.
        """
        inputs = latents
        if self.condition is not None:
            inputs = torch.cat([latents, self.condition(conditioning)], -1)
        unfolded = self.unfold(inputs).unflatten(-1, (self.config.latent_frames, self.bottleneck_channels))
        # (batch, latents, latent_frames, channels)
        frames = self.in_proj(unfolded) + self.broadcast(inputs).unsqueeze(2)
        if self.position_embedding is not None:
            frames = frames + self.position_embedding
        hidden, memory = self.blocks(frames.flatten(1, 2), memory)
        hidden = self.norm(hidden)
        return self.head(hidden), None if self.noise_head is None else self.noise_head(hidden), memory


class SpectralAutoencoder(nn.Module):
    """Encoder and decoder between waves, with the STFT and its inverse around them.

    :meth:`decode` has gradients and is what the losses compare; :meth:`synthesise` is what inference does, which for
    ``clip`` also rebuilds low tones.
    """

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.spectral_frames = SpectralFrames(config.frame_settings)
        self.encoder = VaeEncoder(config)
        self.decoder = VaeDecoder(config)

    def encode(self, wave: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean, log-variance ``(batch, latents, latent_size)`` and STFT ``(batch, frames, bins)`` of clips."""
        latent_frames = self.config.latent_frames
        n_latents = -(-self.spectral_frames.n_frames(wave.shape[-1]) // latent_frames)
        n_frames = n_latents * latent_frames
        with torch.no_grad():
            spectrum = self.spectral_frames.spectrum(wave, n_frames)
            features = self.spectral_frames.features(spectrum)
        mean, log_variance, _ = self.encoder(features)
        return mean.float(), log_variance.float().clamp(*LOG_VARIANCE_RANGE), spectrum

    def decode_frames(self, latents: Tensor, conditioning: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return ``head`` and ``log_gains``, see :meth:`VaeDecoder.forward`; a clip has one conditioning vector."""
        repeated = None if conditioning is None else conditioning.unsqueeze(1).expand(-1, latents.shape[1], -1)
        head, log_gains, _ = self.decoder(latents, repeated)
        return head, log_gains

    def decode(
        self, latents: Tensor, conditioning: Tensor | None, n_samples: int, n_draws: int = 1
    ) -> tuple[list[Tensor], Tensor]:
        """Decode clips with gradients, for the losses: low tones keep the decoder's phases.

        - ``n_draws``: number of waves for each clip, which differ in their noise; a model without noise returns one.
        - returns ``waves``: ``(batch, n_samples)`` each.
        - returns ``head``: ``(batch, frames, 3 * bins)``, which all draws have in common.
        """
        head, log_gains = self.decode_frames(latents, conditioning)
        spectra = [self.spectral_frames.tonal_spectrum(head)]
        if log_gains is not None:
            spectra = [spectra[0] + self.spectral_frames.noise_spectrum(log_gains, n_samples) for _ in range(n_draws)]
        return [self.spectral_frames.to_wave(spectrum, n_samples) for spectrum in spectra], head

    def synthesise(self, latents: Tensor, conditioning: Tensor | None, first_seed: int) -> list[np.ndarray]:
        """Decode clips ``(n_samples,)`` as inference does, without gradients, each with the next seed of noise."""
        head, log_gains = self.decode_frames(latents, conditioning)
        noise = None if log_gains is None else log_gains.float().cpu().numpy()
        return synthesise_batch(self.config, head.float().cpu().numpy(), noise, first_seed)


class VaeEncoderGraph(nn.Module):
    """Encoder with tensors as its only inputs and outputs: ``features``, and ``memory`` of a causal model.

    Inference reads the mean alone. ``log_variance`` is for other programs, and not limited to LOG_VARIANCE_RANGE as in
    :meth:`SpectralAutoencoder.encode`.
    """

    def __init__(self, encoder: VaeEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return ``mean``, ``log_variance`` and, for a causal model, the next memory."""
        mean, log_variance, next_memory = self.encoder(features, memory)
        return (mean, log_variance) if next_memory is None else (mean, log_variance, next_memory)


class VaeDecoderGraph(nn.Module):
    """Decoder with tensors as its only inputs and outputs: ``latents``, ``condition`` and ``memory`` if it has them.

    ``condition`` is the conditioning; the file format fixes this name of the graph's input.
    """

    def __init__(self, decoder: VaeDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, latents: Tensor, *optional: Tensor) -> tuple[Tensor, ...]:
        """Return ``head`` and, if the model has them, ``log_gains`` and the next memory."""
        inputs = list(optional)
        conditioning = inputs.pop(0) if self.decoder.config.n_condition_inputs else None
        outputs = self.decoder(latents, conditioning, inputs[0] if inputs else None)
        return tuple(output for output in outputs if output is not None)
