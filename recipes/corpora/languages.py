"""Speech in many languages by a synthesiser, and words by many of its voices, so that key words are told from others.

    python recipes/corpora languages --espeak espeak-ng --out corpora/languages
    python recipes/corpora languages --espeak espeak-ng --words 0 1 2 3 4 5 6 7 8 9 --count 300 --out corpora/keys

``--espeak`` is the program of the Debian package espeak-ng. Without ``--words``, each language reads lines of invented
words, of one to three syllables, by its own rules; what sounds like a digit in English is left out. With ``--words``,
the voices of English speak each of them. Each clip has another voice, pitch and pace.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from corpus import Recording, Source, gather

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio
from wavewright.base.result import Failed

LANGUAGES = """
    af an ca cs cy da de eo es et eu fi fr-fr ga gd hr hu id is it lb lt lv ms mt nb nl pl pt pt-br ro sk sl sq sv sw tr
    vi
"""
ENGLISH = "en-029 en-gb en-gb-scotland en-gb-x-gbclan en-gb-x-gbcwmd en-gb-x-rp en-us en-us-nyc"
VARIANTS = """
    m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee
    Marco Mario Michael Mike Nguyen adam anika antonio aunty belinda benjamin boris caleb david ed edward edward2
    grandma grandpa gustave iven iven2 john linda marcelo max michel miguel pablo paul pedro quincy rob robert sandro
    shelby steph steph2 travis victor zac
"""
N_LINES = 60  # of each language
N_WORDS = 4, 10  # of a line
N_CLIPS = 300  # of a word
CLUSTERS = "bl br dr fl fr gr kl kr pl sk sp st tr tw sch"
ONSETS = ("", *"bdfghjklmnprstvwz", *CLUSTERS.split())
VOWELS = (*"aeiou", "ai", "au", "ei", "ie", "oi", "ou", "aa", "ee", "oo")
CODAS = ("", "", "", *"dfgklmnprstxz", "ft", "ks", "ld", "mp", "nd", "nt", "rt", "st", "ch")
DIGITS = re.compile(
    r"(z|s|ts|dz)i@?r?(oU|o|@U|u)|(w|v|wh)[VaAO0]n|tu|[Ttsd]ri|fo[r@]?|f[O0]r?|fa[Ijy][vf]|[sz][Ii]ks"
    r"|[sz][Ee]v[@eE]?n|[eE][Ijy]?t|na[Ijy]n"
)  # phones of English digits, as other languages write them
PITCH, WORDS_A_MINUTE = (15, 85), (110, 220)
ESPEAK = Source("eSpeak NG", "GPL-3.0-or-later (program)", "eSpeak NG", "Debian package espeak-ng", "synthetic speech")
SEED = 11


def find(espeak: Path, words: Sequence[str], count: int) -> Iterator[Recording | Failed]:
    """Yield the lines of each language, or the clips of each word, which is also their label."""
    rng = np.random.default_rng(SEED)
    texts = [(word, ENGLISH.split()) for word in words for _ in range(count)] or [
        (_invented_line(rng), [language]) for language in LANGUAGES.split() for _ in range(N_LINES)
    ]
    for index, (text, languages) in enumerate(texts):
        language, variant = rng.choice(languages), rng.choice(VARIANTS.split())
        voice = f"{language}+{variant}"
        facts = {"speaker": voice, "group": voice, "language": str(language)[:2]}
        try:
            facts |= {"text": text, "label": text} if words else {"text": without_digits(espeak, voice, text)}
        except BadAudio as error:
            yield Failed(espeak, str(error))
            continue
        yield Recording(espeak, f"{text if words else language}/{index:05d}", "train", ESPEAK, facts)


def _invented_line(rng: np.random.Generator) -> str:
    """Return a line of words of one to three syllables."""
    lengths = rng.integers(1, 4, rng.integers(*N_WORDS))
    return " ".join(
        "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(n)) + rng.choice(CODAS) for n in lengths
    )


def spoken(espeak: Path, recording: Recording) -> Clip:
    """Return the text of a recording as a voice speaks it; raise BadAudio if the program fails."""
    facts = recording.facts
    rng = np.random.default_rng([SEED, *recording.target.encode()])
    options = ["-p", str(rng.integers(*PITCH)), "-s", str(rng.integers(*WORDS_A_MINUTE))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        _run(espeak, facts["speaker"], [*options, "-w", str(path), facts["text"]])
        return Clip.read(path)


def without_digits(espeak: Path, voice: str, line: str) -> str:
    """Return the words of a line that do not sound like a digit in English when a voice reads them."""
    words = line.split()
    phones = _run(espeak, voice, ["-q", "-x", ".\n".join(words)]).split("\n")
    spoken_as = [re.sub(r"[',:;_=\s]|\(\w+\)", "", each) for each in phones if each.strip()]
    if len(spoken_as) != len(words):
        raise BadAudio(f"{espeak} reads {len(words)} words as {len(spoken_as)} by the voice {voice}: {line!r}")
    return " ".join(word for word, sound in zip(words, spoken_as, strict=True) if not DIGITS.fullmatch(sound))


def _run(espeak: Path, voice: str, options: Sequence[str]) -> str:
    try:
        done = subprocess.run([str(espeak), "-v", voice, *options], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BadAudio(f"{espeak} could not speak by the voice {voice}: {error}") from error
    return done.stdout


def gather_languages(espeak: Path, words: Sequence[str], count: int, out: Path) -> tuple[list[Recording], list[Failed]]:
    """Write the corpus to ``out``; return its clips and those left out; raise BadFolder without any."""
    return gather(find(espeak, words, count), out, partial(spoken, espeak))
