"""Who speaks each line of a recording, by clustering: for recognisers and subtitles that do not say it.

A line is described by means and deviations of its cepstra (timbre of the voice) and by the mean embedding of the
bundled model ``sound-encoder``, each standardised over the lines, so that what all share (microphone, room) does not
count. Lines are joined by average linkage of cosine distances until as many clusters are left as there are speakers; if
their number is unknown, it is the one whose silhouettes have the highest mean, or one where no mean is high.
How sure a line is, is its silhouette (Rousseeuw, "Silhouettes", 1987): 1 where it is far from all other speakers, 0
between two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.errors import BadSetting
from ..dsp.mel import power_to_db
from ..families import loading
from .stretches import RATE, mel_power, waves_between

ENCODER = "sound-encoder"
WINDOW, HOP = RATE, RATE // 2  # samples of a line that are embedded together
LONGEST_SECONDS = 12.0  # of a line that are used
QUIET_DB = 30.0  # below its loudest frame, which a line is described without
N_CEPSTRA = 24
MOST_FOUND = 8  # speakers whose number is not given
LEAST_APART = 0.22  # mean silhouette below which all lines are those of one speaker
DOUBTFUL = 0.1
"""Silhouette below which somebody should check the speaker of a line."""


@dataclass(frozen=True)
class ClusteredSpeakers:
    """Speakers of lines: their numbers from 1 by first appearance, and how sure each line is, from -1 to 1."""

    numbers: tuple[int, ...]
    sureness: tuple[float, ...]

    @property
    def suspect(self) -> list[int]:
        """Positions of the lines whose speaker should be checked."""
        return [index for index, sure in enumerate(self.sureness) if sure < DOUBTFUL]


def cluster_speakers(sound: Path, spans: Sequence[tuple[float, float]], n_speakers: int) -> ClusteredSpeakers:
    """Return who speaks each line of a recording.

    - ``spans``: start and end of each line in seconds, the starts in order.
    - ``n_speakers``: number of speakers; 0 to find it, up to MOST_FOUND.

    Raises BadSetting if there are fewer lines than speakers, BadAudio if the sound cannot be read, or BadModel without
    the encoder.
    """
    if len(spans) < n_speakers:
        raise BadSetting(f"{sound} has {len(spans)} lines, and there are {n_speakers} speakers; give fewer.")
    if n_speakers == 1 or len(spans) < 2:
        return ClusteredSpeakers((1,) * len(spans), (1.0,) * len(spans))
    bounded = [(start, min(end, start + LONGEST_SECONDS)) for start, end in spans]
    encoder = loading.load_encoder(ENCODER)
    waves = [*waves_between(sound, bounded)]
    timbres = _standardised([_cepstra(wave) for wave in waves])
    embedded = _standardised([encoder.embed(_windows(wave), RATE).mean(axis=0) for wave in waves])
    return clustered(np.concatenate([timbres, embedded], axis=1), n_speakers)


def clustered(rows: np.ndarray, n_speakers: int) -> ClusteredSpeakers:
    """Return the speakers of lines that rows ``(lines, features)`` describe; of 0 speakers, the number is found."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist, squareform

    distances = np.nan_to_num(pdist(rows, "cosine"), nan=1.0)
    tree, square = linkage(distances, "average"), squareform(distances)
    candidates = [n_speakers] if n_speakers else range(2, min(MOST_FOUND, len(rows) - 1) + 1)
    labels, sureness = np.ones(len(rows), int), np.ones(len(rows))
    least = -1.0 if n_speakers else LEAST_APART
    for number in candidates:
        divided = fcluster(tree, number, "maxclust")
        if len(np.unique(divided)) < 2:  # all distances are alike
            continue
        silhouettes = _silhouettes(square, divided)
        if silhouettes.mean() > least:
            labels, sureness, least = divided, silhouettes, float(silhouettes.mean())
    order = {label: number for number, label in enumerate(dict.fromkeys(labels.tolist()), 1)}
    return ClusteredSpeakers(tuple(order[label] for label in labels.tolist()), tuple(sureness.round(3).tolist()))


def _silhouettes(distances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the silhouette of each line; 0 for the only line of a speaker."""
    kinds = np.unique(labels)
    members = labels[None] == kinds[:, None]  # (speakers, lines)
    totals = members @ distances  # (speakers, lines)
    counts = members.sum(axis=1)
    own = np.searchsorted(kinds, labels)
    columns = np.arange(len(labels))
    inner = totals[own, columns] / np.maximum(counts[own] - 1, 1)
    means = totals / counts[:, None]
    means[own, columns] = np.inf
    outer = means.min(axis=0)
    found = np.where(np.isfinite(outer), (outer - inner) / np.maximum(np.maximum(inner, outer), 1e-9), 0.0)
    return np.where(counts[own] == 1, 0.0, found)


def _cepstra(wave: np.ndarray) -> np.ndarray:
    """Return means and deviations of the cepstra of a wave ``(time,)``, without quiet frames."""
    from scipy.fft import dct

    mel_db = power_to_db(mel_power(wave), floor=1e-6)
    level = mel_db.mean(axis=0)
    cepstra = dct(mel_db[:, level >= level.max() - QUIET_DB], axis=0, norm="ortho")[1 : N_CEPSTRA + 1]
    return np.concatenate([cepstra.mean(axis=1), cepstra.std(axis=1)])


def _windows(wave: np.ndarray) -> np.ndarray:
    """Return windows ``(windows, WINDOW)`` of a wave ``(time,)``; one that is shorter is padded."""
    padded = np.pad(wave, (0, max(0, WINDOW - len(wave))))
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]


def _standardised(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return rows ``(lines, features)`` of mean 0 and deviation 1 in each feature, divided by their number."""
    stacked = np.stack(rows)
    scaled = (stacked - stacked.mean(axis=0)) / np.maximum(stacked.std(axis=0), 1e-9)
    return np.asarray(scaled / np.sqrt(scaled.shape[1]))
