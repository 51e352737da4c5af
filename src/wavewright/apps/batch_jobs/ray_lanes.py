"""Lanes on a Ray cluster: an actor each, on this machine or on others, as many as there are processors."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

from ...base.errors import BadSetting, MissingExtra, how_to_install
from ...base.runner import STOPPED, Answer, Begin, Item, Lane, Lanes, PlaceLost, answer_to
from ...base.worker_process import WorkerLost

PREFIX = "ray"
ASK_SECONDS = 1.0
SILENT_SECONDS = 40.0
"""Longest silence of a head that is there; Ray ends the processes that it does not answer after 60 s."""
LOSS_SECONDS = 15.0
"""Longest time between the end of an actor and the news that its machine is gone."""

Ray: TypeAlias = Any  # the module, most of which has no annotations


def is_ray(engine: str) -> bool:
    """Return True for ``ray``, and for the address of a cluster such as ``ray://head:10001``."""
    return engine == PREFIX or engine.startswith(f"{PREFIX}://")


@contextmanager
def ray_lanes(engine: str, n_wanted: int, begin: Begin) -> Iterator[Lanes]:
    """Yield the lanes of a cluster, which follow what it has.

    - ``engine``: ``ray://`` and the address of a cluster; or ``ray`` for that of the environment variable
      ``RAY_ADDRESS``, else a cluster of this machine, which ends with the block.
    - ``n_wanted``: largest number of lanes, 0 for the processors of the cluster.
    - ``begin``: returns the work; it is called on each machine.

    Raises MissingExtra if Ray is not installed, or BadSetting if no cluster answers, also later.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # or Ray sends statistics to its maker
    try:
        ray: Ray = importlib.import_module("ray")
    except ImportError as error:
        raise MissingExtra(f"--on {engine} needs the extra ray; {how_to_install('ray')}.") from error
    is_ours = not ray.is_initialized()
    if is_ours:
        _connect(ray, engine, n_wanted)
    cluster = Cluster(ray, engine)
    try:
        with cluster.watched():
            yield Lanes(lambda: RayLane(cluster, begin), lambda: cluster.n_places(n_wanted))
    finally:
        if is_ours and not cluster.is_gone:
            ray.shutdown()


class Cluster:
    """A Ray cluster, which is asked once a second what it has.

    A question to a head that is gone has no answer, and Ray ends this process a minute later; so a thread asks, and
    who waits for a cluster waits for SILENT_SECONDS at most.
    """

    def __init__(self, ray: Ray, engine: str) -> None:
        self.ray = ray
        self.is_gone = False
        self._engine = engine
        self._answered = time.monotonic()
        self._nodes: dict[str, int] = {}
        self._is_over = threading.Event()
        self._ask()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Ask again and again within the block."""
        threading.Thread(target=self._watch, daemon=True).start()
        try:
            yield
        finally:
            self._is_over.set()

    def n_places(self, n_wanted: int) -> int:
        """Return the processors that are there, or fewer if so many are wanted; 0 wants all.

        Raises BadSetting if the head does not answer.
        """
        self.check()
        n_processors = sum(self._nodes.values())
        return min(n_processors, n_wanted or n_processors)

    def has(self, node: str) -> bool:
        """Return True if a machine has not been lost."""
        return node in self._nodes

    def check(self) -> None:
        """Raise BadSetting if the head does not answer any more."""
        if time.monotonic() - self._answered > SILENT_SECONDS:
            self.is_gone = True
            raise BadSetting(
                f"The Ray cluster of --on {self._engine} does not answer any more; what is done is kept, so call again "
                "when it runs."
            )

    def _watch(self) -> None:
        while not self._is_over.wait(ASK_SECONDS):
            with suppress(Exception):  # Ray has many for a head that is gone
                self._ask()

    def _ask(self) -> None:
        nodes = [node for node in self.ray.nodes() if node["Alive"]]
        self._nodes = {node["NodeID"]: int(node["Resources"].get("CPU", 0)) for node in nodes}
        self._answered = time.monotonic()


class RayWorker:
    """The worker of an actor."""

    def __init__(self, begin: Begin) -> None:
        self._work = begin()

    def run(self, item: Item[Any]) -> Answer:
        """Work on an item."""
        return answer_to(item, self._work)

    def node(self) -> str:
        """Return the machine that it is on."""
        context: Ray = importlib.import_module("ray").get_runtime_context()
        return str(context.get_node_id())


class RayLane(Lane):
    """Works in an actor, which is started at the first item and after each loss."""

    def __init__(self, cluster: Cluster, begin: Begin) -> None:
        self._cluster = cluster
        self._begin = begin
        self._class = cluster.ray.remote(num_cpus=1, max_restarts=0)(RayWorker)
        self._actor: Any = None
        self._node: str | None = None
        self._is_stopped = self._gives_up = False

    def run(self, item: Item[Any]) -> Answer:
        """Work on an item in the actor, once it has a place."""
        errors = self._cluster.ray.exceptions
        try:
            if self._actor is None and not self._is_stopped:
                self._gives_up = False
                self._actor = self._class.remote(self._begin)
                self._node = self._answer(self._actor.node.remote())
            if self._actor is None:
                raise WorkerLost(STOPPED)
            answer: Answer = self._answer(self._actor.run.remote(item))
        except (errors.RayActorError, errors.WorkerCrashedError, errors.NodeDiedError) as error:
            node, self._actor, self._node = self._node, None, None
            if node is not None and self._is_lost(node):
                raise PlaceLost("Its machine left the cluster.") from error
            raise WorkerLost("Its worker on the cluster ended; the memory may be too small for it.") from error
        return answer

    def give_up_waiting(self) -> None:
        """End the wait for a processor."""
        self._gives_up = True

    def stop(self) -> None:
        """End the actor."""
        self._is_stopped = True
        if self._actor is not None and not self._cluster.is_gone:
            self._cluster.ray.kill(self._actor)

    def _answer(self, reference: Any) -> Any:  # noqa: ANN401  (what the actor returns)
        """Wait for what the actor returns, as long as there is a cluster and, before it has a place, a reason to."""
        ray = self._cluster.ray
        while not ray.wait([reference], timeout=ASK_SECONDS)[0]:
            self._cluster.check()
            if self._is_stopped or (self._gives_up and self._node is None):
                actor, self._actor = self._actor, None
                ray.kill(actor)
                raise PlaceLost("The cluster has no processor for it.")
        return ray.get(reference)

    def _is_lost(self, node: str) -> bool:
        """Return True if a machine leaves the cluster, which the cluster says some seconds after its actors ended."""
        ends = time.monotonic() + LOSS_SECONDS
        while self._cluster.has(node) and time.monotonic() < ends:
            self._cluster.check()
            time.sleep(ASK_SECONDS)
        return not self._cluster.has(node)


def _connect(ray: Ray, engine: str, n_lanes: int) -> None:
    """Join the cluster of an address, or that of the environment; without one start one on this machine."""
    is_remote = engine != PREFIX or "RAY_ADDRESS" in os.environ
    started = {} if is_remote else {"num_cpus": n_lanes or os.cpu_count(), "include_dashboard": False}
    address = None if engine == PREFIX else engine
    try:
        ray.init(address, logging_level="ERROR", log_to_driver=False, **started)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BadSetting(f"No Ray cluster answers for --on {engine} ({error}); start one with ray start.") from error
