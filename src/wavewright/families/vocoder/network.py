"""The network that the training loop trains: players, losses and turns of a vocoder.

The arrays of a batch and their shapes are described in :class:`.batches.VocoderBatches`. ``_add_draws`` adds ``real``
and two ``draws``, each ``(batch, time)`` without the ends of the crop that lack segments, and
``pitch_logits (batch, intervals, N_PITCH_BINS)``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...dsp.speech_mel import MEL_MEAN, MEL_STD
from ...nn.frame_critics import MultiResolutionBandCritic
from ...nn.losses import feature_distance, hinge_critic_loss, hinge_generator_loss
from ...nn.network import AdversarialNetwork, Batch, Turn
from ...nn.spectral_losses import SpectralEnergyDistance
from .config import VocoderConfig
from .differentiable_synthesis import DifferentiableSynthesis
from .losses import limit_bandwidth, pitch_loss
from .modules import FilterNetwork

CRITIC_WINDOWS = (512, 1024, 256)  # samples at 16 kHz; the hop is a quarter of the window


class VocoderNetwork(AdversarialNetwork[MultiResolutionBandCritic]):
    """The filter network and its critics.

    Each recording ``x`` is resynthesised twice from its mel frames, with different noise: two draws ``y`` and ``y'``.
    The spectral energy distance makes ``(d(x, y) + d(x, y') - d(y, y')) / 2`` of each spectral distance ``d``. Critics
    judge the first draw.

    The pulses are those of the batch, in phase with the recording. The predicted pitch, which drives the pulses at
    inference, does not affect the draws and has a loss of its own.
    """

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__(config.adversarial_from)
        self.config = config
        self.filter_network = FilterNetwork(config)
        self.synthesis = DifferentiableSynthesis(config)
        self.distance = SpectralEnergyDistance(config.sample_rate)
        hops = [round(n_fft * config.sample_rate / 16_000 / 4) for n_fft in CRITIC_WINDOWS]
        windows = [(4 * hop, hop) for hop in hops]
        self.critics = MultiResolutionBandCritic(windows, config.critic_channels) if config.adversarial_from else None

    def players(self) -> dict[str, nn.Module]:
        """Return the filter network, and the critics if there are any."""
        if self.critics is None:
            return {"vocoder": self.filter_network}
        return {"vocoder": self.filter_network, "critics": self.critics}

    def inference_module(self) -> FilterNetwork:
        """Return the filter network."""
        return self.filter_network

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
        if "draws" not in batch:  # the turn of the critics, if there is one, has added them
            self._add_draws(batch)
        with torch.autocast(batch["real"].device.type, enabled=False):
            distances = self.distance(batch["real"], batch["draws"])
            pitch = pitch_loss(batch["pitch_logits"].float(), batch["pitch_bin"], batch["pitch_weight"])
            return {**distances, "pitch/cross_entropy": pitch}

    def _critic_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """Return the hinge loss of the critics; the draws stay in the batch for the turn of the filter network."""
        self._add_draws(batch)
        real_logits, _ = critics(batch["real"])
        fake_logits, _ = critics(batch["draws"][0].detach())
        return {"adv/critic": hinge_critic_loss(real_logits, fake_logits)}

    def _adversarial_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """Return the reconstruction losses, the hinge loss of the generator and the feature matching loss."""
        with torch.no_grad():
            _, real_features = critics(batch["real"])
        fake_logits, fake_features = critics(batch["draws"][0])
        return self._reconstruction_losses(batch) | {
            "adv/generator": hinge_generator_loss(fake_logits),
            "adv/features": feature_distance(real_features, fake_features),
        }

    def _add_draws(self, batch: Batch) -> None:
        """Add ``real``, two ``draws``, both in the recording's bandwidth, and ``pitch_logits`` to a batch."""
        config, mel = self.config, batch["mel"]
        # Each crop starts like a stream: with the size ``small``, its first 17 intervals depend on zeros before it.
        parameters, batch["pitch_logits"], _ = self.filter_network((mel - MEL_MEAN) / MEL_STD)
        n_intervals = mel.shape[1] - 1 - config.look_ahead
        with torch.autocast(mel.device.type, enabled=False):
            noises = [torch.randn_like(batch["pulses"]) for _ in range(2)]
            draws = self.synthesis(parameters, mel[:, 1 : n_intervals + 2], batch["pulses"], noises)
            # Only samples to which all segments contribute.
            start, end = config.transient, batch["wave"].shape[1] - config.delay
            batch["real"] = limit_bandwidth(batch["wave"][:, start:end], batch["bandwidth"])
            batch["draws"] = [limit_bandwidth(draw[:, start:end], batch["bandwidth"]) for draw in draws]
