"""Does a model recite or repeat: distances of what it generates from training recordings, beside held-out ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..metrics.confusion import wilson_interval
from ..metrics.sampling import Interval
from .fingerprint import CELL_SECONDS, CellLevels, distances, levels_of, locate, windows_of
from .output import AuditedClip, Continuation
from .recordings import AuditedRecording

COPY_DB = 1.0
"""Distance from a recording up to which a window counts as a copy of it."""

N_NEXT = 10
"""Recordings after the nearest one, with whose median distance that of the nearest is compared."""

SIGNIFICANCE = 0.01
"""Probability of the counts, or of more extreme ones, below which a model recites (Fisher's exact test)."""


@dataclass(frozen=True)
class Limits:
    """Up to where a window is too near: at most COPY_DB away, or within both limits."""

    distance_db: float  # largest distance
    ratio: float  # largest distance over the median distance of the next N_NEXT recordings

    def hold(self, distance_db: float, ratio: float) -> bool:
        """Return True for a window that is too near."""
        return distance_db <= COPY_DB or (distance_db <= self.distance_db and ratio <= self.ratio)


LIMITS = Limits(4.0, 0.3)
"""Of a clip; at most one in 50 other takes of the same words and speakers is within them."""

CONTINUED_LIMITS = Limits(4.0, 0.25)
"""Of a continuation: narrower, since it starts from the recording itself, which is then the nearest of all anyway."""


@dataclass(frozen=True)
class Nearest:
    """The window of a clip that is most like a recording.

    - ``clip``: what the clip is, or its file.
    - ``recording``: file of the recording.
    - ``distance_db``: root mean square difference of their levels.
    - ``ratio``: distance over the median distance of the next recordings; 1 for as near as those.
    - ``clip_seconds``, ``recording_seconds``: start of the window in both.
    - ``semitones``: pitch of the clip above that of the recording.
    - ``is_near``: both are within LIMITS, CONTINUED_LIMITS or those of :meth:`judged`: a copy, as far as this can be
      told.
    """

    clip: str
    recording: Path
    distance_db: float
    ratio: float
    clip_seconds: float
    recording_seconds: float
    semitones: int
    is_near: bool

    def judged(self, limits: Limits) -> Nearest:
        """Return the pair with the verdict of other limits."""
        return replace(self, is_near=limits.hold(self.distance_db, self.ratio))

    def __str__(self) -> str:
        pitch = f", {self.semitones:+d} semitones" if self.semitones else ""
        return (
            f"{self.clip} at {self.clip_seconds:.2f} s ~ {self.recording} at {self.recording_seconds:.2f} s: "
            f"{self.distance_db:.1f} dB, ratio {self.ratio:.2f}{pitch}"
        )


@dataclass(frozen=True)
class Share:
    """Clips that are too near to a training recording."""

    n_near: int
    n_clips: int

    @property
    def interval(self) -> Interval:
        """Their fraction with its 95 % interval (Wilson)."""
        return wilson_interval(self.n_near, self.n_clips)

    def __str__(self) -> str:
        interval = self.interval
        return (
            f"{self.n_near} of {self.n_clips} ({100 * interval.value:.1f} %, 95 % interval {100 * interval.low:.1f} to "
            f"{100 * interval.high:.1f} %)"
        )

    @classmethod
    def of(cls, nearest: Sequence[Nearest]) -> Share:
        """Count the clips that are too near."""
        return cls(sum(each.is_near for each in nearest), len(nearest))


def nearest_recordings(
    clips: Sequence[tuple[str, CellLevels]], references: Sequence[AuditedRecording], own_groups: Sequence[object] = ()
) -> list[Nearest]:
    """Return the window of each clip that is most like a recording, clips without sound left out.

    The ratio compares with recordings of other groups than that of the nearest one.

    - ``own_groups``: group of each clip, whose recordings are not compared with it, if the clips are recordings of the
      same folder.
    """
    windows = [(number, *window) for number, (_, levels) in enumerate(clips) for window in windows_of(levels)]
    if not windows:
        return []
    table = distances([cells for _, _, cells in windows], [reference.levels for reference in references])
    groups = np.array([group_of(reference) for reference in references])
    best: dict[int, Nearest] = {}
    for row, (number, start, cells) in zip(table, windows, strict=True):
        if own_groups:
            row[groups == own_groups[number]] = np.inf
        column = int(row.argmin())
        if not np.isfinite(row[column]):
            continue
        following = _following(row[groups != groups[column]])
        found = _nearest(clips[number][0], references[column], start, cells, float(row[column]), following)
        if number not in best or _rank(found) < _rank(best[number]):
            best[number] = found
    return [best[number] for number in sorted(best)]


def leave_one_out(chosen: Sequence[AuditedRecording], recordings: Sequence[AuditedRecording]) -> list[Nearest]:
    """Return the recording of another group that is nearest to each chosen one: what is usual among different ones."""
    clips = [(str(recording.entry.path), recording.levels) for recording in chosen]
    return nearest_recordings(clips, recordings, [group_of(recording) for recording in chosen])


def group_of(recording: AuditedRecording) -> str:
    """Return the group of a recording, or its file if it has none or is grouped by speaker."""
    entry = recording.entry
    return f"{entry.path} {entry.offset_seconds}" if entry.group in (None, entry.speaker) else f"group {entry.group}"


def continued_recordings(
    continued: Sequence[Continuation], references: Sequence[AuditedRecording], sample_rate: int
) -> list[Nearest]:
    """Return how near the continuation of each recording is to its own second half.

    - ``references``: recordings with whose whole the ratio compares.
    """
    chosen: list[tuple[Continuation, int, np.ndarray, float]] = []
    for each in continued:
        windows, expected = windows_of(levels_of(each.rest, sample_rate)), levels_of(each.expected, sample_rate)
        if windows and len(expected.cells):
            own = distances([cells for _, cells in windows], [expected])[:, 0]
            row = int(own.argmin())
            chosen.append((each, *windows[row], float(own[row])))
    if not chosen:
        return []
    table = distances([cells for _, _, cells, _ in chosen], [reference.levels for reference in references])
    groups = np.array([group_of(reference) for reference in references])
    return [
        _nearest(
            f"continuation of {each.recording.entry.path}",
            AuditedRecording(each.recording.entry, each.expected, sample_rate),
            start,
            cells,
            distance,
            _following(row[groups != group_of(each.recording)]),
        ).judged(CONTINUED_LIMITS)
        for (each, start, cells, distance), row in zip(chosen, table, strict=True)
    ]


def p_value(clips: Share, held_out: Share) -> float:
    """Return the probability of so many near clips, or more, if they were as rare as among held-out ones.

    References
    ----------
    R. Fisher, "On the interpretation of chi-squared from contingency tables", 1922.
    """
    n_near = clips.n_near + held_out.n_near
    n_all = clips.n_clips + held_out.n_clips
    ways = sum(
        math.comb(clips.n_clips, hits) * math.comb(held_out.n_clips, n_near - hits)
        for hits in range(clips.n_near, min(n_near, clips.n_clips) + 1)
    )
    return ways / math.comb(n_all, n_near)


def _nearest(
    clip: str, reference: AuditedRecording, start: int, cells: np.ndarray, distance: float, following: float
) -> Nearest:
    match = locate(cells, reference.levels)
    ratio = distance / following if math.isfinite(following) and following > 0 else 1.0
    return Nearest(
        clip=clip,
        recording=reference.entry.path,
        distance_db=round(distance, 2),
        ratio=round(ratio, 3),
        clip_seconds=round(start * CELL_SECONDS, 2),
        recording_seconds=round(match.seconds, 2),
        semitones=match.semitones,
        is_near=LIMITS.hold(distance, ratio),
    )


def _following(others: np.ndarray) -> float:
    """Return the median of the N_NEXT smallest distances; infinite if there is none."""
    finite = np.sort(others[np.isfinite(others)])[:N_NEXT]
    return float(np.median(finite)) if len(finite) else math.inf


def _rank(nearest: Nearest) -> tuple[bool, float]:
    return not nearest.is_near, nearest.distance_db * nearest.ratio


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
