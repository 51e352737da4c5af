"""Train the bundled model ``ambience``: ten endless textures, generated mel frame by mel frame.

python recipes/corpora ambience --pack PACK --zero-ad AUDIO --megaglest DATA --out corpora/ambience
python recipes/ambience.py --corpus corpora/ambience --max-minutes 30
python recipes/ambience.py --corpus corpora/ambience --max-minutes 30 --resume   # as often as needed
python recipes/ambience.py --bundle                                              # into the package
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.lstm.recipe import LstmRecipe, recipe

LABELS = (
    *("rain", "sea-waves", "fire-crackling", "helicopter", "wind"),
    *("stream", "birds", "insects", "chainsaw", "clock-tick"),
)
"""The classes that go on and on, of ESC-10 and of the games."""

CORPUS = Corpus(Path("corpora/ambience"), "CC-BY-SA-3.0", labels=LABELS)
STEPS = 9_000


def ambience() -> LstmRecipe:
    """Return the settings of the run."""
    base = recipe("base")
    frames = replace(base.model, sample_rate=44_100, n_fft=1024, hop_length=512, n_mels=72)
    # Levels are steady; with more noise on its input, a network lets them flicker.
    model = replace(frames, hidden_size=256, prenet_size=128, n_mixtures=4, input_noise=0.05, temperature=1.0)
    data = replace(base.data, crop_seconds=1.5)
    training = replace(base.training, steps=STEPS, batch_size=16, evaluate_every=1_500, metric="", weight_bits=8)
    return replace(base, model=model, data=data, training=training)


MODEL = Bundled(
    "ambience",
    "lstm",
    ambience,
    "Rain, sea waves, streams, wind, crackling fire, birds, insects, a helicopter, a chainsaw and ticking clocks, of "
    "any length, 44.1 kHz.",
    CORPUS,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
