"""Run a search: plan it, let workers train trials, and keep the best of them as an ordinary run."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from optuna import Study
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console

from ...base.errors import BadFolder, BadSetting, WavewrightError
from ...base.whole_file import hidden_path
from ...base.worker_process import WorkerProcess
from ...models import BEST_RUN
from .search import SIGNATURE, TRIAL_MINUTES, TRIAL_STEPS, Search, check_signature, open_study, storage_errors
from .trials import TRIALS, Ground, Worker


@dataclass(frozen=True)
class Outcome:
    """The trials of a search."""

    metric: str  # name of the metric, with ``-`` in front where higher is better
    trials: tuple[FrozenTrial, ...]  # all trials, as Optuna records them; the value is such that lower is better
    stopped_by: str = ""  # signal that ended the call, such as ``"Ctrl-C"``; empty without one

    @property
    def finished(self) -> list[FrozenTrial]:
        """The trials that were trained to their end, best first."""
        complete = [trial for trial in self.trials if trial.state == TrialState.COMPLETE]
        return sorted(complete, key=lambda trial: (trial.value, trial.number))

    def shown(self, value: float) -> float:
        """Return a value as the family measures it."""
        return -value if self.metric.startswith("-") else value


def tune(search: Search, max_minutes: float, jobs: int = 1, resume: bool = False, quiet: bool = False) -> Outcome:
    """Search settings for some minutes; the best run is in its folder BEST_RUN afterwards.

    ``jobs`` processes train trials side by side; ``resume`` continues a search, or joins one on another machine.

    Raises BadFolder if there is no search to resume, or one that is not to be resumed, or the recordings cannot be
    used; BadSetting if the time is too short for a trial, a setting is unknown or the storage cannot be used.
    """
    deadline = time.time() + 60 * max_minutes
    console = Console(stderr=True, quiet=quiet)
    ground = Ground.of(search)
    exists = (search.out / TRIALS).is_dir()
    if exists and not resume:
        raise BadSetting(f"{search.out} contains a search already; continue it with --resume, or give another --out.")
    if resume and not exists and not search.storage:
        raise BadFolder(f"There is no search in {search.out} to resume; begin one without --resume.")
    (search.out / TRIALS).mkdir(parents=True, exist_ok=True)
    try:
        search = _joined(search)
        first = Worker(search, ground, 0, _printer(console))
        first.plan()
    except BaseException:
        if not exists:
            shutil.rmtree(search.out, ignore_errors=True)
        raise
    if jobs == 1:
        first.work(deadline)
    else:
        _work_side_by_side(search, deadline, jobs, quiet)
    with storage_errors(search):
        return replace(keep_best(search, first.study, ground.metric), stopped_by=first.stopped_by)


def _joined(search: Search) -> Search:
    """Return the search with the trials' length of its first call; raise BadSetting if the storage has another."""
    study = open_study(search)
    check_signature(study, search)
    if SIGNATURE not in study.user_attrs:
        study.set_user_attr(TRIAL_MINUTES, search.trial_minutes)
        study.set_user_attr(TRIAL_STEPS, search.trial_steps)
        study.set_user_attr(SIGNATURE, search.signature)
    known = study.user_attrs
    return replace(search, trial_minutes=known[TRIAL_MINUTES], trial_steps=known.get(TRIAL_STEPS, 0))


def keep_best(search: Search, study: Study, metric: str) -> Outcome:
    """Copy the best finished trial to the subfolder BEST_RUN; raise BadSetting if none is finished."""
    outcome = Outcome(metric, tuple(study.get_trials()))
    if not outcome.finished:
        raise BadSetting(
            f"The minutes were over before the first trial was finished; continue with --resume --max-minutes "
            f"{2 * search.trial_minutes:.2g}."
        )
    number = outcome.finished[0].number
    trial, best_run = search.out / TRIALS / f"{number:04d}", search.out / BEST_RUN
    is_new = study.user_attrs.get(BEST_RUN) != number or not best_run.is_dir()  # it may have been trained further
    if is_new and trial.is_dir():  # else it is on the machine that trained it
        with hidden_path(search.out) as copy:
            shutil.copytree(trial, copy, ignore=shutil.ignore_patterns(".*"))
            shutil.rmtree(best_run, ignore_errors=True)
            copy.rename(best_run)
        study.set_user_attr(BEST_RUN, number)
    return outcome


def _printer(console: Console) -> Callable[[str], None]:
    def show(line: str) -> None:
        with suppress(OSError):
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    return show


def _work_side_by_side(search: Search, deadline: float, jobs: int, quiet: bool) -> None:
    """Let several processes train trials; one that dies leaves its trial to the others."""
    workers = [WorkerProcess(_work, search, deadline, number, quiet) for number in range(jobs)]
    try:
        for worker in workers:
            worker.join()
    except KeyboardInterrupt:  # they save and end
        for worker in workers:
            worker.interrupt()
        for worker in workers:
            worker.join()
        raise
    finally:
        for worker in workers:
            worker.kill()


def _work(_: Connection, search: Search, deadline: float, number: int, quiet: bool) -> None:
    """Run one worker process."""
    console = Console(stderr=True, quiet=quiet)
    try:
        Worker(search, Ground.of(search), number, _printer(console)).work(deadline)
    except WavewrightError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
