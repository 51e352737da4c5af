"""Measure speech of a length or rate that is asked for: when it ends, and what a recogniser understands.

    python -m benchmarks speech.fitting --voice en-kathleen --count 40 --first 60 --no-dnsmos

Each sentence (benchmarks/speech/texts/hundred.txt) is spoken at 0.8 to 1.3 times its usual rate, by ``seconds``. The
end is that of the last phone's decay, four frames after it; the error is its distance from the length. Then it is up to
three times as fast, by ``rate``, and so are recordings of the split ``test``, by SoX. Word errors by
wavewright.metrics.recogniser (see docs/metrics.md); points are above the usual rate, with 95 % bootstrap intervals over
the sentences.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from benchmarks.harness.corpora import SMOKE_VOICE, corpus_entries, sentences, smoke_speech
from benchmarks.harness.judges import JUDGE_OPTIONS, Judges, word_error_interval
from benchmarks.harness.peers import SOX
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from wavewright.audio.clip import Clip
from wavewright.metrics.sampling import Interval
from wavewright.speech.prosody import Prosody
from wavewright.speech.voice import FRAMES_PER_SECOND, Speech, Voice

FACTORS = (0.805, 0.9, 1.0, 1.1, 1.2, 1.295)
RATES = {2.0: 5.0, 2.5: 7.5, 3.0: 10.0}  # and the most word errors, in percent
DECAY_SECONDS = 4 / FRAMES_PER_SECOND

ERRORS = optional(word_error_percent=".1f", points=".1f")
FITTED = Table("fitted speech", columns(factor="g", sentences="d", largest_error_ms=".1f") | ERRORS)
FAST = Table("fast speech", columns(rate="g", sentences="d", times_as_fast=".2f") | ERRORS)
RECORDED = Table(
    "recordings sped up by SoX", columns(rate="g", sentences="d") | optional(word_error_percent=".1f"), is_optional=True
)


def sped_up(path: Path, rate: float) -> Clip:
    """Return a recording at its pitch and a multiple of its rate, by SoX."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "fast.wav"
        subprocess.run(["sox", str(path), "-c", "1", str(out), "tempo", "-s", f"{rate:g}"], check=True)
        return Clip.read(out)


def measure(options: Options, report: Report) -> None:
    voice, judges = Voice.load(options.voice), Judges(options, report)
    has_sox = report.has(SOX, "Recordings sped up")
    recorded = corpus_entries(options.corpus, "test", needs_text=True)[: options.count] if has_sox else []
    texts = sentences()[options.first :][: options.count]
    usual = [voice.speak(text) for text in texts]
    lengths = [speech.words[-1].end + DECAY_SECONDS for speech in usual]

    def errors_of(spoken: list[Speech]) -> list[dict[str, float]]:
        pairs = zip(spoken, texts, strict=True)
        return [judges.words(speech.clip.wave[0], voice.sample_rate, text) for speech, text in pairs]

    usual_errors = errors_of(usual)

    def cells(spoken: list[Speech]) -> dict[str, Interval | None]:
        errors = errors_of(spoken)
        return {"word_error_percent": word_error_interval(errors), "points": word_error_interval(errors, usual_errors)}

    for factor in FACTORS:
        timed = [voice.speak(text, seconds=length / factor) for text, length in zip(texts, lengths, strict=True)]
        ends = [speech.words[-1].end + DECAY_SECONDS for speech in timed]
        error_ms = max(1e3 * abs(end - length / factor) for end, length in zip(ends, lengths, strict=True))
        row = cells(timed)
        report.add(FITTED, row, factor=factor, sentences=len(texts), largest_error_ms=error_ms)
        report.target(f"{factor:g} times", "end of the speech, ms from the length", error_ms, at_most=20.0)
        report.target(f"{factor:g} times", "points of word error", row["points"], at_most=2.0)
    for rate, most in RATES.items():
        fast = [voice.speak(text, Prosody(rate=rate)) for text in texts]
        row, ends = cells(fast), [sum(speech.words[-1].end for speech in each) for each in (usual, fast)]
        report.add(FAST, row, rate=rate, sentences=len(texts), times_as_fast=ends[0] / ends[1])
        report.target(f"rate {rate:g}", "word error, %", row["word_error_percent"], at_most=most)
    for rate in (1.0, *RATES) if recorded else ():
        pairs = [(sped_up(entry.path, rate), str(entry.text)) for entry in recorded]
        errors = [judges.words(clip.wave[0], clip.sample_rate, text) for clip, text in pairs]
        report.add(RECORDED, {"word_error_percent": word_error_interval(errors)}, rate=rate, sentences=len(errors))


BENCHMARK = Benchmark(
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("count", 40, "sentences", smoke=1),
    Option("first", 0, "sentences before them"),
    Option("corpus", Path("corpora/speech"), "recordings of the reader", smoke=smoke_speech),
    *JUDGE_OPTIONS,
)
