"""Compare the loudness and true peak of ``wavewright analyse`` with FFmpeg's ``ebur128``, by PyAV.

    python -m benchmarks.analysis.ebur128 --corpus corpora/denoise --split valid --json ebur128.json

A file is twelve recordings at random levels, one after another, at 24, 44.1 or 48 kHz, every second one in stereo.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, shuffle_entries, smoke_digits
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.base.units import db_to_gain
from wavewright.data.entry import Entry
from wavewright.dsp.loudness import STEPS_PER_BLOCK, STEPS_PER_SHORT_TERM, LoudnessMeter
from wavewright.dsp.true_peak import TruePeakMeter
from wavewright.effects import NormaliseLoudness

SAMPLE_RATES = (24_000, 44_100, 48_000)
RECORDINGS_PER_FILE = 12
LONGEST_SECONDS = 8
GAINS_DB = (-20.0, 3.0)

DIFFERENCES = Table("differences", columns(measure="s", files="d", median=".3f", largest=".3f"))

TARGET_LUFS = -16.0  # of the normalisation
PREFIX = "lavfi.r128."
BLOCK_SAMPLES = 4_800


def ebur128(wave: np.ndarray, sample_rate: int) -> dict[str, list[float]]:
    """Return what ``ebur128`` measures every 100 ms of ``wave (1 or 2, time)``, by name: I, LRA, M, S, true_peak."""
    layout = {1: "mono", 2: "stereo"}[len(wave)]
    graph = av.filter.Graph()
    time_base = Fraction(1, sample_rate)
    source = graph.add_abuffer(format="fltp", sample_rate=sample_rate, layout=layout, time_base=time_base)
    meter = graph.add("ebur128", "metadata=1:peak=true:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    measured: dict[str, list[float]] = defaultdict(list)
    blocks = [wave[:, start : start + BLOCK_SAMPLES] for start in range(0, wave.shape[1], BLOCK_SAMPLES)]
    for number, block in enumerate([*blocks, None]):
        frame = None
        if block is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = sample_rate, number * BLOCK_SAMPLES
        source.push(frame)
        while True:
            try:
                metadata = sink.pull().metadata
            except (av.BlockingIOError, av.EOFError):
                break
            for name, value in metadata.items():
                measured[name.removeprefix(PREFIX)].append(float(value))
    return measured


def differences(wave: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Return the magnitudes of the differences by measure, in LU and dB, for ``wave (1 or 2, time)``."""
    expected = ebur128(wave, sample_rate)
    meter, peak = LoudnessMeter(sample_rate, len(wave)), TruePeakMeter(len(wave))
    meter.add(wave)
    peak.add(wave)
    true_peak_db = 20 * math.log10(expected["true_peak"][-1])
    normalised = NormaliseLoudness(TARGET_LUFS)(wave, sample_rate)
    return {
        "integrated": abs(meter.integrated_lufs() - expected["I"][-1]),
        "largest short-term": abs(meter.short_term_lufs().max() - max(expected["S"][STEPS_PER_SHORT_TERM - 1 :])),
        "largest momentary": abs(meter.momentary_lufs().max() - max(expected["M"][STEPS_PER_BLOCK - 1 :])),
        "loudness range": abs(meter.range_lu() - expected["LRA"][-1]),
        "true peak": abs(peak.peak_db() - true_peak_db),
        "integrated, normalised": abs(ebur128(normalised, sample_rate)["I"][-1] - TARGET_LUFS),
    }


def medley(entries: Sequence[Entry], number: int) -> tuple[np.ndarray, int]:
    """Return the file with a number, ``(1 or 2, time)`` float32, and its sample rate."""
    rng = np.random.default_rng(number)
    sample_rate = SAMPLE_RATES[number % len(SAMPLE_RATES)]
    chosen = shuffle_entries(entries, RECORDINGS_PER_FILE, seed=number)
    waves = [read_wave(entry.path, sample_rate)[: LONGEST_SECONDS * sample_rate] for entry in chosen]
    wave = np.concatenate([wave * np.float32(db_to_gain(rng.uniform(*GAINS_DB))) for wave in waves])[None]
    if number % 2:
        wave = np.concatenate([wave, np.float32(0.5) * wave[:, ::-1]])
    return wave, sample_rate


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/denoise"))
    parser.add_argument("--split", default="valid")
    parser.add_argument("--count", type=int, default=50, help="files")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each measure."""
    entries = corpus_entries(options.corpus, options.split)
    measured = [differences(*medley(entries, number)) for number in range(options.count)]
    for name in measured[0]:
        values = [row[name] for row in measured]
        median, largest = float(np.median(values)), max(values)
        report.add(DIFFERENCES, {"measure": name, "files": len(values), "median": median, "largest": largest})


BENCHMARK = Benchmark(__doc__, (DIFFERENCES,), add_options, measure, smoke={"corpus": smoke_digits, "count": 2})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
