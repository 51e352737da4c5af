"""False alarms of a classifier in recordings without events: a threshold by their rate, clips of them to train on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from .. import models
from ..base.errors import BadSetting
from ..base.parameters import NAMES_MODEL, Writes
from ..base.task_parameters import checked
from ..data.folder import entries_of
from ..families import loading
from ..inference.recognition.false_alarms import check_alarm_folder, write_alarms
from ..inference.recognition.spotting import SpottingCalibration, calibrate_spotter, write_spotting
from ..outputs.made import Made

DEFAULT_FOLDER = Path("_alarms")

ClassifierName: TypeAlias = Annotated[
    str, Field(description="Name of a classifier, or the path of its folder."), NAMES_MODEL
]

WithoutEvents: TypeAlias = Annotated[
    tuple[Path, ...] | Path, Field(description="Sound files and folders that hold no event.")
]


@checked
def calibrate_recogniser(
    model: ClassifierName,
    file: WithoutEvents,
    false_alarms: Annotated[float, Field(description="False alarms an hour that are allowed.", gt=0, le=3_600)] = 1.0,
) -> SpottingCalibration:
    """Find the threshold for events of streams by recordings that hold none, and store it on the model's card.

    Raises BadFolder if a folder contains no sound; BadModel if the model does not exist, recognises nothing or is
    damaged; BadSetting if the model comes with Wavewright.
    """
    classifier = loading.load_classifier(model)
    folder = models.find(model)
    if folder.is_relative_to(models.BUNDLED_FOLDER):
        raise BadSetting(
            f"{classifier.name} comes with Wavewright and is not changed; copy its folder, and give the copy."
        )
    entries, unread = entries_of(_paths(file))
    calibration = calibrate_spotter(classifier, entries, false_alarms)
    write_spotting(folder, calibration)
    return replace(calibration, failed=(*unread, *calibration.failed))


@checked
def collect_alarms(
    model: ClassifierName,
    file: WithoutEvents,
    out: Annotated[
        Path | None,
        Field(description=f"Folder to write to, of a label _NAME; default: {DEFAULT_FOLDER}."),
        Writes(),
    ] = None,
) -> Made:
    """Write the most confident false alarms in recordings without events as clips to train on.

    Raises BadFolder if a folder contains no sound, or clips cannot be written; BadModel if the model does not exist,
    recognises nothing or is damaged; BadSetting if the name of the folder does not begin with an underscore.
    """
    classifier = loading.load_classifier(model)
    folder = out or DEFAULT_FOLDER
    check_alarm_folder(folder)
    entries, unread = entries_of(_paths(file))
    written = write_alarms(classifier, entries, folder)
    return replace(written, failed=(*unread, *written.failed))


def _paths(file: tuple[Path, ...] | Path) -> tuple[Path, ...]:
    """Return the files and folders, each once; raise BadSetting for none."""
    paths = (file,) if isinstance(file, Path) else tuple(dict.fromkeys(file))
    if not paths:
        raise BadSetting("There are no recordings; give sound files or folders that hold no event.")
    return paths
