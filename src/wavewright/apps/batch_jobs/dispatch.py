"""Give jobs to lanes: one at a time each, failures again, the first job of each task alone."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack

from .job import BatchJob, JobOutcome
from .keys import ModelHashes
from .lanes import Lane, WorkerLost

WARM_UP_SECONDS = 60.0
"""Longest time for which the first jobs of the tasks run alone, so that they compile loops for the other lanes."""

POLL_SECONDS = 0.5

OnEnd = Callable[[BatchJob, JobOutcome], None]


def run_jobs(jobs: Sequence[BatchJob], lanes: Sequence[Lane], retries: int, on_end: OnEnd) -> None:
    """Run jobs, and call ``on_end`` with each one's last outcome, in the order in which they end.

    Parameters
    ----------
    jobs : sequence of BatchJob
        The jobs. The first of each task run before the others.
    lanes : sequence of Lane
        They are stopped at the end, whatever happens.
    retries : int
        How often a job that failed runs again, after the others.
    on_end : callable
        Called with a job and its outcome.
    """
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(len(lanes), "lane"))
        for lane in lanes:
            stack.callback(lane.stop)
        _Dispatch(jobs, lanes, retries, on_end, threads).run()


class _Dispatch:
    def __init__(
        self, jobs: Sequence[BatchJob], lanes: Sequence[Lane], retries: int, on_end: OnEnd, threads: ThreadPoolExecutor
    ) -> None:
        firsts: dict[str, BatchJob] = {}
        for job in jobs:
            firsts.setdefault(job.task, job)
        self._n_firsts = len(firsts)
        rest = [job for job in jobs if firsts[job.task] is not job]
        self._waiting = deque((job, 0) for job in [*firsts.values(), *rest])
        self._idle = [*lanes]
        self._n_lanes = len(lanes)
        self._running: dict[Future[JobOutcome], tuple[Lane, BatchJob, int]] = {}
        self._retries = retries
        self._on_end = on_end
        self._threads = threads
        self._model_hashes = ModelHashes()
        self._started = time.monotonic()
        self._n_ended = 0

    def run(self) -> None:
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._limit():
                self._start(*self._waiting.popleft())
            ended, _ = wait(self._running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in ended:
                self._end(future)

    def _limit(self) -> int:
        """Return how many lanes are used now."""
        is_warm = self._n_ended >= self._n_firsts or time.monotonic() - self._started > WARM_UP_SECONDS
        return self._n_lanes if is_warm else 1

    def _start(self, job: BatchJob, n_failures: int) -> None:
        lane = self._idle.pop()
        future = self._threads.submit(lane.run, job, self._model_hashes.of_job(job))
        self._running[future] = lane, job, n_failures

    def _end(self, future: Future[JobOutcome]) -> None:
        lane, job, n_failures = self._running.pop(future)
        try:
            outcome = future.result()
        except WorkerLost as lost:
            outcome = JobOutcome(problem=str(lost))
        self._idle.append(lane)
        self._n_ended += 1
        if outcome.problem and n_failures < self._retries:
            self._waiting.append((job, n_failures + 1))
        else:
            self._on_end(job, outcome)
