"""Measure what denoisers restore of sentences that were clipped or whose high frequencies are missing.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks.enhancement.restore --speech corpora/prompts --json restore.json

Sentences are clipped at the level that leaves a given signal-to-distortion ratio, or resampled to 8 or 11.025 kHz and
back. Wide-band PESQ, SI-SDR in dB, and the level above the highest frequency that is left, over that of the sentence.
The baseline for clipping is shape-preserving cubic interpolation of the clipped samples (SciPy's PCHIP).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from benchmarks.enhancement.denoise import model_denoiser
from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_speech
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Row, Table, columns, optional
from benchmarks.speech.judges import SAMPLE_RATE, Judges, add_judge_options, mean_interval
from wavewright.audio.clip import Clip
from wavewright.base.units import gain_to_db
from wavewright.metrics.paired import si_sdr_db

CLIPPED_TO_DB = (3.0, 7.0, 15.0)
RATES = (8_000, 11_025)
PEAK = 0.9

RESTORED = Table(
    "restored",
    columns(damage="s", method="s", clips="d", si_sdr_db=".1f") | optional(pesq=".2f", high_level_db=".1f"),
)


def clipped(wave: np.ndarray, ratio_db: float) -> np.ndarray:
    """Return a wave ``(time,)`` clipped at the level that leaves a signal-to-distortion ratio."""
    power = np.square(wave, dtype=np.float64).sum()

    def excess_db(limit: float) -> float:
        error = np.square(wave - wave.clip(-limit, limit), dtype=np.float64).sum()
        return float(10 * np.log10(power / (error + 1e-12))) - ratio_db

    limit = brentq(excess_db, 1e-4, float(np.abs(wave).max()))
    return wave.clip(-limit, limit)


def interpolated(wave: np.ndarray) -> np.ndarray:
    """Return a clipped wave ``(time,)`` whose clipped samples are interpolated between the others."""
    limit = np.abs(wave).max()
    is_whole = np.abs(wave) < 0.999 * limit
    is_whole[[0, -1]] = True
    positions = np.flatnonzero(is_whole)
    restored: np.ndarray = PchipInterpolator(positions, wave[positions])(np.arange(len(wave))).astype(np.float32)
    return restored


def band_limited(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a wave ``(time,)`` resampled to a lower rate and back."""
    back = Clip(wave[None], SAMPLE_RATE).resample(sample_rate).resample(SAMPLE_RATE).wave[0]
    return np.pad(back, (0, max(len(wave) - len(back), 0)))[: len(wave)]


def high_level_db(wave: np.ndarray, reference: np.ndarray, limit_hz: float) -> float:
    """Return the level of a wave above a frequency over that of the reference, in dB."""
    first = int(np.ceil(limit_hz * len(wave) / SAMPLE_RATE))
    levels = [np.sqrt(np.square(np.abs(np.fft.rfft(each))[first:]).sum()) for each in (wave, reference)]
    return float(gain_to_db(levels[0] / levels[1]))


def measure_method(
    names: tuple[str, str],
    method: Callable[[np.ndarray], np.ndarray],
    pairs: Sequence[tuple[np.ndarray, np.ndarray]],
    limit_hz: float | None,
    judges: Judges,
) -> Row:
    """Return the row of a damage and a method for pairs of whole and damaged sentences."""
    estimates = [(whole, method(damaged)) for whole, damaged in pairs]
    levels = [high_level_db(estimate, whole, limit_hz) for whole, estimate in estimates] if limit_hz else []
    return {
        "damage": names[0],
        "method": names[1],
        "clips": len(pairs),
        "pesq": mean_interval([judges.pesq(whole, estimate) for whole, estimate in estimates]),
        "si_sdr_db": mean_interval([si_sdr_db(whole, estimate) for whole, estimate in estimates]),
        "high_level_db": mean_interval(levels) if levels else None,
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--speech", type=Path, default=Path("corpora/prompts"), help="a corpus with texts")
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", nargs="*", default=["denoise-16k"], help="denoisers at 16 kHz")
    parser.add_argument("--count", type=int, default=20)
    add_judge_options(parser)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add rows for each damage, without anything, by interpolation and by each model."""
    judges = Judges(options, report, with_pesq=True)
    entries = corpus_entries(options.speech, options.split, min_seconds=1.5)
    sentences = [read_wave(entry.path, SAMPLE_RATE) for entry in draw_entries(entries, options.count)]
    sentences = [wave * np.float32(PEAK / np.abs(wave).max()) for wave in sentences]
    models = {name: model_denoiser(name) for name in options.model}
    methods: dict[str, Callable[[np.ndarray], np.ndarray]] = {"none": lambda wave: wave}
    for ratio_db in CLIPPED_TO_DB:
        pairs = [(wave, clipped(wave, ratio_db)) for wave in sentences]
        for name, method in {**methods, "interpolation": interpolated, **models}.items():
            report.add(RESTORED, measure_method((f"clipped to {ratio_db:g} dB", name), method, pairs, None, judges))
    for rate in RATES:
        pairs = [(wave, band_limited(wave, rate)) for wave in sentences]
        for name, method in {**methods, **models}.items():
            report.add(RESTORED, measure_method((f"{rate} Hz", name), method, pairs, rate / 2, judges))


BENCHMARK = Benchmark(
    __doc__, (RESTORED,), add_options, measure, smoke={"speech": smoke_speech, "count": 1, "no_dnsmos": True}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
