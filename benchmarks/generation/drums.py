"""Measure generated drums beside recordings, cheats and a plain WaveGAN: labels, distances, diversity, copies, speed.

    python -m benchmarks.generation.drums --corpus corpora/drums                                    # the bundled model
    python -m benchmarks.generation.drums --corpus corpora/drums --every-clip --judge runs/drum-judge
    python -m benchmarks.generation.drums --corpus corpora/drums --model runs/mine --wavegan runs/wavegan --json d.json

``--wavegan`` is a run of benchmarks/generation/wavegan.py; give both models the same minutes to compare them.
Recordings are those of split ``train`` of the corpus, the held-out row is split ``test``. Velocity layers count as
one drum: a clip is no closer than recordings if its distance to every recording of its label is at least the smallest
distance between two drums of that label. The limits that the model stores, by which ``wavewright generate`` leaves
copies out, may be larger; both fractions are reported. The classifier is the bundled one, ``--judge`` (a run of
benchmarks/generation/drum_judge.py) a second one that was trained on other kits.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.generation.drum_judge import agreement_by_label
from benchmarks.generation.evaluation import (
    EVALUATION,
    add_evaluation,
    generate_waves,
    prepared_clips,
    recorded_clips,
)
from benchmarks.harness.corpora import SEED, smoke_drums
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns, optional
from benchmarks.harness.timing import median_seconds, seconds_of, time_process
from wavewright.base.errors import BadModel
from wavewright.contracts.family import EMBEDDINGS_FILE
from wavewright.contracts.runtime import Generator
from wavewright.families import loading
from wavewright.metrics.clips import Clips
from wavewright.metrics.comparison import cheat_resampled_copies, compare
from wavewright.metrics.copying import smallest_distance
from wavewright.metrics.distances import distances_among, pairwise_distances
from wavewright.metrics.embeddings import ClassifierEmbedding, Embedding, LogMelEmbedding
from wavewright.metrics.report import EvaluationReport

N_RESAMPLED_COPIES = 200
TIMED_CLIPS = 50

BY_LABEL = Table("fractions by label", columns(fraction="s", label="s", value=".3f"), is_optional=True)
LAYERS = Table(
    "layers farther apart than 3 dB as sounds of their own",
    columns(coverage=".2f", nearest_neighbour_accuracy=".2f"),
    is_optional=True,
)
SPEED = Table("speed", columns(measurement="s", value=".2f"), is_optional=True)
DISTANCES = Table(
    "distances between recordings, dB",
    columns(label="s", recordings="d", drums="d")
    | optional(nearest_take=".2f")
    | columns(
        nearest_other_drum_smallest=".2f",
        nearest_other_drum_median=".2f",
        limit=".2f",
        resampled_copies_99_percent=".2f",
    ),
    is_optional=True,
)


def no_closer_by_own_limits(
    model: Generator, waves: np.ndarray, labels: np.ndarray, report: Report
) -> dict[str, float]:
    """Return the fractions of clips ``(n, time)`` beyond the limits that the model stores, for all and by label."""
    stored = model.folder.tensors(EMBEDDINGS_FILE)
    embedded = LogMelEmbedding(model.sample_rate, waves.shape[1] / model.sample_rate)(waves, model.sample_rate)
    nearest = pairwise_distances(stored["embeddings"].astype(np.float64), embedded).min(axis=0)
    limits = dict(zip(model.labels, stored["limits"].tolist(), strict=True))
    listed = ", ".join(f"{label} {limit:.2f}" for label, limit in limits.items())
    report.note(f"Limits that the model stores, dB: {listed}.")
    is_far = nearest >= np.array([limits[label] for label in labels])
    return {"all": float(is_far.mean()), **{label: float(is_far[labels == label].mean()) for label in limits}}


def add_distances(train: Clips, report: Report) -> None:
    """Add distances between recordings of each label: takes of one drum, other drums, resampled copies."""
    embedding = LogMelEmbedding(train.sample_rate, train.waves.shape[1] / train.sample_rate)
    copies, copy_labels = cheat_resampled_copies(train.waves, train.labels, train.sample_rate, N_RESAMPLED_COPIES, SEED)
    copied = embedding(copies, train.sample_rate)
    for label in dict.fromkeys(train.labels.tolist()):
        own = train.of_labels([label])
        rows, is_same_drum = embedding(own.waves, train.sample_rate), own.groups[:, None] == own.groups[None, :]
        distances = distances_among(rows)
        others = np.where(is_same_drum, np.inf, distances).min(1)
        same_drum = np.where(is_same_drum & ~np.eye(len(rows), dtype=bool), distances, np.inf).min(1)
        same_drum = same_drum[np.isfinite(same_drum)]
        report.add(
            DISTANCES,
            {
                "label": label,
                "recordings": len(rows),
                "drums": len(np.unique(own.groups)),
                "nearest_take": float(np.median(same_drum)) if len(same_drum) else None,
                "nearest_other_drum_smallest": others.min(),
                "nearest_other_drum_median": float(np.median(others)),
                "limit": smallest_distance(rows, embedding.near_duplicate_distance, own.groups),
                "resampled_copies_99_percent": float(
                    np.percentile(pairwise_distances(rows, copied[copy_labels == label]).min(0), 99)
                ),
            },
        )


def wavegan_clips(run: Path, labels: list[str], per_label: int, sample_rate: int) -> Clips:
    """Return clips of a run of benchmarks/generation/wavegan.py."""
    from benchmarks.generation.wavegan import KINDS, generate

    waves = generate(run, replace(KINDS["drums"], labels=tuple(labels)), per_label, SEED)
    return prepared_clips(waves, [label for label in labels for _ in range(per_label)], sample_rate)


def speeds(model: Generator, name: str, n_runs: int) -> dict[str, float]:
    """Return the speed of single clips and the seconds of cold starts, each the median of several."""
    clip_seconds = model.generate(count=1)[0].shape[-1] / model.sample_rate
    indices = iter(range(TIMED_CLIPS))
    seconds = median_seconds(
        lambda: model.generate(count=1, seed=1, start=next(indices)), TIMED_CLIPS, time.perf_counter, n_warm_up=0
    )
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "wavewright", "generate", name, "--out", out]
        cold = seconds_of(lambda: time_process(command), n_runs, time.perf_counter, n_warm_up=0)
    imports = [
        time_process([sys.executable, "-c", "import wavewright"]).seconds
        - time_process([sys.executable, "-c", "pass"]).seconds
        for _ in range(n_runs)
    ]
    return {
        "times real time, one clip at a time": clip_seconds / seconds,
        "`wavewright generate` of 8 sounds from a cold start, s": statistics.median(cold),
        "`import wavewright`, s more than a bare interpreter": statistics.median(imports),
    }


def add_fractions(name: str, fractions: Mapping[str, float], report: Report) -> None:
    """Add a fraction of the clips for each label."""
    for label, value in fractions.items():
        report.add(BY_LABEL, {"fraction": name, "label": label, "value": value})


def no_closer_by_label(evaluation: EvaluationReport) -> dict[str, float]:
    """Return the fraction of generated clips beyond the limit of the recordings, for each label."""
    labels = evaluation.rows[0].sample_metrics.labels
    return {name: label.copying.fraction_no_closer for name, label in labels.items() if label.copying is not None}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--model", default="drums")
    parser.add_argument("--every-clip", action="store_true", help="also judge the copies that generate leaves out")
    parser.add_argument("--wavegan", type=Path, default=None, help="a run of benchmarks/generation/wavegan.py")
    parser.add_argument("--distances", action="store_true", help="only measure distances between recordings")
    parser.add_argument("--judge", default=None, help="a second classifier: benchmarks/generation/drum_judge.py")
    parser.add_argument("--seed", type=int, default=SEED, help="of the clips and of the draws of the figures")
    parser.add_argument("--per-label", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5, help="of the timing of processes")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Measure one model, and a plain WaveGAN where a run of it is named."""
    model = loading.load_generator(options.model)
    rate, n_samples, labels = model.sample_rate, model.generate(count=1)[0].shape[-1], list(model.labels)
    train, test = (recorded_clips(options.corpus, split, labels, rate, n_samples) for split in ("train", "test"))
    if options.distances:
        add_distances(train, report)
        return
    name = loading.classifier_of(set(labels))
    if name is None:
        raise BadModel(f"No bundled classifier has the labels {', '.join(labels)} of {options.model}.")
    classifier = ClassifierEmbedding(loading.load_classifier(name))
    embeddings: list[Embedding] = [LogMelEmbedding(rate, n_samples / rate), classifier]
    waves, wave_labels = generate_waves(model, options.per_label, options.every_clip, report, options.seed)
    generated = prepared_clips(waves, wave_labels, rate)
    evaluation = compare(train, generated, embeddings, test, takes_from="group", seed=options.seed)
    add_evaluation(options.model, evaluation, report)
    layers = (
        compare(train, generated, embeddings[:1], takes_from="distance", cheats=False, seed=SEED).rows[0].sample_metrics
    )
    report.add(
        LAYERS, {"coverage": layers.precision_recall.coverage, "nearest_neighbour_accuracy": layers.one_nn_accuracy}
    )
    add_fractions("no closer than recordings", no_closer_by_label(evaluation), report)
    own = no_closer_by_own_limits(model, waves, np.array(wave_labels), report)
    add_fractions("no closer by the limits that the model stores", own, report)
    if options.judge:
        second = loading.load_classifier(options.judge)
        for name, clips in (("generated", generated), ("recordings", train), ("held-out recordings", test)):
            add_fractions(f"second judge, {name}", agreement_by_label(second, clips.waves, clips.labels, rate), report)
    for name, value in speeds(model, options.model, options.runs).items():
        report.add(SPEED, {"measurement": name, "value": value})
    if options.wavegan:
        clips = wavegan_clips(options.wavegan, labels, options.per_label, rate)
        peer = compare(train, clips, embeddings, takes_from="group", cheats=False, seed=SEED)
        add_evaluation("plain WaveGAN", peer, report)


BENCHMARK = Benchmark(
    __doc__,
    (EVALUATION, LAYERS, BY_LABEL, SPEED, DISTANCES),
    add_options,
    measure,
    smoke={"corpus": smoke_drums, "per_label": 4, "runs": 1, "judge": "drum-classifier"},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
