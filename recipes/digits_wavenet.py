"""A WaveNet on spoken digits: class and speaker, one sample after another.

    python recipes/corpora digits --packs PACK --out corpora/digits
    python recipes/digits_wavenet.py --corpus corpora/digits --out runs/digits-wavenet --max-minutes 60
    python recipes/digits_wavenet.py --corpus corpora/digits --out runs/digits-wavenet --max-minutes 60 --resume   # as often as needed
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from wavewright.data.folder import scan
from wavewright.families.wavenet.recipe import Recipe, recipe
from wavewright.models.card import Source
from wavewright.training.run import Provenance, Run
from wavewright.training.settings import override

STEPS = 16_000


def digits(device: str = "cpu") -> Recipe:
    """The settings of the run: 8 kHz, mu-law, a receptive field of a quarter of a second."""
    base = recipe("small")
    return replace(
        base,
        model=replace(base.model, sample_rate=8_000, head="mu-law", hop_length=128, condition_hop=64, f_max_hz=4_000.0),
        data=replace(base.data, crop_samples=4_096),
        training=replace(base.training, steps=STEPS, threads=1, device=device, evaluate_every=1_000, weight_bits=8),
    )


def provenance(corpus: Path, name: str) -> Provenance:
    """What the card says of the recordings, read from what recipes/corpora wrote."""
    sources = json.loads((corpus / "sources.json").read_text(encoding="utf-8"))
    return Provenance(
        name=name,
        description="Spoken digits, zero to nine, five voices, 8 kHz.",
        licence="CC-BY-SA-4.0",
        sources=tuple(
            Source(
                name=source["name"],
                licence=source["licence"],
                credit=source["credit"],
                origin=source["origin"],
                n_clips=source["clips"],
            )
            for source in sources
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/digits"))
    parser.add_argument("--out", type=Path, default=Path("runs/digits-wavenet"))
    parser.add_argument("--max-minutes", type=float, default=None)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings, for comparisons")
    given = parser.parse_args()
    found = scan(given.corpus, manifest=given.corpus / "manifest.jsonl")
    settings = digits(given.device)
    parts = override({"model": settings.model, "data": settings.data, "training": settings.training}, given.set)
    run = Run(given.out, "wavenet", replace(settings, **parts), found, provenance(given.corpus, "digits-wavenet"))
    run.train(given.max_minutes, given.resume)


if __name__ == "__main__":
    main()
