"""Lanes on a Ray cluster: an actor each, on this machine or on others."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from ...base.errors import BadSetting, MissingExtra, how_to_install
from ...base.worker_process import WorkerLost
from .job import BatchJob, JobOutcome
from .store import Store
from .worker import JobWorker, Lane

PREFIX = "ray"

Ray: TypeAlias = Any  # the module, most of which has no annotations


def is_ray(engine: str) -> bool:
    """Return True for ``ray``, and for the address of a cluster such as ``ray://head:10001``."""
    return engine == PREFIX or engine.startswith(f"{PREFIX}://")


@contextmanager
def ray_lanes(engine: str, n_lanes: int, store: Store) -> Iterator[list[Lane]]:
    """Yield lanes on a cluster.

    - ``engine``: ``ray://`` and the address of a cluster; or ``ray`` for that of the environment variable
      ``RAY_ADDRESS``, else a cluster of this machine, which ends with the block.
    - ``n_lanes``: number of lanes, 0 for the processors of the cluster.
    - ``store``: folder of the batch, which all machines must reach under the same path.

    Raises MissingExtra if Ray is not installed, or BadSetting if no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # or Ray sends statistics to its maker
    try:
        ray: Ray = importlib.import_module("ray")
    except ImportError as error:
        raise MissingExtra(f"--on {engine} needs the extra ray; {how_to_install('ray')}.") from error
    is_ours = not ray.is_initialized()
    if is_ours:
        _connect(ray, engine, n_lanes)
    try:
        n_processors = int(ray.cluster_resources().get("CPU", 1))
        yield [RayLane(ray, store) for _ in range(n_lanes or n_processors)]
    finally:
        if is_ours:
            ray.shutdown()


class RayLane(Lane):
    """Runs jobs in an actor, which is started at the first job and after each loss."""

    def __init__(self, ray: Ray, store: Store) -> None:
        self._ray = ray
        self._store = store
        self._class = ray.remote(num_cpus=1, max_restarts=0)(JobWorker)
        self._actor: Any = None
        self._is_stopped = False

    def run(self, job: BatchJob, models: dict[str, str]) -> JobOutcome:
        """Run a job in the actor."""
        errors = self._ray.exceptions
        try:
            if self._actor is None and not self._is_stopped:
                self._actor = self._class.remote(self._store)
            if self._actor is None:
                raise WorkerLost("The batch was stopped.")
            outcome: JobOutcome = self._ray.get(self._actor.run.remote(job, models))
        except (errors.RayActorError, errors.WorkerCrashedError, errors.NodeDiedError) as error:
            self._actor = None
            raise WorkerLost("Its worker on the cluster ended; the memory may be too small for it.") from error
        return outcome

    def stop(self) -> None:
        """End the actor."""
        self._is_stopped = True
        if self._actor is not None:
            self._ray.kill(self._actor)


def _connect(ray: Ray, engine: str, n_lanes: int) -> None:
    """Join the cluster of an address, or that of the environment; without one start one on this machine."""
    is_remote = engine != PREFIX or "RAY_ADDRESS" in os.environ
    started = {} if is_remote else {"num_cpus": n_lanes or os.cpu_count(), "include_dashboard": False}
    address = None if engine == PREFIX else engine
    try:
        ray.init(address, logging_level="ERROR", log_to_driver=False, **started)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BadSetting(f"No Ray cluster answers for --on {engine} ({error}); start one with ray start.") from error
