"""Measure the real-time factor of denoisers and of the echo canceller, of whole files and of streams.

    python -m benchmarks enhancement.speed --gtcrn FOLDER --json speed.json

The real-time factor is processor time on one thread over the duration of the sound. A stream comes in chunks of one
hop. GTCRN is its authors' ONNX graph of one frame, ``stream/onnx_models/gtcrn_simple.onnx`` in a copy of the public
repository Xiaobin-Rong/gtcrn, played as any denoiser in an ONNX file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.harness.timing import median_seconds
from wavewright.contracts.enhancement import EnhancerStream
from wavewright.families import loading

SECONDS = 16.0
ECHO_MODEL = "echo-16k"
MAX_REAL_TIME_FACTORS = {"denoise-16k": 0.010, "denoise-48k": 0.030, ECHO_MODEL: 0.012}
GTCRN_HOP = 256

SPEEDS = Table("real-time factors", columns(name="s") | optional(file=".4f", stream=".4f"))


def sound(sample_rate: int, seed: int = 0) -> np.ndarray:
    """Return bursts of harmonics in noise, ``(time,)``."""
    time = np.arange(round(SECONDS * sample_rate)) / sample_rate
    voice = (np.sin(2 * np.pi * 1.3 * time) > 0) * sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 20))
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (0.1 * voice + 0.01 * noise).astype(np.float32)


def measure(options: Options, report: Report) -> None:
    def factor(work: Callable[[], object]) -> float:
        return median_seconds(work, options.rounds) / SECONDS

    def streamed(stream: EnhancerStream, wave: np.ndarray, hop_length: int) -> float:
        hops = [wave[None, start : start + hop_length] for start in range(0, len(wave), hop_length)]
        return factor(lambda: [stream.push(hop) for hop in hops])

    rows: dict[str, dict[str, float]] = {}
    for name in options.model:
        model = loading.load_enhancer(name)
        wave, stream = sound(model.sample_rate), model.stream()
        rows[name] = {"file": factor(partial(model.enhance, wave))}
        hop_length = (stream.latency_samples + 1) // 2
        if hop_length <= model.sample_rate // 10:  # not a model that waits for the seconds to come
            rows[name]["stream"] = streamed(stream, wave, hop_length)
    canceller = loading.load_echo_canceller(ECHO_MODEL)
    far = sound(canceller.sample_rate, 1)
    microphone = 0.5 * np.roll(far, 400) + sound(canceller.sample_rate)
    rows[ECHO_MODEL] = {"file": factor(partial(canceller.cancel, microphone, far))}
    if options.gtcrn is None:
        report.note("GTCRN: left out; give --gtcrn a copy of the repository Xiaobin-Rong/gtcrn.")
    else:
        peer = loading.load_enhancer(options.gtcrn / "stream" / "onnx_models" / "gtcrn_simple.onnx")
        rows["GTCRN"] = {"stream": streamed(peer.stream(), sound(peer.sample_rate), GTCRN_HOP)}
    for name, row in rows.items():
        report.add(SPEEDS, row, name=name)
        limit = MAX_REAL_TIME_FACTORS.get(name)
        report.target(name, "real-time factor of a file", row.get("file") if limit else None, at_most=limit)


BENCHMARK = Benchmark(
    measure,
    Option("model", ("denoise-16k", "denoise-48k"), "denoisers", smoke=["denoise-16k"]),
    Option("gtcrn", type=Path, help="copy of the repository Xiaobin-Rong/gtcrn"),
    Option("rounds", 5, smoke=1),
)
