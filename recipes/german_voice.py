r"""The voice ``de-kerstin``: German, one speaker of a model that turns phones into mel frames.

    python recipes/corpora speech --kerstin G --out corpora/german
    python recipes/german_voice.py --from en --out runs/german-1 \
        --set data.batch_seconds=24 training.steps=5400 model.adversarial_from=3600
    python recipes/german_voice.py --from runs/german-1 --out runs/german-2 \
        --set data.batch_seconds=24 model.synthesis_from=1 model.joint_alignment_from=2 model.adversarial_from=40 \
        training.steps=1500 $SMALL
    python recipes/german_voice.py --out runs/german-2 --bundle                # into the package

G is the repository rhasspy/dataset-voice-kerstin. Training starts from the bundled English voice, each German phone
from the English ones nearest to it. The aligner learns first, then the voice; the first run was stopped at step 3,050,
and critics join in the second. SMALL is
``training.learning_rate=0.0003 training.ema_decay=0.997 training.final_fraction=0.03``. Together that is two hours on
one core of an AMD EPYC (Zen 1). Without ``--set``, one run has the steps of a longer training.

Her recordings are public domain (CC0); the English voice learned also from others, under CC BY-SA 3.0, and so the model
has that licence. The dictionary behind the phones is CC BY-SA 4.0 (German Wiktionary); no part of it is in the model.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.acoustic.recipe import AcousticRecipe, recipe

SPEAKERS = ("kerstin",)
CORPUS = Corpus(Path("corpora/german"), "CC-BY-SA-3.0", speakers=SPEAKERS)
STEPS, SYNTHESIS_FROM, JOINT_ALIGNMENT_FROM, ADVERSARIAL_FROM = 10_500, 400, 800, 5_000
LEARNING_RATE = 5e-4


def german() -> AcousticRecipe:
    """Return the settings of the run."""
    base = recipe("small")
    model = replace(
        base.model,
        language="de",
        speakers=SPEAKERS,
        synthesis_from=SYNTHESIS_FROM,
        joint_alignment_from=JOINT_ALIGNMENT_FROM,
        adversarial_from=ADVERSARIAL_FROM,
    )
    return replace(base, model=model, training=replace(base.training, steps=STEPS, learning_rate=LEARNING_RATE))


MODEL = Bundled("de", "acoustic", german, "Reads texts aloud in German, in one voice: de-kerstin.", CORPUS)

if __name__ == "__main__":
    main(MODEL, __doc__)
