r"""The bundled model ``speech-codec``: speech at 24 kHz in 1, 1.6, 3 or 6 kbps, with a delay of 30 ms.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/corpora denoise --help                                      # noise and music, corpora/denoise
    python recipes/speech_codec.py --corpus corpora/speech --set data.background=corpora/denoise/manifest.jsonl
    python recipes/speech_codec.py --corpus corpora/speech --set data.background=corpora/denoise/manifest.jsonl --resume
    python recipes/speech_codec.py --out runs/speech-codec --bundle                     # into the package

All modules learn together; then the decoder alone with critics, then the encoder alone for that decoder. Voices are
pitched up and down by up to a sixth, and the formants of half of them are moved. A third of them has noise or music
behind it, a sixth is in a room: what a call has, a codec meets.

Planned are 8 to 16 hours of one core: a step of all modules takes 0.8 seconds on an AMD EPYC with AVX-512, and 2 on one
with AVX2 beside another training. A learning rate of 0.002 is faster without quantisation, and with it makes all losses
worse after some hundred steps: codes follow the vectors of the last 50 steps, and the encoder moves away from them.
Mel/l1 of batches of 10 went from 0.89 to 0.97 at 0.002, from 0.89 to 1.01 at 0.001, from 0.86 to 0.91 at 0.0004, and
from 0.90 to 0.88 at 0.0001, where it was not followed further.

On a GPU, in pieces of a few minutes: ``--device cuda --max-minutes 8 --set training.batch_size=64`` each time.
"""

from __future__ import annotations

from dataclasses import replace

from bundling import SPEECH, Bundled, main

from wavewright.families.codec.recipe import CodecRecipe, recipe

STEPS, UNQUANTISED_STEPS, ADVERSARIAL_FROM, ENCODER_FROM = 30_000, 800, 15_000, 24_000


def speech() -> CodecRecipe:
    """Return the settings of the run: all modules, then the decoder alone with critics, then the encoder alone."""
    base = recipe("small")
    return replace(
        base,
        model=replace(
            base.model,
            unquantised_steps=UNQUANTISED_STEPS,
            adversarial_from=ADVERSARIAL_FROM,
            encoder_from=ENCODER_FROM,
        ),
        data=replace(
            base.data,
            slowest=0.85,
            fastest=1.18,
            lowest_formants=0.87,
            highest_formants=1.15,
            tilt_db=2.0,
            mixed_fraction=0.1,
            room_probability=0.15,
            background_probability=0.35,
        ),
        training=replace(
            base.training,
            steps=STEPS,
            optimizer="muon",  # 100 steps reach the loss of 280 by AdamW with a rate of 0.001
            learning_rate=1e-4,
            weight_decay=0.01,
            evaluate_every=500,
            weight_bits=8,
        ),
    )


MODEL = Bundled(
    "speech-codec",
    "codec",
    speech,
    "Compresses speech at 24 kHz to 1, 1.6, 3 or 6 kbit/s, in files and streams.",
    SPEECH,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
