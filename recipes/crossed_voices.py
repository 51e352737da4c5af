r"""The voices ``en-kerstin`` and ``de-kathleen``: two readers, each in the language that the other one reads.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python recipes/corpora readers --speech corpora/speech --languages de en --sizes 0.88 1.14 --out corpora/crossed
    python recipes/crossed_voices.py --from en --out runs/crossed
    python recipes/remove_speakers.py runs/crossed carlo june kathleen_88 kathleen_114 kerstin_88 kerstin_114 \
        --corpus corpora/crossed --out runs/two-voices
    python recipes/nearer_speaker.py runs/two-voices kerstin kathleen --embedding 0.2 --style 0.5
    python recipes/crossed_voices.py --out runs/two-voices --bundle                # into the package

Phones of one sign are one symbol in both languages. Nobody here reads two: so a speaker's vowels are at times read as
those of another language, readers of French and Italian have the phones of both, and the recordings are also played
slower and faster, as four more speakers. The aligner learns first, then the voices; critics join in the last third. The
bundled run was stopped at step 4,350, after 90 minutes on one core of an AMD EPYC (Zen 3).
The usual style of a reader is that of the own language; the nearer it comes to the other reader's, the clearer the
other language is (chosen by the sentences of docs/voice/script.txt).

The recordings of both are public domain (CC0), those of Carlo CC BY 3.0 and of June CC BY-SA 3.0, and so the model has
that licence.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.acoustic.recipe import AcousticRecipe, recipe

SPEAKERS = ("kerstin", "kathleen", "carlo", "june", "kathleen_88", "kathleen_114", "kerstin_88", "kerstin_114")
CORPUS = Corpus(Path("corpora/crossed"), "CC-BY-SA-3.0", speakers=SPEAKERS)
STEPS, SYNTHESIS_FROM, JOINT_ALIGNMENT_FROM, ADVERSARIAL_FROM = 6_000, 200, 500, 3_800
LEARNING_RATE, BATCH_SECONDS = 5e-4, 24.0


def crossed() -> AcousticRecipe:
    """Return the settings of the run."""
    base = recipe("small")
    model = replace(
        base.model,
        languages=("en", "de"),
        speakers=SPEAKERS,
        synthesis_from=SYNTHESIS_FROM,
        joint_alignment_from=JOINT_ALIGNMENT_FROM,
        adversarial_from=ADVERSARIAL_FROM,
    )
    training = replace(base.training, steps=STEPS, learning_rate=LEARNING_RATE)
    return replace(base, model=model, data=replace(base.data, batch_seconds=BATCH_SECONDS), training=training)


MODEL = Bundled(
    "crossed",
    "acoustic",
    crossed,
    "Reads texts aloud in English and German, in two voices: each in the language that its reader does not read.",
    CORPUS,
)

if __name__ == "__main__":
    main(MODEL, __doc__)
