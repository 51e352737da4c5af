"""Recognise the labels of recordings by a classifier: files, folders or a stream."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from .. import models
from ..base.errors import BadAudio, BadSetting
from ..base.parameters import NAMES_MODEL, TERMINAL, Quiet, Writes
from ..base.progress_bar import progress_bar
from ..contracts.model_results import identity
from ..contracts.runtime import Classifier
from ..families import loading
from ..inference.recognition.false_alarms import WrittenAlarms, check_alarm_folder, write_alarms
from ..inference.recognition.files import entries_of, recognise_files, spot_stream
from ..inference.recognition.label_sets import report_on_sets
from ..inference.recognition.recogniser import RecordingRecogniser
from ..inference.recognition.report import ClassificationReport, labelled_entries, report_on
from ..inference.recognition.results import RecognisedFiles
from ..inference.recognition.spotting import (
    KeywordSpotter,
    SpottingCalibration,
    calibrate_spotter,
    card_settings,
    write_spotting,
)
from ..plots import check_drawable, draw_confusion
from . import checked

STANDARD_STREAM = Path("-")
NOT_CALIBRATED = "{} has no calibration: its confidences are as the network gives them, and no file is rejected."


@checked
def recognise(
    model: Annotated[str, Field(description="Name of a classifier, or the path of its folder."), NAMES_MODEL],
    file: Annotated[
        tuple[Path, ...] | Path, Field(description="Sound files, folders, or - for a stream on standard input.")
    ],
    top: Annotated[int, Field(description="Number of labels to list for each file.", ge=1, le=1_000)] = 1,
    events: Annotated[bool, Field(description="List labels with their onsets and offsets.")] = False,
    accept_all: Annotated[bool, Field(description="Give a label to files that fit none, too.")] = False,
    report: Annotated[
        bool,
        Field(description="The files are a labelled folder or manifest: compare what is recognised with its labels."),
    ] = False,
    plot: Annotated[
        Path | None,
        Field(description="With --report: PNG file for the confusion matrix and the calibration."),
        Writes(".png"),
    ] = None,
    threshold: Annotated[
        float | None,
        Field(description="Smallest confidence of an event of a stream; default: that on the card.", ge=0, le=1),
    ] = None,
    calibrate: Annotated[
        bool,
        Field(description="The files hold no event: find the threshold for streams by them and store it on the card."),
        TERMINAL,
    ] = False,
    false_alarms: Annotated[
        float,
        Field(description="False alarms an hour that --calibrate allows.", gt=0, le=3_600),
        TERMINAL,
    ] = 1.0,
    alarms: Annotated[
        Path | None,
        Field(description="Write false alarms here, as clips of a label _NAME; the files must hold no event."),
        Writes(),
    ] = None,
    quiet: Quiet = False,
) -> RecognisedFiles | ClassificationReport | SpottingCalibration | WrittenAlarms | None:
    """Recognise the labels of recordings of any length, and events and key words in them.

    A model of one-shots looks at the clip from its onset on. Other models look at overlapping windows: a file has the
    label of the highest mean probability. Confidences are calibrated on the validation clips of the training; a file
    that fits the labels less than nearly all of these is rejected. Standard input is 16-bit audio, raw mono at 16 kHz
    or WAV; events are printed as they are recognised, one JSON object a line, and nothing is returned. Labels that
    begin with an underscore, such as ``_noise``, are background and no events. With ``report``, labelled recordings
    (of split test, where a manifest has splits) give accuracy, precision, recall and F1 with intervals, the confusion
    matrix, the calibration error, and the most confident mistakes.

    Raises
    ------
    BadAudio
        If the only file cannot be read.
    BadFolder
        If a folder contains no sound.
    BadModel
        If the model does not exist, recognises nothing or is damaged.
    BadSetting
        If parameters exclude each other.
    """
    paths = (file,) if isinstance(file, Path) else tuple(dict.fromkeys(file))
    if not paths:
        raise BadSetting("There is nothing to recognise; give sound files, a folder, or - for a stream.")
    classifier = loading.load_classifier(model)
    if STANDARD_STREAM in paths:
        if len(paths) > 1 or calibrate or events or top > 1 or alarms:
            raise BadSetting(
                "A stream takes neither files nor --calibrate, --alarms, --events or --top; leave them out."
            )
        settings = card_settings(classifier)
        spotter = KeywordSpotter(classifier, settings if threshold is None else replace(settings, threshold=threshold))
        spot_stream(sys.stdin.buffer, sys.stdout, spotter)
        return None
    if threshold is not None:
        raise BadSetting(f"--threshold {threshold:g} is for a stream; leave it out, or give - as the file.")
    if alarms is not None:
        if calibrate:
            raise BadSetting("--alarms and --calibrate are two steps; give one of them.")
        return _write_alarms(classifier, paths, alarms)
    if calibrate:
        return _calibrate(classifier, models.find(model), paths, false_alarms)
    recogniser = RecordingRecogniser(classifier, top, events, rejects=not accept_all)
    if report:
        return _report(recogniser, paths, plot, quiet)
    if plot is not None:
        raise BadSetting(f"--plot {plot} draws a report; add --report, or use `wavewright plot` for a recording.")
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
    entries = [entry for path in paths for entry in labelled_entries(path, has_sets)]
    with progress_bar("recognising", sum(entry.seconds for entry in entries), quiet) as show:
        files, failed = recognise_files(recogniser, entries, show)
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
    with progress_bar("recognising", sum(entry.seconds for entry in entries), quiet) as show:
        files, failed = recognise_files(recogniser, entries, show)
    failed = [*unread, *failed]
    if len(failed) == 1 and not files:
        raise BadAudio(failed[0].reason)
    notes = () if classifier.calibration.n_clips else (NOT_CALIBRATED.format(classifier.name),)
    return RecognisedFiles(
        **identity(classifier), files=tuple(files), failed=tuple(failed), notes=notes, exit_code=2 if failed else 0
    )


def _write_alarms(model: Classifier, paths: tuple[Path, ...], folder: Path) -> WrittenAlarms:
    """Write clips of the false alarms in files and folders; files that cannot be read are problems."""
    check_alarm_folder(folder)
    entries, unread = entries_of(paths)
    written = write_alarms(model, entries, folder)
    return replace(written, problems=(*(problem.reason for problem in unread), *written.problems))


def _calibrate(model: Classifier, folder: Path, paths: tuple[Path, ...], false_alarms: float) -> SpottingCalibration:
    """Find the threshold of a model for streams, and store it on the card."""
    if folder.is_relative_to(models.BUNDLED_FOLDER):
        raise BadSetting(f"{model.name} comes with Wavewright and is not changed; copy its folder, and give the copy.")
    entries, unread = entries_of(paths)
    calibration = calibrate_spotter(model, entries, false_alarms)
    write_spotting(folder, calibration)
    return replace(calibration, problems=(*(problem.reason for problem in unread), *calibration.problems))
