r"""The bundled voice ``en-kathleen``: American English, one speaker of a model that turns phones into mel frames.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/corpora readers --speech corpora/speech --out corpora/readers
    python recipes/voices.py --out runs/readers --max-minutes 60
    python recipes/voices.py --out runs/readers --max-minutes 60 --resume     # as often as needed

That is all four readers, those of other languages in phones of English, 75 minutes on one core of an AMD EPYC (Zen 5);
then Kathleen alone, with critics, 63 minutes:

    python recipes/voices.py --from runs/readers --out runs/voices \
        --set model.speakers=kathleen model.synthesis_from=1 model.joint_alignment_from=2 \
        model.adversarial_from=500 training.steps=6500 $SMALL
    python recipes/usual_style.py runs/voices kathleen style-5=0.3 style-7=0.3  # by benchmarks/speech/styles.py
    python recipes/voices.py --out runs/voices --bundle                                # into the package

SMALL is ``training.learning_rate=0.0003 training.ema_decay=0.997 training.final_fraction=0.03``.

The manifest marks Kathleen's arctic_b0500 to arctic_b0539 as test: no run is trained on them.

Speech trained on alignments whose word starts are off by more than a tenth of a second is slurred; so alignments are
those of the aligner first, then of a phone classifier, then joint.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.acoustic.recipe import AcousticRecipe, recipe

READERS = ("kathleen", "kerstin", "carlo", "june")  # of the first run
CORPUS = Corpus(Path("corpora/readers"), "CC-BY-SA-3.0", speakers=READERS)
STEPS, SYNTHESIS_FROM, JOINT_ALIGNMENT_FROM = 13_000, 2_500, 4_000


def voices() -> AcousticRecipe:
    """Return the settings of the first run: the aligner first, then the voices, then the joint alignment."""
    base = recipe("small")
    stages = {"synthesis_from": SYNTHESIS_FROM, "joint_alignment_from": JOINT_ALIGNMENT_FROM}
    return replace(
        base,
        model=replace(base.model, speakers=READERS, **stages),
        training=replace(base.training, steps=STEPS),
    )


MODEL = Bundled("en", "acoustic", voices, "Reads texts aloud in American English, in one voice: en-kathleen.", CORPUS)

if __name__ == "__main__":
    main(MODEL, __doc__)
