r"""Train the bundled model ``morph-textures``: a VAE over time on sound effects and textures, to morph any two of them.

python recipes/corpora effects --pack PACK --zero-ad AUDIO --megaglest DATA --out corpora/effects
python recipes/morph_textures.py --corpus corpora/effects --max-minutes 30
python recipes/morph_textures.py --corpus corpora/effects --max-minutes 30 --resume   # as often as needed
python recipes/morph_textures.py --bundle                                             # into the package
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.vae.recipe import VaeRecipe, recipe

CORPUS = Corpus(Path("corpora/effects"), "CC-BY-SA-3.0")
STEPS = 2_600


def morph_textures() -> VaeRecipe:
    """Return the settings of the run."""
    base = recipe("small")
    # Without labels: a recording of anything is encoded by what it sounds like.
    network = replace(base.model, channels=160, hidden=384)
    model = replace(network, latent="frames", n_samples=32_768, beta=0.0005)
    training = replace(base.training, steps=STEPS, batch_size=8, evaluate_every=2_000, metric="", weight_bits=8)
    return replace(base, model=model, training=training)


MODEL = Bundled(
    "morph-textures",
    "vae",
    morph_textures,
    "Sound effects and textures of any length, to morph over time, vary and adjust, 44.1 kHz.",
    CORPUS,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
