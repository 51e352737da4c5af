"""Measure exact 8-bit products beside those that saturate on x86 processors without VNNI: words, opinion and speed.

    python -m benchmarks.system.exact_products                                   # of this processor
    python .ci/older_processor.py python -m benchmarks.system.exact_products     # of one with AVX2 alone

A voice speaks the hundred sentences of mixed difficulty with both, by turns. Where the processor has VNNI, both are
the same. The recogniser always has exact products.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.harness.corpora import sentences
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns, optional
from benchmarks.speech.judges import Judges, add_judge_options, mean_interval, word_error_interval
from wavewright.audio.clip import Clip
from wavewright.base import onnx_runtime
from wavewright.speech.voice import Voice

NAME, EXACT = onnx_runtime.EXACT_PRODUCTS
SATURATING = "0"

VOICES = Table(
    "products",
    columns(products="s", sentences="d")
    | optional(word_error_percent=".1f", dnsmos=".2f")
    | columns(real_time_factor=".4f", correlation_to_exact=".3f"),
)


def voice_with(value: str, name: str) -> Voice:
    """Return a voice whose sessions have a value of the entry, after its first sentence."""
    onnx_runtime.EXACT_PRODUCTS = (NAME, value)  # type: ignore[misc]
    try:
        voice = Voice.load(name)
        voice.speak("Good morning.")
    finally:
        onnx_runtime.EXACT_PRODUCTS = (NAME, EXACT)  # type: ignore[misc]
    return voice


def timed(function: Callable[[], Clip]) -> tuple[Clip, float]:
    """Return the clip of a function and its processor time in seconds."""
    start = time.process_time()
    return function(), time.process_time() - start


def correlation(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the correlation of two waves, over the length of the shorter one."""
    n_samples = min(len(reference), len(estimate))
    return float(np.corrcoef(reference[:n_samples], estimate[:n_samples])[0, 1])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--voice", default="en-kathleen")
    parser.add_argument("--count", type=int, default=None, help="sentences, all by default")
    add_judge_options(parser)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for exact and one for saturating products."""
    texts, judges = sentences(options.count), Judges(options, report)
    voices = {"exact": voice_with(EXACT, options.voice), "saturating": voice_with(SATURATING, options.voice)}
    spoken = {
        name: [timed(lambda v=voice, t=text: v.speak(t).clip) for text in texts] for name, voice in voices.items()
    }
    for name, results in spoken.items():
        clips = [clip for clip, _ in results]
        errors = [
            judges.word_errors(clip.wave[0], clip.sample_rate, text) for clip, text in zip(clips, texts, strict=True)
        ]
        pairs = zip(spoken["exact"], clips, strict=True)
        report.add(
            VOICES,
            {
                "products": name,
                "sentences": len(texts),
                "word_error_percent": word_error_interval(np.array(errors)),
                "dnsmos": mean_interval([judges.dnsmos(clip.wave[0], clip.sample_rate) for clip in clips]),
                "real_time_factor": sum(seconds for _, seconds in results) / sum(clip.seconds for clip in clips),
                "correlation_to_exact": float(np.median([correlation(e.wave[0], c.wave[0]) for (e, _), c in pairs])),
            },
        )


BENCHMARK = Benchmark(__doc__, (VOICES,), add_options, measure, smoke={"count": 1, "no_dnsmos": True})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
