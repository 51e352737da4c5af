"""Jobs in steps: a few threads compute the job whose client runs out of audio first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ...base.errors import WavewrightError
from ...speech.chunk import TimedWord

MAX_UNREAD_SECONDS = 10.0
"""Audio that is computed ahead of a slow client, per job."""


@dataclass(frozen=True)
class Packet:
    """The result of one step: bytes to send, the seconds of audio in them, and the words that start in them."""

    data: bytes
    seconds: float = 0.0
    words: tuple[TimedWord, ...] = ()
    waits: bool = False
    """The next step is worth computing only after `Job.wake`."""


class TooManyRequests(WavewrightError):
    """The server computes as many requests as it may; the client should try again."""


class Job:
    """Packets of one request, an asynchronous iterator; made by `Scheduler.submit`.

    Iterating raises what a step raised. It ends when the steps end or the job is cancelled.
    """

    def __init__(self, steps: Iterator[Packet], scheduler: Scheduler, loop: asyncio.AbstractEventLoop) -> None:
        self.steps = steps
        self.is_cancelled = False
        self.n_steps = 0
        self.deadline = time.monotonic()  # when its client runs out of audio
        self.unread_seconds = 0.0
        self.is_parked = False
        self.has_news = False  # since the last step that waited
        self._scheduler = scheduler
        self._loop = loop
        self._packets: deque[Packet] = deque()
        self._arrived = asyncio.Event()
        self._has_ended = False
        self._error: BaseException | None = None

    def __aiter__(self) -> Job:
        return self

    async def __anext__(self) -> Packet:
        while not self._packets:
            if self._has_ended or self.is_cancelled:
                error, self._error = self._error, None
                if error is not None and not self.is_cancelled:
                    raise error
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        packet = self._packets.popleft()
        self._scheduler.resume(self, packet.seconds)
        return packet

    def cancel(self) -> None:
        """Stop the job; a step that is being computed is finished and dropped. Called in the event loop."""
        self.is_cancelled = True
        self._packets.clear()
        self._arrived.set()
        self._scheduler.resume(self, self.unread_seconds)

    def wake(self) -> None:
        """Continue the job if it waits; what it waited for is there."""
        self._scheduler.wake(self)

    def deliver(self, packet: Packet | None, error: BaseException | None = None) -> None:
        """Hand a packet to the reader, or None at the end. Called by threads of the scheduler."""
        with suppress(RuntimeError):  # the event loop has been closed
            self._loop.call_soon_threadsafe(self._receive, packet, error)

    def _receive(self, packet: Packet | None, error: BaseException | None) -> None:
        if packet is None:
            self._has_ended, self._error = True, error
        elif not self.is_cancelled:
            self._packets.append(packet)
        self._arrived.set()


class Scheduler:
    """Threads that compute jobs step by step, the earliest deadline first.

    A new job is due at once, a running one when the audio that it has delivered ends. A job waits while its client has
    `MAX_UNREAD_SECONDS` of audio to read.
    """

    def __init__(self, n_threads: int, max_jobs: int) -> None:
        self.max_jobs = max_jobs
        self.n_jobs = 0
        self.is_closed = False
        self._changed = threading.Condition()
        self._ready: list[tuple[float, int, Job]] = []
        self._order = itertools.count()
        self._threads = [
            threading.Thread(target=self._work, name=f"wavewright-{number}", daemon=True) for number in range(n_threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, steps: Iterator[Packet]) -> Job:
        """Add a job, whose steps are closed at the end by one of the threads; called in the event loop.

        Raises TooManyRequests if there are `max_jobs` already.
        """
        job = Job(steps, self, asyncio.get_running_loop())
        with self._changed:
            if self.n_jobs >= self.max_jobs:
                raise TooManyRequests(
                    f"The server has {self.n_jobs} requests, as many as it takes; try again in a moment."
                )
            self.n_jobs += 1
            self._push(job)
        return job

    def resume(self, job: Job, seconds_read: float) -> None:
        """Count audio of a job as read; continue the job if it waited for that."""
        with self._changed:
            job.unread_seconds -= seconds_read
            if job.is_parked and (job.is_cancelled or job.unread_seconds < MAX_UNREAD_SECONDS):
                job.is_parked = False
                self._push(job)

    def wake(self, job: Job) -> None:
        """Continue a job that waits, or keep it from waiting at its next step."""
        with self._changed:
            job.has_news = True
            if job.is_parked and job.unread_seconds < MAX_UNREAD_SECONDS:
                job.is_parked = job.has_news = False
                self._push(job)

    def close(self) -> None:
        """End the threads after their current steps."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _push(self, job: Job) -> None:
        heapq.heappush(self._ready, (job.deadline, next(self._order), job))
        self._changed.notify()

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            self._advance(job)

    def _next_job(self) -> Job | None:
        with self._changed:
            while not self._ready and not self.is_closed:
                self._changed.wait()
            return None if self.is_closed else heapq.heappop(self._ready)[2]

    def _advance(self, job: Job) -> None:
        """Compute the next step of a job."""
        error: BaseException | None = None
        try:
            packet = None if job.is_cancelled else next(job.steps, None)
        except Exception as raised:
            packet, error = None, raised
        if packet is None:
            self._end(job, error)
            return
        if packet.waits:
            self._wait(job)
            return
        job.deliver(packet)
        job.n_steps += 1
        with self._changed:
            # Of a job that is late, the past does not count.
            job.deadline = max(job.deadline, time.monotonic() - 1.0) + packet.seconds
            job.unread_seconds += packet.seconds
            job.is_parked = job.unread_seconds >= MAX_UNREAD_SECONDS and not job.is_cancelled
            if not job.is_parked:
                self._push(job)

    def _wait(self, job: Job) -> None:
        """Park a job until `wake`, unless that was called meanwhile; then it is due at once."""
        with self._changed:
            job.deadline = time.monotonic()
            job.is_parked = not job.has_news and not job.is_cancelled
            job.has_news = False
            if not job.is_parked:
                self._push(job)

    def _end(self, job: Job, error: BaseException | None) -> None:
        if hasattr(job.steps, "close"):
            job.steps.close()
        with self._changed:
            self.n_jobs -= 1
        job.deliver(None, error)
