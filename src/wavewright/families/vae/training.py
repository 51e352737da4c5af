"""Training interface of the VAE: all that the training loop asks of the family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from ...base.progress_bar import report_progress
from ...metrics.reconstruction import mel_distance, si_sdr, stft_distance
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.latents import kl_divergence
from ...nn.network import FamilyTraining
from .attributes import N_SEQUENCE_ATTRIBUTES, AttributeDirections, measure_attributes
from .conditioning import conditioning_batch
from .config import DECODER_FILE, ENCODER_FILE, LATENTS_FILE, VaeConfig
from .latent_distribution import LatentDistribution, active_fraction, stored_clips
from .modules import SpectralAutoencoder, VaeDecoderGraph, VaeEncoderGraph
from .network import Vae
from .recipe import VaePrepared

BATCH_CLIPS = 16  # encoded or decoded at once outside of training
EVALUATION_CLIPS = 60  # generated for each label at every evaluation
SAMPLE_CLIPS = 3  # recordings among the samples, each followed by its reconstruction


class VaeTraining(FamilyTraining[VaeConfig, SpectralAutoencoder, VaePrepared]):
    """Build, evaluate, sample and export the network; the loop is in training/loop.py, the losses in network.py."""

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
    """Return the Gaussians of the latents of clips.

    Parameters
    ----------
    autoencoder : SpectralAutoencoder
        The trained module.
    waves : np.ndarray of shape ``(n, time)``

    Returns
    -------
    means, log_variances : np.ndarray of shape ``(n, latents, latent_size)``
    """
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
    """Return the clips of latents as inference decodes them, clip ``i`` with the noise of seed ``i``.

    Parameters
    ----------
    autoencoder : SpectralAutoencoder
        The trained module.
    latents : np.ndarray of shape ``(n, latents, latent_size)``
    label : int, optional
        Index of the label of all clips.
    pitches : sequence of float, optional
        MIDI numbers that the clips have in turn, for a model with pitch.

    Returns
    -------
    np.ndarray
        ``(n, n_samples)``.
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
    """Return the distances of reconstructions from recordings, each the mean over the clips.

    Parameters
    ----------
    references, estimates : np.ndarray
        Recordings and reconstructions, ``(n, time)``.
    sample_rate : int, in Hz

    Returns
    -------
    dict
        ``valid/mel`` (nats), ``valid/stft`` and ``valid/si_sdr`` (dB), see :mod:`wavewright.metrics.reconstruction`.
    """
    pairs = list(zip(references, estimates, strict=True))
    return {
        "valid/mel": float(np.mean([mel_distance(*pair, sample_rate) for pair in pairs])),
        "valid/stft": float(np.mean([stft_distance(*pair) for pair in pairs])),
        "valid/si_sdr": float(np.mean([si_sdr(*pair) for pair in pairs])),
    }
