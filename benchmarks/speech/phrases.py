"""Measure how often the recogniser of known phrases is right: recorded prompts, told apart by a table alone.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks speech.phrases --corpus corpora/prompts

Prompts with different texts are drawn by a seed; the table has their texts, and each recording is one file, as in
``dub --recogniser table:FILE --translator table:FILE``: the right phrase has the right translation. The peer is the
recogniser of `judges`, whose text is taken for the phrase that most of its letters are like (``difflib``). Intervals
are bootstrap intervals over the prompts, 95 %.
"""

from __future__ import annotations

import difflib
import random
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_speech
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.speech.judges import JUDGE_OPTIONS, Judges, mean_interval
from wavewright.base.errors import SkippedText
from wavewright.dubbing.phrases import PhraseRecogniser
from wavewright.dubbing.translation import key_of

SAMPLE_RATE = 16_000
LEAST_PERCENT = 85.0

PHRASES = Table("phrases", columns(recogniser="s", words="s", prompts="d", right_percent=".1f"))


def measure(options: Options, report: Report) -> None:
    """Recognise each prompt, and add a row for all of them and for those of two words and more."""
    entries = {key_of(entry.text): entry for entry in corpus_entries(options.corpus, "test") if entry.text}
    keys = random.Random(options.seed).sample(sorted(entries), min(options.count, len(entries)))
    recogniser = Judges(options, report).recogniser
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "phrases.csv")
        table.write_text("".join(f"{key}\t{key}\n" for key in keys), encoding="utf-8")
        phrases = PhraseRecogniser(table)
        found = {key: _phrases_in(phrases, entries[key].path) for key in keys}
    _add(report, "a table", keys, found)
    report.target("phrases", "right, percent", _percent(keys, found), at_least=LEAST_PERCENT)
    if recogniser is not None:
        heard = {
            key: key_of(recogniser.text_of(read_wave(entries[key].path, SAMPLE_RATE), SAMPLE_RATE)) for key in keys
        }
        nearest = {key: difflib.get_close_matches(text, keys, 1, 0.0) for key, text in heard.items()}
        _add(report, "Moonshine tiny, nearest text", keys, {key: " ".join(each) for key, each in nearest.items()})


def _phrases_in(recogniser: PhraseRecogniser, sound: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkippedText)
        return " | ".join(segment.text for segment in recogniser.segments(sound, "en"))


def _percent(keys: Sequence[str], found: Mapping[str, str]) -> float:
    return 100 * float(np.mean([found[key] == key for key in keys]))


def _add(report: Report, name: str, keys: Sequence[str], found: Mapping[str, str]) -> None:
    longer = [key for key in keys if " " in key]
    for words, some in (("all", keys), ("two and more", longer)):
        right = [100.0 * (found[key] == key) for key in some]
        report.add(PHRASES, recogniser=name, words=words, prompts=len(some), right_percent=mean_interval(right))


BENCHMARK = Benchmark(
    __doc__,
    (PHRASES,),
    measure,
    Option("corpus", Path("corpora/prompts"), smoke=smoke_speech),
    Option("count", 100, smoke=4),
    Option("seed", 1),
    *JUDGE_OPTIONS,
)
