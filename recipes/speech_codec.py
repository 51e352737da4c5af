r"""The bundled model ``speech-codec``: speech at 16 kHz in 1.6, 3 or 5 kbps.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/speech_codec.py --corpus corpora/speech --max-minutes 60
    python recipes/speech_codec.py --corpus corpora/speech --max-minutes 60 --resume     # as often as needed

Then the decoder with critics for that encoder, the encoder for that decoder, the decoder interpolated towards its
earlier weights, which hums less and is more intelligible, and the encoder for that one:

    python recipes/speech_codec.py --from runs/speech-codec --out runs/sharper \
        --set model.unquantised_steps=0 model.adversarial_from=1 model.encoder_from=0 training.steps=6500 $SMALL
    python recipes/speech_codec.py --from runs/sharper --out runs/followed \
        --set model.unquantised_steps=0 model.adversarial_from=0 model.encoder_from=1 training.steps=4500 $SMALL
    python recipes/between.py runs/speech-codec runs/followed decoder=0.4 --out runs/between
    python recipes/speech_codec.py --from runs/sharper --out runs/between --resume \
        --set model.unquantised_steps=0 model.adversarial_from=0 model.encoder_from=1 training.steps=4500 $SMALL
    python recipes/speech_codec.py --from runs/between --out runs/last \
        --set model.unquantised_steps=0 model.adversarial_from=0 model.encoder_from=1 training.steps=2000 $SMALL
    python recipes/speech_codec.py --out runs/last --bundle                              # into the package

SMALL is ``training.learning_rate=0.0003 training.ema_decay=0.995 training.final_fraction=0.02`` (0.0002 in the last).

The stages took 2.2 hours and 39 minutes (the first command), 57, 19 and 8 minutes of one core. From the decoder with
new critics on, voices are pitched up and down by up to a sixth.

On a GPU, in pieces of a few minutes: ``--device cuda --max-minutes 8 --set training.batch_size=64`` each time.
"""

from __future__ import annotations

from dataclasses import replace

from bundling import SPEECH, Bundled, main

from wavewright.families.codec.recipe import CodecRecipe, recipe

STEPS, ADVERSARIAL_FROM, ENCODER_FROM = 35_000, 18_000, 26_000


def speech() -> CodecRecipe:
    """Return the settings of the run: all modules, then the decoder alone with critics, then the encoder alone."""
    base = recipe("small")
    return replace(
        base,
        model=replace(base.model, adversarial_from=ADVERSARIAL_FROM, encoder_from=ENCODER_FROM),
        data=replace(base.data, slowest=0.85, fastest=1.18, tilt_db=2.0),
        training=replace(base.training, steps=STEPS, weight_bits=8),
    )


MODEL = Bundled(
    "speech-codec",
    "codec",
    speech,
    "Compresses speech at 16 kHz to 1.6, 3 or 5 kbit/s, in files and streams.",
    SPEECH,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
