"""Time functions and processes: medians of several runs, by the clock or of the processor, and peak memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def timed(function: Callable[[], T], clock: Callable[[], float] = time.process_time) -> tuple[T, float]:
    """Return the result of a function, and the seconds by ``clock`` that it took."""
    start = clock()
    result = function()
    return result, clock() - start


def median_seconds(
    function: Callable[[], object], n_runs: int = 5, clock: Callable[[], float] = time.process_time, n_warm_up: int = 1
) -> float:
    """Return the median of the seconds of ``n_runs`` calls by ``clock``, after calls that are not counted."""
    for _ in range(n_warm_up):
        function()
    return statistics.median(timed(function, clock)[1] for _ in range(n_runs))


def children_seconds() -> float:
    """Return the processor time in seconds of all child processes that have ended; 0 on Windows."""
    if sys.platform == "win32":
        return 0.0
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)  # in microseconds, where os.times counts in 10 ms
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True)
class ProcessTimes:
    """Time of a process by the clock, in all and until it wrote so many bytes."""

    seconds: float
    seconds_to_first_bytes: float


def time_process(
    command: Sequence[str],
    n_first_bytes: int = 1,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> ProcessTimes:
    """Run a command to its end and return its times.

    - ``n_first_bytes``: of standard output, whose time is taken; a process that writes fewer has its whole time.
    - ``environment``: variables in place of those of this process.

    Raises subprocess.CalledProcessError if the command fails.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        if process.stdout is None:
            raise RuntimeError("The process has no standard output.")
        is_long = len(process.stdout.read(n_first_bytes)) == n_first_bytes
        first_bytes = time.perf_counter() - start
        process.stdout.read()
        process.wait()
        seconds = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return ProcessTimes(seconds, first_bytes if is_long else seconds)
