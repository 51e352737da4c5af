"""Train a model on a folder of recordings; the training itself needs PyTorch, see :mod:`wavewright.training`."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, SkipValidation

from ..audio.notebook import text_html
from ..base.errors import BadSetting, TrainingStopped
from ..base.extras import check_training
from ..base.interruption import raise_if_stopped
from ..base.names import inside, quoted
from ..base.parameters import (
    FREE_TEXT,
    PYTHON_ONLY,
    ConsentFiles,
    HasConsent,
    InForm,
    MoreMinutes,
    Quiet,
    RecordingsCredit,
    RecordingsLicence,
    ResumeRun,
    SettingChanges,
    TrainingDevice,
    WritesRun,
)
from ..contracts.settings import assignments_of
from ..data.consent import consent_of
from ..data.parameters import GroupSource, LabelSource, ManifestPath
from ..data.recording import MANIFEST, RECORDINGS, Recording
from ..families import FAMILIES
from ..models.consent import Permission
from ..models.licences import UNKNOWN
from ..outputs.made import Made
from ..training.run_records import call_files
from ..training.run_records.page import chart
from ..training.run_records.records import read_run
from ..training.training_step import TrainingStep
from . import POSITIONAL, checked

if TYPE_CHECKING:
    from ..training.run import PlannedRun

MEMORY_ERRORS = ("allocate memory", "out of memory")
"""Parts of PyTorch's messages when memory is exhausted, on a CPU and on a GPU."""

FAMILY_HELP = "; ".join(f"{name} ({family.summary})" for name, family in FAMILIES.items())
SIZE_HELP = "; ".join(f"{name} {', '.join(family.sizes)}" for name, family in FAMILIES.items())


@dataclass(frozen=True, kw_only=True)
class Trained(Made):
    """The result of a training, whose folder is the model."""

    def _repr_html_(self) -> str:
        """Return the curves of the losses and metrics that have several values, and the text, for notebooks."""
        run = read_run(Path(self.out or ""))
        charts = "".join(chart(name, [run]) for name, curve in run.curves.items() if len(curve) > 1)
        return f"<div>{charts}</div>{text_html(self)}"


@checked
def train(
    folder: Annotated[
        Path | None,
        Field(
            description="Folder of recordings, or a manifest (.csv, .jsonl); with --resume, default: that of the run."
        ),
        POSITIONAL,
    ] = None,
    family: Annotated[
        str | None, Field(description=f"Model family: {FAMILY_HELP}; default: that of --from, or gan.")
    ] = None,
    size: Annotated[str, Field(description=f"Size of the network: {SIZE_HELP}.")] = "small",
    out: Annotated[
        Path | None,
        Field(description="Run folder, which becomes the model; default: runs/ and the folder's name."),
        WritesRun(),
    ] = None,
    label_from: LabelSource = None,
    group_from: GroupSource = None,
    manifest: ManifestPath = None,
    from_: Annotated[
        str | None,
        Field(description="Model of the same family whose weights the training starts from, a name or a folder."),
    ] = None,
    speech: Annotated[
        Path | None, Field(description="Folder of speech, for a denoiser that is trained on a folder of noise.")
    ] = None,
    augment_with: Annotated[
        tuple[str, ...],
        Field(
            description="For a classifier: learn from clips that this model generates, too, from labels that this "
            "voice speaks, from `procedures`, or from a folder of generated clips; may be given several times."
        ),
    ] = (),
    ratio: Annotated[
        float, Field(description="With --augment-with: generated clips for each recording.", ge=0.01, le=100.0)
    ] = 0.5,
    min_confidence: Annotated[
        float,
        Field(
            description="With --augment-with: leave out clips to which the judge gives their label with less than "
            "this, 0 for no judge.",
            ge=0.0,
            le=1.0,
        ),
    ] = 0.3,
    match_recordings: Annotated[
        bool,
        Field(
            description="With --augment-with: give each clip the ends, the spectrum and the noise of a recording of "
            "its label."
        ),
    ] = False,
    map_label: Annotated[
        tuple[str, ...],
        Field(
            description="With --augment-with: a label of the model, or a text for a voice, and that of the folder, "
            "MODEL=FOLDER, where they differ; may be given several times."
        ),
        FREE_TEXT,
    ] = (),
    few_shot: Annotated[
        bool,
        Field(
            description="With --from, for 5 to 100 recordings: train a part of the weights, and keep the model's other "
            "labels."
        ),
    ] = False,
    prior_fraction: Annotated[
        float | None,
        Field(
            description="With --few-shot: fraction of the clips that the model generates itself, of labels that the "
            "recordings do not have; default: 0.5.",
            ge=0.0,
            le=0.9,
        ),
    ] = None,
    consent: ConsentFiles = (),
    i_have_consent: HasConsent = False,
    licence: RecordingsLicence = UNKNOWN,
    credit: RecordingsCredit = "",
    max_minutes: Annotated[
        float | None, Field(description="Stop and save after so many minutes of this call.", gt=0), InForm(low=0.1)
    ] = None,
    more_minutes: MoreMinutes = None,
    resume: ResumeRun = False,
    set: SettingChanges = (),
    device: TrainingDevice = "cpu",
    quiet: Quiet = False,
    recordings: Annotated[
        SkipValidation[Iterable[Recording] | None],
        Field(description="Recordings in memory, or a dataset of them, instead of a folder."),
        PYTHON_ONLY,
    ] = None,
    on_step: Annotated[
        SkipValidation[Callable[[TrainingStep], object] | None],
        Field(description="Called after each step with its losses."),
        PYTHON_ONLY,
    ] = None,
) -> Trained:
    """Train a model on a folder of recordings; the run folder becomes the model. Ctrl-C saves.

    The minutes of a call count from its beginning to its end: preparation, timing, evaluations and export included. A
    call that resumes needs the run folder alone; options that are given again must equal those of the first call.

    Raises MissingExtra if a package of the extra ``train`` is not installed; BadFolder if the recordings or the run
    folder cannot be used; BadSetting if an option or a setting is unknown or out of its range, or a voice is to be
    trained without consent; TrainingStopped if training diverges again and again, or memory or disk are exhausted.
    """
    check_training("Training needs")
    started = time.monotonic()
    from ..training import run

    run_folder = _run_folder(out, folder, recordings is not None)
    options: dict[str, Any] = {
        "family": family,
        "size": size,
        "label_from": label_from,
        "group_from": group_from,
        "manifest": manifest,
        "from_": from_,
        "speech": speech,
        "augment_with": augment_with,
        "ratio": ratio,
        "min_confidence": min_confidence,
        "match_recordings": match_recordings,
        "map_label": map_label,
        "few_shot": few_shot,
        "prior_fraction": prior_fraction,
        "set": assignments_of(set),
    }
    if recordings is not None:
        if folder is not None or manifest is not None:
            raise BadSetting("Recordings are given twice, in memory and as a folder or manifest; leave one out.")
        if not resume:
            folder = run_folder / RECORDINGS / MANIFEST
    if resume:
        folder, options = call_files.completed(run_folder, folder, options, DEFAULTS)
    if folder is None:
        raise BadSetting("There is nothing to train on; give a folder of recordings, or a manifest.")
    settings: tuple[str, ...] = options["set"]
    if options["speech"] is not None:
        settings = (*settings, f"data.speech={Path(options['speech']).resolve()}")
    permission = Permission(licence, credit, consent_of(consent, i_have_consent))
    with memory_errors():
        progress = run.train(
            folder,
            options["family"],
            options["size"],
            run_folder,
            label_from=options["label_from"],
            group_from=options["group_from"],
            manifest=options["manifest"],
            max_minutes=max_minutes,
            more_minutes=more_minutes,
            resume=resume,
            settings=settings,
            device=device,
            quiet=quiet,
            base=options["from_"],
            augment=_few_shot(options["few_shot"], options["prior_fraction"], options["augment_with"])
            or _augmentation(*(options[name] for name in AUGMENTATION)),
            permission=permission,
            started=started,
            call=call_files.call_of(run_folder, folder, options, DEFAULTS),
            on_step=on_step,
            recordings=None if resume else recordings,
        )
    raise_if_stopped(progress.stopped_by, run_folder)
    known = {"step": progress.step, "steps": progress.steps, "minutes": round(progress.minutes, 2)}
    measured = "".join(f", {name} {value:.4g}" for name, value in progress.metrics.items())
    line = f"{run_folder}: {progress.step} of {progress.steps} steps in {known['minutes']:.1f} min{measured}"
    details = {**known, "metrics": dict(progress.metrics), "stopped_by": progress.stopped_by}
    return Trained(out=run_folder, details=details, lines=(line,))


AUGMENTATION = ("augment_with", "ratio", "min_confidence", "match_recordings", "map_label")
DEFAULTS: dict[str, Any] = {
    name: parameter.default for name, parameter in inspect.signature(train).parameters.items() if name != "folder"
}
"""Defaults of the parameters of `train`; a call that resumes takes the first call's value for those that have them."""


def _run_folder(out: Path | None, folder: Path | None, has_recordings: bool) -> Path:
    """Return the run folder of a call; raise BadSetting if nothing names it."""
    if out is not None:
        return out
    if folder is None:
        what = "the recordings have no name" if has_recordings else "there is no folder of recordings"
        raise BadSetting(f"The run folder is missing, and {what}; give it with --out.")
    return inside(Path("runs"), folder.resolve().stem if folder.is_file() else folder.resolve().name)


def _few_shot(
    is_few_shot: bool, prior_fraction: float | None, augment_with: tuple[str, ...]
) -> Callable[[PlannedRun], PlannedRun] | None:
    """Return the function that makes a run an adaptation to few recordings, None without the option."""
    if not is_few_shot:
        if prior_fraction is not None:
            raise BadSetting("--prior-fraction belongs to --few-shot; give both.")
        return None
    if augment_with:
        raise BadSetting("--augment-with is for a classifier, and --few-shot for a generator; leave one out.")
    from ..training.few_shot import FewShotSettings, adapted

    settings = (
        FewShotSettings() if prior_fraction is None else FewShotSettings(prior_fraction, needs_prior=prior_fraction > 0)
    )
    return partial(adapted, settings)


def _augmentation(
    models: tuple[str, ...], ratio: float, min_confidence: float, match: bool, label_map: tuple[str, ...]
) -> Callable[[PlannedRun], PlannedRun] | None:
    """Return the function that adds generated clips to the recordings, None without models."""
    if not models:
        if label_map:
            raise BadSetting("--map-label pairs the labels of --augment-with; give a model with it.")
        if match:
            raise BadSetting("--match-recordings is for the clips of --augment-with; give a model with it.")
        return None
    from ..training.augmented import with_generated_clips
    from ..training.generated_clips import GeneratedSettings

    pairs = [text.partition("=") for text in label_map]
    for text, (label, _, target) in zip(label_map, pairs, strict=True):
        if not label or not target:
            raise BadSetting(f"--map-label is {quoted(text)}; write MODEL=FOLDER, such as kick=bass-drum.")
    if len(set(models)) < len(models):
        raise BadSetting("--augment-with names a model twice; give each once.")
    label_pairs = tuple((label, target) for label, _, target in pairs)
    settings = GeneratedSettings(models, ratio, label_pairs, min_confidence, match)
    return partial(with_generated_clips, settings)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise TrainingStopped if the block needs more memory than there is."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or any(text in str(error) for text in MEMORY_ERRORS):
            raise TrainingStopped(
                "There is not enough memory for this network and its batches; use a smaller --size, or a smaller "
                "batch_size or channels."
            ) from error
        raise
