"""Compare two recurrent models trained for the same minutes: a mixture density output, and mean squared error.

    python -m benchmarks.training.lstm --corpus corpora/esc10-clips --out runs/lstm-benchmark --minutes 5

Both are trained as recipes/ambience.py does, on four classes of ESC-10 (``recipes/corpora ambience``, without
games). Their clips are compared with the recordings by the Frechet distance of log-mel embeddings and by the distance
of modulation spectra, label by label, beside the distance of one half of the recordings to the other; and 10 s of sound
are timed. A model that ``--out`` already holds is not trained again.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias, cast

import numpy as np

from benchmarks.harness.corpora import corpus_entries, smoke_ambience, smoke_out
from benchmarks.harness.models import load_as
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns, optional
from benchmarks.harness.timing import median_seconds
from benchmarks.training.budget import NEVER

sys.path.insert(0, str(Path(__file__).parents[2] / "recipes"))

from ambience import MODEL
from bundling import sources_of

from benchmarks.harness.modulation import modulation_distance
from wavewright.contracts.settings import override
from wavewright.data.entry import Entry, Scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families.lstm.recipe import LstmRecipe
from wavewright.families.lstm.runtime import LstmRuntime
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.metrics.frechet import frechet_distance
from wavewright.models.card import CARD_FILE
from wavewright.training.run import Provenance, Run

Output: TypeAlias = Literal["mixture", "mse"]
OUTPUTS: tuple[Output, ...] = ("mixture", "mse")
LABELS = ("rain", "sea-waves", "fire-crackling", "helicopter")
CLIP_SECONDS = 5.0
SEGMENT_SECONDS = 2.0
TIMED_SECONDS = 10.0

SMOKE_SETTINGS = [
    "training.batch_size=1",
    "model.hidden_size=16",
    "model.prenet_size=16",
    "model.sample_rate=8000",
    "model.n_mels=20",
    "model.n_fft=2048",
    "model.hop_length=1024",
]

WavesByLabel = dict[str, np.ndarray]
"""Waves of each label, ``(n, time)``."""

MODELS = Table(
    "models",
    columns(clips="s")
    | optional(steps="d")
    | columns(frechet_distance=".2f", modulation_db=".2f")
    | optional(seconds_for_10_s=".2f"),
)


def settings_of(overrides: list[str]) -> LstmRecipe:
    """Return the recipe of the bundled ambience for the four classes, with some other settings."""
    recipe = cast(LstmRecipe, MODEL.recipe())
    return override(replace(recipe, model=replace(recipe.model, labels=LABELS)), overrides)


def train(output: Output, entries: list[Entry], options: argparse.Namespace) -> None:
    """Train a model for the given minutes, with which its schedule ends, or steps."""
    recipe = settings_of(options.set)
    recipe = replace(
        recipe,
        model=replace(recipe.model, output=output),
        training=replace(recipe.training, steps=options.steps, metric="", evaluate_every=NEVER),
    )
    sources = sources_of(options.corpus, LABELS) if (options.corpus / "sources.json").is_file() else ()
    provenance = Provenance(f"ambience-{output}", MODEL.description, MODEL.corpus.licence, sources)
    Run(options.out / output, "lstm", recipe, Scan(tuple(entries)), provenance).train(options.minutes)


def recorded_waves(entries: list[Entry], sample_rate: int) -> WavesByLabel:
    """Return the recordings, each cut or padded to CLIP_SECONDS."""
    store = ClipStore.build(entries, sample_rate, None, Preparation("crop"))
    n_samples = round(CLIP_SECONDS * sample_rate)
    rows = {label: [row for row, other in enumerate(store.labels) if other == label] for label in LABELS}
    return {label: np.stack([store.crop(row, 0, n_samples)[0] for row in own]) for label, own in rows.items()}


def generated_waves(model: LstmRuntime, count: int) -> WavesByLabel:
    """Return ``count`` clips of each label."""
    return {label: np.concatenate(model.generate(label, count, seed=1, seconds=CLIP_SECONDS)) for label in LABELS}


def distances(reference: WavesByLabel, estimate: WavesByLabel, sample_rate: int) -> dict[str, float]:
    """Return the Frechet distance of segments of two seconds and that of modulation spectra, means over the labels."""
    embedding = LogMelEmbedding(sample_rate, SEGMENT_SECONDS)
    n = round(SEGMENT_SECONDS * sample_rate)
    frechet, modulation = [], []
    for label in LABELS:
        count = min(len(reference[label]), len(estimate[label]))
        real, generated = reference[label][:count], estimate[label][:count]
        # Two segments of each clip, from its second and from its fourth second on.
        segments = [
            np.concatenate([side[:, n // 2 : 3 * n // 2], side[:, 3 * n // 2 :]])[:, :n] for side in (real, generated)
        ]
        frechet.append(frechet_distance(embedding(segments[0], sample_rate), embedding(segments[1], sample_rate)))
        modulation.append(modulation_distance(real, generated, sample_rate))
    return {"frechet_distance": float(np.mean(frechet)), "modulation_db": float(np.mean(modulation))}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/esc10-clips"))
    parser.add_argument("--out", type=Path, default=Path("runs/lstm-benchmark"))
    parser.add_argument("--only", nargs="+", choices=OUTPUTS, default=OUTPUTS, help="outputs")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--steps", type=int, default=0, help="0: as many as the minutes allow")
    parser.add_argument("--runs", type=int, default=5, help="of the timing")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train both models and compare their clips with half of the recordings."""
    entries = corpus_entries(options.corpus, labels=LABELS)
    sample_rate = settings_of(options.set).model.sample_rate
    for output in options.only:
        if not (options.out / output / CARD_FILE).is_file():
            train(output, entries, options)
    recorded = recorded_waves(entries, sample_rate)
    half, other_half = ({label: waves[start::2] for label, waves in recorded.items()} for start in (0, 1))
    report.add(MODELS, {"clips": "other half of the recordings", **distances(half, other_half, sample_rate)})
    for output in options.only:
        model = load_as(LstmRuntime, options.out / output)
        generated = generated_waves(model, len(half[LABELS[0]]))
        seconds = median_seconds(partial(model.generate, LABELS[0], seconds=TIMED_SECONDS), options.runs, n_warm_up=0)
        report.add(
            MODELS,
            {
                "clips": output,
                "steps": int(model.card.training["steps"]),
                **distances(half, generated, sample_rate),
                "seconds_for_10_s": seconds,
            },
        )


BENCHMARK = Benchmark(
    __doc__,
    (MODELS,),
    add_options,
    measure,
    smoke={
        "corpus": smoke_ambience,
        "out": smoke_out,
        "only": ["mixture"],
        "steps": 1,
        "runs": 1,
        "set": SMOKE_SETTINGS,
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
