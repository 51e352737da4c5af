"""Measure speech of a length that is asked for: when it ends, and what a recogniser understands.

    python -m benchmarks speech.fitting --voice en-kathleen --count 34 --json fitting.json

Each sentence (benchmarks/speech/texts/hundred.txt) is spoken at 0.8 to 1.3 times its usual rate, by ``seconds``. The
end is that of the last phone's decay, four frames after it; the error is its distance from the length. Word errors by
wavewright.metrics.recogniser (see docs/metrics.md); points are above the usual rate, with 95 % bootstrap intervals over
the sentences.
"""

from __future__ import annotations

import numpy as np

from benchmarks.harness.corpora import SMOKE_VOICE, sentences
from benchmarks.harness.script import TARGETS, Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.speech.judges import JUDGE_OPTIONS, Judges, word_error_interval
from wavewright.speech.voice import FRAMES_PER_SECOND, Voice

FACTORS = (0.805, 0.9, 1.0, 1.1, 1.2, 1.295)
DECAY_SECONDS = 4 / FRAMES_PER_SECOND
MAX_ERROR_MS = 20.0
MAX_POINTS = 2.0

FITTED = Table(
    "fitted speech",
    columns(factor="g", sentences="d", largest_error_ms=".1f") | optional(word_error_percent=".1f", points=".1f"),
)


def measure(options: Options, report: Report) -> None:
    """Add a row for each factor."""
    voice, judges = Voice.load(options.voice), Judges(options, report)
    texts = sentences()[: options.count]
    usual = [voice.speak(text) for text in texts]
    lengths = [speech.words[-1].end + DECAY_SECONDS for speech in usual]
    usual_errors = np.array(
        [
            judges.word_errors(speech.clip.wave[0], voice.sample_rate, text)
            for speech, text in zip(usual, texts, strict=True)
        ],
        float,
    )
    for factor in FACTORS:
        ends_ms, errors = [], []
        for text, length in zip(texts, lengths, strict=True):
            speech = voice.speak(text, seconds=length / factor)
            ends_ms.append(1e3 * abs(speech.words[-1].end + DECAY_SECONDS - length / factor))
            errors.append(judges.word_errors(speech.clip.wave[0], voice.sample_rate, text))
        of_factor = np.array(errors, float)
        points = word_error_interval(of_factor, usual_errors)
        report.add(
            FITTED,
            factor=factor,
            sentences=len(texts),
            largest_error_ms=max(ends_ms),
            word_error_percent=word_error_interval(of_factor),
            points=points,
        )
        report.target(f"{factor:g} times", "end of the speech, ms from the length", max(ends_ms), at_most=MAX_ERROR_MS)
        report.target(f"{factor:g} times", "points of word error", points, at_most=MAX_POINTS)


BENCHMARK = Benchmark(
    __doc__,
    (FITTED, TARGETS),
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("count", 40, "sentences", smoke=1),
    *JUDGE_OPTIONS,
)
