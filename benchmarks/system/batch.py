"""Batches: two workers beside one, and a batch that is killed again and again.

    python -m benchmarks.system.batch --runs 5 --json batch.json
    RAY_worker_niceness=0 python -m benchmarks.system.batch --parts workers --runs 5

``plain`` are processes that call `enhance` in a loop, without any batch: what the machine itself gives two of them.
Workers are warm before the clock starts, and the engines run in turn. Ray gives its workers a lower priority unless
``RAY_worker_niceness`` is 0, which matters on a busy machine. Kills hit the process that started the batch, and every
second time all of its workers, too.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from wavewright.apps.batch_jobs.batch import run_jobs
from wavewright.apps.batch_jobs.job import BatchJob, JobOutcome
from wavewright.apps.batch_jobs.job_list import read_jobs
from wavewright.apps.batch_jobs.keys import ModelHashes
from wavewright.apps.batch_jobs.ray_lanes import ray_lanes
from wavewright.apps.batch_jobs.store import FolderStore
from wavewright.apps.batch_jobs.worker import Lane, ProcessLane
from wavewright.base.worker_process import THREAD_VARIABLES
from wavewright.families.loading import models_stay_open
from wavewright.tasks.enhance import enhance

RAY = Peer("Ray", 'pip install ".[ray]"', module="ray")
PARTS = ("workers", "kills")
AT_LEAST = 1.8
POLL_SECONDS = 0.01

WORKERS = Table(
    "two workers beside one", columns(engine="s", files_per_second=".1f", with_two=".1f", ratio=".2f"), is_optional=True
)
KILLS = Table("killed again and again", columns(jobs="d", kills="d", lost="d", different="d", written_again="d"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--runs", type=int, default=5, help="of each engine with each number of workers")
    parser.add_argument("--jobs", type=int, default=40, help="files of a run of the workers")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each of these files")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--lanes", type=int, default=2, help="workers of the batch that is killed")
    parser.add_argument("--seed", type=int, default=0)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Measure the parts that were asked for."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if "workers" in options.parts:
            compare_workers(options, report, work)
        if "kills" in options.parts:
            kill_again_and_again(options, report, work)


def write_sounds(folder: Path, count: int, seconds: float, sample_rate: int, seed: int) -> Path:
    """Write noise to files."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for index in range(count):
        soundfile.write(
            folder / f"{index:05d}.wav", 0.1 * rng.standard_normal(round(seconds * sample_rate)), sample_rate
        )
    return folder


# ------------------------------------------------------------------------------------------- two workers beside one


def compare_workers(options: argparse.Namespace, report: Report, work: Path) -> None:
    """Add the throughput of one and of two workers of each engine."""
    sounds = write_sounds(work / "sounds", options.jobs, options.seconds, 16_000, options.seed)
    engines = ["plain", "processes"] + (["ray"] if RAY.is_installed else [])
    if not RAY.is_installed:
        report.skip(RAY, "ray")
    speeds: dict[tuple[str, int], list[float]] = {(engine, n): [] for engine in engines for n in (1, 2)}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    with ExitStack() as stack:
        if "ray" in engines:
            stack.enter_context(ray_lanes("ray", 2, FolderStore(work)))
        for run in range(options.runs):
            for (engine, n_workers), measured in speeds.items():
                out = work / f"{engine}-{n_workers}-{run}"
                out.mkdir()
                seconds = seconds_of_engine(engine, n_workers, sounds, out)
                measured.append(options.jobs / seconds)
    for engine in engines:
        one, two = (statistics.median(speeds[engine, n]) for n in (1, 2))
        report.add(WORKERS, {"engine": engine, "files_per_second": one, "with_two": two, "ratio": two / one})
        if engine == "ray":
            report.target("Ray", "two workers by one", two / one, at_least=AT_LEAST)


def seconds_of_engine(engine: str, n_workers: int, sounds: Path, out: Path) -> float:
    """Return the seconds in which warm workers enhance all files."""
    if engine == "plain":
        return seconds_of_plain(n_workers, sounds, out)
    store = FolderStore(out)
    store.prepare()
    jobs = [job for job in read_jobs(str(sounds), "enhance") if isinstance(job, BatchJob)]
    with ExitStack() as stack:
        if engine == "ray":
            lanes: Sequence[Lane] = stack.enter_context(ray_lanes("ray", n_workers, store))
        else:
            lanes = [ProcessLane(store) for _ in range(n_workers)]
        models = ModelHashes().of_job(jobs[0])
        for index, lane in enumerate(lanes):  # start the worker and open the model
            lane.run(BatchJob(0, "enhance", {"source": jobs[index].values["source"], "mix": 0.5}, str(sounds)), models)
        ends: list[float] = []
        problems: list[str] = []

        def on_end(_: BatchJob, outcome: JobOutcome) -> None:
            ends.append(time.monotonic())
            problems.extend(filter(None, [outcome.problem]))

        started = time.monotonic()
        run_jobs(jobs, lanes, 0, on_end)
    if problems:
        raise RuntimeError(problems[0])
    return ends[-1] - started


def seconds_of_plain(n_workers: int, sounds: Path, out: Path) -> float:
    """Return the seconds in which processes that share the files enhance them all."""
    context = get_context("spawn")
    barrier = context.Barrier(n_workers + 1)
    files = sorted(sounds.iterdir())
    workers = [
        context.Process(target=enhance_plainly, args=(files[index::n_workers], out, barrier))
        for index in range(n_workers)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    started = time.monotonic()
    barrier.wait()
    seconds = time.monotonic() - started
    for worker in workers:
        worker.join()
    return seconds


def enhance_plainly(files: Sequence[Path], out: Path, barrier: Barrier) -> None:
    """Enhance files one after the other, after one that is not counted."""
    with models_stay_open():
        enhance(files[0], out / f"warm-{os.getpid()}.wav", quiet=True)
        barrier.wait()
        for file in files:
            enhance(file, out / file.name, quiet=True)
        barrier.wait()


# ------------------------------------------------------------------------------------------------- kills


def start(sounds: Path, out: Path, n_lanes: int = 2) -> subprocess.Popen[bytes]:
    """Start a batch of short jobs."""
    command = [sys.executable, "-m", "wavewright", "batch", str(sounds), "--task", "edit", "--set", "do=gain -6dB"]
    options = ["--out", str(out), "--jobs", str(n_lanes), "--quiet"]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)


def kill_after(sounds: Path, out: Path, n_new: int, with_workers: bool, n_lanes: int = 2) -> bool:
    """Run a batch until it has done so many more jobs and kill it; return False if it ended before."""
    n_before = len(done(out))
    process = start(sounds, out, n_lanes)
    while process.poll() is None and len(done(out)) < n_before + n_new:
        time.sleep(POLL_SECONDS)
    if process.poll() is not None:
        return False
    for child in children_of(process.pid) if with_workers else ():
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()
    return True


def finish(sounds: Path, out: Path, n_lanes: int = 2) -> None:
    """Run a batch to its end."""
    if start(sounds, out, n_lanes).wait():
        raise RuntimeError("The batch did not end well.")


def done(out: Path) -> dict[str, int]:
    """Return the folders of jobs that were done, and when they were written."""
    if not out.is_dir():
        return {}
    return {
        path.name: path.stat().st_mtime_ns for path in out.iterdir() if not path.name.startswith(".") and path.is_dir()
    }


def digests(out: Path) -> dict[str, str]:
    """Return the SHA-256 of all files but the logs, by path."""
    files = [path for path in out.rglob("*") if path.is_file() and ".wavewright-batch" not in path.parts]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def kill_again_and_again(options: argparse.Namespace, report: Report, work: Path) -> None:
    """Kill a batch as often as asked; compare its outputs with those of an undisturbed one."""
    n_jobs = 12 * options.kills
    sounds = write_sounds(work / "to-kill", n_jobs, 0.1, 8_000, options.seed)
    whole, out = work / "whole", work / "killed"
    finish(sounds, whole, options.lanes)
    rng = random.Random(options.seed)
    n_kills = n_again = 0
    written: dict[str, int] = {}
    for index in range(options.kills):
        n_kills += kill_after(sounds, out, rng.randint(1, 5), bool(index % 2), options.lanes)
        now = done(out)
        n_again += sum(now.get(name) != changed for name, changed in written.items())
        written = now
    finish(sounds, out, options.lanes)
    n_again += sum(done(out).get(name) != changed for name, changed in written.items())
    expected, found = digests(whole), digests(out)
    row = {
        "jobs": n_jobs,
        "kills": n_kills,
        "lost": len(expected.keys() - found.keys()),
        "different": len({name for name in found if found[name] != expected.get(name)}),
        "written_again": n_again,
    }
    report.add(KILLS, row)
    report.target("killed batch", "lost, different or repeated outputs", sum([*row.values()][2:]), at_most=0)


def children_of(pid: int) -> list[int]:
    """Return the child processes of all threads of a process; none where the system does not list them."""
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has ended
        return []
    return [int(child) for children in lists for child in children.split()]


BENCHMARK = Benchmark(
    __doc__, (WORKERS, KILLS, TARGETS), add_options, measure, smoke={"parts": ["kills"], "kills": 1, "lanes": 1}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
