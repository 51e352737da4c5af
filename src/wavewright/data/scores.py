"""Scan a folder of scores into entries, as `data.folder` does with recordings."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import BadFolder, BadScore, ScoreWarning
from ..base.files import files_below
from ..base.progress_bar import report_progress
from ..base.result import Failed, Result, first_of
from ..music.formats import READABLE, read_score
from ..music.score import Score
from .entry import Entry, Scan


def scan_scores(folder: Path | str) -> Scan:
    """List the scores below a folder in a fixed order; hidden files and folders are ignored.

    Raises BadFolder if the folder does not exist, or no score in it can be used.
    """
    root = Path(folder)
    if not root.is_dir():
        reason = "is a file" if root.exists() else "does not exist"
        raise BadFolder(f"{root} {reason}; give a folder with scores in it ({', '.join(READABLE)}).")
    entries: list[Entry] = []
    failed: list[Failed] = []
    problems: list[str] = []
    for path in files_below(root, READABLE):
        entry = path if isinstance(path, Failed) else _entry(path, problems)
        if isinstance(entry, Entry):
            entries.append(entry)
        else:
            failed.append(entry)
    if not entries:
        reason = f"holds no score that can be used: {first_of(failed)}" if failed else "holds no scores"
        raise BadFolder(f"{root} {reason}; give a folder with files that end in one of {', '.join(READABLE)}.")
    if problems:
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        warnings.warn(f"Not all of the scores is read: {problems[0]}{more}", ScoreWarning, stacklevel=2)
    return Scan(tuple(entries), tuple(failed))


@dataclass(frozen=True)
class ScoreReport(Result):
    """Contents of a folder of scores.

    - ``n_scores``, ``n_notes``, ``n_tracks``: numbers of scores, and of their notes and tracks.
    - ``hours``: total length.
    - ``metres``: number of scores that begin in each metre.
    - ``duplicates``: sets of scores with equal notes, by their paths below the folder.
    """

    is_about_failures = True

    folder: str
    n_scores: int
    n_notes: int
    n_tracks: int
    hours: float
    metres: dict[str, int]
    duplicates: list[list[str]]

    def __str__(self) -> str:
        """Return the report as lines of text."""
        metres = ", ".join(f"{metre} {count}" for metre, count in self.metres.items())
        lines = [
            f"{self.folder}: {self.n_scores} scores, {60 * self.hours:.1f} min",
            f"notes     {self.n_notes}",
            f"tracks    {self.n_tracks}",
            f"metres    {metres}",
            *self.endings(),
        ]
        if self.duplicates:
            shown = " = ".join(self.duplicates[0][:3])
            lines.append(f"! {len(self.duplicates)} sets of scores have equal notes ({shown}): keep one of each.")
        return "\n".join(lines if len(lines) > 4 else [*lines, "Nothing is wrong with it."])


def has_scores(folder: Path) -> bool:
    """Return whether a folder contains a file that ends as scores do."""
    return folder.is_dir() and any(isinstance(path, Path) for path in files_below(folder, READABLE))


def inspect_scores(folder: Path) -> ScoreReport:
    """Report the scores of a folder; raise BadFolder if none can be used."""
    scanned = scan_scores(folder)
    n_notes = n_tracks = 0
    metres: Counter[str] = Counter()
    names: dict[str, list[str]] = {}
    for n_done, entry in enumerate(scanned.entries, start=1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScoreWarning)
            score = read_score(entry.path)
        n_notes += score.n_notes
        n_tracks += len(score.tracks)
        metre = f"{score.metres['numerator'][0]}/{score.metres['denominator'][0]}" if len(score.metres) else "none"
        metres[metre] += 1
        notes = b"".join(track.notes.tobytes() for track in score.tracks)
        digest = hashlib.blake2b(notes, digest_size=16).hexdigest()
        names.setdefault(digest, []).append(entry.path.relative_to(folder).as_posix())
        report_progress("inspecting the scores", n_done / len(scanned.entries))
    return ScoreReport(
        folder=str(folder),
        n_scores=len(scanned.entries),
        n_notes=n_notes,
        n_tracks=n_tracks,
        hours=sum(entry.seconds for entry in scanned.entries) / 3600,
        metres=dict(metres.most_common()),
        duplicates=[same for same in names.values() if len(same) > 1],
        failed=tuple(Failed(Path(each.what).relative_to(folder).as_posix(), each.reason) for each in scanned.failed),
    )


def read_scores(folder: Path | str) -> list[Score]:
    """Return the scores below a folder that can be used; raise BadFolder as :func:`scan_scores`."""
    scores = []
    for entry in scan_scores(folder).entries:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScoreWarning)
            scores.append(read_score(entry.path))
    return scores


def _entry(path: Path, problems: list[str]) -> Entry | Failed:
    """Return the entry of a score: its length is in ticks, and it has no sample rate; add what of it is not read."""
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always", ScoreWarning)
            score = read_score(path)
        problems += [str(each.message) for each in found]
    except BadScore as error:
        return Failed(path, str(error))
    if not score.n_notes:
        return Failed(path, f"{path} has no notes; remove it.")
    return Entry(path, None, None, score.seconds, 0, 0, score.length)
