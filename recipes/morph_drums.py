r"""Train the bundled model ``morph-drums``: a VAE on one-shots from public kits, to morph and vary drums.

    python recipes/corpora drums --packs PACK --hydrogen DRUMKITS --sonic-pi SAMPLES --fluid FluidR3_GM.sf2 \\
        --out corpora/drums
    python recipes/morph_drums.py --corpus corpora/drums --out runs/first --max-minutes 50 \
        --set model.warmup_steps=500 data.varied_fraction=0 data.slowest=0.75 data.fastest=1.35 \
        training.steps=13000 training.learning_rate=0.0015                            # was stopped after 7,000 steps
    python recipes/morph_drums.py --corpus corpora/drums --out runs/morph-drums --from runs/first
    python recipes/morph_drums.py --corpus corpora/drums --out runs/morph-drums --from runs/first --resume
    python recipes/morph_drums.py --out runs/morph-drums --bundle                         # into the package

The kits marked ``test`` in the manifest are not used.
"""

from __future__ import annotations

from dataclasses import replace

from bundling import DRUMS, Bundled, main

from wavewright.families.vae.recipe import VaeRecipe, recipe

STEPS = 8_500


def morph_drums() -> VaeRecipe:
    """Return the settings of the run."""
    base = recipe("base")
    # Long windows resolve the partials of drums; critics also judge interpolations of two clips.
    autoencoder = replace(base.model, n_fft=2048, hidden=512)
    model = replace(autoencoder, beta=0.0005, warmup_steps=0, adversarial_from=4_000, critic_interpolations=True)
    data = replace(base.data, varied_fraction=0.6, slowest=0.7, fastest=1.45)
    # The last weights play: the few clips kept for validation are too few to choose between neighbours.
    training = replace(base.training, steps=STEPS, learning_rate=1e-3, evaluate_every=1000, metric="", weight_bits=8)
    return replace(base, model=model, data=data, training=training)


MODEL = Bundled(
    "morph-drums",
    "vae",
    morph_drums,
    "One-shots of kick, snare, hat, tom and cymbal to morph and vary, 0.7 s at 44.1 kHz.",
    DRUMS,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
