"""The bundled voices ``en``: two speakers of English, kathleen and lj, from one model that speaks mel frames.

    python recipes/corpora speech --kathleen K --lj L --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/voices.py --corpus corpora/speech --max-minutes 60
    python recipes/voices.py --corpus corpora/speech --max-minutes 60 --resume     # as often as needed
    python recipes/usual_style.py runs/en kathleen style-4=0.25 style-6=0.25       # by benchmarks/styles.py, the clearest
    python recipes/voices.py --bundle                                              # into the package

The manifest marks Kathleen's arctic_b0500 to arctic_b0539 as test: no run hears them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, main

from wavewright.families.acoustic.recipe import Recipe, recipe

SPEAKERS = ("kathleen", "lj")
STEPS, VOICE_FROM, CRITICS_FROM = 21_500, 1_500, 18_000


def voices(device: str = "cpu") -> Recipe:
    """The settings of the run: the aligner first, then the voice, then the voice with critics."""
    base = recipe("small")
    return replace(
        base,
        model=replace(base.model, speakers=SPEAKERS, voice_from=VOICE_FROM, critics_from=CRITICS_FROM),
        training=replace(base.training, steps=STEPS, threads=1, device=device),
    )


MODEL = Bundled(
    name="en",
    family="acoustic",
    settings=voices,
    description="Two voices of English, kathleen and lj: symbols of speech to mel frames.",
    licence="CC0-1.0",
    corpus=Path("corpora/speech"),
    speakers=SPEAKERS,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
