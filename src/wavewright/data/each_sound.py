"""Do the same with every sound file of folders and lists; what cannot be read or used is listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from ..base.errors import EXPECTED_ERRORS, problem_of, sentence_of
from ..base.progress_bar import progress_bar
from ..base.result import Failed
from .entry import Entry, read_length
from .folder import scan

ResultT = TypeVar("ResultT")


def entries_of(paths: Iterable[Path]) -> tuple[list[Entry], list[Failed]]:
    """Return the sound files among paths and in folders, and those that cannot be read.

    Raises BadFolder if a folder has no sound file that can be read.
    """
    entries: list[Entry] = []
    failed: list[Failed] = []
    for path in paths:
        if path.is_dir():
            scanned = scan(path, "none", manifest=None)
            entries.extend(scanned.entries)
            failed.extend(scanned.failed)
            continue
        try:
            n_frames, sample_rate, channels = read_length(path)
        except EXPECTED_ERRORS as error:
            failed.append(Failed(path, sentence_of(error)))
            continue
        entries.append(Entry(path, None, None, n_frames / sample_rate, sample_rate, channels, n_frames))
    return entries, failed


def each_sound(
    entries: Sequence[Entry], unread: Sequence[Failed], doing: str, work: Callable[[Entry], ResultT], quiet: bool
) -> tuple[tuple[ResultT, ...], tuple[Failed, ...]]:
    """Call a function with each of several sound files; return the results, and the files that failed.

    - ``entries``, ``unread``: the files, and those that cannot be read, see `entries_of`.
    - ``doing``: title of the progress bar, such as ``searching drums``.
    - ``work``: the function; its errors are listed.
    - ``quiet``: show no progress.
    """
    results: list[ResultT] = []
    failed = list(unread)
    done = 0.0
    with progress_bar(doing, sum(entry.seconds for entry in entries), quiet) as show:
        for entry in entries:
            try:
                results.append(work(entry))
            except Exception as error:
                failed.append(Failed(entry.path, problem_of(entry.path, error)))
            done += entry.seconds
            show(done)
    return tuple(results), tuple(failed)
