"""Measure labels, relative Frechet distance, diversity, copies and speed of the bundled drums beside recordings, cheats and a WaveGAN.

    python -m benchmarks.generation.drums --corpus corpora/drums                                    # the bundled model
    python -m benchmarks.generation.drums --corpus corpora/drums --every-clip --judge runs/drum-judge
    python -m benchmarks.generation.drums --corpus corpora/drums --model runs/mine --wavegan runs/wavegan --json drums.json

``--wavegan`` is a run of benchmarks/generation/wavegan.py; give both models the same minutes to compare them. Recordings are
those of split ``train`` of the corpus, the held-out row is split ``test``. Velocity layers count as one drum: a clip
is no closer than recordings if its distance to every recording of its label is at least the smallest distance between
two drums of that label. The limits that the model stores, by which `wavewright generate` leaves copies out, may be
larger; both fractions are printed. One thread; the classifier is the bundled one, ``--judge`` (a run of
benchmarks/generation/drum_judge.py) a second one that was trained on other kits.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.generation.drum_judge import agreement_by_label
from wavewright import loading
from wavewright.cli.command import plain
from wavewright.contracts.family import EMBEDDINGS_FILE
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.metrics.cheats import cheat_resampled_copies
from wavewright.metrics.clips import Clips
from wavewright.metrics.comparison import compare
from wavewright.metrics.copying import smallest_distance
from wavewright.metrics.distances import distances_among, pairwise_distances
from wavewright.metrics.embeddings import ClassifierEmbedding, LogMelEmbedding
from wavewright.processor import instruction_sets, processor_name
from wavewright.tasks.rejection import Rejection

SEED = 2026


def recordings(corpus: Path, split: str, labels: list[str], sample_rate: int, n_samples: int) -> Clips:
    """The clips of a split, prepared as for training."""
    found = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    entries = [entry for entry in found if entry.split == split and entry.label in labels]
    with tempfile.TemporaryDirectory() as cache:
        store = ClipStore.build(entries, sample_rate, n_samples, Preparation(), cache)
        waves = np.stack([store[index][0] for index in range(len(store))])
    return Clips.of(waves, sample_rate, store.labels, [str(group) for group in store.groups])


def prepared(waves: np.ndarray, labels: list[str], sample_rate: int) -> Clips:
    """Generated clips ``(n, time)``, prepared like recordings."""
    preparation = Preparation()
    aligned = [preparation.apply(wave[None], sample_rate, waves.shape[1])[0] for wave in waves]
    return Clips.of(np.stack(aligned), sample_rate, labels)


def generated(player, per_label: int, every_clip: bool, seed: int = SEED) -> Clips:
    """Clips of every label, prepared like recordings; see :func:`drawn`."""
    labels = [label for label in player.labels for _ in range(per_label)]
    return prepared(drawn(player, per_label, every_clip, seed), labels, player.card.sample_rate)


def drawn(player, per_label: int, every_clip: bool, seed: int = SEED) -> np.ndarray:
    """Generate clips ``(n, time)``, label after label: without copies as `wavewright generate` does, or every clip."""
    rejection = Rejection(
        player, lambda label, seed, index: player.generate(label, 1, seed, index)[0], None, 0.0 if every_clip else None
    )
    start = time.perf_counter()
    waves = np.stack([judged.wave[0] for label in player.labels for judged in rejection.choose(label, per_label, seed)])
    seconds = time.perf_counter() - start
    print(f"{rejection.n_rejected} clips left out as too close to a recording, {rejection.n_close} kept all the same")
    print(
        f"{1000 * seconds / len(waves):.1f} ms a clip, {waves.size / player.card.sample_rate / seconds:.0f} times real time"
    )
    return waves


def no_closer_by_own_limits(player, waves: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Shares of clips ``(n, time)`` beyond the limits that the model stores: for all, and for each label."""
    rate = player.card.sample_rate
    stored = player.folder.tensors(EMBEDDINGS_FILE)
    embedded = LogMelEmbedding(rate, waves.shape[1] / rate)(waves, rate)
    nearest = pairwise_distances(stored["embeddings"].astype(np.float64), embedded).min(axis=0)
    limits = dict(zip(player.labels, stored["limits"].tolist(), strict=True))
    print("the model's limits, dB: " + ", ".join(f"{label} {limit:.2f}" for label, limit in limits.items()))
    is_far = nearest >= np.array([limits[label] for label in labels])
    return {"all": float(is_far.mean()), **{label: float(is_far[labels == label].mean()) for label in limits}}


def print_distances(train: Clips) -> None:
    """Print distances between recordings of each label in dB: takes of one drum, other drums, resampled copies."""
    embedding = LogMelEmbedding(train.sample_rate, train.waves.shape[1] / train.sample_rate)
    copies, copy_labels = cheat_resampled_copies(train.waves, train.labels, train.sample_rate, 200, SEED)
    copied = embedding(copies, train.sample_rate)
    print(
        "| label | recordings | drums | nearest take | nearest other drum, smallest | median | limit | copies, 99th percentile |"
    )
    for label in dict.fromkeys(train.labels.tolist()):
        own = train.of_labels([label])
        rows, of_drum = embedding(own.waves, train.sample_rate), own.groups[:, None] == own.groups[None, :]
        apart = distances_among(rows)
        others = np.where(of_drum, np.inf, apart).min(1)
        takes = np.where(of_drum & ~np.eye(len(rows), dtype=bool), apart, np.inf).min(1)
        limit = smallest_distance(rows, embedding.near_duplicate_distance, own.groups)
        far = np.percentile(pairwise_distances(rows, copied[copy_labels == label]).min(0), 99)
        values = np.median(takes[np.isfinite(takes)]), others.min(), np.median(others), limit, far
        print(
            f"| {label} | {len(rows)} | {len(np.unique(own.groups))} | "
            + " | ".join(f"{value:.2f}" for value in values)
            + " |"
        )


def of_wavegan(run: Path, labels: list[str], per_label: int, sample_rate: int) -> Clips:
    """Clips of a run of benchmarks/generation/wavegan.py."""
    from wavegan import KINDS
    from wavegan import generated as generated_by_wavegan

    kind = replace(KINDS["drums"], labels=tuple(labels))
    waves = generated_by_wavegan(run, kind, per_label, SEED)
    return prepared(waves, [label for label in labels for _ in range(per_label)], sample_rate)


def speed(player, name: str) -> dict[str, float]:
    """How many times faster than real time, one clip at a time; seconds of cold starts; all the median of several."""
    seconds_per_clip = player.generate(count=1).shape[-1] / player.card.sample_rate
    times = []
    for index in range(50):
        start = time.perf_counter()
        player.generate(count=1, seed=1, start=index)
        times.append(time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "wavewright", "generate", name, "--out", out]
        cold = statistics.median(_seconds(command) for _ in range(5))
    imported = [sys.executable, "-c", "import wavewright"]
    bare = [sys.executable, "-c", "pass"]
    return {
        "times real time, one clip at a time": seconds_per_clip / statistics.median(times),
        "`wavewright generate` of 8 sounds from a cold start, s": cold,
        "`import wavewright`, s more than a bare interpreter": statistics.median(
            _seconds(imported) - _seconds(bare) for _ in range(5)
        ),
    }


def _no_closer(report) -> dict[str, float]:
    """The share of generated clips beyond the limit of the recordings, for each label."""
    labels = report.rows[0].sample_metrics.labels
    return {name: figures.copying.fraction_no_closer for name, figures in labels.items() if figures.copying is not None}


def _listed(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.3f}" for name, share in shares.items())


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--model", default="drums")
    parser.add_argument(
        "--every-clip", action="store_true", help="judge the network's copies, too, which generate leaves out"
    )
    parser.add_argument("--wavegan", type=Path, default=None)
    parser.add_argument(
        "--distances", action="store_true", help="only print how far apart the recordings of each label lie"
    )
    parser.add_argument(
        "--judge", type=Path, default=None, help="a second classifier, a run of benchmarks/generation/drum_judge.py"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of the generated clips and of the draws of the figures")
    parser.add_argument("--per-label", type=int, default=200)
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    player = loading.load(given.model)
    rate, n_samples, labels = player.card.sample_rate, player.generate(count=1).shape[-1], list(player.labels)
    train, test = (recordings(given.corpus, split, labels, rate, n_samples) for split in ("train", "test"))
    if given.distances:
        print_distances(train)
        return
    judge = ClassifierEmbedding(loading.load(loading.classifier_of(set(labels))))
    embeddings = [LogMelEmbedding(rate, n_samples / rate), judge]
    waves = drawn(player, given.per_label, given.every_clip, given.seed)
    wave_labels = np.repeat(labels, given.per_label)
    made = prepared(waves, wave_labels.tolist(), rate)
    report = compare(train, made, embeddings, test, takes_from="group", seed=given.seed)
    print(report)
    found = {"model": report, "no closer, by label": _no_closer(report)}
    layers = compare(train, made, embeddings[:1], takes_from="distance", cheats=False, seed=SEED).rows[0].sample_metrics
    found["with layers farther apart than 3 dB as sounds of their own"] = {
        "coverage": layers.precision_recall.coverage,
        "1-nearest-neighbour accuracy": layers.one_nn_accuracy,
    }
    found["no closer, by the model's own limits"] = no_closer_by_own_limits(player, waves, wave_labels)
    for name in list(found)[1:]:
        print(f"{name}: {_listed(found[name])}")
    if given.judge:
        second = loading.load(given.judge)
        found["second judge"] = {
            "generated": agreement_by_label(second, made.waves, made.labels, rate),
            "recordings": agreement_by_label(second, train.waves, train.labels, rate),
            "held-out recordings": agreement_by_label(second, test.waves, test.labels, rate),
        }
        for side, shares in found["second judge"].items():
            print(f"second judge, {side}: {_listed(shares)}")
    print(f"{processor_name()}; {', '.join(instruction_sets())}")
    found["speed"] = speed(player, given.model)
    for name, value in found["speed"].items():
        print(f"{name}: {value:.2f}")
    if given.wavegan:
        peer = compare(
            train,
            of_wavegan(given.wavegan, labels, given.per_label, rate),
            embeddings,
            takes_from="group",
            cheats=False,
            seed=SEED,
        )
        print(f"\nplain WaveGAN\n{peer}")
        for name in report.rows[0].distances:
            ours, theirs = (side.rows[0].distances[name].relative_frechet.generated.value for side in (report, peer))
            print(f"Frechet distance, {name}, over that of the plain WaveGAN: {ours / theirs:.2f}")
        found["wavegan"] = peer
    if given.json:
        given.json.write_text(json.dumps(plain(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
