"""Measure speech of a length that is asked for: when it ends, and what a recogniser understands.

    python -m benchmarks speech.fitting --voice en-kathleen --count 34 --json fitting.json

Each sentence (benchmarks/speech/texts/hundred.txt) is spoken at 0.8 to 1.3 times its usual rate, by ``seconds``. The
end is that of the last phone's decay, four frames after it; the error is its distance from the length. Word errors by
wavewright.metrics.recogniser (see docs/metrics.md); points are above the usual rate, with 95 % bootstrap intervals over
the sentences.
"""

from __future__ import annotations

from benchmarks.harness.corpora import SMOKE_VOICE, sentences
from benchmarks.harness.judges import JUDGE_OPTIONS, Judges, word_error_interval
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from wavewright.speech.voice import FRAMES_PER_SECOND, Speech, Voice

FACTORS = (0.805, 0.9, 1.0, 1.1, 1.2, 1.295)
DECAY_SECONDS = 4 / FRAMES_PER_SECOND

FITTED = Table(
    "fitted speech",
    columns(factor="g", sentences="d", largest_error_ms=".1f") | optional(word_error_percent=".1f", points=".1f"),
)


def measure(options: Options, report: Report) -> None:
    voice, judges = Voice.load(options.voice), Judges(options, report)
    texts = sentences()[: options.count]
    usual = [voice.speak(text) for text in texts]
    lengths = [speech.words[-1].end + DECAY_SECONDS for speech in usual]

    def errors_of(spoken: list[Speech]) -> list[dict[str, float]]:
        pairs = zip(spoken, texts, strict=True)
        return [judges.words(speech.clip.wave[0], voice.sample_rate, text) for speech, text in pairs]

    usual_errors = errors_of(usual)
    for factor in FACTORS:
        timed = [voice.speak(text, seconds=length / factor) for text, length in zip(texts, lengths, strict=True)]
        ends = [speech.words[-1].end + DECAY_SECONDS for speech in timed]
        error_ms = max(1e3 * abs(end - length / factor) for end, length in zip(ends, lengths, strict=True))
        errors = errors_of(timed)
        points = word_error_interval(errors, usual_errors)
        row = {"factor": factor, "sentences": len(texts), "largest_error_ms": error_ms}
        report.add(FITTED, row, word_error_percent=word_error_interval(errors), points=points)
        report.target(f"{factor:g} times", "end of the speech, ms from the length", error_ms, at_most=20.0)
        report.target(f"{factor:g} times", "points of word error", points, at_most=2.0)


BENCHMARK = Benchmark(
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("count", 40, "sentences", smoke=1),
    *JUDGE_OPTIONS,
)
