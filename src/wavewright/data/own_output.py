"""Recordings that carry the mark of generated sound, so that nobody trains on the output of models unawares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import BadAudio, MissingExtra
from ..watermark.detection import MarkSearch, detect_wave
from ..watermark.evidence import MAX_P_VALUE, p_value_of
from .decode import decode
from .entry import Entry

MAX_SEARCHED = 32
"""Clips of a collection that are searched, spread over it."""

SECONDS = 6.0
"""Start of a clip that is searched."""


def marked_entries(entries: Sequence[Entry]) -> list[Entry]:
    """Return the clips with the mark of the default key among at most MAX_SEARCHED.

    Clips that are too short one by one are searched together; if their evidence is enough, all of them are returned.
    """
    step = max(1, len(entries) / MAX_SEARCHED)
    searched = [entries[int(step * index)] for index in range(min(len(entries), MAX_SEARCHED))]
    together = MarkSearch()
    marked = []
    for entry in searched:
        try:
            wave = _start_of(entry)
        except (BadAudio, MissingExtra):
            continue
        if detect_wave(wave, entry.sample_rate, any_speed=False, together=together).is_marked:
            marked.append(entry)
    is_marked = p_value_of(together.result_with_payload()[0]) <= MAX_P_VALUE
    return searched if is_marked and not marked else marked


def _start_of(entry: Entry) -> np.ndarray:
    """Return the first SECONDS of a clip ``(channels, time)``."""
    blocks, n_left = [], round(SECONDS * entry.sample_rate)
    for block in decode(entry):
        blocks.append(block[:, :n_left])
        n_left -= blocks[-1].shape[1]
        if not n_left:
            break
    return np.concatenate(blocks, axis=1)
