"""Inspect a collection of recordings: what is in it, what is wrong with it, and what to do about that."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import BadAudio, BadFolder, MissingExtra
from ..units import gain_to_db
from .duplicates import equal_sets, near_duplicates
from .entry import MIN_SECONDS, Problem, Scan, first_problem
from .measure import Measured, measure
from .report_text import as_time, counts, spread, warnings

LOUD_OFFSET = 0.01
"""A clip has a DC offset where its mean is farther from 0 than this and than a tenth of its RMS level."""

LONG_LEADING_SECONDS = 0.1
LONG_TRAILING_SECONDS = 1.0

MOST_COMPARED = 20_000
"""Near-duplicates are looked for among at most so many clips: the time grows with the square of their number."""

Progress = Callable[[int, int], None]
"""Told how many clips are done, and of how many."""


@dataclass(frozen=True)
class Report:
    """What a folder holds; clips are named by their paths below it.

    labels, sample_rates, channels: how many clips have each ("none" counts clips without label).
    seconds, peak_db: the smallest, the 5 % quantile, the median, the 95 % quantile and the largest of all clips.
    clipped, silent, too_short, leading_silence, trailing_silence, dc_offset: the clips concerned.
    duplicates, near_duplicates: sets of clips with equal samples, and of clips closer to each other than
    ``duplicates.NEAR_DUPLICATE_DB``; ``near_duplicates`` is None where there are too many clips to compare.
    unusable: the reason for every file that cannot be used.
    warnings: what is wrong and what to do about it, one sentence each.
    """

    folder: str
    n_clips: int
    hours: float
    labels: dict[str, int]
    n_groups: int
    sample_rates: dict[int, int]
    channels: dict[int, int]
    seconds: dict[str, float]
    peak_db: dict[str, float]
    clipped: list[str]
    silent: list[str]
    too_short: list[str]
    leading_silence: list[str]
    trailing_silence: list[str]
    dc_offset: list[str]
    duplicates: list[list[str]]
    near_duplicates: list[list[str]] | None
    unusable: dict[str, str]
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The report as indented JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The report as lines of text."""
        return [
            f"{self.folder}: {self.n_clips} {'clip' if self.n_clips == 1 else 'clips'}, {as_time(self.hours * 3600)}",
            f"labels    {counts(self.labels)}",
            f"groups    {self.n_groups}",
            f"rates     {counts({f'{rate} Hz': count for rate, count in self.sample_rates.items()})}",
            f"channels  {counts(self.channels)}",
            f"length    {spread(self.seconds, 's')}",
            f"peak      {spread(self.peak_db, 'dBFS')}",
            *(f"! {warning}" for warning in self.warnings),
            *([] if self.warnings else ["Nothing is wrong with it."]),
        ]


def inspect_clips(scan: Scan, folder: Path | str, progress: Progress | None = None) -> Report:
    """Decode every clip of ``scan`` once, in bounded memory, and report what ``folder`` holds.

    Raises BadFolder where no clip can be decoded.
    """
    clips, problems = _measure_all(scan, progress)
    if not clips:
        raise BadFolder(f"{folder} holds no sound that can be used: {first_problem(problems)}.")
    root = Path(folder) if Path(folder).is_dir() else Path(folder).parent
    names = [_name(clip.entry.path, clip.entry.offset_seconds, root) for clip in clips]

    def named(concerned: Iterable[bool]) -> list[str]:
        return [name for name, is_concerned in zip(names, concerned, strict=True) if is_concerned]

    report = Report(
        folder=str(folder),
        n_clips=len(clips),
        hours=sum(clip.seconds for clip in clips) / 3600,
        labels=dict(sorted(Counter(clip.entry.label or "none" for clip in clips).items())),
        n_groups=len({clip.entry.group for clip in clips} - {None}),
        sample_rates=dict(sorted(Counter(clip.entry.sample_rate for clip in clips).items())),
        channels=dict(sorted(Counter(clip.entry.channels for clip in clips).items())),
        seconds=_quantiles([clip.seconds for clip in clips]),
        peak_db=_quantiles([float(gain_to_db(clip.peak)) for clip in clips]),
        clipped=named(clip.n_clipped > 0 for clip in clips),
        silent=named(clip.is_silent for clip in clips),
        too_short=named(clip.seconds < MIN_SECONDS for clip in clips),
        leading_silence=named(
            not clip.is_silent and clip.leading_silence_seconds > LONG_LEADING_SECONDS for clip in clips
        ),
        trailing_silence=named(clip.trailing_silence_seconds > LONG_TRAILING_SECONDS for clip in clips),
        dc_offset=named(abs(clip.dc_offset) > max(LOUD_OFFSET, 0.1 * clip.rms) for clip in clips),
        duplicates=[[names[i] for i in members] for members in equal_sets([clip.audio_hash for clip in clips])],
        near_duplicates=_near(clips, names),
        unusable={_name(problem.path, 0, root): problem.reason for problem in problems},
    )
    return replace(report, warnings=tuple(warnings(report)))


def _measure_all(scan: Scan, progress: Progress | None) -> tuple[list[Measured], list[Problem]]:
    clips: list[Measured] = []
    problems = list(scan.problems)
    for done, entry in enumerate(scan.entries, start=1):
        try:
            clips.append(measure(entry))
        except (BadAudio, MissingExtra) as error:
            problems.append(Problem(entry.path, str(error)))
        if progress is not None:
            progress(done, len(scan.entries))
    return clips, problems


def _name(path: Path, offset_seconds: float, folder: Path) -> str:
    name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
    return f"{name} at {offset_seconds:g} s" if offset_seconds else name


def _quantiles(values: list[float]) -> dict[str, float]:
    names = {"min": 0.0, "5%": 0.05, "median": 0.5, "95%": 0.95, "max": 1.0}
    return {name: float(np.quantile(values, share)) for name, share in names.items()}


def _near(clips: list[Measured], names: list[str]) -> list[list[str]] | None:
    """Sets of near-duplicates by name, without those whose members are all equal to the sample; None where there are too many."""
    audible = [(clip, name) for clip, name in zip(clips, names, strict=True) if clip.fingerprint is not None]
    if len(audible) > MOST_COMPARED:
        return None
    if not audible:
        return []
    sets = near_duplicates(np.stack([clip.fingerprint for clip, _ in audible if clip.fingerprint is not None]))
    return [
        [audible[i][1] for i in members] for members in sets if len({audible[i][0].audio_hash for i in members}) > 1
    ]
