"""What learns: the encoder, the decoder, what they minimise, and the critics that may judge them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.convnext import ConvNeXtStack
from ...nn.critics import MultiResolutionCritic
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.latents import kl_divergence, slerp
from ...nn.losses import critic_loss, generator_loss, penalties
from ...nn.network import Batch, Network, Turn
from ...nn.spectral_frames import SpectralFrames
from ...nn.spectral_losses import SpectralEnergyDistance
from .condition import conditions_of, pitch_features
from .config import DECODER_FILE, ENCODER_FILE, LATENTS_FILE, VaeConfig
from .directions import OF_ANY_LENGTH, Directions, measure
from .latents import Latents, active_share
from .recipe import CLIPS_PER_CLASS, VaePrepared, reconstruction_metrics
from .rendering import sounds

NARROW = {"clip": 24, "frames": 64}  # numbers of a frame where its neighbours are folded into a latent
LOG_VARIANCES = (-12.0, 4.0)  # of a latent: the surest and the least sure
FIRST_LOG_VARIANCE = -2.0  # sure enough for the decoder to listen from the first step
GAME = "r3gan"
PENALTY_EVERY, PENALTY_SIGMA = 2, 0.2  # steps; deviation of the finite differences' noise, in the critics' input units
CLIPS_AT_ONCE = 16  # encoded or decoded outside of training
CLIPS_TO_MEASURE = 60  # of each label, at every evaluation
CLIPS_TO_HEAR = 3  # recordings, each beside its reconstruction


class Encoder(nn.Module):
    """Frames as dsp/spectral_frames.py makes them to the mean and log variance of latents.

    ``forward(features (batch, frames, n_features), memory) -> (mean, log_variance (batch, latents, latent_size), memory)``, with
    ``fold`` frames a latent; for the memory see :class:`.ConvNeXtStack`.
    """

    def __init__(self, config: VaeConfig):
        super().__init__()
        self.config, narrow = config, NARROW[config.latent]
        self.take = nn.Linear(config.n_features, config.channels)
        self.blocks = ConvNeXtStack(
            config.encoder_blocks, config.channels, config.hidden, config.kernel, config.look_ahead
        )
        self.norm = nn.LayerNorm(config.channels)
        self.narrow = nn.Linear(config.channels, narrow)
        self.to_latent = nn.Linear(config.fold * narrow, 2 * config.latent_size)
        with torch.no_grad():
            self.to_latent.bias[config.latent_size :] = FIRST_LOG_VARIANCE

    def forward(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
        hidden, memory = self.blocks(self.take(features), memory)
        narrow = self.narrow(self.norm(hidden))
        folded = narrow.unflatten(1, (-1, self.config.fold)).flatten(2)  # (batch, latents, fold * narrow)
        mean, log_variance = self.to_latent(folded).chunk(2, -1)
        return mean, log_variance, memory


class Decoder(nn.Module):
    """Latents and what they are told beside them to frames.

    ``forward(latents (batch, latents, latent_size), condition (batch, latents, n_condition), memory) -> (head (batch, frames, 3 * bins),
    log_gains (batch, frames, noise_bands), memory)``; dsp/spectral_frames.py makes a wave of these.
    """

    def __init__(self, config: VaeConfig):
        super().__init__()
        self.config, self.narrow = config, NARROW[config.latent]
        n_given = config.latent_size
        self.condition = nn.Linear(config.n_condition, config.condition_size) if config.n_condition else None
        if self.condition is not None:
            n_given += config.condition_size
        self.unfold = nn.Linear(n_given, config.fold * self.narrow)
        self.give = nn.Linear(self.narrow, config.channels)
        self.to_all = nn.Linear(n_given, config.channels)  # what every frame of a latent is told
        # Which frame of the clip this is; the frames of an endless sound have no place.
        self.place = nn.Parameter(0.1 * torch.randn(config.fold, config.channels)) if config.latent == "clip" else None
        self.blocks = ConvNeXtStack(
            config.decoder_blocks, config.channels, config.hidden, config.kernel, config.look_ahead
        )
        self.norm = nn.LayerNorm(config.channels)
        self.to_head = nn.Linear(config.channels, 3 * config.frames.n_bins)
        self.to_noise = nn.Linear(config.channels, config.noise_bands) if config.noise_bands else None
        with torch.no_grad():
            self.to_head.bias[: config.frames.n_bins] = -3.0  # begins quietly
            if self.to_noise is not None:
                self.to_noise.bias.fill_(-6.0)

    def forward(
        self, latents: Tensor, condition: Tensor | None = None, memory: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        given = latents
        if self.condition is not None and condition is not None:
            given = torch.cat([latents, self.condition(condition)], -1)
        unfolded = self.unfold(given).unflatten(-1, (self.config.fold, self.narrow))
        frames = self.give(unfolded) + self.to_all(given).unsqueeze(2)  # (batch, latents, fold, channels)
        if self.place is not None:
            frames = frames + self.place
        hidden, memory = self.blocks(frames.flatten(1, 2), memory)
        hidden = self.norm(hidden)
        return self.to_head(hidden), None if self.to_noise is None else self.to_noise(hidden), memory


class Autoencoder(nn.Module):
    """Encoder and decoder between waves."""

    def __init__(self, config: VaeConfig):
        super().__init__()
        self.config = config
        self.frames = SpectralFrames(config.frames)
        self.encoder, self.decoder = Encoder(config), Decoder(config)

    def encode(self, wave: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``wave (batch, time)`` to mean and log variance ``(batch, latents, latent_size)``, and its spectrum."""
        n_frames = -(-self.frames.n_frames(wave.shape[-1]) // self.config.fold) * self.config.fold
        with torch.no_grad():
            spectrum = self.frames.spectrum(wave, n_frames)
            features = self.frames.features(spectrum)
        mean, log_variance, _ = self.encoder(features)
        return mean.float(), log_variance.float().clamp(*LOG_VARIANCES), spectrum

    def _said(self, latents: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Head and log gains of sounds, all latents of each told the same ``condition (batch, n_condition)``."""
        told = None if condition is None else condition.unsqueeze(1).expand(-1, latents.shape[1], -1)
        return self.decoder(latents, told)[:2]

    def decode(
        self, latents: Tensor, condition: Tensor | None, n_samples: int, n_draws: int = 1
    ) -> tuple[list[Tensor], Tensor]:
        """``n_draws`` waves ``(batch, n_samples)`` that differ in their noise, and the head that all have in common.

        ``latents (batch, latents, latent_size)``, all of a sound told the same ``condition (batch, n_condition)``.
        """
        head, log_gains = self._said(latents, condition)
        sums = [self.frames.tonal_spectrum(head)]
        if log_gains is not None:
            sums = [sums[0] + self.frames.noise_spectrum(log_gains, n_samples) for _ in range(n_draws)]
        return [self.frames.to_wave(spectrum, n_samples) for spectrum in sums], head

    def played(self, latents: Tensor, condition: Tensor | None, first_seed: int) -> list[np.ndarray]:
        """What is heard of sounds, ``(n_samples,)`` each, with the noises of seeds in a row; arguments as for :meth:`decode`."""
        head, log_gains = self._said(latents, condition)
        gains = None if log_gains is None else log_gains.float().cpu().numpy()
        return sounds(self.config, head.float().cpu().numpy(), gains, first_seed)


class Vae(Network):
    """Autoencoder and critics, and what each minimises."""

    def __init__(self, config: VaeConfig):
        super().__init__()
        self.config = config
        self.autoencoder = Autoencoder(config)
        self.distance = SpectralEnergyDistance(config.sample_rate, config.n_samples)
        self.critic: MultiResolutionCritic | None = None
        if config.adversarial_from:
            n_labels, members = len(config.labels), CLIPS_PER_CLASS if config.latent == "clip" else 1
            self.critic = MultiResolutionCritic(
                config.sample_rate, config.n_samples, n_labels, config.critic_channels, members
            )

    def players(self) -> dict[str, nn.Module]:
        """Who owns an optimizer."""
        return {"autoencoder": self.autoencoder} | ({"critic": self.critic} if self.critic is not None else {})

    def inference_module(self) -> nn.Module:
        """The part that plays: its weights are averaged over the steps, evaluated and exported."""
        return self.autoencoder

    def stage_starts(self) -> tuple[int, ...]:
        """The steps from which on a step takes another time than before."""
        return (0, self.config.adversarial_from) if self.critic is not None else (0,)

    def loss_weights(self, step: int) -> dict[str, float]:
        """The weight of every loss that a turn may return; that of the divergence rises over the first steps."""
        config = self.config
        risen = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
        weights = {"kl/nats": config.beta * risen, "mel/l1": 1.0, "stft/log": 1.0, "stft/linear": 0.5}
        weights["stft/complex"] = config.complex_weight
        if self._is_adversarial(step):
            weights |= {
                "adv/critic": 1.0,
                "adv/decoder": config.adversarial_weight,
                "adv/features": config.feature_weight,
            }
            weights |= dict.fromkeys(["penalty/r1", "penalty/r2"], config.penalty_weight)
        return weights

    def turns(self, step: int) -> list[Turn]:
        """The autoencoder alone at first; then the critics before it, on what it is judged by: reconstructions, or by turns what lies between."""
        critic = self.critic
        if critic is None or not self._is_adversarial(step):
            return [("autoencoder", self._losses)]
        with_penalty, between = step % PENALTY_EVERY == 0, self.config.judged_between and step // PENALTY_EVERY % 2 == 1
        return [
            ("critic", lambda batch: self._critic_losses(critic, batch, with_penalty, between)),
            ("autoencoder", lambda batch: self._losses(batch) | self._adversarial_losses(critic, batch, between)),
        ]

    def _is_adversarial(self, step: int) -> bool:
        return self.critic is not None and step >= self.config.adversarial_from

    def rebuild(self, batch: Batch) -> None:
        """Leave in ``batch`` the ``draws`` of the rebuilt waves ``(batch, time)``, the ``head`` behind them, and what the losses need beside."""
        wave = batch["wave"][:, 0]
        batch["mean"], batch["log_variance"], batch["spectrum"] = self.autoencoder.encode(wave)
        latents = batch["mean"] + (0.5 * batch["log_variance"]).exp() * torch.randn_like(batch["mean"])
        batch["told"] = condition_of(self.config, batch, self.config.label_dropout if self.training else 0.0)
        batch["draws"], batch["head"] = self.autoencoder.decode(latents, batch["told"], wave.shape[-1], n_draws=2)

    def _between(self, batch: Batch) -> Tensor:
        """Waves ``(batch, time)`` on the way from each sound to another of the batch, up to half of it."""
        mean, told = batch["mean"], batch["told"]
        other, part = torch.randperm(len(mean), device=mean.device), torch.rand(len(mean), 1, 1, device=mean.device) / 2
        told = None if told is None else torch.lerp(told, told[other], part[:, 0])
        return self.autoencoder.decode(slerp(mean, mean[other], part), told, batch["wave"].shape[-1])[0][0]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        if "draws" not in batch:
            self.rebuild(batch)
        with torch.autocast(batch["wave"].device.type, enabled=False):
            nats = kl_divergence(batch["mean"], batch["log_variance"]).mean((0, 1))  # of each number
            losses = {"kl/nats": nats.clamp(min=self.config.free_nats).sum()}
            losses |= self.distance(batch["wave"][:, 0], batch["draws"])
            return losses | {"stft/complex": self.autoencoder.frames.complex_distance(batch["spectrum"], batch["head"])}

    def _critic_losses(
        self, critic: MultiResolutionCritic, batch: Batch, with_penalty: bool, between: bool
    ) -> dict[str, Tensor]:
        """The critics' losses; the pictures stay in the batch for the autoencoder's turn."""
        label = batch.get("label")
        self.rebuild(batch)
        batch["fake"] = critic.inputs((self._between(batch) if between else batch["draws"][0]).unsqueeze(1))
        batch["real"] = real = [picture.detach() for picture in critic.inputs(batch["wave"])]
        fake = [picture.detach() for picture in batch["fake"]]
        (real_logits, _), (fake_logits, _) = critic.score(real, label), critic.score(fake, label)
        losses = {"adv/critic": critic_loss(GAME, real_logits, fake_logits)}
        if with_penalty:
            losses |= penalties(
                lambda near: critic.score(near, label)[0], real, fake, real_logits, fake_logits, PENALTY_SIGMA
            )
        return losses

    def _adversarial_losses(self, critic: MultiResolutionCritic, batch: Batch, between: bool) -> dict[str, Tensor]:
        label = batch.get("label")
        fake_logits, fake_features = critic.score(batch["fake"], label)
        with torch.no_grad():
            real_logits, real_features = critic.score(batch["real"], label)
        losses = {"adv/decoder": generator_loss(GAME, real_logits, fake_logits)}
        if between:  # which has no recording to come close to
            return losses
        apart = (fake_features - real_features).abs().mean() / real_features.abs().mean().clamp(min=1e-6)
        return losses | {"adv/features": apart}


def build(config: VaeConfig) -> Vae:
    """The networks of a configuration, with fresh weights."""
    return Vae(config)


def condition_of(config: VaeConfig, batch: Batch, dropout: float = 0.0) -> Tensor | None:
    """What the decoder is told of each sound of a batch, ``(batch, n_condition)``; a share ``dropout`` of the labels is withheld."""
    if not config.n_condition:
        return None
    parts = []
    if config.labels:
        weights = F.one_hot(batch["label"], len(config.labels)).float()
        parts.append(weights * (torch.rand(len(weights), 1, device=weights.device) >= dropout))
    if config.pitched:
        parts.append(torch.from_numpy(pitch_features(batch["pitch"].cpu().numpy())).to(batch["pitch"].device))
    return torch.cat(parts, 1)


@torch.no_grad()
def encode_all(autoencoder: Autoencoder, waves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and log variances ``(n, latents, latent_size)`` of ``waves (n, time)``."""
    device = next(autoencoder.parameters()).device
    parts = [autoencoder.encode(torch.as_tensor(some, device=device))[:2] for some in _at_once(waves)]
    means, log_variances = (np.concatenate([part[index].cpu().numpy() for part in parts]) for index in (0, 1))
    return means, log_variances


@torch.no_grad()
def decode_all(
    autoencoder: Autoencoder, latents: np.ndarray, label: int | None = None, pitches: Sequence[float] | None = None
) -> np.ndarray:
    """Waves ``(n, n_samples)`` of ``latents (n, latents, latent_size)`` as they are played, always with the same noise, all told one label
    or none and, in turn, the ``pitches`` of a model that asks for them."""
    config, device = autoencoder.config, next(autoencoder.parameters()).device
    told = torch.from_numpy(conditions_of(len(latents), label, pitches, config))
    waves: list[np.ndarray] = []
    for some, condition in zip(_at_once(latents), _at_once(told), strict=True):
        waves += autoencoder.played(torch.as_tensor(some, device=device), condition.to(device), len(waves))
    return np.stack(waves)


def _at_once(rows: Any) -> Iterator[Any]:
    return (rows[start : start + CLIPS_AT_ONCE] for start in range(0, len(rows), CLIPS_AT_ONCE))


def known_latents(autoencoder: Autoencoder, prepared: VaePrepared) -> Latents:
    """What is to be known of the latents of the training sounds."""
    means, log_variances = encode_all(autoencoder, prepared.waves(prepared.train))
    n_labels = max(len(autoencoder.config.labels), 1)
    return Latents.fit(means, np.exp(log_variances), np.array(prepared.train.labels), n_labels, prepared.names)


def evaluate(autoencoder: Autoencoder, prepared: VaePrepared) -> dict[str, float]:
    """How close reconstructions come to held-out sounds, how much of the latent is in use, how good new sounds are; see recipe.METRICS.

    No label is told for a reconstruction. ``valid/active`` is the share of a latent's numbers that say something, ``valid/nats`` the
    divergence of a latent.
    """
    config, metrics = autoencoder.config, {}
    known = known_latents(autoencoder, prepared)
    heard = prepared.waves(prepared.valid or prepared.train)
    means, log_variances = encode_all(autoencoder, heard)
    nats = kl_divergence(torch.from_numpy(means), torch.from_numpy(log_variances)).numpy()
    metrics["valid/active"], metrics["valid/nats"] = active_share(means, nats), float(nats.sum(-1).mean())
    if prepared.valid is not None:
        rebuilt = decode_all(autoencoder, means, pitches=prepared.valid.pitches)
        metrics |= reconstruction_metrics(heard, rebuilt, config.sample_rate)
    waves, rng = {}, np.random.default_rng(0)
    for label in prepared.reference.embeddings:
        drawn = np.stack([known.draw(rng, label, config.n_frames // config.fold) for _ in range(CLIPS_TO_MEASURE)])
        waves[label] = decode_all(autoencoder, drawn, label, prepared.train.pitches)
    return metrics | prepared.reference.measure(waves, config.sample_rate)


def samples(autoencoder: Autoencoder, prepared: VaePrepared) -> tuple[list[np.ndarray], list[str]]:
    """Held-out sounds beside their reconstructions, then a new sound of each label, ``(1, n_samples)`` each, and their titles."""
    config, known = autoencoder.config, known_latents(autoencoder, prepared)
    sounds = prepared.valid or prepared.train
    chosen = np.linspace(0, len(sounds) - 1, min(CLIPS_TO_HEAR, len(sounds))).round().astype(int)
    heard = prepared.waves(sounds)[chosen]
    pitches = [sounds.pitches[index] for index in chosen] if sounds.pitches else None
    rebuilt = decode_all(autoencoder, encode_all(autoencoder, heard)[0], pitches=pitches)
    waves = [wave for pair in zip(heard, rebuilt, strict=True) for wave in pair]
    titles = ["recording", "rebuilt"] * len(heard)
    rng = np.random.default_rng(0)
    for label in prepared.reference.embeddings:
        drawn = known.draw(rng, label, config.n_frames // config.fold)[None]
        waves.append(decode_all(autoencoder, drawn, label, prepared.train.pitches)[0])
        titles.append(f"new {config.labels[label]}" if config.labels else "new")
    return [np.clip(wave, -1.0, 1.0)[None] for wave in waves], titles


class Encoding(nn.Module):
    """The encoder as a graph of tensors alone: ``features``, then ``memory`` where the model is causal."""

    def __init__(self, encoder: Encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, ...]:
        mean, log_variance, after = self.encoder(features, memory)
        return (mean, log_variance) if after is None else (mean, log_variance, after)


class Decoding(nn.Module):
    """The decoder as a graph of tensors alone: ``latents``, then ``condition`` and ``memory`` where the model has them."""

    def __init__(self, decoder: Decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, latents: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
        rest = list(given)
        condition = rest.pop(0) if self.decoder.config.n_condition else None
        outputs = self.decoder(latents, condition, rest[0] if rest else None)
        return tuple(output for output in outputs if output is not None)


def export(autoencoder: Autoencoder, prepared: VaePrepared) -> ExportSpec:
    """The graphs of encoder and decoder, what is known of the latents, and sounds to hear."""
    known, waves = known_latents(autoencoder, prepared), samples(autoencoder, prepared)[0]
    files = {LATENTS_FILE: known.tensors() | {"directions": found_directions(autoencoder, prepared, known).vectors}}
    return ExportSpec(graphs_of(autoencoder), np.concatenate(waves, axis=1), files)


def graphs_of(autoencoder: Autoencoder) -> dict[str, GraphSpec]:
    """Encoder and decoder as they are played; sequences may have any number of frames."""
    config, draw = autoencoder.config, torch.Generator().manual_seed(0)
    n_latents = 1 if config.latent == "clip" else 3
    features = {"features": torch.randn(2, n_latents * config.fold, config.n_features, generator=draw)}
    given = {"latents": torch.randn(2, n_latents, config.latent_size, generator=draw)}
    if config.n_condition:
        given["condition"] = torch.rand(2, n_latents, config.n_condition, generator=draw)
    means, frames = ["mean", "log_variance"], ["head"] + ["log_gains"] * bool(config.noise_bands)
    if config.causal:
        features["memory"] = torch.randn(2, autoencoder.encoder.blocks.memory_size, generator=draw)
        given["memory"] = torch.randn(2, autoencoder.decoder.blocks.memory_size, generator=draw)
        means, frames = [*means, "memory_after"], [*frames, "memory_after"]
    sequences = ("features", "mean", "log_variance", "latents", "condition", "head", "log_gains")
    free = dict.fromkeys(sequences, (1,)) if config.latent == "frames" else {}
    return {
        ENCODER_FILE: GraphSpec(Encoding(autoencoder.encoder), features, tuple(means), free),
        DECODER_FILE: GraphSpec(Decoding(autoencoder.decoder), given, tuple(frames), free),
    }


def found_directions(autoencoder: Autoencoder, prepared: VaePrepared, known: Latents) -> Directions:
    """The sliders of the model, measured on the training sounds and on what the decoder makes of their latents."""
    config = autoencoder.config
    n_attributes, n_latents = (
        (OF_ANY_LENGTH, config.n_frames // config.fold) if config.latent == "frames" else (None, 1)
    )
    attributes = np.stack([measure(wave, config.sample_rate)[:n_attributes] for wave in prepared.waves(prepared.train)])

    def decode(points: np.ndarray) -> np.ndarray:
        return decode_all(autoencoder, np.repeat(points[:, None], n_latents, axis=1), pitches=prepared.train.pitches)

    return Directions.find(known.points, attributes, decode, config.sample_rate)
