"""Measure memory and processor time of ``wavewright enhance`` on recordings of several lengths.

    python -m benchmarks.enhancement.length --hours 0.1 1 10 --json length.json

The recording is bursts of harmonics in noise, as a WAV file. The real-time factor is the processor time of the whole
command on one thread over the duration; the peak is that of the resident set.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from benchmarks.harness.timing import peak_megabytes_of_children, time_process

HOUR = 3_600.0
BLOCK_SECONDS = 10
MAX_MEGABYTES = 300.0
MAX_REAL_TIME_FACTORS = {"denoise-16k": 0.010, "denoise-48k": 0.030}
MODELS = ("denoise-16k",)

LONG = Table(
    "long recordings",
    columns(model="s", sample_rate="d", channels="d", hours="g", real_time_factor=".4f", peak_megabytes=".0f"),
)


def write_recording(path: Path, sample_rate: int, n_channels: int, hours: float) -> None:
    """Write a recording of bursts of harmonics in noise, block by block."""
    rng = np.random.default_rng(0)
    time = np.arange(BLOCK_SECONDS * sample_rate) / sample_rate
    voice = (np.sin(2 * np.pi * 1.3 * time) > 0) * sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 20))
    block = 0.1 * voice[:, None] + 0.01 * rng.standard_normal((len(time), n_channels))
    n_left = round(hours * HOUR * sample_rate)
    with soundfile.SoundFile(path, "w", sample_rate, n_channels, "PCM_16", format="RF64") as file:
        while n_left > 0:
            file.write(block[:n_left])
            n_left -= len(block)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--hours", type=float, nargs="+", default=[0.1, 1.0, 10.0], help="in ascending order")
    parser.add_argument("--model", nargs="*", default=MODELS, help="denoisers")
    parser.add_argument("--sample-rate", type=int, default=16_000)
    parser.add_argument("--channels", type=int, default=1)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each model and length."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for hours in sorted(options.hours):
        for model in options.model:
            with tempfile.TemporaryDirectory() as folder:
                source, target = Path(folder) / "in.wav", Path(folder) / "out.wav"
                write_recording(source, options.sample_rate, options.channels, hours)
                command = ["enhance", str(source), "--out", str(target), "--model", model]
                times = time_process([sys.executable, "-m", "wavewright", *command], environment=environment)
            report.add(
                LONG,
                {
                    "model": model,
                    "sample_rate": options.sample_rate,
                    "channels": options.channels,
                    "hours": hours,
                    "real_time_factor": times.processor_seconds / (hours * HOUR),
                    "peak_megabytes": peak_megabytes_of_children(),
                },
            )
            subject = f"{model}, {hours:g} hours"
            report.target(subject, "peak memory, MB", peak_megabytes_of_children(), at_most=MAX_MEGABYTES)
            if model in MAX_REAL_TIME_FACTORS:
                factor = times.processor_seconds / (hours * HOUR)
                report.target(subject, "real-time factor", factor, at_most=MAX_REAL_TIME_FACTORS[model])


BENCHMARK = Benchmark(__doc__, (LONG, TARGETS), add_options, measure, smoke={"hours": [0.001]})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
