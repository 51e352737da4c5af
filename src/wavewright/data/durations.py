"""How long whole sounds last: which are too long to learn, and the durations that a model draws from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .entry import Entry, Problem

N_QUANTILES = 33
FEWEST_DURATIONS = 8  # clips of a label and a speaker; with fewer, those of all speakers count


def leave_out_long(entries: Sequence[Entry], longest_seconds: float) -> tuple[list[Entry], list[Problem]]:
    """The entries that last no longer than that, and a problem for each other one."""
    kept = [entry for entry in entries if entry.seconds <= longest_seconds]
    allowed = f"whole sounds may last {longest_seconds:.3g} s (data.longest_seconds)"
    too_long = [entry for entry in entries if entry.seconds > longest_seconds]
    return kept, [Problem(entry.path, f"it lasts {entry.seconds:.3g} s; {allowed}") for entry in too_long]


def duration_quantiles(
    durations: np.ndarray, labels: np.ndarray, speakers: np.ndarray, n_labels: int, n_speakers: int
) -> np.ndarray:
    """Quantiles of ``durations (n,)`` by label and speaker, ``(n_labels, n_speakers, N_QUANTILES)`` float32, shortest to longest.

    ``labels`` and ``speakers`` ``(n,)`` are numbers; there is at least one of each. A label without clips has the durations of all.
    """
    shares = np.linspace(0, 1, N_QUANTILES)
    table = np.empty((n_labels, n_speakers, N_QUANTILES), np.float32)
    for label in range(n_labels):
        of_label = labels == label
        for speaker in range(n_speakers):
            own = of_label & (speakers == speaker)
            chosen = own if own.sum() >= FEWEST_DURATIONS else of_label
            table[label, speaker] = np.quantile(durations[chosen] if chosen.any() else durations, shares)
    return table
