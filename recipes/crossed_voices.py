r"""The voices ``de-kerstin`` and ``de-kathleen``: two speakers of a model that speaks four languages.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/corpora readers --speech corpora/speech --languages de en it --sizes 0.88 1.14 --out corpora/crossed
    python recipes/crossed_voices.py --from de --out runs/crossed
    python recipes/remove_speakers.py runs/crossed carlo june kathleen_88 kathleen_114 kerstin_88 kerstin_114 \
        --corpus corpora/crossed --out runs/two-voices
    python recipes/crossed_voices.py --out runs/two-voices --bundle                # into the package

Phones of one sign are one symbol in all languages. Nobody here reads two: so a speaker's vowels are at times read as
those of another language, a reader of French has the phones of all, and the recordings are
also played slower and faster, as four more speakers. The aligner learns
first, then the voices; critics join in the last third.

Kerstin's recordings are public domain (CC0), Kathleen's CC BY 4.0, those of the two readers CC BY-SA 3.0, and so the
model has that licence.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.acoustic.recipe import AcousticRecipe, recipe

SPEAKERS = ("kerstin", "kathleen", "carlo", "june", "kathleen_88", "kathleen_114", "kerstin_88", "kerstin_114")
CORPUS = Corpus(Path("corpora/crossed"), "CC-BY-SA-3.0", speakers=SPEAKERS)
STEPS, SYNTHESIS_FROM, JOINT_ALIGNMENT_FROM, ADVERSARIAL_FROM = 4_800, 300, 600, 3_300
LEARNING_RATE = 5e-4


def crossed() -> AcousticRecipe:
    """Return the settings of the run."""
    base = recipe("small")
    model = replace(
        base.model,
        language="de",
        languages=("de", "en", "it", "es"),
        speakers=SPEAKERS,
        synthesis_from=SYNTHESIS_FROM,
        joint_alignment_from=JOINT_ALIGNMENT_FROM,
        adversarial_from=ADVERSARIAL_FROM,
    )
    return replace(base, model=model, training=replace(base.training, steps=STEPS, learning_rate=LEARNING_RATE))


MODEL = Bundled(
    "de",
    "acoustic",
    crossed,
    "Reads texts aloud in German, English, Italian and Spanish, in two voices.",
    CORPUS,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
