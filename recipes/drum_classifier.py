"""Train the bundled model ``drum-classifier``: kick, snare, hat, tom and cymbal, to judge generated drums.

    python recipes/corpora drums --packs PACK --hydrogen DRUMKITS --sonic-pi SAMPLES --fluid FluidR3_GM.sf2 \\
        --out corpora/drums
    python recipes/drum_classifier.py --corpus corpora/drums --out runs/drum-classifier
    python recipes/drum_classifier.py --corpus corpora/drums --out runs/drum-classifier --leave-one-kit-out
    python recipes/drum_classifier.py --corpus corpora/drums --out runs/drum-classifier --bundle    # also measures

The kits marked ``test`` in the manifest are used once, by ``--bundle``, after everything is decided. The settings were
chosen by cross-validation: leave out one training kit at a time, train on the others, classify the one left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from bundling import DRUMS, bundle as copy_into_package, sources_of

from wavewright.data.entry import Entry, Scan
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families import loading
from wavewright.families.classifier.recipe import ClassifierRecipe, recipe, scores
from wavewright.models.card import Card
from wavewright.models.folder import write_card
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run
from wavewright.training.run_folder import RUN_FILE

STEPS = 1500
KITS_FILE = "leave_one_kit_out.json"


def drum_classifier(seed: int = 0) -> ClassifierRecipe:
    """Return the settings of the run, which do not follow later defaults."""
    base = recipe("small")
    data = replace(base.data, mixup_alpha=0.2, label_smoothing=0.1, mask_probability=0.8, fit_to_folder=False)
    # 16 clips of validation are too few to choose weights by.
    training = replace(base.training, learning_rate=3e-3, steps=STEPS, threads=1, seed=seed, metric="")
    return replace(base, model=replace(base.model, labels=DRUMS.labels), data=data, training=training)


def kit_of(entry: Entry) -> str:
    """Return the kit of a clip, the prefix of its group."""
    return str(entry.group).partition("/")[0]


def provenance(corpus: Path) -> Provenance:
    """Return the description and the sources of the card."""
    description = (
        "Recognises kick, snare, hat, tom and cymbal in the first 0.7 s of a clip at 44.1 kHz, and scores generated "
        "drums."
    )
    return Provenance("drum-classifier", description, DRUMS.licence, sources_of(corpus, DRUMS.labels))


def classify(model: Path, entries: Sequence[Entry]) -> tuple[np.ndarray, np.ndarray]:
    """Return the log probabilities ``(n, classes)`` of recordings, and their true labels ``(n,)``."""
    runtime = loading.load(model)
    store = ClipStore.build(entries, runtime.sample_rate, runtime.config.n_samples, Preparation("one-shot"))
    waves = np.stack([store[i][0] for i in range(len(store))])
    labels = np.array([DRUMS.labels.index(str(label)) for label in store.labels])
    return np.log(runtime.probabilities(waves, runtime.sample_rate) + 1e-12), labels


def train(corpus: Path, out: Path, entries: Sequence[Entry], resume: bool) -> None:
    """Train on every kit that the manifest marks ``train``."""
    Run(out, "classifier", drum_classifier(), Scan(tuple(entries)), provenance(corpus)).train(Call(resume=resume))


def leave_one_kit_out(corpus: Path, out: Path, entries: Sequence[Entry]) -> None:
    """Train once without each training kit, classify it, and write the scores to KITS_FILE."""
    known = [entry for entry in entries if entry.split == "train"]
    kits, everything = {}, []
    for kit in sorted({kit_of(entry) for entry in known}):
        divided = [replace(entry, split="valid" if kit_of(entry) == kit else "train") for entry in known]
        run = out / "without" / kit
        has_started = (run / RUN_FILE).is_file()
        Run(run, "classifier", drum_classifier(), Scan(tuple(divided)), provenance(corpus)).train(
            Call(resume=has_started)
        )
        classified = classify(run, [entry for entry in divided if entry.split == "valid"])
        everything.append(classified)
        kits[kit] = {**scores(*classified), "n_clips": len(classified[1])}
        print(f"{kit}: {kits[kit]}")
    joined = scores(*(np.concatenate(parts) for parts in zip(*everything, strict=True)))
    (out / KITS_FILE).write_text(json.dumps({"all": joined, "kits": kits}, indent=2) + "\n", encoding="utf-8")
    print(f"all: {joined}")


def bundle(out: Path, entries: Sequence[Entry]) -> None:
    """Measure the finished model on unseen kits, write the scores on its card, and copy it into the package."""
    card = Card.read(out)
    metrics = dict(card.metrics)
    for split in ("valid", "test"):
        classified = classify(out, [entry for entry in entries if entry.split == split])
        metrics |= {f"{split}/{name}": round(value, 4) for name, value in scores(*classified).items()}
        metrics[f"{split}/n_clips"] = len(classified[1])
    if (out / KITS_FILE).is_file():
        left_out = json.loads((out / KITS_FILE).read_text(encoding="utf-8"))
        metrics |= {f"leave_one_kit_out/{name}": round(value, 4) for name, value in left_out["all"].items()}
    write_card(out, card.model_copy(update={"metrics": metrics}))
    print(json.dumps(metrics, indent=2))
    copy_into_package(out)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=DRUMS.folder)
    parser.add_argument("--out", type=Path, default=Path("runs/drum-classifier"))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument(
        "--leave-one-kit-out", action="store_true", help="measure the settings on kits left out of training"
    )
    parser.add_argument("--bundle", action="store_true", help="measure the finished model and copy it into the package")
    options = parser.parse_args()
    scanned = scan(options.corpus, manifest=options.corpus / "manifest.jsonl")
    entries = [entry for entry in scanned.entries if entry.label in DRUMS.labels]
    if options.bundle:
        bundle(options.out, entries)
    elif options.leave_one_kit_out:
        leave_one_kit_out(options.corpus, options.out, entries)
    else:
        train(options.corpus, options.out, entries, options.resume)


if __name__ == "__main__":
    main()
