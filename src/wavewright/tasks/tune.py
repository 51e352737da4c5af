"""Search the settings with which a family learns a folder best; see :mod:`.training.tuning`; needs PyTorch, Optuna."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.errors import BadSetting, check_training
from ..base.interruption import raise_if_stopped
from ..base.names import inside
from ..base.parameters import MAX_MINUTES, MAX_SEED, TERMINAL, Quiet, TrainingDevice, WritesRun
from ..base.rules import Without
from ..base.task_parameters import parameters_from
from ..data.consent import PermissionParameters
from ..data.parameters import FolderParameters
from ..models import BEST_RUN
from ..outputs.made import Made, MadeFile
from ..training.parameters import FAMILY_HELP, SIZE_HELP
from .train import memory_errors

FEWEST_STEPS = 90
"""Of a whole trial, which is evaluated nine times."""

WHOLE_TRIALS = 8
"""Whole trials that fit into the minutes of a search, unless --trial-minutes says otherwise; most end early."""


@dataclass(frozen=True)
class TuneParameters(FolderParameters, PermissionParameters):
    """Parameters of `tune`."""

    folder: Annotated[Path, Field(description="Folder of recordings, or a manifest (.csv, .jsonl).")]
    family: Annotated[
        str | None, Field(description=f"Model family: {FAMILY_HELP}; default: that of --from, or gan.")
    ] = None
    max_minutes: Annotated[float, Field(description="Duration of this call in minutes.", gt=0, le=MAX_MINUTES)] = 60.0
    size: Annotated[str, Field(description=f"Size of the network: {SIZE_HELP}.")] = "small"
    out: Annotated[
        Path | None,
        Field(description="Folder of the search; default: runs/, the folder's name and -tune."),
        WritesRun(name_end="-tune"),
    ] = None
    trial_minutes: Annotated[
        float | None,
        Field(description="Duration of a whole trial; default: an eighth of --max-minutes, times --jobs.", gt=0),
    ] = None
    trial_steps: Annotated[
        int | None,
        Field(
            description="Steps of a whole trial, instead of --trial-minutes: then it does not matter what else this "
            "machine does.",
            ge=FEWEST_STEPS,
        ),
        Without("trial_minutes"),
    ] = None
    max_trials: Annotated[int, Field(description="End after so many trials; 0: when the minutes are over.", ge=0)] = 0
    dial: Annotated[
        tuple[str, ...],
        Field(description="Search only this setting, such as learning_rate; may be given several times."),
    ] = ()
    jobs: Annotated[int, Field(description="Trials side by side, a process each.", ge=1, le=256), TERMINAL] = 1
    storage: Annotated[
        str,
        Field(
            description="Optuna's storage, for workers on several machines: a URL such as postgresql://host/name, or "
            "journal:FILE; default: an SQLite file in the folder of the search."
        ),
        TERMINAL,
    ] = ""
    resume: Annotated[bool, Field(description="Continue a search, or join one on another machine.")] = False
    seed: Annotated[int, Field(description="Seed of the proposed settings.", ge=0, le=MAX_SEED)] = 0
    from_: Annotated[str | None, Field(description="Model of the same family whose weights all trials start from.")] = (
        None
    )
    set: Annotated[
        tuple[str, ...], Field(description="Fix a setting of all trials: name=value; may be given several times.")
    ] = ()
    device: TrainingDevice = "cpu"
    quiet: Quiet = False


@parameters_from(TuneParameters)
def tune(given: TuneParameters) -> Made:
    """Search the settings with which a family learns a folder best, within some minutes. Ctrl-C saves.

    Raises MissingExtra if a package of the extra ``train`` is not installed; BadFolder if the recordings cannot be
    used, or there is no search to resume; BadSetting if an option is out of its range, the minutes are too few for a
    trial, the storage cannot be reached, or a voice has no consent.
    """
    check_training("A search needs", optuna="Optuna")
    from ..training.choices import family_of
    from ..training.tuning import page, tune as searching
    from ..training.tuning.search import Search

    name = given.folder.resolve().stem if given.folder.is_file() else given.folder.resolve().name
    search_folder = inside(Path("runs"), f"{name}-tune") if given.out is None else given.out
    max_minutes = given.max_minutes
    share = max_minutes if given.trial_steps else max_minutes * given.jobs / WHOLE_TRIALS
    whole_trial = given.trial_minutes or share
    if whole_trial > max_minutes:
        raise BadSetting(
            f"A trial of {whole_trial:.3g} minutes does not fit into {max_minutes:.3g}; give more --max-minutes, or "
            "fewer --trial-minutes."
        )
    search = Search(
        given.folder,
        given.family or family_of(given.from_),
        search_folder,
        whole_trial,
        given.size,
        given.from_,
        given.set,
        given.dial,
        given.device,
        given.storage,
        given.seed,
        given.max_trials,
        given.trial_steps or 0,
        given.permission(),
        given.permission_words(),
        label_from=given.label_from,
        group_from=given.group_from,
        manifest=given.manifest,
    )
    with memory_errors():
        outcome = searching.tune(search, max_minutes, given.jobs, given.resume, given.quiet)
    best = outcome.finished[0]
    defaults = next((trial for trial in outcome.finished if trial.number == 0), None)
    command = search.training_command(best.params)
    page.write_page(search_folder, outcome, command)
    raise_if_stopped(outcome.stopped_by, search_folder)
    value = outcome.shown(best.value or 0.0)
    default_value = None if defaults is None else outcome.shown(defaults.value or 0.0)
    beside = "" if default_value is None else f", the defaults {default_value:.4g}"
    finished = f"{len(outcome.finished)} of {len(outcome.trials)} trials finished"
    settings = dict(best.params)
    lines = [f"{search_folder / BEST_RUN}: {outcome.metric.removeprefix('-')} {value:.4g}{beside}; {finished}"]
    lines += [
        f"  {dial} = {value:.4g}" if isinstance(value, float) else f"  {dial} = {value}"
        for dial, value in settings.items()
    ]
    return Made(
        out=search_folder,
        files=(MadeFile(path=search_folder / page.PAGE_FILE),),
        details={
            "best": search_folder / BEST_RUN,
            "metric": outcome.metric,
            "value": value,
            "default_value": default_value,
            "settings": settings,
            "n_trials": len(outcome.trials),
            "n_finished": len(outcome.finished),
            "command": command,
        },
        lines=(*lines, command),
    )
