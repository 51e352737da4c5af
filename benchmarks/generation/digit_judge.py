"""Train the judges of generated digits: a classifier of the package, and a support vector machine as a second opinion.

    python -m benchmarks.generation.digit_judge --corpus corpora/digits --out runs/digit-judge

Both are trained on the training takes of the real speakers and measured on takes 45 to 49, by which no weights or
settings were chosen. Only benchmarks use them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_digits, smoke_out
from benchmarks.harness.peers import SCIKIT_LEARN
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.data.entry import Entry, Scan
from wavewright.dsp.mel import log_mel
from wavewright.dsp.onset import trim
from wavewright.families import loading
from wavewright.families.classifier.recipe import ClassifierRecipe, judge_recipe, scores
from wavewright.models.card import Card, Source
from wavewright.models.folder import write_card
from wavewright.training.run import Provenance, Run
from wavewright.training.run_folder import RUN_FILE

SAMPLE_RATE = 8_000
N_SAMPLES = 8_000
SEED = 45
DEFAULT_FOLDER = Path("runs/digit-judge")
N_FRAMES = 32  # of the spectrogram that the support vector machine classifies
N_MELS = 32
MIN_SAMPLES = 512  # of a trimmed digit
RANGE_DB = 60.0
TRIM_DB = -35.0

JUDGES = Table("accuracy on held-out takes", columns(judge="s", takes="d", accuracy=".3f"))


def digit_judge(steps: int) -> ClassifierRecipe:
    """Return the settings of the classifier: 1 s at 8 kHz, frames of 32 ms every 10 ms."""
    base = judge_recipe(steps, SEED)
    model = replace(
        base.model,
        sample_rate=SAMPLE_RATE,
        n_samples=N_SAMPLES,
        n_fft=256,
        hop_length=80,
        n_mels=40,
        f_min_hz=60.0,
        range_db=RANGE_DB,
    )
    return replace(base, model=model, data=replace(base.data, align=False, largest_delay_seconds=0.1))


def pad(waves: Sequence[np.ndarray]) -> np.ndarray:
    """Return waves ``(time,)`` of any lengths as ``(n, N_SAMPLES)`` float32, cut or followed by silence."""
    rows = np.zeros((len(waves), N_SAMPLES), np.float32)
    for row, wave in zip(rows, waves, strict=True):
        cut = wave[:N_SAMPLES]
        row[: len(cut)] = cut
    return rows


def read_waves(entries: Sequence[Entry]) -> list[np.ndarray]:
    """Return recordings at 8 kHz, each ``(time,)``."""
    return [read_wave(entry.path, SAMPLE_RATE) for entry in entries]


class MelSvm:
    """A support vector machine on spectrograms of 32 frames by 32 mel bands, without length and level."""

    def __init__(self, waves: Sequence[np.ndarray], labels: Sequence[str]) -> None:
        SCIKIT_LEARN.require()
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        self.machine = make_pipeline(StandardScaler(), SVC(C=10.0, gamma="scale"))
        self.machine.fit(spectrograms(waves), list(labels))

    def agreement(self, waves: Sequence[np.ndarray], labels: Sequence[str]) -> float:
        """Return the fraction of ``waves`` that are classified as their labels."""
        return float(np.mean(self.machine.predict(spectrograms(waves)) == np.asarray(labels)))


def spectrograms(waves: Sequence[np.ndarray]) -> np.ndarray:
    """Return ``(n, N_MELS * N_FRAMES)``: dB below the loudest band, at least -60, of trimmed digits."""
    return np.stack([_spectrogram(wave) for wave in waves])


def _spectrogram(wave: np.ndarray) -> np.ndarray:
    trimmed = trim(wave, TRIM_DB)
    trimmed = np.pad(trimmed, (0, max(0, MIN_SAMPLES - len(trimmed))))
    level = log_mel(trimmed, SAMPLE_RATE, 256, 64, N_MELS, 60.0, floor=1e-8) * 10 / np.log(10)  # (n_mels, frames)
    level = np.maximum(level - level.max(), -RANGE_DB)
    positions = np.linspace(0, level.shape[1] - 1, N_FRAMES)
    return np.stack([np.interp(positions, np.arange(level.shape[1]), band) for band in level]).ravel()


def train_classifier(corpus: Path, out: Path, steps: int) -> dict[str, float]:
    """Train the classifier into ``out``; return its scores on the held-out takes, which its card also states."""
    entries = [entry for entry in corpus_entries(corpus) if entry.split in ("train", "valid")]
    source = Source(
        name="free-spoken-digit-dataset",
        licence="CC-BY-SA-4.0",
        credit="Free Spoken Digit Dataset, Zohar Jackson and contributors",
        origin="github.com/Jakobovski/free-spoken-digit-dataset",
        n_clips=sum(entry.split == "train" for entry in entries),
    )
    description = "Tells spoken digits apart, to judge generated ones."
    provenance = Provenance("digit-judge", description, "CC-BY-SA-4.0", (source,))
    has_started = (out / RUN_FILE).is_file()
    Run(out, "classifier", digit_judge(steps), Scan(tuple(entries)), provenance).train(resume=has_started)
    judge = loading.load_classifier(out)
    held_out = corpus_entries(corpus, "valid")
    probabilities = judge.probabilities(pad(read_waves(held_out)), SAMPLE_RATE)
    labels = np.array([judge.labels.index(str(entry.label)) for entry in held_out])
    measured: dict[str, float] = scores(np.log(probabilities + 1e-12), labels)
    card = Card.read(out)
    metrics = {**card.metrics, **{f"test/{name}": round(value, 4) for name, value in measured.items()}}
    write_card(out, card.model_copy(update={"metrics": metrics}))
    return measured


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/digits"))
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--steps", type=int, default=1_000)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train both judges and add their accuracy."""
    train, held_out = (corpus_entries(options.corpus, split) for split in ("train", "valid"))
    if SCIKIT_LEARN.is_installed:
        machine = MelSvm(read_waves(train), [str(entry.label) for entry in train])
        accuracy = machine.agreement(read_waves(held_out), [str(entry.label) for entry in held_out])
        report.add(JUDGES, {"judge": "support vector machine", "takes": len(held_out), "accuracy": accuracy})
    else:
        report.skip(SCIKIT_LEARN, "The support vector machine")
    measured = train_classifier(options.corpus, options.out, options.steps)
    report.attach("scores", measured)
    report.add(JUDGES, {"judge": "classifier", "takes": len(held_out), "accuracy": measured["accuracy"]})


BENCHMARK = Benchmark(
    __doc__, (JUDGES,), add_options, measure, smoke={"corpus": smoke_digits, "out": smoke_out, "steps": 2}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
