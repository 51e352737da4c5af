"""The codec's players and what each of them minimises, in three stages of training.

1. Encoder, quantiser and decoder learn together; at first without quantisation.
2. The decoder alone learns, with critics, so that the codes stay the same.
3. The encoder alone learns to choose the codes from which this decoder reconstructs best.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...nn.audible import AudibleDistance
from ...nn.frame_critics import MultiResolutionBandCritic
from ...nn.losses import feature_distance, hinge_critic_loss, hinge_generator_loss
from ...nn.network import AdversarialNetwork, Batch, Turn
from ...nn.spectral_losses import MelDistance, compressed_distances
from .config import CodecConfig
from .modules import CodecAutoencoder

REFERENCE_RATE = 16_000  # Hz, of the window sizes below
MEL_SIZES = ((256, 40), (512, 80), (1024, 80), (2048, 120))  # (window, bands) of the mel spectra
COMPLEX_SIZES = (256, 512)  # windows of the complex spectra
COMPLEX_EXPONENT = 0.5  # compression of their magnitudes
CRITIC_SIZES = (512, 1024, 256)  # windows of the critics; their hop is a quarter


class CodecNetwork(AdversarialNetwork[MultiResolutionBandCritic]):
    """The autoencoder and its critics."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__(config.adversarial_from)
        self.config = config
        self.autoencoder = CodecAutoencoder(config)
        scale = config.sample_rate / REFERENCE_RATE
        self.mel = MelDistance(config.sample_rate, [(_round_size(size * scale), bands) for size, bands in MEL_SIZES])
        self.audible = AudibleDistance(config.sample_rate)
        self.complex_sizes = [_round_size(size * scale) for size in COMPLEX_SIZES]
        critic_sizes = [(_round_size(size * scale), _round_size(size * scale) // 4) for size in CRITIC_SIZES]
        self.critics = (
            MultiResolutionBandCritic(critic_sizes, config.critic_channels) if config.adversarial_from else None
        )

    def players(self) -> dict[str, nn.Module]:
        """Return the autoencoder, and the critics and the encoder by itself if there are stages for them."""
        players: dict[str, nn.Module] = {"autoencoder": self.autoencoder}
        if self.critics is not None:
            players["critics"] = self.critics
        if self.config.encoder_from:
            in_projections = self.autoencoder.quantizer.input_projections()
            players["encoder"] = nn.ModuleList([self.autoencoder.encoder, *in_projections])
        return players

    def inference_module(self) -> CodecAutoencoder:
        """Return the autoencoder."""
        return self.autoencoder

    def stage_starts(self) -> tuple[int, ...]:
        """Return the steps at which the training stages start."""
        return tuple(sorted({0, self.config.adversarial_from, self.config.encoder_from}))

    def freeze_steps(self) -> tuple[int, ...]:
        """Return the steps from which only the decoder learns, or only the encoder."""
        return (self.config.adversarial_from, self.config.encoder_from)

    def turns(self, step: int) -> list[Turn]:
        """Return the turns of a step: that of the autoencoder, those of critics and decoder, or that of the encoder."""
        if self._is_encoder_stage(step):
            return [("encoder", self._encoder_losses)]
        is_quantised = step >= self.config.unquantised_steps
        return self.adversarial_turns(
            step,
            "autoencoder",
            lambda batch: self._autoencoder_losses(batch, is_quantised),
            self._critic_losses,
            self._decoder_losses,
        )

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of each loss of a step."""
        weights = {"mel/l1": 3.0, "stft/complex": 2.0, "stft/magnitude": 2.0, "audible/disturbance": 1.0}
        if self.active_critics(step) is None:
            return weights | {"vq/commitment": 0.25}
        return weights | {"adv/critic": 1.0, "adv/generator": 0.3, "adv/features": 1.0}

    def active_critics(self, step: int) -> MultiResolutionBandCritic | None:
        """Return the critics in the stage of the decoder, else None."""
        return None if self._is_encoder_stage(step) else super().active_critics(step)

    def _is_encoder_stage(self, step: int) -> bool:
        return 0 < self.config.encoder_from <= step

    def _autoencoder_losses(self, batch: Batch, is_quantised: bool) -> dict[str, Tensor]:
        """Reconstruct the batch by all networks."""
        if is_quantised:
            latent, _, commitment = self.autoencoder.quantise(batch["wave"], batch["n_codebooks"])
        else:
            latent = self.autoencoder.latent(batch["wave"])
            commitment = latent.new_zeros(())
        reconstruction = self.autoencoder.wave(latent)
        return {"vq/commitment": commitment} | self._reconstruction_losses(batch["wave"], reconstruction)

    def _critic_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """Compare recordings and reconstructions; these stay in the batch for the turn of the decoder."""
        with torch.no_grad():
            self.autoencoder.quantizer.eval()  # its codes stay as they are
            latent, _, _ = self.autoencoder.quantise(batch["wave"], batch["n_codebooks"])
        batch["fake"] = self.autoencoder.wave(latent)
        real_logits, _ = critics(batch["wave"])
        fake_logits, _ = critics(batch["fake"].detach())
        return {"adv/critic": hinge_critic_loss(real_logits, fake_logits)}

    def _decoder_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """Reconstruct the batch such that the critics take it for a recording; only the decoder has gradients."""
        with torch.no_grad():
            _, real_features = critics(batch["wave"])
        fake_logits, fake_features = critics(batch["fake"])
        return self._reconstruction_losses(batch["wave"], batch["fake"]) | {
            "adv/generator": hinge_generator_loss(fake_logits),
            "adv/features": feature_distance(real_features, fake_features),
        }

    def _encoder_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Reconstruct the batch with codes and decoder as they are; only the encoder has gradients."""
        self.autoencoder.quantizer.eval()
        return self._autoencoder_losses(batch, is_quantised=True)

    def _reconstruction_losses(self, reference: Tensor, estimate: Tensor) -> dict[str, Tensor]:
        """Compare ``(batch, time)`` without the last samples, where windows are missing."""
        end = reference.shape[-1] - self.config.lead
        reference, estimate = reference[:, :end], estimate[:, :end]
        with torch.autocast(reference.device.type, enabled=False):
            distances = [
                compressed_distances(reference, estimate, size, COMPLEX_EXPONENT) for size in self.complex_sizes
            ]
            return {
                "mel/l1": self.mel(reference, estimate),
                "audible/disturbance": self.audible(reference, estimate),
                "stft/complex": torch.stack([with_phase for with_phase, _ in distances]).mean(),
                "stft/magnitude": torch.stack([magnitude for _, magnitude in distances]).mean(),
            }


def _round_size(size: float) -> int:
    """Return the multiple of 4 nearest to a number of samples, at least 8."""
    return max(4 * round(size / 4), 8)
