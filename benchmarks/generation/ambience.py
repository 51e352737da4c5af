"""Judge generated textures: their class by classifiers that were trained on recordings.

    python -m benchmarks.generation.ambience --corpus corpora/ambience --model ambience

Two judges are trained, one on the recordings that the model was trained on (split ``train``) and one on the others
(``valid``); each is tested on the recordings of the other split and on generated clips, in pieces of 4 s. The second
one knows nothing that the model has heard, but has a single recording of some classes. A judge is a logistic regression
on the mean, the deviation, the crests and the changes of 40 mel bands, in dB below the level of the piece, and on the
modulation of the level (scikit-learn).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_textures
from benchmarks.harness.models import load_as
from benchmarks.harness.peers import SCIKIT_LEARN
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dsp.mel import mel_spectrogram, power_to_db
from wavewright.families.lstm.runtime import LstmRuntime

SAMPLE_RATE, SECONDS, HOP_SECONDS = 22_050, 4.0, 1.0  # of the pieces
N_FFT, HOP, N_MELS = 1024, 512, 40
FLOOR = 1e-6  # of power
N_MODULATIONS, N_POOLED = 63, 9  # bins of the spectrum of the level, and how many are averaged
REGULARISATION = 0.03

CLASSES = Table(
    "clips in their class",
    columns(label="s", recordings="d", seconds=".0f")
    | columns(judge="s", of_recordings=".2f", of_generated=".2f", most_other="s"),
)


def pieces(wave: np.ndarray) -> list[np.ndarray]:
    """Return overlapping pieces of ``wave (time,)``; a shorter wave is followed by silence."""
    n, hop = round(SECONDS * SAMPLE_RATE), round(HOP_SECONDS * SAMPLE_RATE)
    padded = np.pad(wave, (0, max(0, n - len(wave))))
    return [padded[start : start + n] for start in range(0, len(padded) - n + 1, hop)]


def features(piece: np.ndarray) -> np.ndarray:
    """Return the features of a piece ``(time,)``, ``(d,)``."""
    level = max(float(np.sqrt(np.square(piece).mean())), FLOOR)
    mel = power_to_db(FLOOR + mel_spectrogram(piece / level, SAMPLE_RATE, N_FFT, HOP, N_MELS), range_db=None)
    course = mel.mean(axis=0) - mel.mean()
    modulation = np.abs(np.fft.rfft(course * np.hanning(len(course)), 256))[1 : N_MODULATIONS + 1]
    crests = np.percentile(mel, 95, axis=1) - np.percentile(mel, 50, axis=1)
    changes = np.abs(np.diff(mel, axis=1)).mean(axis=1)
    pooled = np.log1p(modulation.reshape(-1, N_POOLED).mean(axis=1))
    return np.concatenate([mel.mean(axis=1), mel.std(axis=1), changes, crests, pooled])


class TextureJudge:
    """A classifier of pieces of textures."""

    def __init__(self, rows: np.ndarray, labels: Sequence[str]) -> None:
        SCIKIT_LEARN.require()
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        regression = LogisticRegression(C=REGULARISATION, max_iter=300, class_weight="balanced")
        self.machine: Any = make_pipeline(StandardScaler(), regression)
        self.machine.fit(rows, list(labels))

    def guesses(self, rows: np.ndarray) -> list[str]:
        """Return the label of each row of features ``(n, d)``."""
        return [str(label) for label in self.machine.predict(rows)]


def of_recordings(entries: Sequence[Entry]) -> tuple[np.ndarray, list[str]]:
    """Return the features of all pieces of recordings, ``(n, d)``, and their labels."""
    rows, labels = [], []
    for entry in entries:
        own = [features(piece) for piece in pieces(read_wave(entry.path, SAMPLE_RATE))]
        rows += own
        labels += [str(entry.label)] * len(own)
    return np.stack(rows), labels


def of_generated(model: LstmRuntime, label: str, count: int) -> np.ndarray:
    """Return the features of ``count`` generated pieces, ``(count, d)``."""
    waves = model.generate(label, count, 1, seconds=SECONDS)
    clips = [Clip(wave, model.sample_rate).resample(SAMPLE_RATE) for wave in waves]
    return np.stack([features(pieces(clip.wave[0])[0]) for clip in clips])


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", type=Path, default=Path("corpora/ambience"))
    parser.add_argument("--model", default="ambience")
    parser.add_argument("--count", type=int, default=30, help="generated clips of each label")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Judge the clips of each label."""
    model = load_as(LstmRuntime, options.model)
    entries = {split: corpus_entries(options.corpus, split, model.labels) for split in ("train", "valid")}
    recorded = {split: of_recordings(own) for split, own in entries.items()}
    generated = {label: of_generated(model, label, options.count) for label in model.labels}
    for judging, tested in (("train", "valid"), ("valid", "train")):
        judge = TextureJudge(*recorded[judging])
        rows, labels = recorded[tested]
        guesses = np.array(judge.guesses(rows))
        fractions = []
        for label in model.labels:
            counts = Counter(judge.guesses(generated[label]))
            others = [(count, name) for name, count in counts.items() if name != label]
            own = [entry for entry in entries["train"] if entry.label == label]
            fractions.append(
                (float((guesses[np.array(labels) == label] == label).mean()), counts[label] / options.count)
            )
            report.add(
                CLASSES,
                {
                    "label": label,
                    "recordings": len({entry.group for entry in own}),
                    "seconds": sum(entry.seconds for entry in own),
                    "judge": f"trained on {judging}",
                    "of_recordings": fractions[-1][0],
                    "of_generated": fractions[-1][1],
                    "most_other": "{1} ({0})".format(*max(others)) if others else "none",
                },
            )
        means = np.mean(fractions, axis=0)
        report.note(f"trained on {judging}: {means[0]:.2f} of the recordings and {means[1]:.2f} of the clips are right")


BENCHMARK = Benchmark(
    __doc__,
    (CLASSES,),
    add_options,
    measure,
    smoke={"corpus": smoke_textures, "count": 2},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
