"""Measure the seams of looped textures: the spectral flux where the end meets the start, beside that elsewhere.

    python -m benchmarks.procedural.seams --json seams.json

A position is within the 95th percentile in 95 of 100 cases where nothing happens, so a seam must be as often.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import scipy.signal

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.synth.procedural import PROCEDURES

WINDOW_SECONDS = 0.0116
AROUND_SECONDS = 0.007
"""Time before and after the seam over which the flux is averaged."""

FAR_SECONDS = 0.045
FLOOR = 1e-4
PERCENTILE = 95.0

SEAMS = Table("seams", columns(effect="s", loops="d", within_95="d"))


def is_smooth(loop: np.ndarray, sample_rate: int) -> bool:
    """Return True if the flux at the seam of a loop ``(time,)`` is within the percentile of that far from it."""
    n_fft = 2 * round(WINDOW_SECONDS * sample_rate / 2)
    twice = np.concatenate([loop, loop])
    _, seconds, spectra = scipy.signal.stft(twice, sample_rate, nperseg=n_fft, noverlap=n_fft * 3 // 4, boundary=None)
    flux = np.maximum(0.0, np.diff(np.log(np.abs(spectra) + FLOOR), axis=1)).mean(axis=0)
    from_seam = np.abs(seconds[1:] - len(loop) / sample_rate)
    from_ends = np.minimum(seconds[1:], len(twice) / sample_rate - seconds[1:])
    elsewhere = flux[(from_seam > FAR_SECONDS) & (from_ends > FAR_SECONDS)]
    return bool(flux[from_seam < AROUND_SECONDS].mean() <= np.percentile(elsewhere, PERCENTILE))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    textures = [name for name, procedure in PROCEDURES.items() if procedure.is_texture]
    parser.add_argument("--only", nargs="+", choices=textures, default=textures)
    parser.add_argument("--count", type=int, default=20, help="loops of each effect")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--sample-rate", type=int, default=44_100)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each texture with its default settings."""
    for name in options.only:
        smooth = []
        for seed in range(options.count):
            wave = PROCEDURES[name]().render(options.seconds, options.sample_rate, seed, n_channels=1, is_loop=True)
            smooth.append(is_smooth(wave[0], options.sample_rate))
        report.add(SEAMS, {"effect": name, "loops": len(smooth), "within_95": sum(smooth)})


BENCHMARK = Benchmark(
    __doc__ or "", (SEAMS,), add_options, measure, smoke={"only": ["engine"], "count": 1, "seconds": 1.0}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
