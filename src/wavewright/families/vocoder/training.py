"""The networks of the family ``vocoder`` and their training: losses, evaluation and export.

The arrays of a batch and their shapes are described in :class:`.recipe.VocoderBatches`. ``_add_draws`` adds ``real``
and two ``draws``, each ``(batch, time)`` without the ends of the crop that lack segments, and
``pitch_logits (batch, intervals, N_PITCH_BINS)``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.mel import MEL_MEAN, MEL_STD, mel_to_features
from ...dsp.spectrum import hann_window
from ...nn.adversarial_losses import feature_distance, hinge_critic_loss, hinge_generator_loss
from ...nn.convnext import ConvNeXtStack, split_memory
from ...nn.frame_critics import MultiResolutionBandCritic
from ...nn.network import AdversarialNetwork, Batch, ExportSpec, FamilyTraining, GraphSpec, Turn
from ...nn.spectral_losses import MelDistance, SpectralEnergyDistance
from ...nn.spectrum import frame, irfft, overlap_add, rfft
from .config import FRAMES_FILE, WEIGHT_PREFIX, VocoderConfig
from .recipe import VocoderPrepared
from .synthesis import (
    MAX_PARAMETER,
    MIN_MAGNITUDE,
    N_PITCH_BINS,
    NOISE_REDUCTION,
    PulseTrain,
    StreamingSynthesis,
    logits_to_hz,
    mel_interpolation,
    noise_log_power,
)

# Pulses through the envelope itself, and noise 6 dB below it: 0.7 is the root of the noise gain.
INITIAL_PARAMETERS = (1.0, 0.0, 0.7)
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

        - ``features``: normalised mel frames, ``(batch, 1 + intervals + look_ahead, n_mels)``. The first is the one
          before the start of the first interval.
        - ``memory``: inputs of the convolutions before these intervals, ``(batch, sum(memory_sizes))``, zeros at the
          start of a stream; None for a whole clip.
        - returns ``parameters``: of the filters, ``(batch, intervals * n_subframes, 3 * n_bins)``, see
          :func:`.synthesis.decode_filters`.
        - returns ``pitch_logits``: at the end of each interval, ``(batch, intervals, N_PITCH_BINS)``.
        - returns ``next_memory``: memory for the intervals that follow, None without a memory.
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


# --- The pitch loss, and the band limit that is applied to waves before every other loss

TARGET_WIDTH_BINS = 0.7  # standard deviation of the Gaussian target around a pitch


def pitch_loss(logits: Tensor, pitch_bin: Tensor, weight: Tensor) -> Tensor:
    """Return the cross-entropy in nats of pitch logits ``(batch, intervals, bins)`` with a Gaussian around the pitch.

    References
    ----------
    J. W. Kim et al., "CREPE: A Convolutional Representation for Pitch Estimation", 2018.
    """
    distance = (torch.arange(N_PITCH_BINS, device=logits.device) - pitch_bin.unsqueeze(-1)) / TARGET_WIDTH_BINS
    target = torch.softmax(-0.5 * distance.square(), -1)
    cross_entropy = -(target * torch.log_softmax(logits, -1)).sum(-1)
    return (weight * cross_entropy).sum() / weight.sum().clamp(min=1.0)


def limit_bandwidth(wave: Tensor, bandwidth: Tensor) -> Tensor:
    """Remove the frequencies above the bandwidth of a recording.

    Losses compare the recording and its resyntheses after this, so that a recording at 16 kHz does not teach a model at
    24 kHz to be silent above 8 kHz. Where no recording reaches, the losses hardly train the filters, and the model
    emits pulses and noise at about the level of the highest mel band.

    - ``bandwidth``: fraction of the Nyquist frequency, ``(batch,)``.
    """
    spectrum = rfft(wave)
    frequencies = torch.linspace(0, 1, spectrum.shape[-1], device=wave.device)
    return irfft(spectrum * (frequencies <= bandwidth[:, None]), wave.shape[-1])


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

        - ``parameters``: of the filters, ``(batch, intervals * n_subframes, 3 * n_bins)``.
        - ``mel``: log-mel frames at the ends of the intervals, ``(batch, intervals + 1, n_mels)``.
        - ``pulses``: ``(batch, subframe_length + time)``: the first window starts a subframe before the first sample.
        - ``noises``: the same shape each.
        - returns: waves ``(batch, time)`` without delay; the first ``config.transient`` and the last ``config.delay``
          samples lack segments of before and after the crop.
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


MEL_SCALES = ((512, 80), (1024, 80))  # (samples at 16 kHz, bands) of valid/mel
PITCH_TOLERANCE_OCTAVES = 1 / 24  # 50 cents, as for the raw pitch accuracy of mir_eval
RECORDING, COPY = "recording", "copy"  # titles of samples


class VocoderTraining(FamilyTraining[VocoderConfig, FilterNetwork, VocoderPrepared]):
    """The part of the family that needs PyTorch."""

    network = VocoderNetwork

    @torch.no_grad()
    def evaluate(self, module: FilterNetwork, prepared: VocoderPrepared) -> dict[str, float]:
        """Return the validation metrics; empty without validation data.

        Held-out recordings are resynthesised as at inference: with the predicted pitch and with noise reduction, from
        mel frames that are not degraded. ``valid/mel`` is their log-mel distance in nats, within the bandwidth of each
        recording; ``valid/pitch`` is the fraction of voiced intervals whose pitch is off by more than 50 cents (1 minus
        the raw pitch accuracy).
        """
        config, clips = module.config, prepared.valid
        if not clips:
            return {}
        scale = config.sample_rate / 16_000
        mel_distance = MelDistance(config.sample_rate, [(round(n_fft * scale), bands) for n_fft, bands in MEL_SCALES])
        distances = []
        n_voiced = n_wrong = 0
        for row in range(len(clips["wave"])):
            wave, f0_hz = resynthesise(module, clips["mel"][row])
            waves = torch.from_numpy(np.stack([clips["wave"][row, : len(wave)], wave]))
            waves = limit_bandwidth(waves, torch.full((2,), float(clips["bandwidth"][row])))
            distances.append(float(mel_distance(waves[:1], waves[1:])))
            is_voiced = clips["pitch_weight"][row] == 1
            error_octaves = np.abs(np.log2(f0_hz[is_voiced] / clips["f0_hz"][row][is_voiced]))
            n_voiced += int(is_voiced.sum())
            n_wrong += int((error_octaves > PITCH_TOLERANCE_OCTAVES).sum())
        return {"valid/mel": float(np.mean(distances)), "valid/pitch": n_wrong / max(n_voiced, 1)}

    @torch.no_grad()
    def samples(self, module: FilterNetwork, prepared: VocoderPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few recordings and their resyntheses ``(1, time)``, with titles."""
        clips, titles = [], []
        for recording, mel in zip(prepared.examples["wave"], prepared.examples["mel"], strict=True):
            wave, _ = resynthesise(module, mel)
            clips += [recording[None, : len(wave)], np.clip(wave, -1.0, 1.0)[None]]
            titles += [RECORDING, COPY]
        return clips, titles

    @torch.no_grad()
    def export(self, module: FilterNetwork, prepared: VocoderPrepared) -> ExportSpec:
        """Return the graph of the filter network, its weights, and a few resyntheses as the sample."""
        features = torch.as_tensor(np.stack([mel_to_features(mel.T) for mel in prepared.examples["mel"][:2]]))
        memory = torch.zeros(len(features), sum(module.memory_sizes))
        graph = GraphSpec(
            module,
            {"features": features, "memory": memory},
            ("filter_parameters", "pitch_logits", "next_memory"),
            dynamic_axes={"features": (1,), "filter_parameters": (1,), "pitch_logits": (1,)},  # time
        )
        clips, titles = self.samples(module, prepared)
        copies = [clip for clip, title in zip(clips, titles, strict=True) if title == COPY]
        return ExportSpec(
            graphs={FRAMES_FILE: graph},
            sample=np.concatenate(copies, axis=1),
            weights={f"{WEIGHT_PREFIX}{name}": weight.numpy() for name, weight in module.named_parameters()},
        )


@torch.no_grad()
def resynthesise(module: FilterNetwork, mel: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the wave as the runtime synthesises it, without delay, and the pitch at the end of each interval."""
    config, device = module.config, next(module.parameters()).device
    parameters, pitch_logits, _ = module(torch.as_tensor(mel_to_features(mel.T)[None], device=device))
    f0_hz = logits_to_hz(pitch_logits[0].float().cpu().numpy())
    pulses = PulseTrain(config.sample_rate, config.hop_length).push(f0_hz)
    noise = np.random.default_rng(seed).standard_normal(len(pulses), np.float32)
    synthesis = StreamingSynthesis(config, NOISE_REDUCTION)
    wave = synthesis.push(parameters[0].float().cpu().numpy(), mel[1 : len(f0_hz) + 2].T, pulses, noise)
    return wave[config.delay :], f0_hz
