"""The vocoder's network: what it says of filters and pitch, the sound of them, the critics, and what each of them minimises."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.spectrum import hann_window
from ...dsp.speech_mel import MEL_MEAN, MEL_STD, mel_to_features
from ...nn.convnext import ConvNeXtStack, split_memory
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.frame_critics import MultiResolutionBandCritic
from ...nn.losses import critic_loss, feature_distance, generator_loss
from ...nn.network import Batch, Network, Turn
from ...nn.spectral_losses import MelDistance, SpectralEnergyDistance
from ...nn.spectrum import frame, irfft, overlap_add, rfft
from .config import FRAMES_FILE, N_PITCHES, WEIGHT_PREFIX, VocoderConfig
from .excitation import Pulses, pitch_of
from .recipe import VocoderPrepared
from .synthesis import LARGEST, SMALLEST, Synthesis, bands_of_bins, log_gain_of_noise

CRITIC_SIZES = ((512, 128), (1024, 256), (256, 64))  # (window, hop) at 16 kHz
MEL_SIZES = ((512, 80), (1024, 80))  # (samples at 16 kHz, bands) of the windows that held-out clips are measured in
START = (1.0, 0.0, 0.7)  # real and imaginary part and root of the noise's gain, before anything is learned
FIRST_WEIGHTS = 0.1  # of the last layer, over what is usual, so that the envelope alone is heard at first
BREADTH = 0.7  # of a pitch among its places, whose neighbours are right, too
RECORDING, COPY = "recording", "copy"


class Filters(nn.Module):
    """Mel features to filters of each step and the pitch at the end of each frame: the part that plays.

    Features are those of the frames themselves, one before and ``look_ahead`` behind, ``(batch, 1 + frames + look_ahead, n_mels)``; out come
    ``(batch, frames * steps_per_frame, 3 n_bins)``, see Synthesis.push, and logits ``(batch, frames, N_PITCHES)``.
    """

    def __init__(self, config: VocoderConfig):
        super().__init__()
        self.config = config
        fine, wide = config.fine_channels, config.channels
        self.n_heard = 2 + config.look_ahead  # frames
        self.into = nn.Linear(self.n_heard * config.n_mels, wide)
        self.blocks = ConvNeXtStack(config.blocks, wide, round(config.expansion * wide), config.kernel)
        self.wide_norm = nn.LayerNorm(wide)
        self.pitch = nn.Linear(wide, N_PITCHES)
        self.split = nn.Linear(wide, config.steps_per_frame * fine)
        self.fine = ConvNeXtStack(config.fine_blocks, fine, round(config.expansion * fine), config.kernel)
        self.norm = nn.LayerNorm(fine)
        self.out = nn.Linear(fine, 3 * config.n_bins)
        self.memory_sizes = (self.blocks.memory_size, self.fine.memory_size)
        with torch.no_grad():
            self.out.weight.mul_(FIRST_WEIGHTS)
            self.out.bias.copy_(torch.tensor(START).repeat_interleave(config.n_bins))

    def forward(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Filters, logits, and what to remember for the frames that follow, where a ``memory (batch, size)`` was given."""
        of_blocks, of_fine = split_memory(memory, self.memory_sizes)
        n_frames = features.shape[1] - self.n_heard + 1
        heard = torch.cat([features[:, place : place + n_frames] for place in range(self.n_heard)], -1)
        hidden, of_blocks = self.blocks(self.into(heard), of_blocks)
        hidden = self.wide_norm(hidden)
        steps = self.split(hidden)
        found, of_fine = self.fine(steps.reshape(steps.shape[0], -1, self.config.fine_channels), of_fine)
        after = None if of_blocks is None or of_fine is None else torch.cat([of_blocks, of_fine], 1)
        return self.out(self.norm(found)), self.pitch(hidden), after


class Sound(nn.Module):
    """Filters and sources to waves with gradients, as synthesis.Synthesis makes them, but with all of the noise."""

    window: Tensor
    below: Tensor
    part: Tensor
    share: Tensor

    def __init__(self, config: VocoderConfig):
        super().__init__()
        self.config = config
        below, part = bands_of_bins(config)
        share = torch.arange(config.steps_per_frame) / config.steps_per_frame
        self.register_buffer("window", torch.from_numpy(hann_window(2 * config.step_length)), persistent=False)
        self.register_buffer("below", torch.from_numpy(below), persistent=False)
        self.register_buffer("part", torch.from_numpy(part), persistent=False)
        self.register_buffer("share", share[None, None, :, None], persistent=False)

    def envelopes(self, mel: Tensor) -> Tensor:
        """``mel (batch, frames + 1, n_mels)`` to gains ``(batch, steps, n_bins)``, as synthesis.envelopes."""
        log_power = mel[..., self.below] * (1 - self.part) + mel[..., self.below + 1] * self.part
        log_power = (0.5 * (log_power - log_gain_of_noise(self.config))).unsqueeze(2)
        steps = log_power[:, :-1] * (1 - self.share) + log_power[:, 1:] * self.share
        return steps.exp().flatten(1, 2)

    def spectrum(self, source: Tensor) -> Tensor:
        """What each step filters of a ``source (batch, step_length + time)``: complex ``(batch, steps, n_bins)``."""
        config = self.config
        heard = frame(source, 2 * config.step_length, config.step_length) * self.window
        return rfft(F.pad(heard, (config.step_length, config.n_fft - 3 * config.step_length)))

    def forward(self, described: Tensor, mel: Tensor, pulses: Tensor, noises: list[Tensor]) -> list[Tensor]:
        """Waves ``(batch, time)``, one for each noise; the last ``lag`` samples lack what comes after them.

        ``described (batch, steps, 3 n_bins)``, ``mel (batch, frames + 1, n_mels)``, sources ``(batch, step_length + time)``.
        """
        real, imaginary, root = described.float().clamp(-LARGEST, LARGEST).chunk(3, -1)
        size = (real.square() + imaginary.square() + SMALLEST).sqrt()
        gains = self.envelopes(mel)
        of_pulses = torch.complex(real * size * gains, imaginary * size * gains) * self.spectrum(pulses)
        of_noise = root.square() * gains
        waves = []
        for noise in noises:
            frames = irfft(of_pulses + of_noise * self.spectrum(noise), self.config.n_fft)
            wave = overlap_add(frames, self.config.step_length)[:, self.config.lag :]
            waves.append(wave[:, : pulses.shape[1] - self.config.step_length])
        return waves


class Vocoder(Network):
    """The network that the loop trains: filters, and the critics of their sound where they are to have any.

    Sounds are made with two noises, so that distances between them know what is chance. Pulses lie where the recording's do, so that short
    windows may be compared; when it plays, the network's own pitch says where.
    """

    def __init__(self, config: VocoderConfig):
        super().__init__()
        self.config, self.filters, self.sound = config, Filters(config), Sound(config)
        self.distance = SpectralEnergyDistance(config.sample_rate, config.sample_rate)
        scale = config.sample_rate / 16_000
        sizes = [(4 * round(size * scale / 4), round(size * scale / 4)) for size, _ in CRITIC_SIZES]
        self.critics = MultiResolutionBandCritic(sizes, config.critic_channels) if config.adversarial_from else None

    def players(self) -> dict[str, nn.Module]:
        players: dict[str, nn.Module] = {"vocoder": self.filters}
        return players | ({"critics": self.critics} if self.critics is not None else {})

    def averaged(self) -> nn.Module:
        """The part that plays: its weights are averaged over the steps, evaluated and exported."""
        return self.filters

    def stage_starts(self) -> tuple[int, ...]:
        """The steps from which on a step takes another time than before."""
        return (0, self.config.adversarial_from) if self.critics is not None else (0,)

    def _critics_at(self, step: int) -> MultiResolutionBandCritic | None:
        """The critics, once they teach."""
        return self.critics if step >= self.config.adversarial_from else None

    def loss_weights(self, step: int) -> dict[str, float]:
        weights = {"mel/l1": 2.0, "stft/log": 1.0, "stft/linear": 1.0, "pitch/place": 0.1}
        if self._critics_at(step) is None:
            return weights
        return weights | {"adv/critic": 1.0, "adv/generator": 0.3, "adv/features": 1.0}

    def turns(self, step: int) -> list[Turn]:
        critics = self._critics_at(step)
        if critics is None:
            return [("vocoder", self._distances)]
        return [
            ("critics", lambda batch: self._critic_losses(batch, critics)),
            ("vocoder", lambda batch: self._second_stage(batch, critics)),
        ]

    def _make(self, batch: Batch) -> None:
        """Put the recordings and two copies of each into the batch, as far as they can be compared, and the logits of the pitch."""
        config, mel = self.config, batch["mel"]
        described, batch["logits"], _ = self.filters((mel - MEL_MEAN) / MEL_STD)
        n_frames = mel.shape[1] - 1 - config.look_ahead
        with torch.autocast(mel.device.type, enabled=False):
            noises = [torch.randn_like(batch["pulses"]) for _ in range(2)]
            copies = self.sound(described, mel[:, 1 : n_frames + 2], batch["pulses"], noises)
            kept = slice((config.overlap - 3) * config.step_length, batch["wave"].shape[1] - config.lag)
            batch["real"], *batch["copies"] = [
                held_by(wave[:, kept], batch["top"]) for wave in (batch["wave"], *copies)
            ]

    def _distances(self, batch: Batch) -> dict[str, Tensor]:
        """Copies sound like recordings, and the pitch is theirs."""
        if "copies" not in batch:
            self._make(batch)
        with torch.autocast(batch["real"].device.type, enabled=False):
            distances = self.distance(batch["real"], batch["copies"])
            return distances | {"pitch/place": pitch_loss(batch["logits"].float(), batch["place"], batch["certainty"])}

    def _critic_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """The critics tell recordings from copies, which stay in the batch for the other turn."""
        self._make(batch)
        real, fake = critics(batch["real"])[0], critics(batch["copies"][0].detach())[0]
        losses = [critic_loss("hinge", r, f) for r, f in zip(real, fake, strict=True)]
        return {"adv/critic": torch.stack(losses).mean()}

    def _second_stage(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """The filters learn to please the critics, too."""
        with torch.no_grad():
            _, real = critics(batch["real"])
        logits, fake = critics(batch["copies"][0])
        adversarial = [generator_loss("hinge", logit, logit) for logit in logits]
        return self._distances(batch) | {
            "adv/generator": torch.stack(adversarial).mean(),
            "adv/features": feature_distance(real, fake),
        }


def held_by(wave: Tensor, top: Tensor) -> Tensor:
    """``wave (batch, time)`` without what lies above a share ``top (batch,)`` of half the sample rate: what its recording can hold."""
    spectrum = rfft(wave)
    places = torch.linspace(0, 1, spectrum.shape[-1], device=wave.device)
    return irfft(spectrum * (places <= top[:, None]), wave.shape[-1])


def pitch_loss(logits: Tensor, place: Tensor, certainty: Tensor) -> Tensor:
    """Cross-entropy of ``logits (batch, frames, N_PITCHES)`` with a bell around ``place``, weighted by ``certainty``, both ``(batch, frames)``."""
    distance = (torch.arange(N_PITCHES, device=logits.device) - place.unsqueeze(-1)) / BREADTH
    wanted = torch.softmax(-0.5 * distance.square(), -1)
    missed = -(wanted * torch.log_softmax(logits, -1)).sum(-1)
    return (certainty * missed).sum() / certainty.sum().clamp(min=1.0)


def build(config: VocoderConfig) -> Vocoder:
    """The networks of a configuration, with fresh weights."""
    return Vocoder(config)


@torch.no_grad()
def played(filters: Filters, mel: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A sound ``(time,)`` as it would be played and its pitch in hertz ``(frames,)``, of ``mel (1 + frames + look_ahead, n_mels)``."""
    config, device = filters.config, next(filters.parameters()).device
    described, logits, _ = filters(torch.as_tensor(mel_to_features(mel.T)[None], device=device))
    f0_hz = pitch_of(logits[0].float().cpu().numpy())
    pulses = Pulses(config.sample_rate, config.hop_length).push(f0_hz)
    noise = np.random.default_rng(seed).standard_normal(len(pulses), np.float32)
    steps = described[0].float().cpu().numpy()
    return Synthesis(config).push(steps, mel[1 : len(f0_hz) + 2].T, pulses, noise)[config.lag :], f0_hz


@torch.no_grad()
def evaluate(filters: Filters, prepared: VocoderPrepared) -> dict[str, float]:
    """On held-out clips ``valid/mel``, log-mel L1 in nats, and ``valid/pitch``, the share of voiced frames whose pitch is half a semitone off.

    Nothing without such clips.
    """
    config, given = filters.config, prepared.valid
    if not given:
        return {}
    mel = MelDistance(
        config.sample_rate, [(round(size * config.sample_rate / 16_000), bands) for size, bands in MEL_SIZES]
    )
    found, missed, voiced = [], 0.0, 0.0
    for row in range(len(given["wave"])):
        wave, f0_hz = played(filters, given["mel"][row])
        pair = held_by(
            torch.from_numpy(np.stack([given["wave"][row, : len(wave)], wave])), torch.full((2,), given["top"][row])
        )
        found.append(float(mel(pair[:1], pair[1:])))
        is_voiced = given["certainty"][row] == 1
        octaves = np.abs(np.log2(f0_hz[is_voiced] / given["f0_hz"][row][is_voiced]))
        missed, voiced = missed + float((octaves > 1 / 24).sum()), voiced + float(is_voiced.sum())
    return {"valid/mel": float(np.mean(found)), "valid/pitch": missed / max(voiced, 1.0)}


@torch.no_grad()
def samples(filters: Filters, prepared: VocoderPrepared) -> tuple[list[np.ndarray], list[str]]:
    """A few held-out clips, or training clips where there are none, and their copies ``(1, time)``, with titles."""
    waves, titles = [], []
    for row in range(len(prepared.heard["wave"])):
        copy, _ = played(filters, prepared.heard["mel"][row])
        waves += [prepared.heard["wave"][row][None, : len(copy)], np.clip(copy, -1.0, 1.0)[None]]
        titles += [RECORDING, COPY]
    return waves, titles


@torch.no_grad()
def export(filters: Filters, prepared: VocoderPrepared) -> ExportSpec:
    """The graph of filters and pitch, and a few copies."""
    features = torch.as_tensor(np.stack([mel_to_features(mel.T) for mel in prepared.heard["mel"][:2]]))
    memory = torch.zeros(len(features), sum(filters.memory_sizes))
    graph = GraphSpec(
        filters,
        {"features": features, "memory": memory},
        ("described", "pitch", "memory_after"),
        {"features": (1,), "described": (1,), "pitch": (1,)},
    )
    waves, titles = samples(filters, prepared)
    return ExportSpec(
        graphs={FRAMES_FILE: graph},
        sample=np.concatenate([wave for wave, title in zip(waves, titles, strict=True) if title == COPY], axis=1),
        weights={f"{WEIGHT_PREFIX}{name}": parameter.numpy() for name, parameter in filters.named_parameters()},
    )
