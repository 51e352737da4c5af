"""Requests that a model answers with the same sound again and again, and the recording that this sound is near to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .fingerprint import CellLevels, distances, windows_of
from .output import AuditedClip
from .recitation import Limits, Nearest

MIN_CLIPS = 3
"""Fewest clips of a request: a label and a speaker."""

MAX_CLIPS = 10
"""Most clips of a request that are compared with each other."""

ALIKE_DB = 2.0
"""Median distance of the clips of a request from each other up to which they are one sound."""

REPEATED_LIMITS = Limits(5.0, 0.5)
"""Of a sound that a model repeats: wider than those of a clip, which may be near to a recording by chance."""


def repeated_sounds(
    clips: Sequence[AuditedClip], levels: Mapping[str, CellLevels], nearest: Sequence[Nearest]
) -> list[Nearest]:
    """Return for each request the pair of its clip and recording at the median distance.

    It is too near if all clips of the request are one sound, most of them are nearest to this recording, and the
    distance is within REPEATED_LIMITS. Requests with fewer than MIN_CLIPS clips are left out.
    """
    by_name = {pair.clip: pair for pair in nearest}
    requests: dict[str, list[str]] = {}
    for clip in clips:
        if clip.name in by_name:
            requests.setdefault(clip.request, []).append(clip.name)
    found = []
    for names in requests.values():
        if len(names) >= MIN_CLIPS:
            pair, is_common = _typical([by_name[name] for name in names])
            is_one_sound = is_common and _mutual_distance([levels[name] for name in names]) <= ALIKE_DB
            found.append(pair.judged(REPEATED_LIMITS) if is_one_sound else replace(pair, is_near=False))
    return found


def _typical(pairs: Sequence[Nearest]) -> tuple[Nearest, bool]:
    """Return the pair at the median distance from the most frequent recording, and whether most pairs have it."""
    recording, count = Counter(pair.recording for pair in pairs).most_common(1)[0]
    of_recording = sorted((pair for pair in pairs if pair.recording == recording), key=lambda pair: pair.distance_db)
    return of_recording[len(of_recording) // 2], 2 * count > len(pairs)


def _mutual_distance(levels: Sequence[CellLevels]) -> float:
    """Return the median distance of the first window of each clip from the other clips."""
    chosen = levels[:MAX_CLIPS]
    table = distances([windows_of(each)[0][1] for each in chosen], chosen)
    return float(np.median(table[~np.eye(len(chosen), dtype=bool)]))
