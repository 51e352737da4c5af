"""Train a prior over codes of ``speech-codec`` on spoken digits by class and speaker, to compare with ``digits``.

    python recipes/corpora digits --pack PACK --out corpora/digits
    python recipes/digits_prior.py --corpus corpora/digits --max-minutes 30
    python recipes/digits_prior.py --corpus corpora/digits --max-minutes 30 --resume   # as often as needed
    python -m benchmarks generation.clips --corpus corpora/digits --model runs/digits-prior --speech --held-out valid \\
        --per-label 100 --classifier runs/digit-judge

The codec is found by its name, in ``runs/`` or among the bundled models; ``--set model.codec=NAME`` takes another.
"""

from __future__ import annotations

from dataclasses import replace

from bundling import DIGITS, Bundled, main

from wavewright.families.prior.recipe import PriorRecipe, recipe

STEPS = 6_000


def digits() -> PriorRecipe:
    """Return the settings of the run: whole words, each encoded many times because there are few."""
    base = recipe("small")
    return replace(
        base,
        model=replace(base.model, duration="drawn", dropout=0.3, temperature=0.6),
        data=replace(base.data, n_variants=8),
        training=replace(base.training, steps=STEPS),
    )


MODEL = Bundled(
    "digits-prior", "prior", digits, "Spoken digits, zero to nine, five voices, drawn as codes of speech-codec.", DIGITS
)

if __name__ == "__main__":
    main(MODEL, __doc__)
