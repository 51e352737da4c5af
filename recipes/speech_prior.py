"""Train a prior over codes of ``speech-codec`` on speech: unconditional, more than 50 voices, 16 kHz, no words.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/speech_prior.py --corpus corpora/speech --max-minutes 60
    python recipes/speech_prior.py --corpus corpora/speech --max-minutes 60 --resume   # as often as needed
    wavewright generate runs/speech-prior --seconds 10

The codec is loaded by its name, from ``runs/`` or the bundled models; ``--set model.codec=NAME`` selects another. Some
clips of the corpus have no speaker, so the model is not conditioned on speakers.
"""

from __future__ import annotations

from dataclasses import replace

from bundling import SPEECH, Bundled, main

from wavewright.families.prior.recipe import PriorRecipe, recipe

STEPS = 9_000


def speech() -> PriorRecipe:
    """Return the settings of the run."""
    base = recipe("small")
    return replace(
        base,
        model=replace(base.model, hidden_size=448, dropout=0.2),
        data=replace(base.data, crop_seconds=5.0),
        training=replace(
            base.training,
            steps=STEPS,
            learning_rate=1.5e-3,
            batch_size=16,
            evaluate_every=1_000,
        ),
    )


MODEL = Bundled(
    "speech-prior", "prior", speech, "Speech without words or end, many voices, drawn as codes of speech-codec.", SPEECH
)

if __name__ == "__main__":
    main(MODEL, __doc__)
