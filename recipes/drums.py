"""The run behind the bundled model ``drums``: a class-conditional GAN on real one-shots from public kits.

    python recipes/corpora drums --packs PACK --hydrogen DRUMKITS --sonic-pi SAMPLES --out corpora/drums
    python recipes/drums.py --corpus corpora/drums --out runs/drums --max-minutes 60
    python recipes/drums.py --corpus corpora/drums --out runs/drums --max-minutes 60 --resume     # as often as needed
    python recipes/drums.py --corpus corpora/drums --out runs/drums --bundle                      # into the package

Any folder with a ``manifest.jsonl`` and a ``sources.json`` as recipes/corpora writes them will do. The kits marked ``test`` there are
never looked at.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

from wavewright.data.folder import scan
from wavewright.families.gan.recipe import Recipe, recipe
from wavewright.models.card import CARD_FILE, Card, Source
from wavewright.training.run import Provenance, Run
from wavewright.training.settings import override

LABELS = ("kick", "snare", "hat", "tom", "cymbal")
STEPS = 16_000
BUNDLED = Path(__file__).parents[1] / "src" / "wavewright" / "models" / "bundled"


def drums(device: str = "cpu") -> Recipe:
    """The settings of the run."""
    base = recipe("base")
    return replace(
        base,
        model=replace(base.model, labels=LABELS),
        data=replace(base.data, slowest=0.82, fastest=1.22),
        training=replace(base.training, steps=STEPS, threads=1, device=device, evaluate_every=1000, weight_bits=8),
    )


def provenance(corpus: Path) -> Provenance:
    """What the card says of the recordings, read from what recipes/corpora wrote."""
    sources = json.loads((corpus / "sources.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    counts = Counter(row["kit"] for row in rows if row["split"] == "train" and row["label"] in LABELS)
    return Provenance(
        name="drums",
        description="One-shots of kick, snare, hat, tom and cymbal, 0.7 s at 44.1 kHz.",
        licence="CC-BY-SA-3.0",  # the strictest of the recordings' licences; the others allow it
        sources=tuple(
            Source(
                name=source["kit"],
                licence=source["licence"],
                credit=source["credit"],
                origin=source["origin"],
                n_clips=counts[source["kit"]],
            )
            for source in sources
            if counts[source["kit"]]
        ),
    )


def bundle(run: Path) -> None:
    """Copy the playable files of a run into the package."""
    card = Card.read(run)
    target = BUNDLED / card.name
    target.mkdir(parents=True, exist_ok=True)
    for name in [*card.files, CARD_FILE]:
        shutil.copyfile(run / name, target / name)
    print(f"bundled {card.name}: {sum(path.stat().st_size for path in target.iterdir()) / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path("runs/drums"))
    parser.add_argument("--max-minutes", type=float, default=None)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings, for comparisons")
    parser.add_argument("--bundle", action="store_true", help="copy the finished run into the package instead of training")
    given = parser.parse_args()
    if given.bundle:
        bundle(given.out)
        return
    found = scan(given.corpus, manifest=given.corpus / "manifest.jsonl")
    recipe = drums(given.device)
    parts = override({"model": recipe.model, "data": recipe.data, "training": recipe.training}, given.set)
    Run(given.out, "gan", replace(recipe, **parts), found, provenance(given.corpus)).train(given.max_minutes, given.resume)


if __name__ == "__main__":
    main()
