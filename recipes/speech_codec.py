r"""The bundled model ``speech-codec``: speech at 24 kHz in 1, 1.6, 3 or 6 kbps, with a delay of 50 ms.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/corpora denoise --help                                      # noise and music, corpora/denoise
    python recipes/speech_codec.py --corpus corpora/speech --set data.background=corpora/denoise/manifest.jsonl
    python recipes/speech_codec.py --corpus corpora/speech --set data.background=corpora/denoise/manifest.jsonl --resume
    python recipes/speech_codec.py --out runs/speech-codec --bundle                     # into the package

All modules learn together; then the decoder alone with critics, then the encoder alone for that decoder. Voices are
pitched up and down by up to a sixth, and the formants of half of them are moved. A third of them has noise or music
behind it, a sixth is in a room: what a call has, a codec meets. ``--from speech-codec`` goes on from the bundled model.

A step of all modules takes 0.6 to 1 seconds of one core of an Intel Xeon with AVX-512. Codes follow the vectors of the
last 50 steps, so what counts is that the learning rate falls to its end within the minutes or steps of a call, as
``--set training.steps=0`` with ``--max-minutes`` lets it: in the first 2,000 of 30,000 steps, losses grew instead.

On a GPU, in pieces of a few minutes: ``--device cuda --max-minutes 8 --set training.batch_size=64`` each time.

The calls of the bundled model: minutes of one core of an Intel Xeon (Emerald Rapids) beside other work, each call after
the first with ``--from`` the model of the one before and ``--set training.steps=0 model.unquantised_steps=0 ...`` (400
in the first):

| calls | settings | steps | minutes |
|---|---|---|---|
| 4 | ``model.adversarial_from=0 model.encoder_from=0`` | 10,548 | 247 |
| 2 | ``model.adversarial_from=1 model.encoder_from=0 training.learning_rate=5e-4`` | 4,001 | 131 |
| 1 | ``model.adversarial_from=0 model.encoder_from=1`` | 2,001 | 38 |

The context model is by ``python recipes/code_contexts.py``. Of 30 sentences of an unseen speaker (``python -m
benchmarks codec.opus --count 30 --no-speaker``), the last row with the context model:

| | kbps | PESQ | STOI % | buzz |
|---|---|---|---|---|
| all modules | 1.6, 3.1, 6.1 | 1.78, 2.34, 2.72 | 89.3, 93.9, 95.7 | 0.79 |
| with 1,034 steps of critics | 1.6, 3.1, 6.1 | 1.72, 2.17, 2.42 | 87.5, 92.0, 93.8 | 0.45 |
| with 4,001 steps of critics | 1.6, 3.1, 6.1 | 1.75, 2.27, 2.59 | 88.2, 92.7, 94.5 | 0.13 |
| with the encoder | 1.8, 3.2, 5.2 | 2.07, 2.39, 2.56 | 91.3, 93.5, 94.5 | 0.15 |

With a learning rate of 1e-4 the critics take no buzz away (0.74 after 1,092 steps).
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
            encoder_look_ahead=1,
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
            learning_rate=1e-3,
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
