"""Train the bundled model ``ambience``: endless rain, sea, fire and a helicopter, generated mel frame by mel frame.

python recipes/corpora ambience --pack PACK --out corpora/ambience
python recipes/ambience.py --corpus corpora/ambience --max-minutes 30
python recipes/ambience.py --corpus corpora/ambience --max-minutes 30 --resume   # as often as needed
python recipes/ambience.py --bundle                                              # into the package
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, main

from wavewright.families.lstm.recipe import LstmRecipe, recipe

LABELS = ("rain", "sea-waves", "fire-crackling", "helicopter")  # the classes that go on and on
STEPS = 2_000


def ambience(device: str = "cpu") -> LstmRecipe:
    """Return the settings of the run."""
    base = recipe("base")
    model = replace(
        base.model,
        sample_rate=44_100,
        labels=LABELS,
        n_fft=1024,
        hop_length=512,
        n_mels=72,
        hidden_size=256,
        prenet_size=128,
        n_mixtures=4,
        input_noise=0.05,  # levels are steady; a network that hears them through noise lets them flicker
        temperature=1.0,
    )
    data = replace(base.data, crop_seconds=1.5)
    training = replace(
        base.training, steps=STEPS, batch_size=16, threads=1, device=device, evaluate_every=500, weight_bits=8
    )
    return replace(base, model=model, data=data, training=training)


MODEL = Bundled(
    name="ambience",
    family="lstm",
    settings=ambience,
    description="Rain, sea waves, crackling fire and a helicopter, of any length, 44.1 kHz.",
    licence="CC-BY-3.0",
    corpus=Path("corpora/ambience"),
    labels=LABELS,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
