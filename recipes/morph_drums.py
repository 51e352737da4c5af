"""The run behind the bundled model ``morph-drums``: a VAE on one-shots from public kits, to walk between drums and vary them.

    python recipes/corpora drums --packs PACK --hydrogen DRUMKITS --sonic-pi SAMPLES --out corpora/drums
    python recipes/morph_drums.py --corpus corpora/drums --out runs/morph-drums --max-minutes 60
    python recipes/morph_drums.py --corpus corpora/drums --out runs/morph-drums --max-minutes 60 --resume     # as often as needed
    python recipes/morph_drums.py --corpus corpora/drums --out runs/longer --from runs/morph-drums \\
        --set model.adversarial_from=1 model.judged_between=true training.steps=13000 training.learning_rate=0.001
    python recipes/between.py runs/morph-drums runs/longer encoder=0.8 decoder=0.8 --out runs/between
    python recipes/morph_drums.py --corpus corpora/drums --out runs/between --from ... --set ... --resume --max-minutes 0.1
    python recipes/morph_drums.py --out runs/between --bundle                                                 # into the package

The kits marked ``test`` in the manifest are never looked at.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, main

from wavewright.families.vae.recipe import Recipe, recipe

LABELS = ("kick", "snare", "hat", "tom", "cymbal")
STEPS = 6_000
CRITICS_FROM = 4_000


def morph_drums(device: str = "cpu") -> Recipe:
    """The settings of the run."""
    base = recipe("base")
    return replace(
        base,
        model=replace(base.model, labels=LABELS, adversarial_from=CRITICS_FROM),
        # The last weights play: the few clips kept for validation are too few to choose between neighbours.
        training=replace(base.training, steps=STEPS, threads=1, device=device, evaluate_every=1000, metric="", weight_bits=8),
    )


MODEL = Bundled(
    name="morph-drums",
    family="vae",
    settings=morph_drums,
    description="One-shots of kick, snare, hat, tom and cymbal to morph and vary, 0.7 s at 44.1 kHz.",
    licence="CC-BY-SA-3.0",
    corpus=Path("corpora/drums"),
    labels=LABELS,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
