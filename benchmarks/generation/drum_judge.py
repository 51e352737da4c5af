"""Train an independent judge of generated drums: a classifier of kits on which no bundled model was trained.

    python recipes/corpora drum-judge --hydrogen DRUMKITS DRUMKITS --lmms SAMPLES --tr-808 TR808WAV \\
        --out corpora/drum-judge
    python -m benchmarks.generation.drum_judge --corpus corpora/drum-judge --recordings corpora/drums \\
        --out runs/drum-judge

It is trained with the settings of recipes/drum_classifier.py on recordings that are mostly under the GPL, so it is
never bundled. Its accuracy is measured on the training recordings of ``drums``, none of whose kits it was trained
on. ``python -m benchmarks.generation.drums --judge runs/drum-judge`` then applies it to generated clips.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import DRUM_LABELS, corpus_entries, smoke_drums, smoke_out
from benchmarks.harness.models import load_as
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.contracts.runtime import Classifier
from wavewright.data.entry import Scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families.classifier.recipe import ClassifierRecipe, judge_recipe, scores
from wavewright.families.classifier.runtime import ClassifierRuntime
from wavewright.models.card import Card
from wavewright.models.folder import write_card
from wavewright.training.run import Provenance, Run
from wavewright.training.run_folder import RUN_FILE

SEED = 808

ACCURACY = Table("accuracy on recordings of other kits", columns(label="s", accuracy=".3f"))


def drum_judge(steps: int) -> ClassifierRecipe:
    """Return the settings of the run: those of the bundled drum classifier, with another seed."""
    base = judge_recipe(steps, SEED)
    model = replace(base.model, labels=DRUM_LABELS)
    return replace(base, model=model, data=replace(base.data, valid_fraction=0.0))


def agreement_by_label(judge: Classifier, waves: np.ndarray, labels: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Return the accuracy of a classifier on clips ``(n, time)``, for all labels together and for each."""
    guesses = np.array(judge.labels)[judge.probabilities(waves, sample_rate).argmax(1)]
    by_label = {name: float(np.mean(guesses[labels == name] == name)) for name in DRUM_LABELS if (labels == name).any()}
    return {"all": float(np.mean(guesses == labels)), **by_label}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drum-judge"))
    parser.add_argument("--recordings", type=Path, default=Path("corpora/drums"), help="corpus of the judged model")
    parser.add_argument("--out", type=Path, default=Path("runs/drum-judge"))
    parser.add_argument("--steps", type=int, default=1_500)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train the classifier and measure its accuracy, which its card also states."""
    entries = corpus_entries(options.corpus, labels=DRUM_LABELS)
    description = "Tells kick, snare, hat, tom and cymbal apart, to judge generated ones."
    provenance = Provenance("drum-judge", description, "GPL-2", ())
    has_started = (options.out / RUN_FILE).is_file()
    run = Run(options.out, "classifier", drum_judge(options.steps), Scan(tuple(entries)), provenance)
    run.train(resume=has_started)
    judge = load_as(ClassifierRuntime, options.out)
    tested = corpus_entries(options.recordings, "train", DRUM_LABELS)
    store = ClipStore.build(tested, judge.sample_rate, judge.config.n_samples, Preparation("one-shot"))
    waves = np.stack([store[index][0] for index in range(len(store))])
    labels = np.array([str(label) for label in store.labels])
    for label, accuracy in agreement_by_label(judge, waves, labels, judge.sample_rate).items():
        report.add(ACCURACY, {"label": label, "accuracy": accuracy})
    label_indices = np.array([DRUM_LABELS.index(label) for label in labels])
    measured = scores(np.log(judge.probabilities(waves, judge.sample_rate) + 1e-12), label_indices)
    report.attach("scores", measured)
    card = Card.read(options.out)
    metrics = {f"test/{name}": round(value, 4) for name, value in measured.items()} | {"test/n_clips": len(labels)}
    write_card(options.out, card.model_copy(update={"metrics": card.metrics | metrics}))


BENCHMARK = Benchmark(
    __doc__,
    (ACCURACY,),
    add_options,
    measure,
    smoke={
        "corpus": smoke_drums,
        "recordings": lambda folder: smoke_drums(folder / "recordings"),
        "out": smoke_out,
        "steps": 2,
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
