"""Durations of whole clips: exclude those too long to learn, and tabulate the quantiles that a model draws from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.result import Failed
from .entry import Entry

N_QUANTILES = 33
MIN_DURATIONS = 8  # clips of a label and a speaker; with fewer, the durations of all speakers are used


def exclude_long(entries: Sequence[Entry], longest_seconds: float) -> tuple[list[Entry], list[Failed]]:
    """Split ``entries`` into those of at most ``longest_seconds`` and a problem for each longer one."""
    retained = [entry for entry in entries if entry.seconds <= longest_seconds]
    too_long = [entry for entry in entries if entry.seconds > longest_seconds]
    allowed = f"whole sounds may last {longest_seconds:.3g} s (data.longest_seconds)"
    return retained, [Failed(entry.path, f"it lasts {entry.seconds:.3g} s; {allowed}") for entry in too_long]


def duration_quantiles(
    durations: np.ndarray, labels: np.ndarray, speakers: np.ndarray, n_labels: int, n_speakers: int
) -> np.ndarray:
    """Return the quantiles of durations by label and speaker.

    - ``durations``: duration of each clip, ``(n,)``, in any unit.
    - ``labels``, ``speakers``: indices of each clip's label and speaker, ``(n,)``.
    - ``n_labels``, ``n_speakers``: at least 1.
    - returns: ``(n_labels, n_speakers, N_QUANTILES)`` float32, ascending along the last axis. A label and speaker with
      fewer than MIN_DURATIONS clips has the durations of the label, a label without clips those of all.
    """
    fractions = np.linspace(0, 1, N_QUANTILES)
    table = np.empty((n_labels, n_speakers, N_QUANTILES), np.float32)
    for label in range(n_labels):
        of_label = labels == label
        for speaker in range(n_speakers):
            of_speaker = of_label & (speakers == speaker)
            chosen = of_speaker if of_speaker.sum() >= MIN_DURATIONS else of_label
            table[label, speaker] = np.quantile(durations[chosen] if chosen.any() else durations, fractions)
    return table
