"""Recognise the labels of recordings by a classifier: files, folders or a stream; limit and find its false alarms."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import Field

from .. import models
from ..base.errors import BadAudio, BadSetting
from ..base.parameters import NAMES_MODEL, OF_FILES, STANDARD_STREAM, Quiet, Writes
from ..base.rules import Needs, Without
from ..base.task_parameters import checked
from ..contracts.runtime import identity
from ..data.folder import entries_of
from ..families import loading
from ..inference.recognition.false_alarms import check_alarm_folder, write_alarms
from ..inference.recognition.files import recognise_files, spot_stream
from ..inference.recognition.recogniser import PRESENT, RecordingRecogniser
from ..inference.recognition.report import ClassificationReport, labelled, report_on, report_on_sets
from ..inference.recognition.results import RecognisedFiles
from ..inference.recognition.spotting import (
    KeywordSpotter,
    SpottingCalibration,
    calibrate_spotter,
    card_settings,
    write_spotting,
)
from ..outputs.made import Made
from ..plots import check_drawable, draw_confusion

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
    """Return the files and folders, each once."""
    return (file,) if isinstance(file, Path) else tuple(dict.fromkeys(file))


NOT_CALIBRATED = "{} has no calibration: its confidences are as the network gives them, and no file is rejected."


@checked
def recognise(
    model: ClassifierName,
    file: Annotated[
        tuple[Path, ...] | Path, Field(description="Sound files, folders, or - for a stream on standard input.")
    ],
    top: Annotated[int, Field(description="Number of labels to list for each file.", ge=1, le=1_000), OF_FILES] = 1,
    events: Annotated[bool, Field(description="List labels with their onsets and offsets."), OF_FILES] = False,
    accept_all: Annotated[bool, Field(description="Give a label to files that fit none, too.")] = False,
    report: Annotated[
        bool,
        Field(description="The files are a labelled folder or manifest: compare what is recognised with its labels."),
        Without("events", "threshold"),
    ] = False,
    plot: Annotated[
        Path | None,
        Field(description="PNG file for the confusion matrix and the calibration."),
        Writes(".png", is_only=True),
        Needs("report"),
    ] = None,
    threshold: Annotated[
        float | None,
        Field(description="Find events of this confidence; default: 0.5, of a stream that on the card.", ge=0, le=1),
    ] = None,
    quiet: Quiet = False,
) -> RecognisedFiles | ClassificationReport | None:
    """Recognise the labels of recordings of any length, and events and key words in them.

    A model of one-shots looks at the clip from its onset on. Other models look at overlapping windows: a file has the
    label of the highest mean probability. Confidences are calibrated on the validation clips of the training; a file
    that fits the labels less than nearly all of these is rejected. Standard input is 16-bit audio, raw mono at 16 kHz
    or WAV; events are printed as they are recognised, one JSON object a line, and nothing is returned. Labels that
    begin with an underscore, such as ``_noise``, are background and no events. With ``report``, labelled recordings
    (of split test, where a manifest has splits) give accuracy, precision, recall and F1 with intervals, the confusion
    matrix, the calibration error, and the most confident mistakes.

    Raises BadAudio if the only file cannot be read; BadFolder if a folder contains no sound; BadModel if the model does
    not exist, recognises nothing or is damaged; BadSetting if parameters exclude each other.
    """
    paths = _paths(file)
    classifier = loading.load_classifier(model)
    if STANDARD_STREAM in paths:
        if len(paths) > 1:
            raise BadSetting("A stream is recognised alone; give either - or files.")
        settings = card_settings(classifier)
        spotter = KeywordSpotter(classifier, settings if threshold is None else replace(settings, threshold=threshold))
        spot_stream(sys.stdin.buffer, sys.stdout, spotter)
        return None
    event_threshold = PRESENT if events and threshold is None else threshold
    recogniser = RecordingRecogniser(classifier, top, event_threshold, rejects=not accept_all)
    if report:
        return _report(recogniser, paths, plot, quiet)
    return _recognise(recogniser, paths, quiet)


def _report(
    recogniser: RecordingRecogniser, paths: tuple[Path, ...], plot: Path | None, quiet: bool
) -> ClassificationReport:
    """Compare what is recognised in labelled recordings with their labels."""
    model = recogniser.model
    has_sets = model.output != "softmax"
    if has_sets:
        recogniser = RecordingRecogniser(model, n_labels=len(model.labels))
    if plot is not None:
        check_drawable(plot)
    scans = [labelled(path, has_sets) for path in paths]
    entries = [entry for scanned in scans for entry in scanned.entries]
    files, failed = recognise_files(recogniser, entries, quiet)
    failed = (*(each for scanned in scans for each in scanned.failed), *failed)
    compare = report_on_sets if has_sets else report_on
    result = compare(model.labels, entries, files, failed, **identity(model))
    if plot is None:
        return result
    bins = result.calibration
    title = f"{model.name}: accuracy {result.accuracy.value:.3f}"
    draw_confusion(np.array(result.confusion), result.labels, bins.confidence, bins.accuracy, bins.counts, plot, title)
    return replace(result, plot=plot)


def _recognise(recogniser: RecordingRecogniser, paths: tuple[Path, ...], quiet: bool) -> RecognisedFiles:
    """Recognise files and folders; raise BadAudio where the only file cannot be read."""
    classifier = recogniser.model
    entries, unread = entries_of(paths)
    files, failed = recognise_files(recogniser, entries, quiet)
    failed = (*unread, *failed)
    if len(failed) == 1 and not files:
        raise BadAudio(str(failed[0]))
    notes = () if classifier.calibration.n_clips else (NOT_CALIBRATED.format(classifier.name),)
    return RecognisedFiles(**identity(classifier), sounds=files, failed=failed, notes=notes)
