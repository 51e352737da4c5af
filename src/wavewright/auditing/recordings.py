"""Recordings that an audit compares with: read once, near-duplicates merged, as waves and levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..base.errors import BadAudio, BadFolder, MissingExtra
from ..base.result import Failed
from ..data.duplicates import fingerprint, near_duplicates
from ..data.entry import Entry
from ..data.preparation import Level, Preparation, decode_at
from ..models.card import Card
from .fingerprint import CellLevels, levels_of

SAME_DB = 1.0
"""Distance of the fingerprints of a folder's recordings up to which they are copies of each other."""

MAX_SECONDS = 60.0
"""Longest part of a recording that is compared."""


@dataclass(frozen=True)
class AuditedRecording:
    """A recording ``(time,)`` at the sample rate of the model, and how often the folder has it.

    ``level`` is that of its preparation for training; see :class:`wavewright.data.preparation.Preparation`.
    """

    entry: Entry
    wave: np.ndarray
    sample_rate: int
    n_copies: int = 1
    level: Level = "peak"

    @cached_property
    def levels(self) -> CellLevels:
        """CellLevels of its cells."""
        return levels_of(self.wave, self.sample_rate)

    @cached_property
    def prepared(self) -> np.ndarray:
        """The wave as models of sequences learn it: without silence at both ends, and at `level`."""
        prepared: np.ndarray = Preparation("crop", level=self.level).apply_whole(self.wave[None])[0]
        return prepared


@dataclass(frozen=True)
class Recordings:
    """Different recordings of a folder, and files that were left out."""

    different: tuple[AuditedRecording, ...]
    failed: tuple[Failed, ...] = ()

    @property
    def n_files(self) -> int:
        """Number of files with their copies."""
        return sum(recording.n_copies for recording in self.different)


def level_of(card: Card) -> Level:
    """Return the level at which a model learned recordings, by the recipe on its card."""
    data = card.recipe.get("data")
    return "none" if isinstance(data, Mapping) and data.get("level") is False else "peak"


def read_recordings(
    entries: Sequence[Entry], sample_rate: int, show: Callable[[float], None], level: Level = "peak"
) -> Recordings:
    """Read recordings, one of each set of copies.

    - ``sample_rate``: of the model: recordings are compared as it could represent them.
    - ``level``: of their preparation, as the model learned them.

    Raises BadFolder if no recording can be read, or all are silent.
    """
    waves: list[tuple[Entry, np.ndarray]] = []
    failed: list[Failed] = []
    for number, entry in enumerate(entries):
        try:
            wave = np.concatenate(list(decode_at(entry, sample_rate, 1)), axis=1)[0, : int(MAX_SECONDS * sample_rate)]
        except (BadAudio, MissingExtra) as error:
            failed.append(Failed(entry.path, str(error)))
            continue
        if len(levels_of(wave, sample_rate).cells):
            waves.append((entry, wave))
        else:
            failed.append(Failed(entry.path, "is silent"))
        show(number + 1)
    if not waves:
        raise BadFolder(f"No recording can be compared: {failed[0]}; give a folder with sound.")
    copies = near_duplicates(np.stack([fingerprint(wave, sample_rate) for _, wave in waves]), SAME_DB)
    n_copies = {members[0]: len(members) for members in copies}
    left_out = {member for members in copies for member in members[1:]}
    return Recordings(
        tuple(
            AuditedRecording(entry, wave, sample_rate, n_copies.get(number, 1), level)
            for number, (entry, wave) in enumerate(waves)
            if number not in left_out
        ),
        tuple(failed),
    )
