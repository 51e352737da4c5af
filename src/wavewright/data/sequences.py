"""Clips of any length for models of sequences: select, split and decode them, draw crops or whole clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.errors import BadFolder
from ..base.result import Failed
from .entry import Entry
from .preparation import Preparation
from .selection import Selection, label_indices, select_labels_and_speakers
from .splits import assign_splits, without_speaker_groups
from .store import ClipStore

# --- Durations of whole clips: exclude those too long to learn, and tabulate the quantiles that a model draws from

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


POOL_BATCHES = 8  # of clips that are sorted by length, so that the clips of a batch are about equally long


@dataclass(frozen=True)
class SequenceClips:
    """Decoded clips with the labels and speakers that a model learns.

    The names are in the order of the model's indices, and empty for a model without labels or speakers.
    """

    store: ClipStore  # whole clips at the sample rate of the model
    label_names: tuple[str, ...]
    speaker_names: tuple[str, ...]
    failed: tuple[Failed, ...]  # recordings that were left out

    @property
    def entries(self) -> Sequence[Entry]:
        """Entry of each clip."""
        return self.store.entries

    @property
    def labels(self) -> np.ndarray:
        """Label index of each clip, ``(n,)`` int64; 0 without labels."""
        return label_indices((entry.label for entry in self.entries), self.label_names)

    @property
    def speakers(self) -> np.ndarray:
        """Speaker index of each clip, ``(n,)`` int64; 0 without speakers."""
        return label_indices((entry.speaker for entry in self.entries), self.speaker_names)

    @property
    def groups(self) -> np.ndarray:
        """Group of each clip, or its path without one, ``(n,)`` str; clips of one group are takes of one sound."""
        return np.array([entry.group or str(entry.path) for entry in self.entries])

    def duration_quantiles(self, durations: np.ndarray, rows: Sequence[int]) -> np.ndarray:
        """Return quantiles of ``durations (n,)`` of the clips in ``rows``, ``(labels, speakers, quantiles)`` float32.

        There is at least one label and one speaker.
        """
        return duration_quantiles(
            durations[rows],
            self.labels[rows],
            self.speakers[rows],
            max(len(self.label_names), 1),
            max(len(self.speaker_names), 1),
        )


def load_sequences(
    entries: Sequence[Entry],
    sample_rate: int,
    *,
    labels: Sequence[str] = (),
    speakers: Sequence[str] = (),
    is_named: bool = True,
    smallest_class: int = 1,
    valid_fraction: float = 0.1,
    longest_seconds: float | None = None,
    preparation: Preparation | None = None,
    cache_folder: Path | None = None,
) -> SequenceClips:
    """Split, select and decode recordings.

    - ``entries``: the recordings.
    - ``sample_rate``: of the clips, in hertz.
    - ``labels``, ``speakers``, ``smallest_class``: as for
      :func:`~wavewright.data.selection.select_labels_and_speakers`.
    - ``is_named``: learn labels and speakers; without it, only the split of an entry counts.
    - ``valid_fraction``: fraction of the groups, or clips without group, for validation.
    - ``longest_seconds``: longer clips are left out.
    - ``preparation``: preparation of the clips; by default trimmed and normalised to their peak.
    - ``cache_folder``: as for :meth:`ClipStore.build`.

    Raises BadFolder if no training clip has one of the labels or speakers, or none is left to train on.
    """
    grouped = without_speaker_groups(entries) if is_named else entries
    split: Sequence[Entry] = assign_splits(grouped, by="group", valid=valid_fraction, test=0.0)
    too_long: list[Failed] = []
    if longest_seconds is not None:
        split, too_long = exclude_long(split, longest_seconds)
    if is_named:
        selection = select_labels_and_speakers(split, labels, speakers, smallest_class)
    else:
        selection = Selection((), (), tuple(entry for entry in split if entry.split != "test"))
    if not any(entry.split == "train" for entry in selection.entries):
        raise BadFolder(
            f"None of the {len(entries)} clips is left to train on; check labels and splits of the folder, or lower "
            "data.valid_fraction or data.smallest_class."
        )
    store = ClipStore.build(selection.entries, sample_rate, None, preparation or Preparation("crop"), cache_folder)
    failed = (*too_long, *selection.failed, *store.failed)
    return SequenceClips(store, selection.labels, selection.speakers, failed)


@dataclass(frozen=True)
class CropSampler:
    """Draws the clips of a batch: crops of endless clips, or whole clips of about one length."""

    lengths: np.ndarray  # frames of each clip, (n,)
    batch_size: int
    crop_frames: int | None  # of a crop; None for whole clips

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows and first frames of a batch, ``(batch_size,)`` each.

        Endless clips are drawn in proportion to their length, whole clips uniformly.
        """
        if self.crop_frames is not None:
            weights = self.lengths.astype(np.float64)
            rows = rng.choice(len(self.lengths), self.batch_size, p=weights / weights.sum())
            starts = rng.integers(0, np.maximum(self.lengths[rows] - self.crop_frames, 0) + 1)
            return rows, starts
        pool = rng.choice(len(self.lengths), POOL_BATCHES * self.batch_size)
        pool = pool[np.argsort(self.lengths[pool], kind="stable")]
        first = rng.integers(POOL_BATCHES) * self.batch_size
        return pool[first : first + self.batch_size], np.zeros(self.batch_size, np.int64)
