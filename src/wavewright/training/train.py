"""Train a model as a command asks: read the folder, choose the recipe, plan the run, train it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import platformdirs
from rich.console import Console

from .. import families
from ..base.errors import BadSetting
from ..base.progress_bar import progress_reported_to
from ..base.torchrun import is_first
from ..contracts.settings import assignments_of
from ..data.recording import MANIFEST, RECORDINGS, recordings_in
from ..models.consent import required_consent
from .augmented import with_generated_clips
from .checkpoint import Progress
from .choices import DEFAULT_FAMILY, choose_recipe, open_base, scan_for
from .few_shot import FewShotSettings, adapted
from .generated_clips import GeneratedSettings
from .loop import NO_LENGTH
from .parameters import TrainParameters
from .provenance import provenance_of
from .report import PhaseLines
from .run import PlannedRun, Run
from .run_file import RUN_FILE
from .run_folder import begins_judge, check_call, check_run_folder, resumes_judge
from .run_records.call_files import call_of, completed


def train(given: TrainParameters, started: float | None = None) -> Progress:
    """Train a model of a family on a folder of recordings.

    Raises WavewrightError for everything that cannot work, before anything is written.

    - ``given``: what the command gives.
    - ``started``: when the minutes of the call began, as :func:`time.monotonic` counts; default: now.
    """
    started = time.monotonic() if started is None else started
    out = given.run_folder()
    given = replace(given, set=assignments_of(given.set))
    if given.recordings is not None and not given.resume:
        given = replace(given, folder=out / RECORDINGS / MANIFEST)
    if given.resume:
        given = completed(out, given)
    if given.folder is None:
        raise BadSetting("There is nothing to train on; give a folder of recordings, or a manifest.")
    permission, changed = given.permission(), _changed_by(given)
    has_judge = resumes_judge(out, given.resume)
    call = replace(given, resume=given.resume and not has_judge)
    check_call(out, call)
    _move_compile_cache()
    base = None if given.from_ is None else open_base(given.from_, given.family)
    family = given.family or (DEFAULT_FAMILY if base is None else base.card.family)
    speech = () if given.speech is None else (f"data.speech={given.speech.resolve()}",)
    recipe = choose_recipe(family, given.size, (*assignments_of(given.set), *speech), given.device, base)
    if not (recipe.training.steps or given.max_minutes or given.resume):
        raise BadSetting(NO_LENGTH)
    if not has_judge:
        check_run_folder(out, given.folder)
    if families.family(family).imitates_voices and not given.resume:
        required_consent(permission.consent, permission.licence)
    lines = PhaseLines(Console(stderr=True, quiet=given.quiet or not is_first()).print)
    recordings = None if given.resume else given.recordings
    with recordings_in(recordings, given.folder.parent, lambda: (out / RUN_FILE).is_file() or begins_judge(out)):
        with progress_reported_to(lines):
            scanned = scan_for(family, given.folder, given)
        provenance = provenance_of(out, family, scanned, given.folder, permission, base)
        plan = changed(PlannedRun(out, family, recipe, scanned, provenance, base, call))
        with progress_reported_to(lines):
            record = call_of(out, given.folder, given)
            run = Run(out, family, plan.recipe, plan.scan, plan.provenance, base=base, record=record)
        return run.train(call, started=started)


def _changed_by(given: TrainParameters) -> Callable[[PlannedRun], PlannedRun]:
    """Return what changes the plan of a run: generated clips, an adaptation to few recordings, or nothing."""
    if given.few_shot:
        fraction = given.prior_fraction
        settings = FewShotSettings() if fraction is None else FewShotSettings(fraction, needs_prior=fraction > 0)
        return partial(adapted, settings)
    if given.augment_with:
        return partial(with_generated_clips, GeneratedSettings.of(given))
    return lambda plan: plan


def _move_compile_cache() -> None:
    """Move PyTorch's compile cache into Wavewright's cache folder, from a temporary folder named after the user."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(platformdirs.user_cache_path("wavewright") / "torch"))
