"""Do the same with each item of a list, in this process or in others; an item that fails stops no other."""

from __future__ import annotations

import os
import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from .errors import BadSetting, collected_warnings, problem_of
from .interruption import is_interruption
from .progress_bar import progress_bar
from .result import Failed
from .worker_process import WorkerLost, WorkerProcess

GivenT = TypeVar("GivenT")
ResultT = TypeVar("ResultT")

WARM_UP_SECONDS = 60.0
"""Longest time for which the first items run alone, so that they compile loops for the other lanes."""

RETRIES = 1
"""Usual number of further runs of a job that failed, or whose process ended before it did."""

POLL_SECONDS = 0.5
NO_PLACE_SECONDS = 300.0
KEEP_SECONDS = 5.0  # of results that a kill may lose
MAX_LANES = 1_024
STOPPED = "The work was stopped."


@dataclass(frozen=True, eq=False)
class Item(Generic[GivenT]):
    """Something to work on."""

    what: Path | str  # its file, or where it is from, such as ``line 3``; messages name it
    given: GivenT  # what the work gets
    seconds: float = 0.0  # how much of the progress it is


Begin: TypeAlias = Callable[[], Callable[[Any], Any]]
"""Returns the work, with models and the like opened once; it is called in each process."""

Answer: TypeAlias = tuple[Any, Mapping[str, type[Warning]]]
"""The result of an item, or Failed; and its warnings for users, which the process has no way to show."""


def answer_to(item: Item[Any], work: Callable[[Any], Any]) -> Answer:
    """Do the work of an item; whatever error it raises is its failure, unless it comes of Ctrl-C."""
    with collected_warnings() as sentences:
        try:
            result = work(item.given)
        except Exception as error:
            if is_interruption(error):
                raise KeyboardInterrupt from error
            result = Failed(item.what, problem_of(item.what, error))
    return result, sentences


class PlaceLost(WorkerLost):
    """The place of a worker is gone, not by what the item did: it runs again elsewhere, and nothing failed."""


class Lane(ABC):
    """Works on one item at a time."""

    @abstractmethod
    def run(self, item: Item[Any]) -> Answer:
        """Work on an item; raise WorkerLost if that ended the worker, so that the next item gets a new one."""

    def start(self, item: Item[Any], threads: Executor) -> Future[Answer]:
        """Begin to work on an item, in a thread."""
        return threads.submit(self.run, item)

    def knows(self, item: Item[Any]) -> bool:
        """Return True if the item is done sooner here than in another lane, since its models are open."""
        return False

    @abstractmethod
    def stop(self) -> None:
        """End the worker at once; what it works on is lost."""

    def give_up_waiting(self) -> None:  # noqa: B027  (most lanes never wait)
        """End a wait for a place to work with PlaceLost."""


@dataclass(frozen=True)
class Lanes:
    """Where lanes come from."""

    new: Callable[[], Lane]  # returns one more
    count: Callable[[], int]  # returns how many there is a place for now


def in_this_process(begin: Begin) -> Lanes:
    """Return one lane, which works in the thread of its caller, so that Ctrl-C reaches the work."""
    return Lanes(lambda: LocalLane(begin), lambda: 1)


def in_processes(begin: Begin, n_processes: int = 0, one_thread: bool = False) -> Lanes:
    """Return lanes of a process each, by default (0) one for each core; ``one_thread`` is that of `WorkerProcess`."""
    start = partial(WorkerProcess, _answer, begin, one_thread=one_thread)
    return Lanes(lambda: ProcessLane(start), lambda: n_processes or os.cpu_count() or 1)


class LocalLane(Lane):
    """Works in this process."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._work: Callable[[Any], Any] | None = None

    def run(self, item: Item[Any]) -> Answer:
        """Work on an item."""
        self._work = self._work or self._begin()
        return answer_to(item, self._work)

    def start(self, item: Item[Any], _: Executor) -> Future[Answer]:
        """Work on an item at once."""
        done: Future[Answer] = Future()
        done.set_result(self.run(item))
        return done

    def stop(self) -> None:
        """Do nothing: the caller is not here while there is work."""


class ProcessLane(Lane):
    """Works in a process of its own, which is started at the first item and after each loss."""

    def __init__(self, start: Callable[[], WorkerProcess]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._process: WorkerProcess | None = None
        self._is_stopped = False

    @property
    def process_id(self) -> int | None:
        """Id of the process, None if there is none."""
        process = self._process
        return None if process is None else process.id

    def process(self) -> WorkerProcess:
        """Return the process, which is started if there is none; raise WorkerLost after `stop`."""
        with self._lock:
            if self._is_stopped:
                raise WorkerLost(STOPPED)
            if self._process is None or not self._process.is_alive:
                self._process = self._start()
            return self._process

    def run(self, item: Item[Any]) -> Answer:
        """Work on an item in the process."""
        with self.process().talk() as connection:
            connection.send(item)
            answer: Answer = connection.recv()
        return answer

    def kill(self) -> None:
        """End the process and all that it has started; the next item gets another one."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """End the process; there is no other one."""
        self._is_stopped = True
        self.kill()


def _answer(connection: Connection, begin: Begin) -> None:
    """Answer each item that arrives."""
    work = begin()
    while True:
        connection.send(answer_to(connection.recv(), work))


def outcomes(
    items: Iterable[Item[GivenT]], lanes: Lanes, retries: int = 0, n_alone: int = 0
) -> Generator[tuple[Item[GivenT], Any]]:
    """Yield each item with what the work returned, or Failed, as they end; the warnings of the work are shown here.

    - ``items``: the items.
    - ``lanes``: as many as there is a place for, which may change; all are stopped at the end, whatever happens.
    - ``retries``: how often an item that failed runs again, after the others.
    - ``n_alone``: number of items that run one after another before the others.

    Raises BadSetting if there has been no place for a lane for NO_PLACE_SECONDS.
    """
    with closing(Runner(lanes, items, retries, n_alone)) as runner:
        yield from runner.run()


class Runner:
    """Items that wait or are worked on, and the lanes. `run` is for one thread, everything else for any.

    - ``lanes``, ``items``, ``retries``, ``n_alone``: see `outcomes`.
    - ``is_open``: further items arrive, until `close`.
    """

    def __init__(
        self,
        lanes: Lanes,
        items: Iterable[Item[Any]] = (),
        retries: int = 0,
        n_alone: int = 0,
        is_open: bool = False,
    ) -> None:
        self._lock = threading.RLock()
        self._waiting = deque((item, 0) for item in items)
        self._max_lanes = MAX_LANES if is_open else min(len(self._waiting), MAX_LANES)
        self._source = lanes
        self._idle: list[Lane] = []
        self._running: dict[Future[Answer], tuple[Lane, Item[Any], int]] = {}
        self._retries = retries
        self._n_alone = n_alone
        self._is_open = is_open
        self._news: Future[Answer] = Future()
        self._threads = ThreadPoolExecutor(MAX_LANES, "lane")
        self._started = self._last_place = time.monotonic()
        self._n_ended = 0

    @property
    def n_waiting(self) -> int:
        """Items that wait."""
        return len(self._waiting)

    @property
    def n_running(self) -> int:
        """Items that are worked on."""
        return len(self._running)

    @property
    def lanes(self) -> list[Lane]:
        """All lanes."""
        with self._lock:
            return [*self._idle, *(lane for lane, _, _ in self._running.values())]

    def add(self, item: Item[Any]) -> None:
        """Add an item; after `close` nothing comes of it."""
        with self._lock:
            if self._is_open:
                self._waiting.append((item, 0))
                self._wake()

    def remove(self, given: object) -> Lane | None:
        """Take an item out of those that wait; return the lane that works on it, None if there is none."""
        with self._lock:
            self._waiting = deque(each for each in self._waiting if each[0].given is not given)
            return next((lane for lane, item, _ in self._running.values() if item.given is given), None)

    def run(self) -> Generator[tuple[Item[Any], Any]]:
        """Yield each item with its outcome, as they end."""
        while self._is_open or self._waiting or self._running:
            n_places = min(self._source.count(), self._max_lanes)
            with self._lock:
                self._follow(n_places)
                if self._news.done():
                    self._news = Future()
                while self._waiting and self._idle and len(self._running) < self._limit():
                    item, n_failures = self._waiting.popleft()
                    lane = max(reversed(self._idle), key=lambda lane: lane.knows(item))
                    self._idle.remove(lane)
                    self._running[lane.start(item, self._threads)] = lane, item, n_failures
                futures = [*self._running, self._news]
            timeout = None if self._is_open else POLL_SECONDS
            for future in wait(futures, timeout, FIRST_COMPLETED).done - {self._news}:
                yield from self._end(future)

    def close(self) -> list[Item[Any]]:
        """End all lanes, those that work too; return the items that wait."""
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
            self._is_open = False
            self._wake()
        for lane in self.lanes:
            lane.stop()
        self._threads.shutdown()
        return [item for item, _ in waiting]

    def _wake(self) -> None:
        if not self._news.done():
            self._news.set_result((None, {}))

    def _follow(self, n_places: int) -> None:
        """Begin lanes that there is a place for now; end those without one that do nothing, or wait for a place."""
        now = time.monotonic()
        if n_places or self._running:
            self._last_place = now
        elif now - self._last_place > NO_PLACE_SECONDS:
            raise BadSetting(
                f"There has been no processor for {NO_PLACE_SECONDS / 60:g} minutes; what is done is kept, so call "
                "again when there is one."
            )
        n_more = n_places - len(self.lanes)
        if self._waiting or self._is_open:
            self._idle += [self._source.new() for _ in range(n_more)]
        for _ in range(min(-n_more, len(self._idle))):
            self._idle.pop().stop()
        if len(self._running) > n_places:
            for lane, _, _ in self._running.values():
                lane.give_up_waiting()

    def _limit(self) -> int:
        """Return how many lanes are used now."""
        is_warm = self._n_ended >= self._n_alone or time.monotonic() - self._started > WARM_UP_SECONDS
        return MAX_LANES if is_warm else 1

    def _end(self, future: Future[Answer]) -> Generator[tuple[Item[Any], Any]]:
        with self._lock:
            lane, item, n_failures = self._running.pop(future)
            self._idle.append(lane)
        sentences: Mapping[str, type[Warning]] = {}
        try:
            outcome, sentences = future.result()
        except PlaceLost:
            with self._lock:  # which `remove` holds while it makes another list
                self._waiting.appendleft((item, n_failures))
            return
        except WorkerLost as lost:
            outcome = Failed(item.what, str(lost))
        for sentence, category in sentences.items():
            warnings.warn(sentence, category, stacklevel=2)
        self._n_ended += 1
        if isinstance(outcome, Failed) and n_failures < self._retries:
            with self._lock:
                self._waiting.append((item, n_failures + 1))
        else:
            yield item, outcome


def each_item(
    items: Sequence[Item[GivenT] | Failed],
    begin: Callable[[], Callable[[GivenT], ResultT]],
    title: str,
    quiet: bool = False,
    n_processes: int = 1,
    keep: Callable[[Sequence[ResultT]], object] = lambda _: None,
) -> tuple[tuple[ResultT, ...], tuple[Failed, ...]]:
    """Do the work of each item; return the results, and the items that failed, both in the order of the items.

    - ``n_processes``: processes; 1 for this one alone, 0 for one for each core.
    - ``keep``: called with new results every KEEP_SECONDS, and with all in order at the end, also of an interruption.
    """
    todo = [item for item in items if isinstance(item, Item)]
    n_lanes = min(n_processes or os.cpu_count() or 1, len(todo))
    lanes = in_this_process(begin) if n_lanes == 1 else in_processes(begin, n_lanes)
    ended: dict[Item[GivenT] | Failed, Any] = {item: item for item in items if isinstance(item, Failed)}
    try:
        with (
            progress_bar(title, sum(item.seconds for item in todo) or None, quiet) as show,
            closing(outcomes(todo, lanes)) as each,
        ):
            done, last, new = 0.0, time.monotonic(), list[ResultT]()
            for item, outcome in each:
                ended[item] = outcome
                done += item.seconds
                show(done)
                new += [] if isinstance(outcome, Failed) else [outcome]
                if new and time.monotonic() - last > KEEP_SECONDS:
                    keep(new)
                    last, new = time.monotonic(), []
    finally:
        in_order = [ended[item] for item in items if item in ended]
        results: tuple[ResultT, ...] = tuple(each for each in in_order if not isinstance(each, Failed))
        keep(results)
    return results, tuple(each for each in in_order if isinstance(each, Failed))
