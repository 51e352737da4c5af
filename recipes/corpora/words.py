"""Single words, each by several voices, so that an encoder learns that they are the same whoever says them.

    python recipes/corpora words --flite flite --speech corpora/speech --out corpora/words
    python recipes/corpora words --flite flite --speech corpora/speech --words yes no --count 100 --out corpora/keys

Without ``--words`` they are drawn from the English texts of the corpus of the command ``speech``, without its tests
and without the ten digits, by which encoders are judged, and what sounds like one of them. Half of the clips are by the
bundled voice, as other speakers might say the words (see :mod:`wavewright.speech.spoken_labels`), half by the voices of
Flite, higher or lower and with a shorter or longer vocal tract. ``--flite`` is the program of the Debian package flite.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from corpus import Recording, Source, checked_folder, gather
from synthetic import FLITE, VOICES, flite_speech

from wavewright.audio.clip import Clip
from wavewright.base.result import Failed
from wavewright.base.units import semitones_to_ratio
from wavewright.dsp.onset import trim
from wavewright.speech.spoken_labels import SILENCE_DB, DrawnSpeaker, SpokenLabels
from wavewright.speech.voice import Voice
from wavewright.text.english.pronounce import phones_of

N_WORDS = 1_200
N_CLIPS = 6  # of a word
SHORTEST_WORD = 3  # letters
DIGITS = frozenset(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
BUNDLED_VOICE = "en-kathleen"
BUNDLED = Source(
    "Words by the bundled voice", "CC-BY-SA-3.0", "Kathleen, Rhasspy, and others", "Wavewright", "synthetic"
)
F0_HZ = {"awb": 120.0, "kal16": 105.0, "rms": 105.0, "slt": 170.0}  # usual means of the voices
VALID_OF = 20  # one of so many words is held out
SEED = 5


@dataclass(frozen=True)
class Word(Recording):
    """A word by a voice, and the number of the clip among those of the word by such a voice."""

    number: int


def find(flite: Path, speech: Path, words: Sequence[str], count: int) -> Iterator[Word]:
    """Yield the clips of each word, which is also their label where words are given."""
    rng = np.random.default_rng(SEED)
    for index, word in enumerate(words or rng.permutation(words_of(speech))[:N_WORDS]):
        split = "train" if words or index % VALID_OF else "valid"
        for number in range(count // 2):
            other = f"flite-{VOICES[int(rng.integers(len(VOICES)))]}"
            for source, speaker in ((BUNDLED, BUNDLED_VOICE), (FLITE, other)):
                facts = {"text": str(word), "speaker": speaker, "group": str(word), "language": "en"}
                label = {"label": word} if words else {}
                yield Word(flite, f"{word}/{speaker}-{number}", split, source, facts | label, number)


def words_of(speech: Path) -> list[str]:
    """Return the words of the English texts of a corpus of speech, in the order of the alphabet."""
    manifest = checked_folder(speech, "the corpus of the command speech") / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    texts = [row["text"] for row in rows if row.get("text") and row.get("language") == "en" and row["split"] == "train"]
    words = {word for text in texts for word in re.findall(r"[a-z]+", text.lower()) if len(word) >= SHORTEST_WORD}
    sounds = {without_stress(digit) for digit in DIGITS}
    return sorted(word for word in words if without_stress(word) not in sounds)


def without_stress(word: str) -> tuple[str, ...]:
    """Return the phones of an English word without the marks of stress; homophones have the same."""
    return tuple(phone.rstrip("012") for phone in phones_of(word))


class Speaking:
    """Speaks words by the bundled voice and by Flite."""

    def __init__(self, flite: Path) -> None:
        self.flite = flite
        self.voice = Voice.load(BUNDLED_VOICE)

    def __call__(self, word: Word) -> Clip:
        """Return the clip of a word; raise BadAudio if Flite fails."""
        text = word.facts["text"]
        if word.source is BUNDLED:
            spoken = SpokenLabels(self.voice, {text: [text]})
            return Clip(spoken.generate(text, 1, SEED, word.number)[0], spoken.sample_rate)
        return self._by_flite(word)

    def _by_flite(self, word: Word) -> Clip:
        voice = word.facts["speaker"].removeprefix("flite-")
        rng = np.random.default_rng([SEED, word.number, *word.facts["text"].encode()])
        speaker = DrawnSpeaker.draw(rng)
        pitch = semitones_to_ratio(speaker.prosody.pitch_semitones)
        features = {"int_f0_target_mean": F0_HZ[voice] * pitch, "duration_stretch": 1 / speaker.prosody.rate}
        clip = flite_speech(self.flite, voice, word.facts["text"], **features)
        wave = soxr.resample(trim(clip.wave[0], SILENCE_DB), speaker.formants * clip.sample_rate, clip.sample_rate)
        return Clip(wave.clip(-1.0, 1.0)[None].astype(np.float32), clip.sample_rate)


def gather_words(
    flite: Path, speech: Path, words: Sequence[str], count: int, out: Path
) -> tuple[list[Word], list[Failed]]:
    """Write the corpus to ``out``; return its clips and those left out; raise BadFolder without any."""
    return gather(find(flite, speech, words, count), out, Speaking(flite))
