"""Loss that keeps generated clips at a minimum distance from the recordings of their label."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..dsp.mel import mel_filterbank
from ..metrics.embeddings import LogMelEmbedding
from ..metrics.spectral_features import span_edges
from .spectrum import power_spectrum, stft


class DifferentiableLogMelEmbedding(nn.Module):
    """:class:`wavewright.metrics.LogMelEmbedding` in torch, equal to it for waves of its sample rate and length."""

    def __init__(self, sample_rate: int, n_samples: int) -> None:
        super().__init__()
        self.embedding = embedding = LogMelEmbedding(sample_rate, n_samples / sample_rate)
        self.n_samples = max(n_samples, (embedding.n_spans - 1) * embedding.n_fft // 4)
        f_max_hz = min(16_000.0, sample_rate / 2)
        filters = mel_filterbank(sample_rate, embedding.n_fft, embedding.n_mels, 30.0, f_max_hz, "htk")  # (mels, bins)
        pooled = (filters > 0).astype(np.float32)
        self.filters = nn.Buffer(torch.from_numpy(np.asarray(filters, np.float32)), persistent=False)
        self.pooled_bins = nn.Buffer(torch.from_numpy(pooled / pooled.sum(1, keepdims=True)), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Embed waves ``(batch, time)`` as ``(batch, 240)``."""
        embedding = self.embedding
        wave = F.pad(wave, (0, self.n_samples - wave.shape[-1]))
        spectrum = stft(wave, embedding.n_fft, embedding.n_fft // 4)
        power = power_spectrum(spectrum).transpose(1, 2)  # (batch, frames, bins)
        mel_power = power @ self.filters.T  # (batch, frames, mels)
        levels = _mean_of_spans(mel_power, embedding.n_spans)
        loudest = levels.amax((1, 2), keepdim=True)
        changes = F.pad(_decibels(mel_power, loudest, embedding.floor_db).diff(dim=1).abs(), (0, 0, 0, 1))
        loudest_bin = power.amax((1, 2), keepdim=True)
        floor_db = embedding.floor_db - 10.0  # as metrics.spectral_features.band_tonality_db
        mean_db = _decibels(power @ self.pooled_bins.T, loudest_bin, floor_db)
        peakiness = mean_db - _decibels(power, loudest_bin, floor_db) @ self.pooled_bins.T
        features = [
            _flatten(_decibels(levels, loudest, embedding.floor_db)),
            embedding.coarse_weight * _flatten(self._pool(changes)),
            embedding.coarse_weight * _flatten(self._pool(peakiness)),
        ]
        return torch.cat(features, 1)

    def _pool(self, values: Tensor) -> Tensor:
        """Average ``(batch, frames, mels)`` over spans and groups of bands: ``(batch, spans, groups)``."""
        spans = _mean_of_spans(values, self.embedding.n_coarse_spans)
        return torch.unflatten(spans, -1, (self.embedding.n_coarse_bands, -1)).mean(-1)


def copy_penalty(embedded: Tensor, label: Tensor, known: Tensor, known_label: Tensor, limits: Tensor) -> Tensor:
    """Return the mean fraction by which clips are closer to a recording than the limit of their label, 0 if none is.

    - ``embedded``: clips ``(batch, d)``.
    - ``known``: recordings ``(n, d)`` of any label.
    - ``known_label``: labels ``(n,)`` of these; a clip is compared only with those of its own label.
    - ``limits``: smallest distance allowed for each label, ``(labels,)``.
    - returns: the mean over the batch of ``max(0, 1 - distance / limit)`` for the nearest recording.
    """
    distance = (embedded.unsqueeze(1) - known).square().sum(-1).add(1e-12).sqrt()  # (batch, n)
    nearest = distance.masked_fill(label.unsqueeze(1) != known_label, float("inf")).amin(1)
    return F.relu(1 - nearest / limits[label].clamp(min=1e-6)).mean()


def _mean_of_spans(values: Tensor, n_spans: int) -> Tensor:
    """Average ``(batch, frames, d)`` over spans that grow by a constant factor: ``(batch, spans, d)``."""
    edges = span_edges(values.shape[1], n_spans)
    return torch.stack([values[:, start:end].mean(1) for start, end in pairwise(edges)], 1)


def _decibels(power: Tensor, loudest: Tensor, floor_db: float) -> Tensor:
    ratio = power / loudest.clamp(min=torch.finfo(torch.float32).tiny)
    return float(10 / np.log(10.0)) * ratio.clamp(min=10 ** (floor_db / 10)).log()


def _flatten(values: Tensor) -> Tensor:
    """Flatten ``(batch, ...)`` to ``(batch, n)`` over the root of n, so that distances do not grow with n."""
    flat = values.flatten(1)
    return flat / float(flat.shape[1] ** 0.5)
