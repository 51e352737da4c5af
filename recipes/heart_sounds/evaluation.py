"""Normal and abnormal heart sounds: recordings of known databases, and of a database that was never seen.

    python -m recipes.heart_sounds --data HeartSoundSynthesis/train-data --out corpora/heart-sounds
    python -m recipes.heart_sounds.evaluation --corpus corpora/heart-sounds
    python -m recipes.heart_sounds.evaluation --corpus corpora/heart-sounds --augment 150

The score is that of the PhysioNet/CinC Challenge 2016 without its class of noisy recordings, the mean of sensitivity
and specificity. Split ``recordings``: five folds, each database and label divided alike; patients are not known. Split
``unseen``: each database in turn is the test, the others the training. Intervals: 2,000 draws of the recordings; for
the mean over databases, of the recordings of each.

``--augment`` adds recordings to those of each kind of every fold: beats of its recordings assembled at another rate,
or, as a control of the same number, its recordings at another speed and with noise.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness.peers import SCIKIT_LEARN
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from recipes.heart_sounds.features import recording_features
from recipes.heart_sounds.recogniser import KernelRecogniser, KernelSettings
from recipes.heart_sounds.segmentation import segment_beats
from recipes.heart_sounds.synthesis import HeartSoundSettings, assemble_beats, synthetic_heart_sounds
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder
from wavewright.data import manifest
from wavewright.metrics.sampling import Interval

N_FOLDS = 5
N_DRAWS = 2_000
SCORE_BAR = 0.80
MAX_SECONDS = 30.0
ASSEMBLED_SECONDS = 15.0
RATE_RANGE = (0.75, 1.35)  # of assembled beats, times the rate of the recording
SPEED_RANGE = (0.9, 1.1)
NOISE_DB = (-40.0, -20.0)

SCORES = Table(
    "normal and abnormal heart sounds",
    columns(split="s", method="s", recordings="d", abnormal="d", sensitivity=".3f", specificity=".3f", score=".3f"),
)

Decide = Callable[["Recordings", "Recordings"], np.ndarray]
"""Training and test recordings to true for each test recording that is called abnormal, ``(n,)``."""


@dataclass(frozen=True)
class Recordings:
    """Features ``(n, d)``, labels, databases and names of recordings."""

    features: np.ndarray
    is_abnormal: np.ndarray
    databases: np.ndarray
    names: np.ndarray

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.names)

    def __getitem__(self, rows: np.ndarray) -> Recordings:
        """Return some of the recordings."""
        return Recordings(self.features[rows], self.is_abnormal[rows], self.databases[rows], self.names[rows])

    @classmethod
    def read(cls, corpus: Path) -> Recordings:
        """Read the files that the recipe writes; raise BadFolder if there are none."""
        paths = sorted(corpus.glob("features-?.npz"))
        if not paths:
            raise BadFolder(f"{corpus} has no features-*.npz; run recipes/heart_sounds, or give another --corpus.")
        tables = [dict(np.load(path)) for path in paths]
        databases = [np.full(len(table["names"]), path.stem[-1]) for path, table in zip(paths, tables, strict=True)]
        parts = {name: np.concatenate([each[name] for each in tables]) for name in ("features", "is_abnormal", "names")}
        features = parts["features"].astype(np.float64)
        return cls(features, parts["is_abnormal"], np.concatenate(databases), parts["names"])


def majority(train: Recordings, test: Recordings) -> np.ndarray:
    """Call all recordings what most are."""
    return np.full(len(test), train.is_abnormal.mean() > 0.5)


def database_alone(train: Recordings, test: Recordings) -> np.ndarray:
    """Call recordings what more of their database are than of all; without that database, normal."""
    usual = train.is_abnormal.mean()
    rates = {each: train.is_abnormal[train.databases == each].mean() for each in np.unique(train.databases)}
    return np.array([rates.get(each, 0.0) > usual for each in test.databases])


def logistic(train: Recordings, test: Recordings) -> np.ndarray:
    """Call by a logistic regression with balanced labels."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=2_000))
    model.fit(train.features, train.is_abnormal)
    called: np.ndarray = model.predict(test.features)
    return called


def kernel(train: Recordings, test: Recordings) -> np.ndarray:
    """Call by the recogniser of the package."""
    return KernelRecogniser(train.features, train.is_abnormal).decision(test.features) > 0


def standardised(train: Recordings, test: Recordings) -> np.ndarray:
    """Call by a smoother recogniser of features that are relative to those of the same database, without labels."""
    trained = KernelRecogniser(_relative(train), train.is_abnormal, KernelSettings(1.5, 3.0))
    return trained.decision(_relative(test)) > 0


def _relative(recordings: Recordings) -> np.ndarray:
    """Return features with mean 0 and deviation 1 in each database."""
    features = recordings.features.copy()
    for database in np.unique(recordings.databases):
        rows = recordings.databases == database
        features[rows] = (features[rows] - features[rows].mean(0)) / (features[rows].std(0) + 1e-6)
    return features


def folds_of(recordings: Recordings, seed: int = 0) -> np.ndarray:
    """Return the fold of each recording; those of a database and label are divided evenly."""
    rng = np.random.default_rng(seed)
    folds = np.zeros(len(recordings), dtype=int)
    for database in np.unique(recordings.databases):
        for label in (False, True):
            rows = np.flatnonzero((recordings.databases == database) & (recordings.is_abnormal == label))
            folds[rng.permutation(rows)] = (np.arange(len(rows)) + rng.integers(N_FOLDS)) % N_FOLDS
    return folds


def by_recording(recordings: Recordings, decide: Decide, extra: Recordings | None = None) -> np.ndarray:
    """Return what each recording is called by a method that learned from the other folds.

    Parameters
    ----------
    recordings, decide
        All recordings, and the method.
    extra
        Recordings made of others, with their names; those of recordings of the training are added to it.
    """
    folds = folds_of(recordings)
    called = np.zeros(len(recordings), dtype=bool)
    for fold in range(N_FOLDS):
        train = recordings[folds != fold]
        if extra is not None:
            train = _joined(train, extra[np.isin(extra.names, train.names)])
        called[folds == fold] = decide(train, recordings[folds == fold])
    return called


def _joined(a: Recordings, b: Recordings) -> Recordings:
    return Recordings(
        np.concatenate([a.features, b.features]),
        np.concatenate([a.is_abnormal, b.is_abnormal]),
        np.concatenate([a.databases, b.databases]),
        np.concatenate([a.names, b.names]),
    )


def score_intervals(
    is_abnormal: np.ndarray, called: np.ndarray, groups: np.ndarray | None = None
) -> tuple[Interval, Interval, Interval]:
    """Return sensitivity, specificity and their mean with 95 % intervals.

    Parameters
    ----------
    is_abnormal, called
        Truth and decisions ``(n,)``.
    groups
        Of each recording; the numbers are then the means over the groups.
    """
    groups = np.zeros(len(called), int) if groups is None else groups
    cells = [
        [(called[(groups == group) & (is_abnormal == kind)] == kind).astype(float) for kind in (True, False)]
        for group in np.unique(groups)
    ]
    rng = np.random.default_rng(0)
    values = np.array([[cell.mean() for cell in pair] for pair in cells]).mean(axis=0)
    draws = np.array(
        [np.mean([rng.choice(pair[k], (N_DRAWS, len(pair[k]))).mean(axis=1) for pair in cells], axis=0) for k in (0, 1)]
    )
    both = [*zip(values, draws, strict=True), (values.mean(), draws.mean(axis=0))]
    sensitivity, specificity, mean = (
        Interval(float(value), *map(float, np.percentile(drawn, [2.5, 97.5]))) for value, drawn in both
    )
    return sensitivity, specificity, mean


def add_row(
    report: Report, split: str, method: str, test: Recordings, called: np.ndarray, groups: np.ndarray | None = None
) -> Interval:
    """Add a row; return the score."""
    sensitivity, specificity, score = score_intervals(test.is_abnormal, called, groups)
    numbers = {"sensitivity": sensitivity, "specificity": specificity, "score": score}
    counts = {"recordings": len(test), "abnormal": int(test.is_abnormal.sum())}
    report.add(SCORES, {"split": split, "method": method} | counts | numbers)
    return score


def assembled(wave: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Return the beats of a recording at another rate, in another order."""
    beats = segment_beats(wave, rate)
    rate_bpm = float(np.clip(beats.rate_bpm * rng.uniform(*RATE_RANGE), 40, 160))
    return assemble_beats(wave, rate, beats, rate_bpm, ASSEMBLED_SECONDS, int(rng.integers(2**31)))


def altered(wave: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Return a recording at another speed and with noise."""
    import soxr

    wave = soxr.resample(wave[: round(ASSEMBLED_SECONDS * rate)], rate, rate * rng.uniform(*SPEED_RANGE))
    noise = 10 ** (rng.uniform(*NOISE_DB) / 20) * np.std(wave)
    changed: np.ndarray = wave + (noise * rng.standard_normal(len(wave))).astype(np.float32)
    return changed


def made_of(
    corpus: Path, recordings: Recordings, count: int, make: Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
) -> Recordings:
    """Return features of ``count`` recordings of each kind, changed by ``make``; those without beats are left out."""
    paths = {entry.path.stem: entry.path for entry in manifest.read(corpus / "manifest.jsonl").entries}
    rng = np.random.default_rng(1)
    features, rows = [], []
    for kind in (True, False):
        for row in rng.permutation(np.flatnonzero(recordings.is_abnormal == kind))[:count]:
            clip = Clip.read(paths[str(recordings.names[row])]).mono()
            wave = clip.wave[0, : round(MAX_SECONDS * clip.sample_rate)]
            try:
                features.append(recording_features(make(wave, clip.sample_rate, rng), clip.sample_rate))
            except ValueError:  # no beat was found
                continue
            rows.append(row)
    chosen = recordings[np.array(rows, dtype=int)]
    return Recordings(np.array(features), chosen.is_abnormal, chosen.databases, chosen.names)


def measure_databases(recordings: Recordings, methods: dict[str, Decide], report: Report) -> None:
    """Add rows of databases that were not seen, and their means."""
    for method, decide in methods.items():
        called = np.zeros(len(recordings), dtype=bool)
        for database in np.unique(recordings.databases):
            rows = recordings.databases == database
            called[rows] = decide(recordings[~rows], recordings[rows])
            add_row(report, f"unseen {database}", method, recordings[rows], called[rows])
        add_row(report, "unseen, mean", method, recordings, called, recordings.databases)


def measure(options: Options, report: Report) -> None:
    """Measure all methods on both splits."""
    recordings = Recordings.read(options.corpus)
    methods: dict[str, Decide] = {"majority": majority, "database alone": database_alone}
    if report.has(SCIKIT_LEARN, "The logistic regression"):
        methods["logistic regression"] = logistic
    methods["kernel"] = kernel
    for method, decide in methods.items():
        score = add_row(report, "recordings", method, recordings, by_recording(recordings, decide))
    report.target("recordings of known databases", "score of the kernel", score, at_least=SCORE_BAR)
    if options.augment:
        for method, make in {"kernel, beats at other rates": assembled, "kernel, speed and noise": altered}.items():
            extra = made_of(options.corpus, recordings, options.augment, make)
            add_row(report, "recordings", method, recordings, by_recording(recordings, kernel, extra))
    measure_databases(recordings, methods | {"kernel, standardised": standardised}, report)


def _smoke_corpus(folder: Path) -> Path:
    """Write synthetic heart sounds of two databases, abnormal ones with a murmur, and their features."""
    lines = []
    for database in "ab":
        table: dict[str, list[object]] = {"features": [], "is_abnormal": [], "names": []}
        for index in range(10):
            murmur, name = ("systolic", "none")[index % 2], f"{database}{index:04}"
            settings = HeartSoundSettings(rate_bpm=60.0 + 3 * index, murmur=murmur)
            wave, _ = synthetic_heart_sounds(4.0, 2_000, settings, seed=index)
            (folder / "heart").mkdir(parents=True, exist_ok=True)
            Clip(wave[None], 2_000).write(folder / "heart" / f"{name}.wav", "FLOAT")
            lines.append(json.dumps({"audio_filepath": f"{name}.wav", "duration": 4.0}))
            table["features"].append(recording_features(wave, 2_000))
            table["is_abnormal"].append(murmur != "none")
            table["names"].append(name)
        np.savez(
            folder / "heart" / f"features-{database}.npz", **{name: np.array(each) for name, each in table.items()}
        )
    (folder / "heart" / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "heart"


BENCHMARK = Benchmark(
    measure,
    Option("corpus", Path("corpora/heart-sounds"), smoke=_smoke_corpus),
    Option("augment", 0, "recordings of each kind that are changed and added", smoke=2),
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run(sys.argv[1:]))
