"""The trials of a search: claimed by a worker, trained as ordinary runs, resumed after a kill."""

from __future__ import annotations

import shutil
import socket
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from optuna import Study, Trial
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from ... import families
from ...base.errors import BadFolder, BadSetting, InUse, WavewrightError, shortened
from ...base.file_lock import locked
from ...base.progress_bar import progress_changed
from ...contracts.family import Choice, Dial
from ...contracts.recipe import Recipe
from ...data.entry import Scan
from ...data.parameters import FolderParameters
from ...models import BEST_RUN
from ...models.consent import required_consent
from ..checkpoint import Progress
from ..choices import choose_recipe, open_base, scan_for
from ..parameters import Call, TrainParameters
from ..provenance import provenance_of
from ..run import Run
from ..run_file import CHECKPOINTS, LAST
from ..run_records.call_files import call_of
from .search import N_RUNGS, Search, open_study


def open_dials(dials: Sequence[Dial], settings: Sequence[str], only: Sequence[str] = ()) -> tuple[Dial, ...]:
    """Return the dials that a search turns: those that no setting fixes, or of these the named ones.

    - ``dials``: of the family.
    - ``settings``: overrides ``name=value``, which fix a dial.
    - ``only``: names of the dials to turn, with or without their section; empty: all.

    Raises BadSetting if a name is no dial, or no dial is left.
    """
    fixed = {setting.partition("=")[0].strip() for setting in settings}
    free = [dial for dial in dials if not _names(dial) & fixed]
    known = ", ".join(dial.name for dial in free)
    for name in only:
        if not any(name in _names(dial) for dial in free):
            raise BadSetting(f"There is no dial {name!r} to search; there are {known}.")
    chosen = tuple(dial for dial in free if not only or _names(dial) & set(only))
    if not chosen:
        raise BadSetting("Every dial is fixed by --set; leave one of them out, or train with `wavewright train`.")
    return chosen


def _names(dial: Dial) -> set[str]:
    return {dial.name, dial.name.partition(".")[2]}


def distribution(dial: Dial, recipe: Recipe) -> BaseDistribution:
    """Return the values among which a dial is turned."""
    if dial.choices:
        return CategoricalDistribution(dial.choices_in(recipe))
    low, high = dial.range_in(recipe)
    if dial.is_whole(recipe):
        return IntDistribution(int(low), int(high), log=dial.scale == "log")
    return FloatDistribution(low, high, log=dial.scale == "log")


def defaults(dials: Sequence[Dial], recipe: Recipe) -> dict[str, Choice]:
    """Return the values of the recipe."""
    return {dial.name: dial.default(recipe) for dial in dials}


def assignments(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return values as settings ``name=value``; numbers are exact."""
    texts = {name: repr(value) if isinstance(value, float) else str(value) for name, value in values.items()}
    return tuple(f"{name}={text}" for name, text in texts.items())


TRIALS = "trials"
CLAIM_LOCK = ".wavewright-claim.lock"
TRIAL_LOCK = ".wavewright-trial.lock"
THREADS, METRIC = "threads", "metric"  # attributes of a study
HOST, PLAN, FAULT, MINUTES = "host", "settings", "fault", "minutes"  # attributes of a trial
MIN_TRIAL_STEPS = 10 * N_RUNGS
"""Steps of a whole trial below which a search says that its minutes are too few."""

WORTH_STARTING = 1 / 3
"""Fraction of a whole trial for which time must be left when a new one begins."""

NAMELESS_SECONDS = 60.0
"""Age from which a trial without a host is one whose worker was killed before it wrote its name."""

PRUNED = "ended by the search"


@dataclass(frozen=True)
class Ground:
    """Everything that the trials of a search have in common."""

    family: families.AnyFamily
    dials: tuple[Dial, ...]
    recipe: Recipe
    recordings: Scan
    metric: str

    @classmethod
    def of(cls, search: Search) -> Ground:
        """Prepare a search.

        Raises BadSetting if a setting or a dial is unknown, the family has no metric that ranks trainings, or a voice
        has no consent, or BadFolder if there are no recordings.
        """
        family = families.family(search.family)
        base = None if search.base is None else open_base(search.base, search.family)
        recipe = choose_recipe(search.family, search.size, search.settings, search.device, base)
        if family.imitates_voices:
            required_consent(search.permission.consent, search.permission.licence)
        metric = recipe.training.metric or family.ranking
        if not metric:
            raise BadSetting(
                f"The family {search.family} has no metric that ranks trainings; choose one with --set "
                f"training.metric=NAME: {', '.join(recipe.model.metrics)}."
            )
        if recipe.training.steps and search.base is None:
            raise BadSetting("The search plans the steps of its trials by minutes; leave training.steps out of --set.")
        recordings = scan_for(search.family, search.folder, search)
        return cls(family, open_dials(family.dials, search.settings, search.dials), recipe, recordings, metric)

    def value(self, progress: Progress) -> float:
        """Return the metric of the last evaluation, such that lower is better."""
        value = progress.metrics[self.metric.removeprefix("-")]
        return -value if self.metric.startswith("-") else value


class Worker:
    """One process of a search, which trains one trial after the other.

    - ``ground``: from :meth:`Ground.of`.
    - ``number``: of the worker.
    - ``show``: called with a line about each trial.
    """

    def __init__(self, search: Search, ground: Ground, number: int, show: Callable[[str], None]) -> None:
        self.search = search
        self.ground = ground
        self.number = number
        self.show = show
        self.study: Study = open_study(search, number)
        self._began = time.time()
        self.stopped_by = ""

    def plan(self) -> None:
        """Time the defaults, record how trials are trained, and let the defaults be the first trial.

        Raises BadFolder if no recordings are left for validation, or BadSetting if a whole trial would have fewer than
        MIN_TRIAL_STEPS steps, or a voice has no consent.
        """
        if THREADS in self.study.user_attrs:
            return
        run = self._run(self.search.out / TRIALS, ())
        run.consent()
        steps, threads = run.steps_in(self.search.trial_minutes)
        if self.search.trial_steps:
            self._check_fits(steps)
        elif steps < MIN_TRIAL_STEPS:
            needed = self.search.trial_minutes * MIN_TRIAL_STEPS / max(steps, 1)
            raise BadSetting(
                f"A trial of {self.search.trial_minutes:.2g} minutes has time for {steps} steps, which say nothing; "
                f"give --trial-minutes {_rounded_up(needed)} and --max-minutes {_rounded_up(8 * needed)} or more, or a "
                "smaller --size."
            )
        self.study.set_user_attr(METRIC, self.ground.metric)
        self.study.enqueue_trial(defaults(self.ground.dials, self.ground.recipe), skip_if_exists=True)
        self.study.set_user_attr(THREADS, threads)

    def _check_fits(self, most_steps: int) -> None:
        """Raise BadSetting if a whole trial by its steps takes longer than so many steps of the defaults."""
        steps, minutes = self.search.trial_steps, self.search.trial_minutes
        if steps > most_steps:
            needed = minutes * steps / max(most_steps, 1)
            raise BadSetting(
                f"A trial of {steps} steps takes about {needed:.2g} minutes here, but the search has {minutes:.2g}; "
                f"give --max-minutes {_rounded_up(8 * needed)}, or fewer --trial-steps."
            )

    def work(self, deadline: float) -> None:
        """Train trials until a time, in seconds as :func:`time.time` counts them, or until a signal arrives."""
        self._began = time.time()
        while time.time() < deadline and self.train_next(deadline):
            pass

    def train_next(self, deadline: float) -> bool:
        """Train the next trial; return False if too little time is left, or a signal or the time ended the trial."""
        with ExitStack() as stack:
            trial = self._claim(deadline, stack)
            return trial is not None and self._train(trial, deadline)

    def _claim(self, deadline: float, stack: ExitStack) -> Trial | None:
        """Return an abandoned trial or a new one, and hold its lock; None if too little time is left."""
        with locked(self.search.out / CLAIM_LOCK, wait=True):
            for known in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                host = known.user_attrs.get(HOST)
                is_nameless = host is None and _age(known) > NAMELESS_SECONDS
                if host == socket.gethostname() or is_nameless:
                    with suppress(InUse):
                        stack.enter_context(self._locked_trial(known.number))
                        trial = Trial(self.study, known._trial_id)
                        trial.set_user_attr(HOST, socket.gethostname())
                        return trial
            if self.search.max_trials and self._n_begun() >= self.search.max_trials:
                return None
            is_first = not self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if not is_first and deadline - time.time() < WORTH_STARTING * 60 * self._whole_trial_minutes():
                return None
            trial = self.study.ask({dial.name: distribution(dial, self.ground.recipe) for dial in self.ground.dials})
            stack.enter_context(self._locked_trial(trial.number))
            trial.set_user_attr(HOST, socket.gethostname())
            return trial

    def _locked_trial(self, number: int) -> AbstractContextManager[object]:
        """Return the lock of a trial, whose folder is made; entering it raises InUse while another worker trains it."""
        folder = self._folder(number)
        folder.mkdir(parents=True, exist_ok=True)
        return locked(folder / TRIAL_LOCK, wait=False)

    def _fraction(self, deadline: float) -> float:
        """Return how much of the time or, if more, of the trials is over."""
        of_time = (time.time() - self._began) / max(deadline - self._began, 1e-3)
        n_trials = self.search.max_trials
        return max(of_time, (self._n_begun() - 1) / n_trials if n_trials else 0.0)

    def _n_begun(self) -> int:
        """Return the number of trials, without the defaults if they only wait to be trained."""
        return sum(trial.state != TrialState.WAITING for trial in self.study.get_trials(deepcopy=False))

    def _whole_trial_minutes(self) -> float:
        """Return how long a whole trial is to last; by its steps, as long as the shortest one that is finished."""
        if not self.search.trial_steps:
            return self.search.trial_minutes
        finished = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return min((trial.user_attrs[MINUTES] for trial in finished), default=0.0)

    def _folder(self, number: int) -> Path:
        return self.search.out / TRIALS / f"{number:04d}"

    def _run(self, folder: Path, settings: tuple[str, ...]) -> Run:
        """Return the run of a trial; raise BadFolder if it would have no validation."""
        search, recordings = self.search, self.ground.recordings
        base = None if search.base is None else open_base(search.base, search.family)
        recipe = choose_recipe(search.family, search.size, (*search.settings, *settings), search.device, base)
        recipe = replace(recipe, training=replace(recipe.training, metric=self.ground.metric))
        provenance = provenance_of(search.out, search.family, recordings, search.folder, search.permission, base)
        record = call_of(search.out / BEST_RUN, search.folder, self._call(settings))  # for who resumes the best one
        run = Run(folder, search.family, recipe, recordings, provenance, base=base, record=record)
        if run.recipe.training.metric != self.ground.metric:
            raise BadFolder(
                f"{search.folder} is too small to hold recordings back for {self.ground.metric}, which ranks the "
                "trials; add recordings."
            )
        return run

    def _call(self, settings: tuple[str, ...]) -> TrainParameters:
        """Return the arguments of `train` for the run of a trial."""
        search = self.search
        shared = {each.name: getattr(search, each.name) for each in fields(FolderParameters)}
        settings = (*search.settings, *settings, f"training.metric={self.ground.metric}")
        return TrainParameters(family=search.family, size=search.size, from_=search.base, set=settings, **shared)

    def _train(self, trial: Trial, deadline: float) -> bool:
        """Train or resume a trial and record its result; return False if a signal or the time ended it."""
        folder = self._folder(trial.number)
        try:
            run = self._prepared(trial, folder)
            minutes, has_begun = max((deadline - time.time()) / 60, 0.01), (folder / CHECKPOINTS / LAST).is_file()
            call = Call(max_minutes=minutes, resume=has_begun, quiet=True)
            with progress_changed(lambda message, _: (f"trial {trial.number}: {message}", self._fraction(deadline))):
                progress = run.train(call, stop_after=lambda at: self._verdict(trial, at))
        except (WavewrightError, MemoryError, RuntimeError) as error:
            if trial.number == 0:
                raise
            self._fail(trial, folder, error)
            return True
        if not progress.finished:
            self.stopped_by = progress.stopped_by
            self.show(f"trial {trial.number}: interrupted at step {progress.step} of {progress.steps}")
            return False
        trial.set_user_attr("steps", progress.step)
        trial.set_user_attr(MINUTES, round(progress.minutes, 2))
        if progress.finished == PRUNED:
            self.study.tell(trial, state=TrialState.PRUNED)
            _remove_weights(folder)
        else:
            self.study.tell(trial, min([self.ground.value(progress), *self._reached(trial)]))
        self._show_result(trial, progress)
        return True

    def _prepared(self, trial: Trial, folder: Path) -> Run:
        """Return the run of a trial with its plan, which is made at its first call and recorded."""
        plan = trial.user_attrs.get(PLAN)
        if plan is not None:
            return self._run(folder, tuple(plan))
        chosen = assignments(trial.params)
        threads = self.study.user_attrs[THREADS]
        run = self._run(folder, (*chosen, f"training.threads={threads}"))
        steps = self.search.trial_steps or run.steps_in(self.search.trial_minutes)[0]
        run.set_plan(max(steps, N_RUNGS), N_RUNGS, threads)
        training = run.recipe.training
        planned = {name: getattr(training, name) for name in ("steps", "evaluate_every", "save_every", "threads")}
        settings = (*chosen, *assignments({f"training.{name}": value for name, value in planned.items()}))
        trial.set_user_attr(PLAN, list(settings))
        return self._run(folder, settings)

    def _verdict(self, trial: Trial, progress: Progress) -> str:
        """Record an evaluation; return PRUNED if the search ends the trial there. The defaults are always finished."""
        rung = round(N_RUNGS * progress.step / progress.steps)
        best = min([self.ground.value(progress), *self._reached(trial)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a rung that was reported before the trial was killed
            trial.report(best, rung)
        is_over = trial.number > 0 and rung < N_RUNGS and trial.should_prune()
        return PRUNED if is_over else ""

    def _reached(self, trial: Trial) -> list[float]:
        """Return the best values up to each evaluation of a trial."""
        return list(self.study.get_trials(deepcopy=False)[trial.number].intermediate_values.values())

    def _fail(self, trial: Trial, folder: Path, error: Exception) -> None:
        """Record a trial that cannot be trained, with the reason."""
        reason = shortened(str(error) or type(error).__name__)
        trial.set_user_attr(FAULT, reason)
        self.study.tell(trial, state=TrialState.FAIL)
        _remove_weights(folder)
        self.show(f"trial {trial.number}: cannot be trained: {reason}")

    def _show_result(self, trial: Trial, progress: Progress) -> None:
        finished = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        values = [other.value for other in finished if other.value is not None]
        sign = -1.0 if self.ground.metric.startswith("-") else 1.0
        name = self.ground.metric.removeprefix("-")
        ended = f"ended at step {progress.step} of {progress.steps}" if progress.finished == PRUNED else "finished"
        kind = "trial 0, the defaults" if trial.number == 0 else f"trial {trial.number}"
        best = f"; best so far {sign * min(values):.4g}" if values else ""
        self.show(f"{kind}: {name} {sign * min(self._reached(trial)):.4g}, {ended} ({progress.minutes:.1f} min){best}")


def _age(trial: FrozenTrial) -> float:
    """Return the seconds since a trial was begun."""
    return 0.0 if trial.datetime_start is None else (datetime.now() - trial.datetime_start).total_seconds()


def _remove_weights(folder: Path) -> None:
    """Remove the checkpoints of a trial that goes no further; its log and its settings stay."""
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


def _rounded_up(minutes: float) -> str:
    return f"{max(minutes, 0.1) * 1.05:.2g}"
