"""Training interface of the VAE: all that the training loop asks of the family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...base.progress_bar import report_progress
from ...data.one_shots import CLIPS_PER_CLASS
from ...metrics.reconstruction import mel_distance, si_sdr, stft_distance
from ...nn.adversarial_losses import OBJECTIVES, penalties
from ...nn.critics import MultiResolutionCritic
from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, Network, Turn
from ...nn.spectral_losses import SpectralEnergyDistance
from .attributes import N_SEQUENCE_ATTRIBUTES, AttributeDirections, measure_attributes
from .conditioning import conditioning_batch, pitch_features
from .config import DECODER_FILE, ENCODER_FILE, LATENTS_FILE, VaeConfig
from .latent_distribution import LatentDistribution, active_fraction, stored_clips
from .modules import SpectralAutoencoder, VaeDecoderGraph, VaeEncoderGraph
from .recipe import VaePrepared

MIN_SINE = 1e-4  # of the angle between vectors; below it they count as parallel


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence of ``N(mean, variance)`` from ``N(0, 1)`` in nats, element by element.

    References
    ----------
    D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Interpolate spherically between vectors; parallel ones, which have no arc between them, linearly.

    Gradients pass through the end points, and not through the angle between them.

    References
    ----------
    K. Shoemake, "Animating Rotation with Quaternion Curves", 1985.
    """
    lengths = a.norm(dim=-1, keepdim=True) * b.norm(dim=-1, keepdim=True)
    cosine = (a * b).sum(-1, keepdim=True) / lengths.clamp(min=1e-12)
    angle = torch.arccos(cosine.detach().clamp(-1.0, 1.0))
    sine = angle.sin()
    is_parallel = sine < MIN_SINE
    divisor = torch.where(is_parallel, torch.ones_like(sine), sine)
    weight_a = torch.where(is_parallel, 1 - t, ((1 - t) * angle).sin() / divisor)
    weight_b = torch.where(is_parallel, t, (t * angle).sin() / divisor)
    return weight_a * a + weight_b * b


OBJECTIVE = OBJECTIVES["r3gan"]
PENALTY_INTERVAL = 2  # steps
PENALTY_SIGMA = 0.2  # deviation of the finite differences' noise, in units of the critics' inputs
MAX_T = 0.5  # of an interpolation in training; beyond it the other clip, whose label critics do not see, is closer


class Vae(Network):
    """Autoencoder and critics.

    In every step the training loop (training/state.py) asks for :meth:`loss_weights` and :meth:`turns`. It calls the
    loss function of each turn with the batch, and updates that player by the weighted sum of the losses.

    The autoencoder trains alone until ``adversarial_from``. Then, in every step, the critics take the first turn, the
    autoencoder the second; both use the same reconstructions. With ``critic_interpolations`` the critics score
    reconstructions in two steps, and interpolations of two clips in the next two.

    The logits are relativistic: a recording is paired with its own reconstruction, or with an interpolation that starts
    at it. The critics see the label of the recording, also where it is dropped for the decoder.

    Notes
    -----
    Losses of the autoencoder:

    - ``kl/nats``: divergence of the latents' Gaussians from a standard normal distribution. The sum over the dimensions
      of ``max(nats, free_nats)``, where ``nats`` is the dimension's mean over the batch and its latents; so
      below ``free_nats`` a dimension has no gradient.
    - ``mel/l1``, ``stft/log``, ``stft/linear``: spectral energy distance of two reconstructions, which differ in their
      noise, from the recording; see :class:`.SpectralEnergyDistance`.
    - ``stft/complex``: 1 minus the correlation of the decoder's complex frames with the recording's, for the phases.
    - ``adv/decoder``: relativistic adversarial loss.
    - ``adv/features``: feature matching of a reconstruction and its recording. One L1 distance between the pooled
      features of the critics' last layers (mean and maximum, all resolutions), over the mean magnitude of the
      recording's; inner layers are not compared. None for interpolations, which have no recording.

    Losses of the critics: ``adv/critic``, and the gradient penalties ``penalty/r1`` and ``penalty/r2``.
    """

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.autoencoder = SpectralAutoencoder(config)
        self.distance = SpectralEnergyDistance(config.sample_rate, config.n_samples)
        self.critic: MultiResolutionCritic | None = None
        if config.adversarial_from:
            # Batches of one-shots hold groups of clips of one class; the minibatch deviation within a group is a
            # feature of the critics. Crops of longer clips are not grouped, and groups of 1 have no deviation.
            group_size = CLIPS_PER_CLASS if config.latent == "clip" else 1
            self.critic = MultiResolutionCritic(
                config.sample_rate, config.n_samples, len(config.labels), config.critic_channels, group_size
            )

    def players(self) -> dict[str, nn.Module]:
        """Return the modules that have an optimizer each, by name."""
        if self.critic is None:
            return {"autoencoder": self.autoencoder}
        return {"autoencoder": self.autoencoder, "critic": self.critic}

    def inference_module(self) -> nn.Module:
        """Return the module whose weights are averaged, evaluated and exported."""
        return self.autoencoder

    def stage_starts(self) -> tuple[int, ...]:
        """Return the steps at which the training stages start."""
        return (0, self.config.adversarial_from) if self.critic is not None else (0,)

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of every loss that a turn of this step may return, by name."""
        config = self.config
        kl_ramp = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
        weights = {
            "kl/nats": config.beta * kl_ramp,
            "mel/l1": 1.0,
            "stft/log": 1.0,
            "stft/linear": 0.5,
            "stft/complex": config.complex_weight,
        }
        if self._critic_at(step) is not None:
            weights |= {
                "adv/critic": 1.0,
                "adv/decoder": config.adversarial_weight,
                "adv/features": config.feature_weight,
                "penalty/r1": config.penalty_weight,
                "penalty/r2": config.penalty_weight,
            }
        return weights

    def turns(self, step: int) -> list[Turn]:
        """Return the turns of a step: the autoencoder alone, or the critics and then the autoencoder."""
        critic = self._critic_at(step)
        if critic is None:
            return [("autoencoder", self.reconstruction_losses)]
        has_penalty = step % PENALTY_INTERVAL == 0
        # In pairs of steps, so that each kind of input meets a step with penalties.
        interpolates = self.config.critic_interpolations and step // PENALTY_INTERVAL % 2 == 1

        def critic_turn(batch: Batch) -> dict[str, Tensor]:
            return self._critic_losses(critic, batch, has_penalty, interpolates)

        def autoencoder_turn(batch: Batch) -> dict[str, Tensor]:
            losses = self.reconstruction_losses(batch)
            return losses | self._adversarial_losses(critic, batch, interpolates)

        return [("critic", critic_turn), ("autoencoder", autoencoder_turn)]

    def _critic_at(self, step: int) -> MultiResolutionCritic | None:
        """Return the critics once they have started, None before."""
        return self.critic if step >= self.config.adversarial_from else None

    def reconstruct(self, batch: Batch) -> None:
        """Encode and decode the clips of a batch, and add the results to it.

        - ``batch``: ``wave (batch, 1, time)``, and ``label`` and ``pitch (batch,)`` of a model that has them. Added are
          ``mean`` and ``log_variance (batch, latents, latent_size)``, ``spectrum (batch, frames, bins)``,
          ``conditioning (batch, n_condition_inputs)``, ``draws``: two reconstructions ``(batch, time)`` that differ in
          their noise, and ``head (batch, frames, 3 * bins)``.
        """
        wave = batch["wave"][:, 0]
        batch["mean"], batch["log_variance"], batch["spectrum"] = self.autoencoder.encode(wave)
        latents = batch["mean"] + (0.5 * batch["log_variance"]).exp() * torch.randn_like(batch["mean"])
        dropout = self.config.label_dropout if self.training else 0.0
        conditioning = draw_conditioning(self.config, batch, dropout)
        batch["conditioning"] = conditioning
        batch["draws"], batch["head"] = self.autoencoder.decode(latents, conditioning, wave.shape[-1], n_draws=2)

    def _interpolate(self, batch: Batch) -> Tensor:
        """Decode interpolations ``(batch, time)`` of each clip towards a random other one.

        Slerp is around 0, the mean of the prior: the mean of the training clips' latents, around which inference
        interpolates, is fitted after training. The conditioning is interpolated as features: for label weights this is
        what inference does, for pitches an approximation, since inference interpolates the MIDI numbers and computes
        their features afterwards.
        """
        mean, conditioning = batch["mean"], batch["conditioning"]
        other = torch.randperm(len(mean), device=mean.device)
        t = torch.rand(len(mean), 1, 1, device=mean.device) * MAX_T
        if conditioning is not None:
            conditioning = torch.lerp(conditioning, conditioning[other], t[:, 0])
        waves, _ = self.autoencoder.decode(slerp(mean, mean[other], t), conditioning, batch["wave"].shape[-1])
        return waves[0]

    def reconstruction_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return divergence and spectral distances by name, reconstructing unless an earlier turn has done so."""
        if "draws" not in batch:
            self.reconstruct(batch)
        with torch.autocast(batch["wave"].device.type, enabled=False):
            nats = kl_divergence(batch["mean"], batch["log_variance"]).mean((0, 1))  # (latent_size,)
            losses = {"kl/nats": nats.clamp(min=self.config.free_nats).sum()}
            losses |= self.distance(batch["wave"][:, 0], batch["draws"])
            losses["stft/complex"] = self.autoencoder.spectral_frames.complex_distance(batch["spectrum"], batch["head"])
            return losses

    def _critic_losses(
        self, critic: MultiResolutionCritic, batch: Batch, has_penalty: bool, interpolates: bool
    ) -> dict[str, Tensor]:
        """Return the losses of the critics; ``fake`` and ``real`` stay in the batch for the autoencoder's turn."""
        label = batch.get("label")
        self.reconstruct(batch)
        generated = self._interpolate(batch) if interpolates else batch["draws"][0]
        batch["fake"] = critic.inputs(generated.unsqueeze(1))
        batch["real"] = [spectrogram.detach() for spectrogram in critic.inputs(batch["wave"])]
        real = batch["real"]
        fake = [spectrogram.detach() for spectrogram in batch["fake"]]
        real_logits, _ = critic.score(real, label)
        fake_logits, _ = critic.score(fake, label)
        losses = {"adv/critic": OBJECTIVE.critic(real_logits, fake_logits)}
        if has_penalty:
            losses |= penalties(
                lambda inputs: critic.score(inputs, label)[0], real, fake, real_logits, fake_logits, PENALTY_SIGMA
            )
        return losses

    def _adversarial_losses(self, critic: MultiResolutionCritic, batch: Batch, interpolates: bool) -> dict[str, Tensor]:
        """Return the adversarial loss of the autoencoder and, for reconstructions, feature matching."""
        label = batch.get("label")
        fake_logits, fake_features = critic.score(batch["fake"], label)
        with torch.no_grad():
            real_logits, real_features = critic.score(batch["real"], label)
        losses = {"adv/decoder": OBJECTIVE.generator(real_logits, fake_logits)}
        if not interpolates:  # an interpolation has no recording to match
            difference = (fake_features - real_features).abs().mean()
            losses["adv/features"] = difference / real_features.abs().mean().clamp(min=1e-6)
        return losses


def draw_conditioning(config: VaeConfig, batch: Batch, dropout: float = 0.0) -> Tensor | None:
    """Return the conditioning ``(batch, n_condition_inputs)`` of training clips, each label dropped at random."""
    if not config.n_condition_inputs:
        return None
    features = []
    if config.labels:
        weights = F.one_hot(batch["label"], len(config.labels)).float()
        is_known = torch.rand(len(weights), 1, device=weights.device) >= dropout
        features.append(weights * is_known)
    if config.pitched:
        pitches = pitch_features(batch["pitch"].cpu().numpy())
        features.append(torch.from_numpy(pitches).to(batch["pitch"].device))
    return torch.cat(features, 1)


BATCH_CLIPS = 16  # encoded or decoded at once outside of training
EVALUATION_CLIPS = 60  # generated for each label at every evaluation
SAMPLE_CLIPS = 3  # recordings among the samples, each followed by its reconstruction


class VaeTraining(FamilyTraining[VaeConfig, SpectralAutoencoder, VaePrepared]):
    """Build, evaluate, sample and export the network; the loop is in training/loop.py."""

    network = Vae

    def evaluate(self, module: SpectralAutoencoder, prepared: VaePrepared) -> dict[str, float]:
        """Return the validation metrics, see config.METRICS.

        Reconstructions are those of held-out clips, decoded from the means of their latents without a label, as by
        :meth:`.VaeRuntime.decode`. ``valid/active`` is the fraction of active latent dimensions, ``valid/nats`` the
        divergence of a latent vector. The metrics of generation compare clips from the distribution of each label with
        the training clips.
        """
        config = module.config
        distribution = fit_distribution(module, prepared)
        recorded = prepared.waves(prepared.valid or prepared.train)
        means, log_variances = encode_clips(module, recorded)
        nats = kl_divergence(torch.from_numpy(means), torch.from_numpy(log_variances)).numpy()
        metrics = {"valid/active": active_fraction(means, nats), "valid/nats": float(nats.sum(-1).mean())}
        if prepared.valid is not None:
            reconstructed = decode_clips(module, means, pitches=prepared.valid.pitches)
            metrics |= reconstruction_metrics(recorded, reconstructed, config.sample_rate)
        generated = {}
        rng = np.random.default_rng(0)
        for label in prepared.reference.embeddings:
            latents = np.stack([distribution.sample(rng, label, config.n_latents) for _ in range(EVALUATION_CLIPS)])
            generated[label] = decode_clips(module, latents, label, prepared.train.pitches)
        return metrics | prepared.reference.measure(generated, config.sample_rate)

    def samples(self, module: SpectralAutoencoder, prepared: VaePrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return held-out clips beside their reconstructions, then a generated clip of each label, with titles."""
        config = module.config
        distribution = fit_distribution(module, prepared)
        clips = prepared.valid or prepared.train
        chosen = np.linspace(0, len(clips) - 1, min(SAMPLE_CLIPS, len(clips))).round().astype(int)
        recorded = prepared.waves(clips)[chosen]
        pitches = [clips.pitches[index] for index in chosen] if clips.pitches else None
        reconstructed = decode_clips(module, encode_clips(module, recorded)[0], pitches=pitches)
        waves: list[np.ndarray] = []
        titles: list[str] = []
        for recording, reconstruction in zip(recorded, reconstructed, strict=True):
            waves += [recording, reconstruction]
            titles += ["recording", "reconstruction"]
        rng = np.random.default_rng(0)
        for label in prepared.reference.embeddings:
            latents = distribution.sample(rng, label, config.n_latents)
            waves.append(decode_clips(module, latents[None], label, prepared.train.pitches)[0])
            titles.append(f"new {config.labels[label]}" if config.labels else "new")
        return [np.clip(wave, -1.0, 1.0)[None] for wave in waves], titles

    def export(self, module: SpectralAutoencoder, prepared: VaePrepared) -> ExportSpec:
        """Return the graphs, the latents of the training clips with the attribute directions, and a sample."""
        distribution = fit_distribution(module, prepared)
        directions = fit_directions(module, prepared, distribution)
        waves, _ = self.samples(module, prepared)
        files = {LATENTS_FILE: distribution.tensors() | {"directions": directions.vectors}}
        return ExportSpec(graphs_of(module), np.concatenate(waves, axis=1), files)


@torch.no_grad()
def encode_clips(autoencoder: SpectralAutoencoder, waves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and log-variances ``(n, latents, latent_size)`` of clips ``(n, time)``."""
    device = next(autoencoder.parameters()).device
    means, log_variances = [], []
    for rows in _batches(len(waves)):
        mean, log_variance, _ = autoencoder.encode(torch.as_tensor(waves[rows], device=device))
        means.append(mean.cpu().numpy())
        log_variances.append(log_variance.cpu().numpy())
    return np.concatenate(means), np.concatenate(log_variances)


@torch.no_grad()
def decode_clips(
    autoencoder: SpectralAutoencoder,
    latents: np.ndarray,
    label: int | None = None,
    pitches: Sequence[float] | None = None,
) -> np.ndarray:
    """Return the clips ``(n, n_samples)`` of latents as inference decodes them, clip ``i`` with noise of seed ``i``.

    Clips have ``pitches``, MIDI numbers, in turn.
    """
    config = autoencoder.config
    device = next(autoencoder.parameters()).device
    conditioning = torch.from_numpy(conditioning_batch(len(latents), label, pitches, config))
    waves: list[np.ndarray] = []
    for rows in _batches(len(latents)):
        report_progress("decoding clips", rows.start / len(latents))
        batch = torch.as_tensor(latents[rows], device=device)
        waves += autoencoder.synthesise(batch, conditioning[rows].to(device), first_seed=rows.start)
    return np.stack(waves)


def _batches(n: int) -> Iterator[slice]:
    """Yield the rows of each batch of at most BATCH_CLIPS."""
    return (slice(start, min(start + BATCH_CLIPS, n)) for start in range(0, n, BATCH_CLIPS))


def fit_distribution(autoencoder: SpectralAutoencoder, prepared: VaePrepared) -> LatentDistribution:
    """Fit the distribution of the latents to the training clips."""
    means, log_variances = encode_clips(autoencoder, prepared.waves(prepared.train))
    n_labels = max(len(autoencoder.config.labels), 1)
    labels = np.array(prepared.train.labels)
    return LatentDistribution.fit(means, np.exp(log_variances), labels, n_labels, prepared.names)


def fit_directions(
    autoencoder: SpectralAutoencoder, prepared: VaePrepared, distribution: LatentDistribution
) -> AttributeDirections:
    """Fit the directions of the attributes to the training clips, and calibrate them on decoded clips."""
    config = autoencoder.config
    is_sequence = config.latent == "frames"
    n_attributes = N_SEQUENCE_ATTRIBUTES if is_sequence else None
    stored = stored_clips(len(prepared.train))  # those of distribution.clip_latents
    waves, pitches = prepared.waves(prepared.train)[stored], prepared.train.pitches
    attributes = np.stack([measure_attributes(wave, config.sample_rate)[:n_attributes] for wave in waves])

    def decode(latents: np.ndarray, rows: np.ndarray) -> np.ndarray:
        repeated = np.repeat(latents[:, None], config.n_latents, axis=1)
        return decode_clips(autoencoder, repeated, pitches=[pitches[row] for row in stored[rows]] if pitches else None)

    return AttributeDirections.fit(distribution.clip_latents, attributes, decode, config.sample_rate)


def graphs_of(autoencoder: SpectralAutoencoder) -> dict[str, GraphSpec]:
    """Return the graphs of encoder and decoder; sequences may have any number of frames."""
    config = autoencoder.config
    generator = torch.Generator().manual_seed(0)
    n_latents = 1 if config.latent == "clip" else 3
    n_frames = n_latents * config.latent_frames
    encoder_inputs = {"features": torch.randn(2, n_frames, config.n_features, generator=generator)}
    encoder_outputs = ["mean", "log_variance"]
    decoder_inputs = {"latents": torch.randn(2, n_latents, config.latent_size, generator=generator)}
    decoder_outputs = ["head"]
    if config.noise_bands:
        decoder_outputs.append("log_gains")
    if config.n_condition_inputs:
        decoder_inputs["condition"] = torch.rand(2, n_latents, config.n_condition_inputs, generator=generator)
    if config.causal:
        encoder, decoder = autoencoder.encoder, autoencoder.decoder
        encoder_inputs["memory"] = torch.randn(2, encoder.blocks.memory_size, generator=generator)
        decoder_inputs["memory"] = torch.randn(2, decoder.blocks.memory_size, generator=generator)
        encoder_outputs.append("next_memory")
        decoder_outputs.append("next_memory")
    sequences = ("features", "mean", "log_variance", "latents", "condition", "head", "log_gains")
    dynamic_axes = dict.fromkeys(sequences, (1,)) if config.latent == "frames" else {}
    return {
        ENCODER_FILE: GraphSpec(
            VaeEncoderGraph(autoencoder.encoder), encoder_inputs, tuple(encoder_outputs), dynamic_axes
        ),
        DECODER_FILE: GraphSpec(
            VaeDecoderGraph(autoencoder.decoder), decoder_inputs, tuple(decoder_outputs), dynamic_axes
        ),
    }


def reconstruction_metrics(references: np.ndarray, estimates: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Return ``valid/mel``, ``valid/stft`` and ``valid/si_sdr`` of reconstructions ``(n, time)``: means over clips."""
    pairs = list(zip(references, estimates, strict=True))
    return {
        "valid/mel": float(np.mean([mel_distance(*pair, sample_rate) for pair in pairs])),
        "valid/stft": float(np.mean([stft_distance(*pair) for pair in pairs])),
        "valid/si_sdr": float(np.mean([si_sdr(*pair) for pair in pairs])),
    }
