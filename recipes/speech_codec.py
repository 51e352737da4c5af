"""The bundled model ``speech-codec``: speech at 16 kHz in 1.5, 3 or 6 kbps.

    python recipes/corpora speech --kathleen K --lj L --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/speech_codec.py --corpus corpora/speech --max-minutes 60
    python recipes/speech_codec.py --corpus corpora/speech --max-minutes 60 --resume     # as often as needed
    python recipes/speech_codec.py --bundle                                              # into the package

On a GPU, in pieces of a few minutes: ``--device cuda --max-minutes 8 --set training.batch_size=64`` (the same in every piece).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, main

from wavewright.families.codec.recipe import Recipe, recipe

STEPS, ADVERSARIAL_FROM, ENCODER_FROM = 35_000, 18_000, 26_000


def speech(device: str = "cpu") -> Recipe:
    """The settings of the run: encoder, codes and decoder first; then the decoder alone, with critics; the encoder alone at last."""
    base = recipe("small")
    return replace(
        base,
        model=replace(base.model, adversarial_from=ADVERSARIAL_FROM, encoder_from=ENCODER_FROM),
        data=replace(base.data, slowest=0.92, fastest=1.09),
        training=replace(base.training, steps=STEPS, threads=1, device=device, weight_bits=8),
    )


MODEL = Bundled(
    name="speech-codec",
    family="codec",
    settings=speech,
    description="Speech at 16 kHz in 1.5, 3 or 6 kbps: a codec for files and streams.",
    licence="CC-BY-SA-3.0",
    corpus=Path("corpora/speech"),
)

if __name__ == "__main__":
    main(MODEL, __doc__)
