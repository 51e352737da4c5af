"""Compare restored peaks, removed clicks and stretched tones with FFmpeg's filters and python-stretch.

    python -m benchmarks effects.quality --corpus corpora/denoise --split valid --json quality.json

Recordings are clipped to a given SI-SDR, or get five clicks a second of 1 to 12 samples, and are restored. FFmpeg's
filters run by PyAV. Times are seconds of the processor for a second of sound. Stretching is judged by sums of steady
tones, by what is left after the best fit of tones of the exact frequencies, and by single clicks, by how far their
energy spreads (root mean square of the time).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.effects.peers import ffmpeg, python_stretch
from benchmarks.harness.corpora import corpus_entries, read_wave, shuffle_entries, smoke_digits
from benchmarks.harness.peers import PYTHON_STRETCH
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.harness.timing import timed
from wavewright.effects import DeClick, DeClip, Effect, PitchShift, Stretch
from wavewright.metrics.paired import si_sdr_db

RATE = 24_000
LONGEST_SECONDS = 5
CLIPPED_DB = (7.0, 15.0)
CLICKS_PER_SECOND = 5
LONGEST_CLICK = 12
PEAK = 0.5
LARGEST_DB = 120.0

STRETCH_RATE = 48_000
FACTORS = (0.5, 0.8, 1.25, 2.0)
SEMITONES = (-7.0, 4.0)
CHORD_HZ = (261.6, 329.6, 392.0, 523.2, 1_046.5)
CLICK_WINDOW_SECONDS = 0.1

RESTORED = Table(
    "restored",
    columns(damage="s", files="d", damaged_db=".1f", own_db=".1f", ffmpeg_db=".1f")
    | columns(better="s", own_s=".3f", ffmpeg_s=".3f"),
)
STRETCHED = Table(
    "stretched",
    columns(change="s", length_error_samples="d", error_db=".1f", click_ms=".1f")
    | optional(other_error_db=".1f", other_click_ms=".1f"),
)

Process = Callable[[np.ndarray], np.ndarray]


def clipped_at(wave: np.ndarray, target_db: float) -> np.ndarray:
    """Return ``wave (time,)`` clipped at the level at which its SI-SDR is ``target_db``."""
    low, high = 0.0, float(np.abs(wave).max())
    for _ in range(30):
        level = 0.5 * (low + high)
        is_softer = si_sdr_db(wave, np.clip(wave, -level, level)) < target_db
        low, high = (level, high) if is_softer else (low, level)
    return np.clip(wave, -high, high)


def with_clicks(wave: np.ndarray, seed: int) -> np.ndarray:
    """Return ``wave (time,)`` with clicks of noise."""
    rng = np.random.default_rng(seed)
    damaged = wave.copy()
    for start in rng.integers(0, len(wave) - LONGEST_CLICK, CLICKS_PER_SECOND * len(wave) // RATE):
        n_samples = int(rng.integers(1, LONGEST_CLICK + 1))
        damaged[start : start + n_samples] += rng.uniform(0.1, 0.5) * rng.uniform(-1.0, 1.0, n_samples)
    return damaged


def damages(wave: np.ndarray, seed: int) -> Iterator[tuple[str, np.ndarray, Effect, str]]:
    """Yield the name of each damage, the damaged wave, the effect and FFmpeg's filter that restore it."""
    for target_db in CLIPPED_DB:
        yield f"clipped to {target_db:g} dB", clipped_at(wave, target_db), DeClip(headroom_db=0.0), "adeclip"
    yield "clicks", with_clicks(wave, seed), DeClick(), "adeclick"
    yield "none, clicks searched", wave, DeClick(), "adeclick"


def add_restored(options: Options, report: Report) -> None:
    """Add a row for each damage: medians over the recordings of the SI-SDR in dB, and processor time per second."""
    entries = shuffle_entries(corpus_entries(options.corpus, options.split), options.count)
    rows: dict[str, list[list[float]]] = {}
    for seed, entry in enumerate(entries):
        wave = read_wave(entry.path, RATE)[: LONGEST_SECONDS * RATE].astype(np.float32)
        wave = wave * np.float32(PEAK / max(1e-6, float(np.abs(wave).max())))
        for name, changed, effect, filter_name in damages(wave, seed):
            damaged = changed.astype(np.float32)
            restored, own_s = timed(partial(effect, damaged[None], RATE))
            filtered, ffmpeg_s = timed(partial(ffmpeg, damaged[None], RATE, filter_name))
            waves = damaged, restored[0], filtered[0, : len(wave)]
            values = [min(LARGEST_DB, si_sdr_db(wave, each)) for each in waves]
            rows.setdefault(name, []).append([*values, own_s * RATE / len(wave), ffmpeg_s * RATE / len(wave)])
    for name, measured in rows.items():
        n_better = sum(row[1] >= row[2] for row in measured)
        medians = np.median(measured, axis=0)
        row = dict(zip(("damaged_db", "own_db", "ffmpeg_db", "own_s", "ffmpeg_s"), medians, strict=True))
        report.add(RESTORED, row, damage=name, files=len(measured), better=f"{n_better} of {len(measured)}")


def tone_error_db(process: Process, ratio: float) -> float:
    """Return the power of what no sum of the tones, shifted by a ratio of frequencies, explains, relative to all."""
    seconds = np.arange(4 * STRETCH_RATE) / STRETCH_RATE
    chord = sum(0.15 * np.sin(2.0 * np.pi * hz * seconds + hz) for hz in CHORD_HZ)
    stretched = process(np.asarray(chord, np.float32))
    middle = stretched[STRETCH_RATE // 2 : -STRETCH_RATE // 2].astype(np.float64)
    angles = 2.0 * np.pi * ratio * np.outer(np.arange(len(middle)) / STRETCH_RATE, CHORD_HZ)
    tones = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    fitted = tones @ np.linalg.lstsq(tones, middle, rcond=None)[0]
    return float(10.0 * np.log10(np.square(middle - fitted).sum() / np.square(middle).sum()))


def click_ms(process: Process, factor: float) -> float:
    """Return the mean spread of single clicks in milliseconds."""
    wave = np.zeros(4 * STRETCH_RATE, np.float32)
    positions = np.arange(STRETCH_RATE // 2, len(wave) - STRETCH_RATE // 2, STRETCH_RATE // 4)
    wave[positions] = 1.0
    energy = np.square(process(wave).astype(np.float64))
    reach = round(CLICK_WINDOW_SECONDS * STRETCH_RATE)
    time_ms = 1_000.0 * np.arange(-reach, reach) / STRETCH_RATE
    windows = np.stack([energy[round(each * factor) - reach :][: 2 * reach] for each in positions])
    return float(np.sqrt(windows @ np.square(time_ms) / windows.sum(axis=1)).mean())


def add_stretched(report: Report) -> None:
    """Add a row for each factor and each number of semitones."""
    has_stretch = report.has(PYTHON_STRETCH, "its stretching")
    changes: list[tuple[str, Effect, dict[str, float]]] = [
        *((f"times {factor:g}", Stretch(factor), {"factor": factor}) for factor in FACTORS),
        *((f"{semitones:+g} semitones", PitchShift(semitones), {"semitones": semitones}) for semitones in SEMITONES),
    ]
    n_samples = 4 * STRETCH_RATE
    for name, effect, settings in changes:
        factor, ratio = settings.get("factor", 1.0), 2.0 ** (settings.get("semitones", 0.0) / 12.0)
        own = partial(effect, sample_rate=STRETCH_RATE)
        n_error = len(own(np.zeros(n_samples, np.float32))) - round(factor * n_samples)
        row = {"error_db": tone_error_db(own, ratio), "click_ms": click_ms(own, factor)}
        if has_stretch:
            stretched = python_stretch(STRETCH_RATE, **settings)
            other = lambda wave, stretched=stretched: stretched(wave[None])[0]  # noqa: E731
            row |= {"other_error_db": tone_error_db(other, ratio), "other_click_ms": click_ms(other, factor)}
        report.add(STRETCHED, row, change=name, length_error_samples=n_error)


def measure(options: Options, report: Report) -> None:
    add_stretched(report)
    add_restored(options, report)


BENCHMARK = Benchmark(
    measure,
    Option("corpus", Path("corpora/denoise"), smoke=smoke_digits),
    Option("split", "valid"),
    Option("count", 24, "recordings", smoke=1),
)
