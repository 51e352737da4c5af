"""The hits of a recording: cut at transients, trimmed, classified, and compared with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base.units import db_to_gain, gain_to_db, seconds_to_samples
from ...contracts.runtime import Classifier
from ...data.entry import SILENT_PEAK
from ...dsp.onset import fade
from ...dsp.spectrum import istft, stft
from ...dsp.transients import find_transients
from ...metrics.embeddings import LogMelEmbedding, resampled
from ..recognition.recogniser import RecordingRecogniser

LEAD_SECONDS = 0.001
"""A hit starts so much before its transient."""

FADE_SECONDS = 0.003
TAIL_DB = -60.0
"""A hit ends where it stays below this, relative to its peak."""

SHORTEST_SECONDS = 0.01
LEVEL_SECONDS = 0.08
"""The level of a hit is the root mean square of so much from its transient on."""

COMPARED_SECONDS = 0.2
"""Likeness is that of the first part of hits, since the next one cuts them off."""


N_FFT, HOP_LENGTH = 1_024, 256
BACKGROUND_SECONDS, BACKGROUND_DECAY_DB, BACKGROUND_FACTOR, LEAST_GAIN = 0.045, 60.0, 1.5, 0.05
"""The sound before a hit, which rings on: measured over so long, falling by so much a second, taken off so many times
from the spectrum that is classified, of which at least this fraction stays."""


@dataclass(frozen=True, eq=False)
class Hit:
    """A hit of a recording."""

    start: int  # sample of the recording at which ``wave`` starts
    onset: int  # sample at which its transient starts
    wave: np.ndarray  # ``(channels, time)``
    level_db: float  # of its first 80 ms, in dB of full scale
    confidences: dict[str, float]  # of the labels of the classifier
    fits: bool  # whether the classifier accepts it as one of its labels


def find_hits(
    wave: np.ndarray,
    sample_rate: int,
    classifier: Classifier,
    *,
    rise_db: float,
    min_gap_seconds: float,
    max_seconds: float,
) -> list[Hit]:
    """Cut a recording at its transients.

    - ``wave``: ``(channels, time)``.
    - ``sample_rate``: in Hz.
    - ``rise_db``, ``min_gap_seconds``: see :func:`.transients.find_transients`.
    - ``max_seconds``: a hit ends after so long at the latest.
    - returns: in the order of the recording; without what is silent.
    """
    onsets = find_transients(wave, sample_rate, rise_db=rise_db, min_gap_seconds=min_gap_seconds).tolist()
    lead = seconds_to_samples(LEAD_SECONDS, sample_rate)
    n_most = seconds_to_samples(max_seconds, sample_rate)
    hits = []
    for onset, following in zip(onsets, [*onsets[1:], wave.shape[1] + lead], strict=False):
        start = max(0, onset - lead)
        cut = wave[:, start : min(following - lead, start + n_most)]
        if onset < lead:  # the first one starts with the recording
            cut = np.pad(cut, ((0, 0), (lead - onset, 0)))
        cut = trimmed(cut, sample_rate)
        if cut.shape[1] >= seconds_to_samples(SHORTEST_SECONDS, sample_rate):
            before = wave[:, max(0, start - seconds_to_samples(BACKGROUND_SECONDS, sample_rate)) : start]
            hits.append(_hit(cut, before, start, onset, sample_rate, classifier))
    return hits


def trimmed(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a hit ``(channels, time)`` that ends where it stays below -60 dB of its peak, faded; empty for silence."""
    magnitude = np.abs(wave).max(axis=0, initial=0.0)
    loud = np.flatnonzero(magnitude > magnitude.max(initial=0.0) * db_to_gain(TAIL_DB))
    if not len(loud):
        return wave[:, :0]
    n_fade = seconds_to_samples(FADE_SECONDS, sample_rate)
    cut = wave[:, : int(loud[-1]) + 1 + n_fade]
    return fade(cut, min(seconds_to_samples(LEAD_SECONDS, sample_rate) // 2, cut.shape[1] // 8), n_fade)


def level_db_of(wave: np.ndarray, sample_rate: int) -> float:
    """Return the level of a hit ``(channels, time)`` in dB of full scale."""
    n_level = seconds_to_samples(LEVEL_SECONDS, sample_rate)
    power = float(np.square(wave[:, :n_level], dtype=np.float64).sum(axis=1).mean()) / n_level
    return float(gain_to_db(max(power, 1e-20) ** 0.5))


def without_background(hit: np.ndarray, before: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a hit without what rings on from before it, by spectral subtraction.

    - ``hit``, ``before``: ``(time,)``; ``before`` ends where the hit starts.
    - ``sample_rate``: in Hz.
    """
    if len(before) < N_FFT or not before.any():
        return hit
    background = np.sqrt(np.square(np.abs(stft(before, N_FFT, HOP_LENGTH, padding="none"))).mean(axis=1))
    spectrum = stft(hit, N_FFT, HOP_LENGTH)
    seconds = np.arange(spectrum.shape[1]) * HOP_LENGTH / sample_rate
    expected = BACKGROUND_FACTOR * background[:, None] * db_to_gain(-BACKGROUND_DECAY_DB * seconds)
    gains = np.maximum(1.0 - expected / np.maximum(np.abs(spectrum), 1e-12), LEAST_GAIN).astype(np.float32)
    return istft(spectrum * gains, N_FFT, HOP_LENGTH, n_samples=len(hit))


def _hit(cut: np.ndarray, before: np.ndarray, start: int, onset: int, sample_rate: int, classifier: Classifier) -> Hit:
    clean = np.stack([without_background(*pair, sample_rate) for pair in zip(cut, before, strict=True)])
    mono = clean.mean(axis=0, dtype=np.float32)
    if np.abs(mono).max() <= SILENT_PEAK:  # channels of opposite signs, or a hit that is hardly one
        mono = cut[0]
    if np.abs(mono).max() <= SILENT_PEAK:
        mono = mono / np.abs(mono).max(initial=1e-9)
    mono = resampled(mono[None], sample_rate, classifier.sample_rate)
    recognised = RecordingRecogniser(classifier, len(classifier.labels)).recognise([mono])
    confidences = {each.label: each.confidence for each in recognised.labels}
    return Hit(start, onset, cut, level_db_of(cut, sample_rate), confidences, recognised.label is not None)


def grouped(hits: Sequence[Hit], sample_rate: int, distance_db: float, n_most: int) -> list[list[Hit]]:
    """Return hits in groups of like ones, by average linkage of their log-mel embeddings.

    - ``distance_db``: mean distance of groups from which on they are not one, in dB of the embedding; 0 groups none.
    - ``n_most``: largest number of groups; the nearest ones become one if there are more.
    - returns: each in the order of the recording.
    """
    if len(hits) < 2:
        return [list(hits)] if hits else []
    from scipy.cluster.hierarchy import fcluster, linkage  # slow to import

    embedding = LogMelEmbedding(sample_rate, COMPARED_SECONDS)
    n_compared = seconds_to_samples(COMPARED_SECONDS, sample_rate)
    waves = [hit.wave.mean(axis=0, dtype=np.float32)[:n_compared] for hit in hits]
    vectors = np.concatenate(
        [embedding(np.pad(wave, (0, n_compared - len(wave)))[None], sample_rate) for wave in waves]
    )
    tree = linkage(vectors, "average")
    numbers = fcluster(tree, distance_db, "distance") if distance_db else np.arange(len(hits))
    if len(set(numbers.tolist())) > n_most:
        numbers = fcluster(tree, n_most, "maxclust")
    groups: dict[int, list[Hit]] = {}
    for number, hit in zip(numbers.tolist(), hits, strict=True):
        groups.setdefault(number, []).append(hit)
    return list(groups.values())
