"""The network that the training loop trains: players, losses and turns of a vocoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...dsp.speech_mel import MEL_MEAN, MEL_STD
from ...nn.frame_critics import MultiResolutionBandCritic
from ...nn.losses import feature_distance, hinge_critic_loss, hinge_generator_loss
from ...nn.network import AdversarialNetwork, Batch, Turn
from ...nn.spectral_losses import SpectralEnergyDistance
from .config import VocoderConfig
from .losses import limit_bandwidth, pitch_loss
from .modules import DifferentiableSynthesis, FilterNetwork

CRITIC_WINDOWS = (512, 1024, 256)  # samples at 16 kHz


class VocoderNetwork(AdversarialNetwork[MultiResolutionBandCritic]):
    """The filter network and its critics.

    Each recording is copied with two noises, for the spectral energy distance. The pulses of training are in phase with
    the recording; at inference, the predicted pitch drives them.
    """

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__(config.adversarial_from)
        self.config = config
        self.filters = FilterNetwork(config)
        self.synthesis = DifferentiableSynthesis(config)
        self.distance = SpectralEnergyDistance(config.sample_rate, config.sample_rate)
        hops = [round(n_fft * config.sample_rate / 16_000 / 4) for n_fft in CRITIC_WINDOWS]
        windows = [(4 * hop, hop) for hop in hops]
        self.critics = MultiResolutionBandCritic(windows, config.critic_channels) if config.adversarial_from else None

    def players(self) -> dict[str, nn.Module]:
        """Return the filter network, and the critics if there are any."""
        if self.critics is None:
            return {"vocoder": self.filters}
        return {"vocoder": self.filters, "critics": self.critics}

    def inference_module(self) -> FilterNetwork:
        """Return the filter network."""
        return self.filters

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of every loss of a step."""
        weights = {"mel/l1": 2.0, "stft/log": 1.0, "stft/linear": 1.0, "pitch/cross_entropy": 0.1}
        if self.active_critics(step) is not None:
            weights |= {"adv/critic": 1.0, "adv/generator": 0.3, "adv/features": 1.0}
        return weights

    def turns(self, step: int) -> list[Turn]:
        """Return the turn of the filter network, preceded by that of the critics once they are active."""
        return self.adversarial_turns(
            step, "vocoder", self._reconstruction_losses, self._critic_losses, self._adversarial_losses
        )

    def _reconstruction_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the spectral energy distances and the cross-entropy of the pitch."""
        if "copies" not in batch:
            self._synthesise(batch)
        with torch.autocast(batch["real"].device.type, enabled=False):
            distances = self.distance(batch["real"], batch["copies"])
            pitch = pitch_loss(batch["pitch_logits"].float(), batch["pitch_bin"], batch["pitch_weight"])
            return {**distances, "pitch/cross_entropy": pitch}

    def _critic_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """Return the hinge loss of the critics; the copies stay in the batch for the other turn."""
        self._synthesise(batch)
        real_logits, _ = critics(batch["real"])
        fake_logits, _ = critics(batch["copies"][0].detach())
        return {"adv/critic": hinge_critic_loss(real_logits, fake_logits)}

    def _adversarial_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """Return the reconstruction losses, the hinge loss of the generator and the feature matching loss."""
        with torch.no_grad():
            _, real_features = critics(batch["real"])
        fake_logits, fake_features = critics(batch["copies"][0])
        return self._reconstruction_losses(batch) | {
            "adv/generator": hinge_generator_loss(fake_logits),
            "adv/features": feature_distance(real_features, fake_features),
        }

    def _synthesise(self, batch: Batch) -> None:
        """Add ``real``, two ``copies``, both in the recording's bandwidth, and ``pitch_logits`` to a batch."""
        config, mel = self.config, batch["mel"]
        parameters, batch["pitch_logits"], _ = self.filters((mel - MEL_MEAN) / MEL_STD)
        n_frames = mel.shape[1] - 1 - config.look_ahead
        with torch.autocast(mel.device.type, enabled=False):
            noises = [torch.randn_like(batch["pulses"]) for _ in range(2)]
            copies = self.synthesis(parameters, mel[:, 1 : n_frames + 2], batch["pulses"], noises)
            # Only samples to which all subframes contribute.
            start = (config.fft_subframes - 3) * config.subframe_length
            end = batch["wave"].shape[1] - config.delay
            batch["real"] = limit_bandwidth(batch["wave"][:, start:end], batch["bandwidth"])
            batch["copies"] = [limit_bandwidth(copy[:, start:end], batch["bandwidth"]) for copy in copies]
