"""Recordings that carry the mark of generated sound, so that nobody trains on the output of models unawares."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from time import monotonic

import numpy as np

from ..base.errors import BadAudio, MissingExtra
from ..outputs.watermark.detection import MarkSearch, detect_wave
from ..outputs.watermark.evidence import MAX_P_VALUE, p_value_of
from .entry import Entry
from .preparation import decode

MAX_SEARCHED = 32
"""Clips of a collection that are searched, drawn at random."""

MAX_SEARCH_SECONDS = 2.0
"""Time after which a training run searches no further clips."""

SECONDS = 6.0
"""Start of a clip that is searched."""


def warn_of_marked(entries: Sequence[Entry], log: Callable[[str], None]) -> None:
    """Log a warning if some of the recordings are generated sound, for which at most MAX_SEARCH_SECONDS are taken."""
    marked, searched = search_marked(entries, MAX_SEARCH_SECONDS)
    if marked:
        log(
            f"warning: {len(marked)} of {len(searched)} recordings, drawn at random, have the mark of sound that "
            f"Wavewright generated, such as {marked[0].path.name}; a model that learns from the output of models gets "
            "worse. Leave them out unless you mean it."
        )


def marked_entries(entries: Sequence[Entry]) -> list[Entry]:
    """Return the clips with the mark of the default key among at most MAX_SEARCHED, in their order."""
    return search_marked(entries)[0]


def search_marked(entries: Sequence[Entry], max_seconds: float | None = None) -> tuple[list[Entry], list[Entry]]:
    """Return the clips with the mark of the default key, and those that were searched, in their order.

    Clips that are too short one by one are searched together; if their evidence is enough, all of them are returned.

    - ``entries``: clips, of which at most MAX_SEARCHED are drawn, the same every time.
    - ``max_seconds``: time after which no further clip is searched; no limit by default.
    """
    end = math.inf if max_seconds is None else monotonic() + max_seconds
    together = MarkSearch()
    marked: list[int] = []
    searched: list[int] = []
    for index in np.random.default_rng(0).permutation(len(entries))[:MAX_SEARCHED].tolist():
        if monotonic() > end:
            break
        try:
            wave = _start_of(entries[index])
        except (BadAudio, MissingExtra):
            continue
        searched.append(index)
        if detect_wave(wave, entries[index].sample_rate, any_speed=False, together=together).is_marked:
            marked.append(index)
    if not marked and p_value_of(together.result_with_payload()[0]) <= MAX_P_VALUE:
        marked = searched
    in_order = [[entries[index] for index in sorted(indices)] for indices in (marked, searched)]
    return in_order[0], in_order[1]


def _start_of(entry: Entry) -> np.ndarray:
    """Return the first SECONDS of a clip ``(channels, time)``."""
    blocks, n_left = [], round(SECONDS * entry.sample_rate)
    for block in decode(entry):
        blocks.append(block[:, :n_left])
        n_left -= blocks[-1].shape[1]
        if not n_left:
            break
    return np.concatenate(blocks, axis=1)
