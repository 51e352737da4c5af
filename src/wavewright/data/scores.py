"""Scan a folder of scores into entries, as `data.folder` does with recordings."""

from __future__ import annotations

import warnings
from pathlib import Path

from ..errors import BadFolder, BadScore, ScoreWarning
from ..music.formats import READABLE, read_score
from ..music.score import Score
from .entry import Entry, Problem, Scan, first_problem


def scan_scores(folder: Path | str) -> Scan:
    """List the scores below a folder in a fixed order; hidden files and folders are ignored.

    Raises
    ------
    BadFolder
        If the folder does not exist, or no score in it can be used.
    """
    root = Path(folder)
    if not root.is_dir():
        reason = "is a file" if root.exists() else "does not exist"
        raise BadFolder(f"{root} {reason}; give a folder with scores in it ({', '.join(READABLE)}).")
    entries: list[Entry] = []
    problems: list[Problem] = []
    for path in sorted(root.rglob("*")):
        is_hidden = any(name.startswith(".") for name in path.relative_to(root).parts)
        if is_hidden or path.suffix.lower() not in READABLE or not path.is_file():
            continue
        entry = _entry(path)
        if isinstance(entry, Entry):
            entries.append(entry)
        else:
            problems.append(entry)
    if not entries:
        reason = f"holds no score that can be used: {first_problem(problems)}" if problems else "holds no scores"
        raise BadFolder(f"{root} {reason}; give a folder with files that end in one of {', '.join(READABLE)}.")
    return Scan(tuple(entries), tuple(problems))


def read_scores(folder: Path | str) -> list[Score]:
    """Return the scores below a folder that can be used; raise BadFolder as :func:`scan_scores`."""
    scores = []
    for entry in scan_scores(folder).entries:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScoreWarning)
            scores.append(read_score(entry.path))
    return scores


def _entry(path: Path) -> Entry | Problem:
    """Return the entry of a score: its length is in ticks, and it has no sample rate."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScoreWarning)
            score = read_score(path)
    except BadScore as error:
        return Problem(path, str(error))
    if not score.n_notes:
        return Problem(path, f"{path} has no notes; remove it.")
    return Entry(path, None, None, score.seconds, 0, 0, score.length)
