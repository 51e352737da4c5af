"""Compare the learned styles of a voice: word error and DNSMOS of sentences with a fraction of each style mixed in.

    python -m benchmarks speech.styles --voice en-kathleen

The sentences are those of docs/voice/script.txt, which no other benchmark of voices uses, so a style may be chosen by
them; see recipes/usual_style.py. Word errors by wavewright.metrics.recogniser (see docs/metrics.md).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SMOKE_VOICE
from benchmarks.harness.judges import JUDGE_OPTIONS, Judges, means
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from wavewright.speech.voice import Voice

SCRIPT = Path(__file__).parents[2] / "docs" / "voice" / "script.txt"
USUAL = "usual"
WEIGHT = 0.5  # of each style that is mixed in, where none is named

STYLES = Table(
    "styles",
    columns(voice="s", style="s", sentences="d")
    | optional(word_error_percent=".2f", dnsmos=".3f")
    | columns(seconds_a_sentence=".2f"),
)


def measure(options: Options, report: Report) -> None:
    voice, judges = Voice.load(options.voice, options.vocoder), Judges(options, report)
    texts = SCRIPT.read_text(encoding="utf-8").splitlines()[: options.count]
    styles = options.style or [f"{name}:{WEIGHT:g}" for name in voice.acoustic.styles]
    for style in (USUAL, *styles):
        clips = [voice.speak(sentence, style=None if style == USUAL else style).clip for sentence in texts]
        pairs = [((clip.wave[0], voice.sample_rate), text) for clip, text in zip(clips, texts, strict=True)]
        scores = means([judges.words(*sound, text) | judges.opinion(*sound) for sound, text in pairs])
        seconds = float(np.mean([clip.seconds for clip in clips]))
        report.add(STYLES, scores, voice=voice.name, style=style, sentences=len(texts), seconds_a_sentence=seconds)


BENCHMARK = Benchmark(
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("vocoder", "vocoder"),
    Option("style", (), "a style and its weight; by default each of the voice's", smoke=["style-4:0.5"]),
    Option("count", 100, "sentences, the first of the script", smoke=1),
    *JUDGE_OPTIONS,
)
