"""Compare the times of words that a voice reports with a forced alignment of the same speech by PocketSphinx.

    python -m benchmarks speech.timestamps --voice en-kathleen --json timestamps.json

PocketSphinx (BSD; its own acoustic model of US English, 10 ms frames) aligns the phones of every word with the speech
of the 100 sentences of benchmarks/speech/texts/hundred.txt; the words are passed to it as the phones that the voice
spoke.
"""

from __future__ import annotations

import numpy as np

from benchmarks.harness.corpora import SMOKE_VOICE, sentences
from benchmarks.harness.peers import POCKETSPHINX
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from wavewright.audio.clip import Clip
from wavewright.speech.voice import Voice

SAMPLE_RATE = 16_000
FRAMES_PER_SECOND = 100

WORD_STARTS = Table(
    "word starts",
    columns(voice="s", words="d", sentences_without_alignment="d")
    | optional(median_error_ms=".0f", error_ms_95_percent=".0f"),
)


class Aligner:
    """Alignment of the phones of words with speech by PocketSphinx."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self.decoder = Decoder(lm=None, loglevel="FATAL", beam=1e-80, pbeam=1e-80, wbeam=1e-60)
        self.names: dict[tuple[str, ...], str] = {}

    def starts(self, clip: Clip, words: list[tuple[str, ...]]) -> list[float] | None:
        """Return the start of each word in seconds; None where the speech cannot be aligned."""
        self.decoder.set_align_text(" ".join(self._name(phones) for phones in words))
        wave = clip.mono().resample(SAMPLE_RATE).wave[0]
        self.decoder.start_utt()
        self.decoder.process_raw((np.clip(wave, -1, 1) * 32_767).astype(np.int16).tobytes(), full_utt=True)
        self.decoder.end_utt()
        segments = self.decoder.seg() or ()
        starts = [each.start_frame / FRAMES_PER_SECOND for each in segments if each.word.startswith("word")]
        return starts if len(starts) == len(words) else None

    def _name(self, phones: tuple[str, ...]) -> str:
        """Return the dictionary's name of a word with these phones, without stress."""
        if phones not in self.names:
            self.names[phones] = f"word{len(self.names)}"
            self.decoder.add_word(self.names[phones], " ".join(phones), update=True)
        return self.names[phones]


def measure(options: Options, report: Report) -> None:
    """Add a row for the voice; without PocketSphinx it holds the number of words alone."""
    voice = Voice.load(options.voice)
    aligner = Aligner() if report.has(POCKETSPHINX, "The forced alignment") else None
    differences_ms: list[float] = []
    n_words = n_unaligned = 0
    for sentence in sentences(options.count):
        speech = voice.speak(sentence)
        words = [word for word in speech.words if word.phones]
        n_words += len(words)
        phones = [tuple(phone.phone.rstrip("012") for phone in word.phones) for word in words]
        starts = aligner.starts(speech.clip, phones) if aligner else None
        n_unaligned += starts is None
        pairs = zip(words, starts, strict=True) if starts is not None else ()
        differences_ms += [1000 * abs(word.start - start) for word, start in pairs]
    median_ms, late_ms = np.quantile(differences_ms, [0.5, 0.95]).tolist() if differences_ms else (None, None)
    row = {"voice": voice.name, "words": n_words, "sentences_without_alignment": n_unaligned}
    report.add(WORD_STARTS, row, median_error_ms=median_ms, error_ms_95_percent=late_ms)
    report.target(voice.name, "median error of word starts, ms", median_ms, at_most=50.0)
    report.target(voice.name, "error of word starts, 95 %, ms", late_ms, at_most=120.0)


BENCHMARK = Benchmark(
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("count", type=int, help="sentences, all hundred by default", smoke=1),
)
