"""Classifiers of few recordings that start from an encoder, beside the same network from scratch and a linear model.

    python -m benchmarks.recognition.pretraining --digits DIGITS --drums DRUMS --esc10 ESC10 --out runs/pretraining

Folders have a sub-folder for each label. Measured on other speakers, kits and folds than those that are learned from:
of the digits two speakers, of the drums three kits, of ESC-10 one fold (all by the beginning of the file name), and
each fold with all recordings (with ``--folds``, with fewer, too). The seed draws the recordings to learn from. Methods:
``scratch`` and ``fine-tuned`` train the network of the encoder with equally many steps, the same pooling and
the same augmentation, the first one from random weights at the learning rate for these, the other as ``--from`` does.
``probe`` is a logistic regression on embeddings, ``statistics`` one on means and deviations of log-mel bands;
``neighbours`` is the fraction of recordings whose nearest other one has the same label, by embeddings and by log-mel.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.harness.corpora import read_wave, smoke_out
from benchmarks.harness.models import load_as
from benchmarks.harness.peers import SCIKIT_LEARN
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from benchmarks.recognition.pretraining_networks import TRAINED, Method, correct_of_network
from wavewright import models
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.dsp.mel import log_mel
from wavewright.families.encoder.runtime import EncoderRuntime
from wavewright.metrics.confusion import wilson_interval
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.models.folder import ModelFolder

SAMPLE_RATE = 16_000  # of statistics and neighbours
ALL = 0  # as a number of shots
METHODS = ("statistics", "probe", "scratch", "fine-tuned")
STEPS = {1: 300, 5: 300, 20: 400, ALL: 600}  # of a training, by shots
LOG_MEL_SECONDS = 1.0  # of the log-mel embedding
MIN_GAIN = 0.25  # of the error with five shots, against the network from scratch

ACCURACY = Table(
    "accuracy by recordings of each label",
    columns(task="s", method="s", shots="s", seeds="d", recordings="d", accuracy=".3f", low=".3f", high=".3f"),
)
PURITY = Table("nearest neighbours of the same label", columns(task="s", embedding="s", recordings="d", fraction=".3f"))


Correct: TypeAlias = Callable[[Sequence[Entry], Sequence[Entry], str, int], int]
"""Number of test recordings that are recognised after learning from others; name of the training, and its shots."""


@dataclass(frozen=True)
class Task:
    """Recordings of labels, and what is measured on."""

    name: str
    unseen: tuple[str, ...]  # beginnings of file names
    is_aligned: bool
    folds: tuple[str, ...] = ()  # of a cross-validation with all recordings

    def divide(
        self, entries: Sequence[Entry], unseen: tuple[str, ...] | None = None
    ) -> tuple[list[Entry], list[Entry]]:
        """Return the recordings to train on, and those to measure on."""
        is_test = [entry.path.name.startswith(unseen or self.unseen) for entry in entries]
        train = [replace(entry, split="train") for entry, test in zip(entries, is_test, strict=True) if not test]
        return train, [entry for entry, test in zip(entries, is_test, strict=True) if test]


TASKS = (
    Task("digits", ("theo_", "george_"), is_aligned=False),
    Task("drums", ("lm-2_", "cr-78_", "mrk-2_"), is_aligned=True),
    Task("esc10", ("4",), is_aligned=False, folds=("1", "2", "3", "4")),
)


def draw_shots(entries: Sequence[Entry], shots: int, seed: int) -> list[Entry]:
    """Return so many recordings of each label, or all of them."""
    if shots == ALL:
        return list(entries)
    by_label: dict[str, list[Entry]] = defaultdict(list)
    for row in np.random.default_rng(seed).permutation(len(entries)):
        by_label[str(entries[row].label)].append(entries[row])
    return [entry for label in sorted(by_label) for entry in by_label[label][:shots]]


def statistics(path: Path) -> np.ndarray:
    """Return mean and deviation over time of 40 log-mel bands and of their differences, ``(160,)``."""
    bands = log_mel(read_wave(path, SAMPLE_RATE), SAMPLE_RATE, 512, 256, 40, 60.0, None, "htk", 1e-8)
    slopes = np.diff(bands, axis=1, prepend=bands[:, :1])
    return np.concatenate([each for rows in (bands, slopes) for each in (rows.mean(1), rows.std(1))])


class Features:
    """Features of recordings, computed once each."""

    def __init__(self, compute: Callable[[Path], np.ndarray]) -> None:
        self._compute = compute
        self._rows: dict[Path, np.ndarray] = {}

    def __call__(self, entries: Sequence[Entry]) -> np.ndarray:
        """Return the features ``(recordings, size)``."""
        for entry in entries:
            if entry.path not in self._rows:
                self._rows[entry.path] = self._compute(entry.path)
        return np.stack([self._rows[entry.path] for entry in entries])


class MeasuredEncoder:
    """The encoder that is measured, and features of recordings, by the name of the method that needs no training."""

    def __init__(self, name: str) -> None:
        model = load_as(EncoderRuntime, name)
        self.folder = ModelFolder(models.find(name))
        self.features = {
            "statistics": Features(statistics),
            "probe": Features(lambda path: model.embed(read_wave(path, model.sample_rate)[None])[0]),
        }


def correct_of_regression(train: Sequence[Entry], test: Sequence[Entry], features: Features) -> int:
    """Return the number of recordings that a logistic regression on features recognises."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000))
    regression.fit(features(train), [entry.label for entry in train])
    return int(np.sum(regression.predict(features(test)) == np.array([entry.label for entry in test])))


def purity(rows: np.ndarray, labels: Sequence[str]) -> float:
    """Return the fraction of rows whose nearest other row, by Euclidean distance, has the same label."""
    squares = np.square(rows).sum(1)
    distances = squares[:, None] + squares[None] - 2 * rows @ rows.T
    np.fill_diagonal(distances, np.inf)
    names = np.array(labels)
    return float(np.mean(names[distances.argmin(1)] == names))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    for task in TASKS:
        parser.add_argument(f"--{task.name}", type=Path, help=f"folder of {task.name}; left out without")
    parser.add_argument("--encoder", default="sound-encoder", help="name or folder of the encoder")
    parser.add_argument("--out", type=Path, default=Path("runs/pretraining"))
    parser.add_argument(
        "--shots", type=int, nargs="*", default=[5, 20, ALL, 1], help="recordings of a label; 0 for all"
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--pooling", choices=("mean", "statistics"), default="", help="of trained networks")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", action="store_true", help="of tasks that have folds: measure on each")
    parser.add_argument("--steps", type=int, default=0, help="of each training; default: more for more recordings")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Measure all methods on each of the tasks."""
    SCIKIT_LEARN.require()
    encoder = MeasuredEncoder(options.encoder)
    for task in TASKS:
        folder = getattr(options, task.name)
        if folder is None:
            continue
        entries = list(scan(folder, "folder").entries)
        add_purity(task, entries, encoder.features["probe"], report)
        errors = {}
        for shots in options.shots:
            for method in options.methods:
                errors[shots, method] = add_accuracy(task, entries, shots, method, encoder, options, report)
        with_all = ALL in options.shots or not options.shots
        for method in options.methods if task.folds and with_all else ():
            if method not in TRAINED or options.folds:
                add_cross_validation(task, entries, method, encoder, options, report)
        pretrained = [errors[5, method] for method in ("probe", "fine-tuned") if (5, method) in errors]
        if (5, "scratch") in errors and pretrained:
            best = min(pretrained)
            gain = 1 - best / max(errors[5, "scratch"], 1e-9)
            report.target(task.name, "error of 5 shots below that from scratch", gain, at_least=MIN_GAIN)


def add_accuracy(
    task: Task,
    entries: Sequence[Entry],
    shots: int,
    method: str,
    encoder: MeasuredEncoder,
    options: argparse.Namespace,
    report: Report,
) -> float:
    """Measure a method over all seeds, add its row, and return its error."""
    n_correct = n_tested = 0
    has_folds = options.folds and task.folds and shots != ALL
    each_fold = [(fold,) for fold in task.folds] if has_folds else [task.unseen]
    for unseen in each_fold:
        known, test = task.divide(entries, unseen)
        n_tested += len(test)
        correct = _correct_of(method, task, encoder, options)
        for seed in range(options.seeds):
            fold = f"-fold-{unseen[0]}" if len(each_fold) > 1 else ""
            n_correct += correct(draw_shots(known, shots, seed), test, f"{shots or 'all'}-{seed}{fold}", shots)
    mean = n_correct / options.seeds
    interval = wilson_interval(round(mean), n_tested)  # of one seed, since all seeds share these recordings
    report.add(
        ACCURACY,
        {
            "task": task.name if len(each_fold) == 1 else f"{task.name}, all folds",
            "method": method,
            "shots": str(shots or "all"),
            "seeds": options.seeds,
            "recordings": n_tested,
            "accuracy": mean / n_tested,
            "low": interval.low,
            "high": interval.high,
        },
    )
    return 1 - mean / n_tested


def _correct_of(method: str, task: Task, encoder: MeasuredEncoder, options: argparse.Namespace) -> Correct:
    """Return a function of training recordings, test recordings, name and shots: how many it recognises."""

    def by_network(train: Sequence[Entry], test: Sequence[Entry], name: str, shots: int) -> int:
        how = Method(method, options.pooling, options.steps or STEPS.get(shots, STEPS[ALL]))
        return correct_of_network(
            train, test, encoder.folder, options.out / task.name / method / name, how, task.is_aligned
        )

    def by_regression(train: Sequence[Entry], test: Sequence[Entry], _: str, __: int) -> int:
        return correct_of_regression(train, test, encoder.features[method])

    return by_network if method in TRAINED else by_regression


def add_cross_validation(
    task: Task,
    entries: Sequence[Entry],
    method: str,
    encoder: MeasuredEncoder,
    options: argparse.Namespace,
    report: Report,
) -> None:
    """Add the accuracy over all folds, with all recordings of the other folds to learn from."""
    n_correct = sum(
        _correct_of(method, task, encoder, options)(*task.divide(entries, (fold,)), f"fold-{fold}", ALL)
        for fold in task.folds
    )
    interval = wilson_interval(n_correct, len(entries))
    report.add(
        ACCURACY,
        {
            "task": f"{task.name}, all folds",
            "method": method,
            "shots": "all",
            "seeds": 1,
            "recordings": len(entries),
            "accuracy": interval.value,
            "low": interval.low,
            "high": interval.high,
        },
    )


def add_purity(task: Task, entries: Sequence[Entry], embed: Features, report: Report) -> None:
    """Add the purity of the nearest neighbours by embeddings and by log-mel."""
    log_mel_embedding = LogMelEmbedding(SAMPLE_RATE, LOG_MEL_SECONDS)
    by_name = {
        "encoder": embed,
        "log-mel": Features(lambda path: log_mel_embedding(read_wave(path, SAMPLE_RATE)[None], SAMPLE_RATE)[0]),
    }
    for name, rows in by_name.items():
        vectors = rows(entries)
        if name == "encoder":
            vectors = vectors / vectors.std(0)  # as `wavewright similar` compares
        fraction = purity(vectors, [str(entry.label) for entry in entries])
        report.add(PURITY, {"task": task.name, "embedding": name, "recordings": len(entries), "fraction": fraction})


def smoke_pack(folder: Path) -> Path:
    """Write tones and noise by two speakers, a sub-folder for each label. Return their folder."""
    rng = np.random.default_rng(0)
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    for label in ("tone", "noise"):
        for name in ("theo_0", "theo_1", "ann_0", "ann_1", "ann_2"):
            pitch_hz = rng.uniform(200, 800)
            wave = rng.uniform(-0.5, 0.5, len(time)) if label == "noise" else 0.5 * np.sin(2 * np.pi * pitch_hz * time)
            path = folder / "pack" / label / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            Clip(wave[None].astype(np.float32), SAMPLE_RATE).write(path)
    return folder / "pack"


BENCHMARK = Benchmark(
    __doc__,
    (PURITY, ACCURACY, TARGETS),
    add_options,
    measure,
    smoke={"digits": smoke_pack, "out": smoke_out, "shots": [5], "seeds": 1, "steps": 2},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
