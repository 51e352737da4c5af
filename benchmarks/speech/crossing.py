r"""Measure voices of several languages: are they understood in a language that they have no recordings in, and alike?

    python recipes/corpora speech --kathleen K --kerstin G --out corpora/speech
    python -m benchmarks.speech.crossing --corpus corpora/speech --json crossing.json

Each voice of ``--model`` speaks the held-out sentences of every reader of ``--reader``: its own ones, and crossed those
of the others, in their language. Judges are the recognisers of phones of benchmarks/speech/phones.py, which learn from
the readers' recordings at several speeds, and which also tell the language; the recogniser of English words; DNSMOS;
and the cosine between speaker embeddings (Resemblyzer) of what is spoken and of other recordings of the speaker, over
the same of what the voice speaks in its own language. Intervals are 95 % bootstrap intervals over the sentences.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness.corpora import corpus_entries, smoke_speech
from benchmarks.harness.peers import RESEMBLYZER
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, Value, columns, optional
from benchmarks.speech.judges import Judges, add_judge_options, mean_interval, word_error_interval
from benchmarks.speech.phones import PhoneRecogniser, hear, learn, tell_languages
from benchmarks.speech.speakers import voice
from benchmarks.speech.speech_distance import SpeakerEncoder, mean_similarity
from benchmarks.speech.voices import held_out_sentences
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dubbing.stretches import RATE

MAX_WORD_ERROR_PERCENT = 8.0
MIN_LANGUAGE_PERCENT = 95.0
MIN_SIMILARITY_RATIO = 0.85
SIZES = (0.85, 0.92, 1.0, 1.09, 1.18)
"""Speeds of what the recognisers learn from: otherwise they tell the voice of a reader, not the language."""
N_RECORDINGS = 60  # of a speaker, whose mean embedding is compared

CROSSED = Table(
    "voices in every language",
    columns(voice="s", language="s", sentences="d", phone_error_percent=".1f", language_told_percent=".0f")
    | optional(word_error_percent=".1f", dnsmos=".2f", similarity=".3f", over_own_language=".2f"),
)


@dataclass(frozen=True)
class Reader:
    """A reader: its language, its held-out sentences, and other recordings."""

    name: str
    language: str
    texts: list[str]
    learned: list[Entry]


def reader_of(corpus: Path, name: str, split: str, count: int | None) -> Reader:
    """Return a reader of a corpus; raise BadFolder if it has no held-out sentence."""
    entries = held_out_sentences(corpus, name, split)[:count]
    texts = [str(entry.text) for entry in entries]
    others = corpus_entries(corpus, "train", needs_text=True, speaker=name)
    return Reader(name, str(entries[0].language), texts, [entry for entry in others if str(entry.text) not in texts])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--model", default="de", help="whose voices are named after the readers")
    parser.add_argument("--reader", nargs="+", default=["kerstin", "kathleen"], help="one of each language")
    parser.add_argument("--split", nargs="+", default=["valid", "test"], help="of the held-out sentences of each")
    parser.add_argument("--vocoder", default="vocoder")
    parser.add_argument("--epochs", type=int, default=16, help="of the recognisers of phones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="of each sentence")
    parser.add_argument("--count", type=int, default=None, help="held-out sentences, all by default")
    add_judge_options(parser)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each voice and language, its own first."""
    torch.set_num_threads(1)
    judges = Judges(options, report)
    encoder = SpeakerEncoder() if RESEMBLYZER.is_installed else None
    if encoder is None:
        report.skip(RESEMBLYZER, "similarity")
    readers = [
        reader_of(options.corpus, *each, options.count) for each in zip(options.reader, options.split, strict=True)
    ]
    recognisers = {
        each.language: learn(each.learned, each.language, options.epochs, options.seed, SIZES) for each in readers
    }
    for reader in readers:
        own_similarity = np.nan
        for other in sorted(readers, key=lambda each: each is not reader):
            row, waves = spoken_by(reader, other, recognisers, judges, options)
            if encoder is not None:
                similarity = similarity_to(reader, waves, encoder)
                own_similarity = similarity if other is reader else own_similarity
                row |= {"similarity": similarity, "over_own_language": similarity / own_similarity}
            report.add(CROSSED, row)
            if other is not reader:
                add_targets(row, report)


def spoken_by(
    reader: Reader,
    other: Reader,
    recognisers: dict[str, PhoneRecogniser],
    judges: Judges,
    options: argparse.Namespace,
) -> tuple[dict[str, Value], list[np.ndarray]]:
    """Let the voice of a reader speak the sentences of another one, or its own; return its row, and what it says."""
    speaker = voice(f"{options.model}-{reader.name}", options.vocoder, options.seeds, other.language)
    heard = hear(speaker, other.texts, recognisers[other.language])
    told = tell_languages(speaker.name, other.language, heard.waves, [*recognisers.values()])
    texts = np.repeat(other.texts, options.seeds)
    row: dict[str, Value] = {
        "voice": f"{options.model}-{reader.name}",
        "language": other.language,
        "sentences": len(other.texts),
        "phone_error_percent": word_error_interval(heard.errors),
        "language_told_percent": told["right_percent"],
        "dnsmos": mean_interval(np.array([judges.dnsmos(wave, RATE) for wave in heard.waves])),
    }
    if other.language == "en":
        errors = [judges.word_errors(wave, RATE, str(text)) for wave, text in zip(heard.waves, texts, strict=True)]
        row["word_error_percent"] = word_error_interval(np.array(errors))
    return row, heard.waves


def similarity_to(reader: Reader, waves: list[np.ndarray], encoder: SpeakerEncoder) -> float:
    """Return how alike waves ``(time,)`` at 16 kHz and other recordings of a reader are."""
    natural = [encoder.embed(Clip.read(entry.path).mono()) for entry in reader.learned[:N_RECORDINGS]]
    return mean_similarity(natural, [encoder.embed(Clip(wave[None], RATE)) for wave in waves])


def add_targets(row: dict[str, Value], report: Report) -> None:
    """Compare a crossed row with the targets."""
    subject = f"{row['voice']} in {row['language']}"
    report.target(subject, "language told, percent", row["language_told_percent"], at_least=MIN_LANGUAGE_PERCENT)
    report.target(
        subject, "similarity over that of the own language", row.get("over_own_language"), at_least=MIN_SIMILARITY_RATIO
    )
    report.target(subject, "word error, percent", row.get("word_error_percent"), at_most=MAX_WORD_ERROR_PERCENT)


BENCHMARK = Benchmark(
    __doc__,
    (CROSSED, TARGETS),
    add_options,
    measure,
    smoke={
        "corpus": smoke_speech,
        "model": "en",
        "reader": ["kathleen"],
        "split": ["test"],
        "epochs": 1,
        "count": 2,
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
