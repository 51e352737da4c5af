"""Measure how often the recogniser of known phrases is right: recorded prompts, told apart by a table alone.

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

from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_speech
from benchmarks.harness.judges import JUDGE_OPTIONS, SAMPLE_RATE, Judges, mean_interval
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.base.errors import SkippedText
from wavewright.dubbing.phrases import PhraseRecogniser
from wavewright.dubbing.translation import key_of
from wavewright.metrics.sampling import Interval

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
        found: dict[str, str] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SkippedText)
            for key in keys:
                found[key] = " | ".join(segment.text for segment in phrases.segments(entries[key].path, "en"))
    right = _add(report, "a table", keys, found)
    report.target("phrases", "right, percent", right, at_least=85.0)
    if recogniser is not None:
        for key in keys:
            text = key_of(recogniser.text_of(read_wave(entries[key].path, SAMPLE_RATE), SAMPLE_RATE))
            found[key] = " ".join(difflib.get_close_matches(text, keys, 1, 0.0))
        _add(report, "Moonshine tiny, nearest text", keys, found)


def _add(report: Report, name: str, keys: Sequence[str], found: Mapping[str, str]) -> Interval | None:
    """Add the rows of a recogniser; return the percentage of all."""
    right = {key: 100.0 * (found[key] == key) for key in keys}
    longer = {key: each for key, each in right.items() if " " in key}
    for words, some in (("two and more", longer), ("all", right)):
        percent = mean_interval([*some.values()])
        report.add(PHRASES, recogniser=name, words=words, prompts=len(some), right_percent=percent)
    return percent


BENCHMARK = Benchmark(
    measure,
    Option("corpus", Path("corpora/prompts"), smoke=smoke_speech),
    Option("count", 100, smoke=4),
    Option("seed", 1),
    *JUDGE_OPTIONS,
)
