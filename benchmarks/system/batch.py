"""Batches: two workers beside one, by processes and by Ray.

    RAY_worker_niceness=0 python -m benchmarks system.batch --runs 5 --json batch.json

``plain`` are processes that call `enhance` in a loop, without any batch: what the machine itself gives two of them.
Workers are warm before the clock starts, and the engines run in turn. Ray gives its workers a lower priority unless
``RAY_worker_niceness`` is 0, which matters on a busy machine.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np

from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import timed
from wavewright.apps.batch_jobs.batch import items_of, read_jobs
from wavewright.apps.batch_jobs.job import BatchJob
from wavewright.apps.batch_jobs.ray_lanes import ray_lanes
from wavewright.apps.batch_jobs.store import FolderStore
from wavewright.apps.batch_jobs.worker import begin_jobs
from wavewright.audio.clip import Clip
from wavewright.base.result import Failed
from wavewright.base.runner import Lanes, in_processes, outcomes
from wavewright.base.worker_process import THREAD_VARIABLES
from wavewright.families.loading import models_stay_open
from wavewright.tasks.enhance import enhance

RAY = Peer("Ray", 'pip install ".[ray]"', module="ray")
ENGINES = ("plain", "processes", "ray")
SAMPLE_RATE = 16_000

WORKERS = Table(
    "two workers beside one", columns(engine="s", files_per_second=".1f", with_two=".1f", ratio=".2f"), is_optional=True
)


def measure(options: Options, report: Report) -> None:
    engines = [engine for engine in options.engines if engine != "ray" or report.has(RAY)]
    speeds: dict[tuple[str, int], list[float]] = {(engine, n): [] for engine in engines for n in (1, 2)}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sounds, rng = work / "sounds", np.random.default_rng(0)
        sounds.mkdir()
        for index in range(options.jobs):
            wave = 0.1 * rng.standard_normal((1, round(options.seconds * SAMPLE_RATE)))
            Clip(wave.astype(np.float32), SAMPLE_RATE).write(sounds / f"{index:05d}.wav")
        if "ray" in engines:
            stack.enter_context(ray_lanes("ray", 2, FolderStore(work)))
        for run in range(options.runs):
            for (engine, n_workers), measured in speeds.items():
                out = work / f"{engine}-{n_workers}-{run}"
                out.mkdir()
                measured.append(options.jobs / seconds_of_engine(engine, n_workers, sounds, out))
    for engine in engines:
        one, two = (statistics.median(speeds[engine, n]) for n in (1, 2))
        report.add(WORKERS, engine=engine, files_per_second=one, with_two=two, ratio=two / one)
        report.target("Ray", "two workers by one", two / one if engine == "ray" else None, at_least=1.8)


def seconds_of_engine(engine: str, n_workers: int, sounds: Path, out: Path) -> float:
    """Return the seconds in which warm workers enhance all files."""
    if engine == "plain":
        return seconds_of_plain(n_workers, sounds, out)
    store = FolderStore(out)
    store.prepare()
    jobs = [job for job in read_jobs(str(sounds), "enhance") if isinstance(job, BatchJob)]
    with ExitStack() as stack:
        begin = partial(begin_jobs, store)
        if engine == "ray":
            source = stack.enter_context(ray_lanes("ray", n_workers, begin))
        else:
            source = in_processes(begin, n_workers, one_thread=True)
        lanes = [source.new() for _ in range(n_workers)]
        firsts = [replace(job, values={"source": job.values["source"], "mix": 0.5}) for job in jobs[:n_workers]]
        for lane, first in zip(lanes, firsts, strict=True):  # start the worker and open the model
            lane.run(items_of([first])[0][0])
        started = time.monotonic()
        for _, outcome in outcomes(items_of(jobs)[0], Lanes(iter(lanes).__next__, lambda: n_workers)):
            ended = time.monotonic()
            if isinstance(outcome, Failed):
                raise RuntimeError(str(outcome))
    return ended - started


def seconds_of_plain(n_workers: int, sounds: Path, out: Path) -> float:
    """Return the seconds in which processes that share the files enhance them all."""
    context = get_context("spawn")
    barrier = context.Barrier(n_workers + 1)
    shares = [sorted(sounds.iterdir())[index::n_workers] for index in range(n_workers)]
    workers = [context.Process(target=enhance_plainly, args=(share, out, barrier)) for share in shares]
    for worker in workers:
        worker.start()
    barrier.wait()
    _, seconds = timed(barrier.wait, time.monotonic)
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


BENCHMARK = Benchmark(
    measure,
    Option("engines", list(ENGINES), choices=ENGINES, smoke=["plain", "processes"]),
    Option("runs", 5, "of each engine with each number of workers", smoke=1),
    Option("jobs", 40, "files of a run of the workers", smoke=2),
    Option("seconds", 4.0, "of each of these files", smoke=0.5),
)
