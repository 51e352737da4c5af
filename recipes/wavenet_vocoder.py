"""The bundled model ``wavenet``: a vocoder for 16 kHz speech, from mel frames to samples.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/wavenet_vocoder.py --corpus corpora/speech --max-minutes 60
    python recipes/wavenet_vocoder.py --corpus corpora/speech --max-minutes 60 --resume     # as often as needed
    python recipes/wavenet_vocoder.py --bundle                                              # into the package

On a GPU, in pieces of a few minutes: ``--device cuda --max-minutes 8 --set training.batch_size=32`` each time.
"""

from __future__ import annotations

from dataclasses import replace

from bundling import SPEECH, Bundled, main

from wavewright.families.wavenet.recipe import WaveNetRecipe, recipe

STEPS = 7_500
TEMPERATURE = 0.6  # sounds best on held-out clips: fewer samples stray


def vocoder() -> WaveNetRecipe:
    """Return the settings of the run: mu-law on the residual of linear prediction, so that noise is masked by speech.

    The frames condition the network, so a receptive field of 34 ms, some periods of a voice, is enough.
    """
    base = recipe("small")
    return replace(
        base,
        model=replace(
            base.model,
            condition="mel",
            head="mu-law",
            prediction_order=20,
            temperature=TEMPERATURE,
            n_layers=16,
            dilation_cycle=8,
        ),
        data=replace(base.data, crop_samples=6_144, gain_range_db=12.0, start_fraction=0.1),
        training=replace(base.training, steps=STEPS, batch_size=4, evaluate_every=500, weight_bits=8),
    )


MODEL = Bundled(
    "wavenet",
    "wavenet",
    vocoder,
    "A WaveNet vocoder: mel frames to audio at 16 kHz, sample by sample.",
    SPEECH,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
