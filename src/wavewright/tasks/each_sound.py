"""Do the same with every sound file of a folder; what cannot be read is listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..base.errors import problem_of
from ..base.progress_bar import progress_bar
from ..data.folder import scan

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class UnreadFile:
    """A file that could not be read or used, and why."""

    file: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.file} was left out: {self.reason}"


def each_sound(
    folder: Path, doing: str, work: Callable[[Path], ResultT], quiet: bool
) -> tuple[list[ResultT], list[UnreadFile]]:
    """Call a function with every sound file of a folder and of those in it.

    Parameters
    ----------
    folder
        The folder.
    doing
        Present participle for the progress bar, such as ``searching``.
    work
        The function; its errors are listed.
    quiet
        Show no progress.

    Returns
    -------
    results : list
        Results in the order of the paths.
    failed : list of UnreadFile
        Files that could not be read, and those at which ``work`` failed.

    Raises
    ------
    BadFolder
        If the folder has no sound file that can be read.
    """
    scanned = scan(folder, "none", manifest=None)
    failed = [UnreadFile(Path(problem.path), str(problem)) for problem in scanned.problems]
    results: list[ResultT] = []
    done = 0.0
    with progress_bar(f"{doing} {folder.name}", sum(entry.seconds for entry in scanned.entries), quiet) as show:
        for entry in scanned.entries:
            try:
                results.append(work(entry.path))
            except Exception as error:
                failed.append(UnreadFile(entry.path, problem_of(entry.path, error)))
            done += entry.seconds
            show(done)
    return results, failed
