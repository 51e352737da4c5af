"""The network that the training loop trains: players, losses and turns of a vocoder.

The arrays of a batch and their shapes are described in :class:`.batches.VocoderBatches`. ``_add_draws`` adds ``real``
and two ``draws``, each ``(batch, time)`` without the ends of the crop that lack segments, and
``pitch_logits (batch, intervals, N_PITCH_BINS)``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.spectrum import hann_window
from ...dsp.speech_mel import MEL_MEAN, MEL_STD
from ...nn.frame_critics import MultiResolutionBandCritic
from ...nn.losses import feature_distance, hinge_critic_loss, hinge_generator_loss
from ...nn.network import AdversarialNetwork, Batch, Turn
from ...nn.spectral_losses import SpectralEnergyDistance
from ...nn.spectrum import frame, irfft, overlap_add, rfft
from .config import VocoderConfig
from .losses import limit_bandwidth, pitch_loss
from .modules import FilterNetwork
from .synthesis import MAX_PARAMETER, MIN_MAGNITUDE, mel_interpolation, noise_log_power

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


class DifferentiableSynthesis(nn.Module):
    """Synthesis with gradients: :class:`.synthesis.StreamingSynthesis` without noise reduction, for whole crops.

    Its formulas are explained there.
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
