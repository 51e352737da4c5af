"""Train an independent judge of generated drums: a classifier of kits on which no bundled model was trained.

    python recipes/corpora drum-judge --hydrogen DRUMKITS DRUMKITS --lmms SAMPLES --tr-808 TR808WAV \\
        --out corpora/drum-judge
    python -m benchmarks.generation.drum_judge --corpus corpora/drum-judge --recordings corpora/drums --out runs/drum-judge

It is trained with the settings of recipes/drum_classifier.py on recordings that are mostly under the GPL, so it is
never bundled. Its accuracy is measured on the training recordings of ``drums``, none of whose kits it was trained
on. ``benchmarks/generation/drums.py --judge runs/drum-judge`` then applies it to generated clips."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from wavewright import loading
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families.classifier.recipe import ClassifierRecipe, recipe, scores
from wavewright.models.card import Card
from wavewright.models.folder import write_card
from wavewright.training.run import Provenance, Run

LABELS = ("kick", "snare", "hat", "tom", "cymbal")
STEPS = 1_500
DEFAULT_FOLDER = Path("runs/drum-judge")


def drum_judge() -> ClassifierRecipe:
    """Return the settings of the run: those of the bundled drum classifier, with another seed."""
    base = recipe("small")
    return replace(
        base,
        model=replace(base.model, labels=LABELS),
        data=replace(base.data, valid_fraction=0.0),
        training=replace(base.training, steps=STEPS, threads=1, seed=808, metric=""),
    )


def agreement_by_label(judge: object, waves: np.ndarray, labels: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Return the accuracy of a loaded classifier on clips ``(n, time)``, for all labels together and for each."""
    guesses = np.array(judge.labels)[judge.probabilities(waves, sample_rate).argmax(1)]
    of_label = {label: float(np.mean(guesses[labels == label] == label)) for label in LABELS if (labels == label).any()}
    return {"all": float(np.mean(guesses == labels)), **of_label}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drum-judge"))
    parser.add_argument("--recordings", type=Path, default=Path("corpora/drums"), help="corpus of the judged model")
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER)
    given = parser.parse_args()
    found = scan(given.corpus, manifest=given.corpus / "manifest.jsonl")
    found = replace(found, entries=tuple(entry for entry in found.entries if entry.label in LABELS))
    description = "Tells kick, snare, hat, tom and cymbal apart, to judge generated ones."
    provenance = Provenance("drum-judge", description, "GPL-2", ())
    Run(given.out, "classifier", drum_judge(), found, provenance).train(resume=True)
    judge = loading.load(given.out)
    entries = scan(given.recordings, manifest=given.recordings / "manifest.jsonl").entries
    tested = [entry for entry in entries if entry.label in LABELS and entry.split == "train"]
    store = ClipStore.build(tested, judge.sample_rate, judge.config.n_samples, Preparation("one-shot"))
    waves = np.stack([store[index][0] for index in range(len(store))])
    labels = np.array([str(label) for label in store.labels])
    print(agreement_by_label(judge, waves, labels, judge.sample_rate))
    numbers = np.array([LABELS.index(label) for label in labels])
    measured = scores(np.log(judge.probabilities(waves, judge.sample_rate) + 1e-12), numbers)
    card = Card.read(given.out)
    metrics = {f"test/{name}": round(value, 4) for name, value in measured.items()} | {"test/n_clips": len(labels)}
    write_card(given.out, card.model_copy(update={"metrics": card.metrics | metrics}))
    print(f"on {len(labels)} recordings of other kits: {measured}")


if __name__ == "__main__":
    main()
