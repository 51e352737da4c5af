"""Measure the first jobs after a start of the server, with and without its warm-up, with and without compiled loops.

    python -m benchmarks.serve.first_job
    python -m benchmarks.serve.first_job --cold    # in an empty folder of compiled loops, too; some minutes

The first job of each task is sent once the server is ready: for speech where it does not warm up, else for tasks. A
second job of the same kind follows.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from benchmarks.serve.local import LocalServer, serving

CACHE_VARIABLE = "NUMBA_CACHE_DIR"
CALLS = {
    "generate": {"model": "drums", "count": 1},
    "synthesise": {"name": "engine", "seconds": 0.5},
    "layer": {"preset": "office", "seconds": 1},
}
WAIT_SECONDS = 900.0

JOBS = Table("first jobs", columns(loops="s", warm_up="s", task="s", first_ms=".0f", second_ms=".0f"))
READY = Table("ready for tasks", columns(loops="s", seconds=".1f"), is_optional=True)


@contextmanager
def folder_of_loops(is_cold: bool) -> Iterator[None]:
    """Let the server use an empty folder of compiled loops, or that of the machine."""
    before = os.environ.get(CACHE_VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        if is_cold:
            os.environ[CACHE_VARIABLE] = folder
        try:
            yield
        finally:
            if before is None:
                os.environ.pop(CACHE_VARIABLE, None)
            else:
                os.environ[CACHE_VARIABLE] = before


def job_ms(server: LocalServer, task: str) -> float:
    """Run one job; return its milliseconds."""
    started = time.monotonic()
    status, _, body = server.request("POST", f"/v1/tasks/{task}?wait=300", CALLS[task], timeout=310)
    assert status == 200, body
    assert b'"state":"done"' in body, body
    return 1000 * (time.monotonic() - started)


def wait_for_tasks(server: LocalServer) -> None:
    """Wait until the server is ready for tasks."""
    end = time.monotonic() + WAIT_SECONDS
    while server.request("GET", "/ready?tasks=1")[0] != 200:
        if time.monotonic() > end:
            raise RuntimeError("The tasks were not compiled in time.")
        time.sleep(0.5)


def measure_start(report: Report, tasks: Sequence[str], loops: str, warms_up: bool) -> None:
    """Start a server and time the first jobs."""
    with folder_of_loops(loops == "none"), serving([] if warms_up else ["--no-warm-up"]) as server:
        if warms_up:
            started = time.monotonic()
            wait_for_tasks(server)
            report.add(READY, {"loops": loops, "seconds": time.monotonic() - started})
        for task in tasks:
            first, second = job_ms(server, task), job_ms(server, task)
            times = {"first_ms": first, "second_ms": second}
            report.add(JOBS, {"loops": loops, "warm_up": "yes" if warms_up else "no", "task": task, **times})


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--tasks", nargs="+", choices=list(CALLS), default=list(CALLS))
    parser.add_argument("--only-without", action="store_true", help="measure without the warm-up alone")
    parser.add_argument("--cold", action="store_true", help="measure in an empty folder of compiled loops, too")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Measure all starts."""
    for loops in ("compiled", *(["none"] if options.cold else [])):
        for warms_up in (True, False)[options.only_without :]:
            measure_start(report, options.tasks, loops, warms_up)


BENCHMARK = Benchmark(__doc__, (JOBS, READY), add_options, measure, smoke={"tasks": ["generate"], "only_without": True})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
