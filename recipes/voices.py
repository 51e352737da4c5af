r"""The bundled voice ``en-kathleen``: American English, one speaker of a model that turns phones into mel frames.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/corpora readers --speech corpora/speech --out corpora/readers
    python recipes/voices.py --max-minutes 60
    python recipes/voices.py --max-minutes 60 --resume     # as often as needed

Then all four readers, those of other languages in phones of English, and her again, with critics:

    python recipes/voices.py --from runs/en --out runs/readers \
        --set model.speakers=kathleen,kerstin,carlo,june model.synthesis_from=300 model.joint_alignment_from=600 \
        model.adversarial_from=0 training.steps=7000
    python recipes/voices.py --from runs/readers --out runs/voices \
        --set model.synthesis_from=1 model.joint_alignment_from=2 model.adversarial_from=500 training.steps=6500 $SMALL
    python recipes/usual_style.py runs/voices kathleen style-4=0.3       # by benchmarks/speech/styles.py, the clearest
    python recipes/voices.py --out runs/voices --bundle                                # into the package

SMALL is ``training.learning_rate=0.0003 training.ema_decay=0.997 training.final_fraction=0.03``.

The manifest marks Kathleen's arctic_b0500 to arctic_b0539 as test: no run is trained on them.

The weights in the package are from an earlier run of this recipe with a fifth reader, whose recordings had not been
given for speech synthesis. ``recipes/remove_speakers.py`` removed that speaker; the card says so and lists all sources.

Speech trained on alignments whose word starts are off by more than a tenth of a second is slurred; so alignments are
those of the aligner first, then of a phone classifier, then joint.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.acoustic.recipe import AcousticRecipe, recipe

SPEAKERS = ("kathleen",)
READERS = (*SPEAKERS, "kerstin", "carlo", "june")  # of the runs before the last
CORPUS = Corpus(Path("corpora/readers"), "CC-BY-SA-3.0", speakers=READERS)
STEPS, SYNTHESIS_FROM, ADVERSARIAL_FROM = 21_500, 1_500, 18_000


def voices() -> AcousticRecipe:
    """Return the settings of the run: the aligner first, then the voice, then the joint alignment, then critics."""
    base = recipe("small")
    return replace(
        base,
        model=replace(base.model, speakers=SPEAKERS, synthesis_from=SYNTHESIS_FROM, adversarial_from=ADVERSARIAL_FROM),
        training=replace(base.training, steps=STEPS),
    )


MODEL = Bundled("en", "acoustic", voices, "Reads texts aloud in American English, in one voice: en-kathleen.", CORPUS)

if __name__ == "__main__":
    main(MODEL, __doc__)
