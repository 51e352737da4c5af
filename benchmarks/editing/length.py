"""Measure memory and processor time of ``wavewright edit`` with chains of effects on recordings of several lengths.

    python -m benchmarks.editing.length --hours 0.1 1 10 --json length.json

The recording is bursts of harmonics in noise, a stereo WAV file at 48 kHz; the result is FLAC. The speed is the
duration over the processor time of the whole command on one thread; the peak is that of the resident set.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.enhancement.length import HOUR, write_recording
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from benchmarks.harness.timing import peak_megabytes_of_children, time_process

SAMPLE_RATE, N_CHANNELS = 48_000, 2
CHAINS = {
    "ten effects": (
        "dc; highpass 80Hz; peak 3kHz 2dB; deess; compress -18dB 3:1; expand; chorus; reverb; width 1.2; limit"
    ),
    "loudness": "loudness -16LUFS",
    "trim, fades, resampling": "trim 1s..; fadein 2s; fadeout 2s; resample 44.1kHz",
}

EDITED = Table(
    "edited recordings",
    columns(chain="s", effects="d", hours="g", times_real_time=".0f", peak_megabytes=".0f"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--hours", type=float, nargs="+", default=[0.1, 1.0, 10.0], help="in ascending order")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each chain and length."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for hours in sorted(options.hours):
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.wav", Path(folder) / "out.flac"
            write_recording(source, SAMPLE_RATE, N_CHANNELS, hours)
            for name, chain in CHAINS.items():
                command = ["edit", str(source), "--out", str(target), "--do", chain]
                times = time_process([sys.executable, "-m", "wavewright", *command], environment=environment)
                target.unlink()  # ten hours are gigabytes
                report.add(
                    EDITED,
                    {
                        "chain": name,
                        "effects": 1 + chain.count(";"),
                        "hours": hours,
                        "times_real_time": hours * HOUR / times.processor_seconds,
                        "peak_megabytes": peak_megabytes_of_children(),
                    },
                )


BENCHMARK = Benchmark(__doc__, (EDITED,), add_options, measure, smoke={"hours": [0.001]})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
