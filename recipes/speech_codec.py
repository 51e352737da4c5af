r"""The bundled model ``speech-codec``: speech at 24 kHz in 1, 1.6, 3 or 6 kbps, with a delay of 50 ms.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/corpora denoise --help                                      # noise and music, corpora/denoise
    python recipes/speech_codec.py --corpus corpora/speech --set data.background=corpora/denoise/manifest.jsonl
    python recipes/speech_codec.py --corpus corpora/speech --set data.background=corpora/denoise/manifest.jsonl --resume
    python recipes/speech_codec.py --from recipes/data/speech-codec-start --set training.steps=0 \
        model.unquantised_steps=0 model.adversarial_from=0 model.encoder_from=1 --max-minutes 35   # see START
    python recipes/speech_codec.py --out runs/speech-codec --bundle                     # into the package

All modules learn together; then the decoder alone with critics, then the encoder alone for that decoder. Voices are
pitched up and down by up to a sixth, and the formants of half of them are moved. A third of them has noise or music
behind it, a sixth is in a room: what a call has, a codec meets.

A step of all modules takes 0.6 to 1 seconds of one core of an Intel Xeon with AVX-512. Codes follow the vectors of the
last 50 steps, so what counts is that the learning rate falls to its end within the minutes or steps of a call, as
``--set training.steps=0`` with ``--max-minutes`` lets it: in the first 2,000 of 30,000 steps, losses grew instead.

On a GPU, in pieces of a few minutes: ``--device cuda --max-minutes 8 --set training.batch_size=64`` each time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import SPEECH, Bundled, main

from wavewright.families.codec.recipe import CodecRecipe, recipe

START = Path(__file__).parent / "data" / "speech-codec-start"
"""A model folder after the first two stages, from which training goes on by ``--from``: the encoder is next.

It has 10,548 steps of all modules in four calls, 247 minutes of one core of an Intel Xeon (Emerald Rapids) beside other
work: those of the first command above with ``--set training.steps=0 model.adversarial_from=0 model.encoder_from=0
model.context_frames=0 --max-minutes 65``, at first with ``model.unquantised_steps=400`` and without a frame of
look-ahead, then thrice from that model with ``model.unquantised_steps=0`` (valid/mel 0.872, 0.818, 0.792, 0.777). Then
it has 4,001 steps of the decoder with critics (131 minutes, ``model.adversarial_from=1 training.learning_rate=5e-4``,
1,034 of them in a call of its own). It learned from the recordings on its card alone. Of 30 sentences of an unseen
speaker (``python -m benchmarks codec.opus --model recipes/data/speech-codec-start --count 30 --no-speaker``), at 1.6,
3.1 and 6.1 kbps without a context model; the bundled model at 1.7, 3 and 5:

| | PESQ | STOI % | buzz |
|---|---|---|---|
| 10,548 steps of all modules | 1.78, 2.34, 2.72 | 89.3, 93.9, 95.7 | 0.79 |
| 1,034 steps of critics | 1.72, 2.17, 2.42 | 87.5, 92.0, 93.8 | 0.45 |
| 4,001 steps of critics | 1.75, 2.27, 2.59 | 88.2, 92.7, 94.5 | 0.13 |
| bundled | 1.87, 2.29, 2.50 | 89.1, 92.5, 93.6 | -0.02 |

With a learning rate of 1e-4 the critics take no buzz away (0.74 after 1,092 steps).
"""

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
