"""Accuracy of a classifier on spoken digits, of unseen speakers or takes, beside a support vector machine.

    python recipes/corpora digits --pack PACK --out corpora/digits
    python -m benchmarks.recognition.digits --corpus corpora/digits --unseen theo --unseen takes --out runs/unseen

``takes`` trains on takes 5 to 44 of all speakers and measures on takes 45 to 49. A speaker's name trains on the others
and measures on all takes of the speaker; weights are chosen by takes 45 to 49 of the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_digits, smoke_out
from benchmarks.harness.models import load_as
from benchmarks.harness.peers import SCIKIT_LEARN
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns, optional
from benchmarks.harness.timing import median_seconds
from wavewright.data.entry import Entry, Scan
from wavewright.dsp.mel import mfcc
from wavewright.families.classifier.recipe import ClassifierRecipe, recipe
from wavewright.families.classifier.runtime import ClassifierRuntime
from wavewright.metrics.confusion import wilson_interval
from wavewright.recognition.files import recognise_files
from wavewright.recognition.recogniser import RecordingRecogniser
from wavewright.recognition.report import report_on
from wavewright.training.run import Provenance, Run
from wavewright.training.run_folder import RUN_FILE

SAMPLE_RATE = 8_000
TAKES = "takes"
N_MFCC = 20

ACCURACY = Table(
    "accuracy on unseen speakers or takes",
    columns(
        unseen="s",
        method="s",
        recordings="d",
        accuracy=".3f",
        low=".3f",
        high=".3f",
    )
    | optional(calibration_error=".3f", parameters="d", real_time_factor=".4f"),
)


def settings(steps: int, seed: int) -> ClassifierRecipe:
    """Return the settings of a run: 1 s at 8 kHz, frames of 32 ms every 10 ms."""
    base = recipe("small")
    model = replace(
        base.model,
        sample_rate=SAMPLE_RATE,
        n_samples=SAMPLE_RATE,
        n_fft=256,
        hop_length=80,
        n_mels=40,
        f_min_hz=60.0,
        range_db=60.0,
    )
    data = replace(base.data, align=False, largest_delay_seconds=0.1, fit_to_folder=False, split_by="name")
    return replace(base, model=model, data=data, training=replace(base.training, steps=steps, threads=1, seed=seed))


def divide(entries: Sequence[Entry], unseen: str) -> tuple[list[Entry], list[Entry]]:
    """Return the recordings to train and validate on, and those to measure on."""
    if unseen == TAKES:
        return list(entries), [entry for entry in entries if entry.split == "valid"]
    known = [entry for entry in entries if entry.speaker != unseen]
    return known, [entry for entry in entries if entry.speaker == unseen]


def statistics(path: Path) -> np.ndarray:
    """Return mean and standard deviation over time of the MFCC and of their differences, ``(4 * N_MFCC,)``."""
    coefficients = mfcc(read_wave(path, SAMPLE_RATE), SAMPLE_RATE, N_MFCC, 256, 80, 40)
    slopes = np.diff(coefficients, axis=1, prepend=coefficients[:, :1])
    return np.concatenate([each for rows in (coefficients, slopes) for each in (rows.mean(1), rows.std(1))])


def accuracy_of_machine(train: Sequence[Entry], test: Sequence[Entry]) -> int:
    """Return the recordings that a support vector machine on statistics of MFCC recognises."""
    SCIKIT_LEARN.require()
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    machine = make_pipeline(StandardScaler(), SVC(C=10.0, gamma="scale"))
    machine.fit([statistics(entry.path) for entry in train], [entry.label for entry in train])
    predicted = machine.predict([statistics(entry.path) for entry in test])
    return int(np.sum(predicted == np.array([entry.label for entry in test])))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/digits"))
    parser.add_argument("--out", type=Path, default=Path("runs/unseen"))
    parser.add_argument("--unseen", action="append", help="a speaker, or takes; several times")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train and measure both methods for each of ``--unseen``."""
    entries = corpus_entries(options.corpus)
    for unseen in options.unseen or [TAKES]:
        known, test = divide(entries, unseen)
        train = [entry for entry in known if entry.split == "train"]
        row = {"unseen": unseen, "recordings": len(test)}
        if SCIKIT_LEARN.is_installed:
            interval = wilson_interval(accuracy_of_machine(train, test), len(test))
            report.add(
                ACCURACY,
                row
                | {"method": "support vector machine", "accuracy": interval.value}
                | {"low": interval.low, "high": interval.high}
                | dict.fromkeys(("calibration_error", "parameters", "real_time_factor")),
            )
        else:
            report.skip(SCIKIT_LEARN, "The support vector machine")
        report.add(ACCURACY, row | classifier_row(known, test, options.out / unseen, options.steps, options.seed))


def classifier_row(
    known: Sequence[Entry], test: Sequence[Entry], out: Path, steps: int, seed: int
) -> dict[str, object]:
    """Train a classifier, and return its cells of the table."""
    has_started = (out / RUN_FILE).is_file()
    provenance = Provenance("unseen-digits", "Recognises spoken digits.", "CC-BY-SA-4.0", ())
    Run(out, "classifier", settings(steps, seed), Scan(tuple(known)), provenance).train(resume=has_started)
    model = load_as(ClassifierRuntime, out)
    files, failed = recognise_files(RecordingRecogniser(model), test)
    found = report_on(model.labels, test, files, failed, model.name, model.folder.hash)
    second = np.random.default_rng(seed).uniform(-0.5, 0.5, SAMPLE_RATE).astype(np.float32)
    return {
        "method": "classifier",
        "accuracy": found.accuracy.value,
        "low": found.accuracy.low,
        "high": found.accuracy.high,
        "calibration_error": found.calibration.error,
        "parameters": sum(weight.size for weight in model.folder.weights().values()),
        "real_time_factor": median_seconds(lambda: model.logits(second), n_runs=21),
    }


BENCHMARK = Benchmark(
    __doc__, (ACCURACY,), add_options, measure, smoke={"corpus": smoke_digits, "out": smoke_out, "steps": 2}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
