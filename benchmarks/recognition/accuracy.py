"""Accuracy of classifiers on speakers, takes, drum kits and folds that they were not trained on, beside two baselines.

    python recipes/corpora digits --pack PACK --out corpora/digits    # and drums, drum-judge; esc10 is a folder
    python -m benchmarks.recognition.accuracy --corpora corpora --task takes --seeds 3 --out runs/accuracy
    python -m benchmarks.recognition.accuracy --corpora corpora --task speaker --unseen theo --out runs/accuracy

Classifiers have the default settings of ``wavewright train --family classifier``. The baselines, a support vector
machine and a logistic regression, have means and standard deviations of MFCC and of their differences. Results are
appended to ``results.jsonl`` in ``--out``, and a call continues where the last ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import smoke_digits, smoke_out
from benchmarks.harness.models import load_as
from benchmarks.harness.peers import SCIKIT_LEARN
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns, optional
from benchmarks.harness.timing import median_seconds
from benchmarks.recognition.accuracy_tasks import FEATURE_RATES, TASKS, Division, divisions, settings, statistics
from wavewright.contracts.runtime import Classifier
from wavewright.data.entry import Entry, Scan
from wavewright.data.folder import scan
from wavewright.families.classifier.runtime import ClassifierRuntime
from wavewright.families.loading import load_classifier
from wavewright.inference.recognition.files import recognise_files
from wavewright.inference.recognition.recogniser import RecordingRecogniser
from wavewright.inference.recognition.report import report_on
from wavewright.metrics.confusion import wilson_interval
from wavewright.metrics.sampling import Interval
from wavewright.training.run import Provenance, Run
from wavewright.training.run_folder import RUN_FILE

RESULTS_FILE = "results.jsonl"
N_DRAWS = 2_000
DEFAULT_STEPS = {"takes": 4_000, "speaker": 1_500, "drums": 500, "esc10": 300}
BARS = {("takes", "all"): 0.99, ("speaker", "all"): 0.80, ("drums", "kits"): 0.706, ("esc10", "all"): 0.90}
BUNDLED = "drum-classifier"
BASELINES = {"support vector machine": "svm", "logistic regression": "logistic"}

ACCURACY = Table(
    "accuracy on recordings that were not trained on",
    columns(task="s", test="s", method="s", recordings="d", seeds="d", accuracy=".3f")
    | optional(
        calibration_error=".3f",
        rejected=".3f",
        others_rejected=".3f",
        minutes=".1f",
        parameters="d",
        real_time_factor=".4f",
    ),
)


def baseline_correct(method: str, division: Division, sample_rate: int) -> list[int]:
    """Return 1 for each test recording that a baseline recognises, else 0."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    models = {"svm": SVC(C=10.0, gamma="scale"), "logistic": LogisticRegression(max_iter=2_000)}
    machine = make_pipeline(StandardScaler(), models[BASELINES[method]])
    features = np.array([statistics(entry.path, sample_rate) for entry in division.train])
    machine.fit(features, [entry.label for entry in division.train])
    predicted = machine.predict(np.array([statistics(entry.path, sample_rate) for entry in division.test]))
    return (predicted == np.array([entry.label for entry in division.test])).astype(int).tolist()


def trained(
    out: Path, division: Division, task: str, steps: int, seed: int, assignments: Sequence[str] = ()
) -> tuple[ClassifierRuntime, float]:
    """Train a classifier, or continue a run that was killed; return it, and the minutes of this call."""
    started = time.monotonic()
    provenance = Provenance(out.name, "Recognises the labels of a benchmark.", "unknown", ())
    run = Run(out, "classifier", settings(task, steps, seed, assignments), Scan(tuple(division.known)), provenance)
    run.train(resume=(out / RUN_FILE).is_file(), quiet=True)
    return load_as(ClassifierRuntime, out), (time.monotonic() - started) / 60


def measured(model: Classifier, test: Sequence[Entry], others: Sequence[Entry]) -> dict[str, object]:
    """Return 1 for each test recording that a classifier recognises, else 0, calibration error and rejection.

    Parameters
    ----------
    model : Classifier
    test : sequence of Entry
        Recordings whose labels it knows.
    others : sequence of Entry
        Recordings of sounds of another kind.
    """
    recogniser = RecordingRecogniser(model)
    files, failed = recognise_files(recogniser, test)
    other_files, _ = recognise_files(recogniser, others)
    found = report_on(model.labels, test, files, failed, model.name, model.folder.hash)
    labels = {(entry.path, entry.offset_seconds): entry.label for entry in test}
    truths = {path: label for (path, _), label in labels.items()}
    return {
        "correct": [int(file.labels[0].label == truths[file.file]) for file in files],
        "calibration_error": found.calibration.error,
        "rejected": found.rejected,
        "others_rejected": float(np.mean([file.label is None for file in other_files])) if other_files else None,
    }


def speed(model: Classifier) -> dict[str, object]:
    """Return the number of parameters, and the time for a second of sound."""
    window = np.random.default_rng(0).uniform(-0.5, 0.5, model.window_samples).astype(np.float32)
    seconds = median_seconds(lambda: model.logits(window), n_runs=21)
    return {
        "parameters": sum(weight.size for weight in model.folder.weights().values()),
        "real_time_factor": seconds * model.sample_rate / model.window_samples,
    }


class Results:
    """Results of runs, in a file of one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        self.records: list[dict[str, object]] = [json.loads(line) for line in lines]

    def has(self, **key: object) -> bool:
        """Return True if there is a result of this key."""
        return any(all(record.get(name) == value for name, value in key.items()) for record in self.records)

    def add(self, record: dict[str, object]) -> None:
        """Append a result."""
        self.records.append(record)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def mean_interval(runs: Sequence[Sequence[int]]) -> Interval:
    """Return the mean accuracy of several runs: over draws of the runs and of recordings, or Wilson's of a single one.

    Parameters
    ----------
    runs : sequence of sequence of int
        1 for each recording that is recognised, else 0.
    """
    if len(runs) == 1:
        return wilson_interval(sum(runs[0]), len(runs[0]))
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(N_DRAWS):
        chosen = [np.asarray(runs[index]) for index in rng.integers(len(runs), size=len(runs))]
        draws.append(np.mean([correct[rng.integers(len(correct), size=len(correct))].mean() for correct in chosen]))
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(float(np.mean([np.mean(correct) for correct in runs])), float(low), float(high))


def rows(records: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Return a row for each task, test and method, and one over the tests of a task that has several."""
    found = []
    for task in dict.fromkeys(str(record["task"]) for record in records):
        of_task = [record for record in records if record["task"] == task]
        tests = list(dict.fromkeys(str(record["test"]) for record in of_task))
        for method in dict.fromkeys(str(record["method"]) for record in of_task):
            for test in [*tests, "all"]:
                chosen = [r for r in of_task if r["method"] == method and test in (r["test"], "all")]
                if chosen and (test != "all" or task != "drums"):
                    found.append(_row(task, test, method, chosen))
    return found


def _row(task: str, test: str, method: str, records: Sequence[dict[str, object]]) -> dict[str, object]:
    runs = [[int(each) for each in record["correct"]] for record in records if isinstance(record["correct"], list)]
    optional_names = ("calibration_error", "rejected", "others_rejected", "minutes", "parameters", "real_time_factor")
    values = {name: [float(str(r[name])) for r in records if r.get(name) is not None] for name in optional_names}
    means: dict[str, object] = {name: float(np.median(each)) if each else None for name, each in values.items()}
    if means["parameters"] is not None:
        means["parameters"] = round(float(str(means["parameters"])))
    return {
        "task": task,
        "test": test,
        "method": method,
        "recordings": sum(len(run) for run in runs) // len({str(record["seed"]) for record in records}),
        "seeds": len({str(record["seed"]) for record in records}),
        "accuracy": mean_interval(runs),
        **means,
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpora", type=Path, default=Path("corpora"), help="folder of digits, drums, esc10 ...")
    parser.add_argument("--out", type=Path, default=Path("runs/accuracy"))
    parser.add_argument("--task", nargs="+", choices=TASKS, default=["takes", "speaker"])
    parser.add_argument("--unseen", nargs="*", default=[], help="speakers or folds; default: each in turn")
    parser.add_argument("--steps", type=int, default=0, help="of each classifier; default: those of the task")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings; name another --out")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--baselines-only", action="store_true", help="train no classifier")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Compute what is missing, and report everything."""
    results = Results(options.out / RESULTS_FILE)
    if not SCIKIT_LEARN.is_installed:
        report.skip(SCIKIT_LEARN, "The baselines")
    for seed in range(options.seeds):
        for task in options.task:
            for division in divisions(task, options.corpora, options.unseen):
                compute(options, results, task, division, seed)
    found = rows(results.records)
    for row in found:
        report.add(ACCURACY, row)
    for row in found:
        bar = BARS.get((str(row["task"]), str(row["test"])))
        if bar is not None and row["method"] == "classifier":
            report.target(str(row["task"]), f"accuracy, {row['test']}", row["accuracy"], at_least=bar)


def compute(options: argparse.Namespace, results: Results, task: str, division: Division, seed: int) -> None:
    """Add the results of the classifier, and once those of the baselines."""
    key = {"task": task, "test": division.name}
    for method in BASELINES if SCIKIT_LEARN.is_installed and not seed else ():
        if not results.has(**key, method=method):
            correct = baseline_correct(method, division, FEATURE_RATES[task])
            results.add({**key, "method": method, "seed": 0, "correct": correct})
    if task == "drums" and not results.has(**key, method=BUNDLED):
        bundled = load_classifier(BUNDLED)
        results.add({**key, "method": BUNDLED, "seed": 0, **measured(bundled, division.test, ()), **speed(bundled)})
    if options.baselines_only or results.has(**key, method="classifier", seed=seed):
        return
    steps = options.steps or DEFAULT_STEPS[task]
    same_run = "kits" if task == "drums" else division.name.replace(" ", "-")
    model, minutes = trained(options.out / f"{task}-{same_run}-{seed}", division, task, steps, seed, options.set)
    record = {**key, "method": "classifier", "seed": seed, "minutes": minutes}
    others = [] if task in ("drums", "esc10") else other_sounds(options.corpora / "esc10")
    results.add({**record, **measured(model, division.test, others), **speed(model)})


def other_sounds(folder: Path) -> list[Entry]:
    """Return recordings of the sounds of ESC-10, one of four; none where the folder is missing."""
    return list(scan(folder, "folder").entries)[::4] if folder.is_dir() else []


def _smoke_corpora(folder: Path) -> Path:
    """Write the digits of the smoke mode as one of several corpora; return the folder of them."""
    smoke_digits(folder / "corpora")
    return folder / "corpora"


BENCHMARK = Benchmark(
    __doc__,
    (ACCURACY, TARGETS),
    add_options,
    measure,
    smoke={"corpora": _smoke_corpora, "out": smoke_out, "task": ["speaker"], "steps": 2},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
