"""Times of words that a voice tells, beside a forced alignment of the same sound by means that know nothing of the voice.

    pip install pocketsphinx==5.1.1
    python -m benchmarks.speech.timestamps --voice en-kathleen --json timestamps.json

PocketSphinx (BSD; its own acoustic model of US English, 10 ms frames) lays the phones of every word along the sound of the 100 sentences
of benchmarks/speech/texts/hundred.txt; words are given to it as the phones that the voice spoke.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from wavewright.clip import Clip
from wavewright.errors import MissingExtra, WavewrightError
from wavewright.speech.voice import Voice

HUNDRED = Path(__file__).parent / "texts" / "hundred.txt"
SAMPLE_RATE, FRAMES_PER_SECOND = 16_000, 100
MOST_MEDIAN_MS, MOST_LATE_MS = 50.0, 120.0


@dataclass(frozen=True)
class Apart:
    """How far word starts are apart: ``shift_ms`` the median with its sign, above 0 where the voice tells a later time."""

    voice: str
    vocoder: str
    n_words: int
    n_unaligned_sentences: int
    median_ms: float
    late_ms: float  # the 95th percentile
    shift_ms: float


class Aligner:
    """Phones of words laid along a sound by PocketSphinx."""

    def __init__(self) -> None:
        """Load its acoustic model; raises MissingExtra without the package."""
        try:
            from pocketsphinx import Decoder
        except ImportError as error:
            raise MissingExtra("The independent aligner is missing: pip install pocketsphinx==5.1.1.") from error
        self.decoder = Decoder(lm=None, loglevel="FATAL", beam=1e-80, pbeam=1e-80, wbeam=1e-60)
        self.known: dict[tuple[str, ...], str] = {}

    def _name(self, phones: tuple[str, ...]) -> str:
        """The dictionary's name for a word with these phones, without stress."""
        if phones not in self.known:
            self.known[phones] = f"word{len(self.known)}"
            self.decoder.add_word(self.known[phones], " ".join(phones), update=True)
        return self.known[phones]

    def starts(self, clip: Clip, words: list[tuple[str, ...]]) -> list[float] | None:
        """Seconds at which each word begins; None where the sound cannot be aligned to the words."""
        self.decoder.set_align_text(" ".join(self._name(phones) for phones in words))
        wave = clip.mono().resample(SAMPLE_RATE).wave[0]
        self.decoder.start_utt()
        self.decoder.process_raw((np.clip(wave, -1, 1) * 32_767).astype(np.int16).tobytes(), full_utt=True)
        self.decoder.end_utt()
        segments = self.decoder.seg()
        found = [part.start_frame / FRAMES_PER_SECOND for part in segments or () if part.word.startswith("word")]
        return found if len(found) == len(words) else None


def apart(voice: Voice, texts: list[str], aligner: Aligner, vocoder: str) -> Apart:
    """The difference of word starts over all texts."""
    differences: list[float] = []
    n_unaligned = 0
    for text in texts:
        speech = voice.speak(text)
        words = [word for word in speech.words if word.phones]
        phones = [tuple(phone.phone.rstrip("012") for phone in word.phones) for word in words]
        found = aligner.starts(speech.clip, phones)
        if found is None:
            n_unaligned += 1
            continue
        differences += [1000 * (word.start - start) for word, start in zip(words, found, strict=True)]
    errors = np.abs(differences)
    late = float(np.quantile(errors, 0.95))
    return Apart(
        voice.name, vocoder, len(errors), n_unaligned, float(np.median(errors)), late, float(np.median(differences))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voice", default="en-kathleen")
    parser.add_argument("--vocoder", default="vocoder")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    texts = HUNDRED.read_text(encoding="utf-8").splitlines()
    try:
        found = apart(Voice.load(given.voice, given.vocoder), texts, Aligner(), given.vocoder)
    except WavewrightError as error:
        parser.error(str(error))
    kept = found.median_ms <= MOST_MEDIAN_MS and found.late_ms <= MOST_LATE_MS
    for name, value in asdict(found).items():
        print(f"{name}: {value}")
    print(f"word starts: {'kept' if kept else 'MISSED'}")
    if given.json:
        given.json.write_text(json.dumps({**asdict(found), "kept": kept}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
