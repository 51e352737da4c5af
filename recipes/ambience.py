"""The exact run behind the bundled model `ambience`: rain, sea, fire and a helicopter without end, drawn mel frame by mel frame.

    python recipes/ambience.py --data shared/data/esc10 --out runs/ambience --max-minutes 15            # then, to go on:
    python recipes/ambience.py --data shared/data/esc10 --out runs/ambience --max-minutes 60 --resume   # as often as needed
    python recipes/ambience.py --out runs/ambience --bundle                                             # into the package

The data are classes of ESC-10 (karolpiczak/ESC-10): a folder for each, ``<fold>-<recording>-<part>.ogg``, and ``CREDITS.csv`` with the
author of each clip. Fold 5 is never looked at; fold 4 validates.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path

from bundling import bundle

from wavewright.data.entry import Scan
from wavewright.data.folder import scan
from wavewright.families.lstm.recipe import Recipe, recipe
from wavewright.models.card import Source
from wavewright.training.run import Provenance, Run
from wavewright.training.settings import override

LABELS = ("rain", "sea-waves", "fire-crackling", "helicopter")
LICENCES = {"CC0": "CC0-1.0", "CC-BY": "CC-BY-3.0"}  # clips under others (CC-Sampling+) are left out
FOLDS, VALID_FOLD = "1234", "4"
STEPS = 2_500


def ambience(device: str = "cpu") -> Recipe:
    """The settings of the run."""
    base = recipe("base")
    model = replace(
        base.model,
        sample_rate=44_100,
        labels=LABELS,
        n_fft=1024,
        hop_length=512,
        n_mels=72,
        log_floor=1e-6,
        hidden_size=256,
        prenet_size=128,
        n_mixtures=4,
        input_noise=0.05,  # levels are steady; a network that hears them through noise lets them flicker
        temperature=1.0,
    )
    data = replace(base.data, crop_seconds=1.5)
    training = replace(base.training, steps=STEPS, batch_size=16, threads=1, device=device, evaluate_every=500, weight_bits=8)
    return replace(base, model=model, data=data, training=training)


def recordings(folder: Path) -> Scan:
    """The clips of the labels under known licences, of the folds that may be looked at, with their splits."""
    found = scan(folder, label_from="folder")
    licences = {row["clip"]: row["licence"] for row in credits_of(folder)}
    chosen = [
        replace(entry, split="valid" if entry.path.name[0] == VALID_FOLD else "train", group=entry.path.stem.rpartition("-")[0])
        for entry in found.entries
        if entry.label in LABELS and entry.path.name[0] in FOLDS and licences.get(entry.path.name) in LICENCES
    ]
    return Scan(tuple(chosen), found.problems)


def credits_of(folder: Path) -> list[dict[str, str]]:
    """The rows of CREDITS.csv: clip, derived_from, author, licence, source."""
    with (folder / "CREDITS.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def provenance(found: Scan, folder: Path) -> Provenance:
    """What the card says of the recordings: one source for each licence, with the authors of its clips."""
    used = {entry.path.name for entry in found.entries if entry.split == "train"}
    rows = [row for row in credits_of(folder) if row["clip"] in used]
    sources = []
    for given, licence in LICENCES.items():
        own = [row for row in rows if row["licence"] == given]
        authors = sorted({f"{row['author']} (freesound {row['source'].rstrip('/').rpartition('/')[2]})" for row in own})
        sources.append(
            Source(
                name=f"ESC-10, clips under {licence}",
                licence=licence,
                credit="Karol J. Piczak, ESC-10 (CC-BY 3.0); recorded by " + ", ".join(authors),
                origin="karolpiczak/ESC-10",
                n_clips=len(own),
            )
        )
    return Provenance(
        name="ambience",
        description="Rain, sea waves, crackling fire and a helicopter of any length, 44.1 kHz.",
        licence="CC-BY-3.0",
        sources=tuple(sources),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("shared/data/esc10"))
    parser.add_argument("--out", type=Path, default=Path("runs/ambience"))
    parser.add_argument("--max-minutes", type=float, default=None)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings, for comparisons")
    parser.add_argument("--bundle", action="store_true", help="copy the finished run into the package instead of training")
    given = parser.parse_args()
    if given.bundle:
        bundle(given.out)
        return
    found = recordings(given.data)
    recipe = ambience(given.device)
    parts = override({"model": recipe.model, "data": recipe.data, "training": recipe.training}, given.set)
    Run(given.out, "lstm", replace(recipe, **parts), found, provenance(found, given.data)).train(
        given.max_minutes, given.resume
    )


if __name__ == "__main__":
    main()
