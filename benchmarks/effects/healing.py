"""Compare what `heal` puts in the place of a whistle, a cough or a click with attenuation and interpolation.

    python -m benchmarks.effects.healing --count 12 --json healing.json

The sounds are the studio's examples (speech of two voices, a tune with accompaniment, rain) and a chord of steady
tones, none of which settled a number of the effect. Each gets one damage at a random time where it sounds; its place is
known to all methods. The baseline interpolates magnitudes of the short-time Fourier transform linearly between both
sides, with phases that go on at the rate of the last frames before. Medians over the damages: SNR in dB and the
log-spectral distance in dB, both within the region's times.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import soundfile

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.apps.studio.examples import example_file
from wavewright.audio.clip import Clip
from wavewright.dsp.spectrum import istft, stft
from wavewright.effects import SpectralGain, SpectralHeal

RATE = 22_050
N_FFT, HOP_LENGTH = 1_024, 256
EXAMPLES = {"speech": ("hello.wav", "hallo.wav", "morning.wav"), "music": ("tune.wav",), "rain": ("rain.wav",)}
CHORD_HZ = (220.0, 277.2, 329.6, 660.3, 1_318.5, 4_003.0)
MARGIN_SECONDS = 0.6  # of sound on both sides of a damage
FLOOR_DB = -80.0

HEALED = Table("healed", columns(sound="s", damage="s", method="s", count="d", snr_db=".1f", lsd_db=".1f"))


@dataclass(frozen=True)
class Damage:
    """A kind of damage: its duration in s, its band in Hz, and its level over that of the sound in dB."""

    seconds: float
    low_hz: float
    high_hz: float | None
    level_db: float


DAMAGES = {
    "whistle": Damage(0.4, 2_300.0, 2_700.0, 6.0),
    "cough": Damage(0.15, 200.0, 4_000.0, 10.0),
    "click": Damage(0.006, 0.0, None, 20.0),
}

Method = Callable[[np.ndarray, float, Damage], np.ndarray]


def sounds() -> dict[str, list[np.ndarray]]:
    """Return the waves ``(time,)`` of each kind of sound, at RATE."""
    time = np.arange(4 * RATE) / RATE
    chord = sum(0.1 * np.sin(2 * np.pi * hz * time + index) for index, hz in enumerate(CHORD_HZ))
    found = {"chord": [np.float32(chord)]}
    for kind, names in EXAMPLES.items():
        read = [soundfile.read(io.BytesIO(example_file(name)), dtype="float32", always_2d=True) for name in names]
        found[kind] = [Clip(wave.T, rate).mono().resample(RATE).wave[0] for wave, rate in read]
    return found


def damaged(wave: np.ndarray, start_seconds: float, damage: Damage, rng: np.random.Generator) -> np.ndarray:
    """Return a wave with a damage: band-limited noise, or a whistle in a narrow band."""
    start, n = round(start_seconds * RATE), round(damage.seconds * RATE)
    noise = rng.standard_normal(n)
    if damage.high_hz is not None:
        spectrum, hz = np.fft.rfft(noise), np.fft.rfftfreq(n, 1 / RATE)
        inside = np.hanning(n)
        noise = np.fft.irfft(spectrum * ((hz > damage.low_hz) & (hz < damage.high_hz)), n) * inside
        if damage.high_hz - damage.low_hz < 1_000.0:
            noise = np.sin(2 * np.pi * (damage.low_hz + damage.high_hz) / 2 * np.arange(n) / RATE) * inside
    level = np.std(wave[start : start + n]) * 10 ** (damage.level_db / 20)
    result = wave.copy()
    result[start : start + n] += np.float32(noise / np.std(noise) * level)
    return result


def attenuated(wave: np.ndarray, start_seconds: float, damage: Damage) -> np.ndarray:
    """Return a wave without anything in the region."""
    end = start_seconds + damage.seconds
    return SpectralGain(start_seconds, end, damage.low_hz, damage.high_hz, gain_db=-120.0)(wave, RATE)


def healed(wave: np.ndarray, start_seconds: float, damage: Damage) -> np.ndarray:
    """Return a wave with the region healed."""
    return SpectralHeal(start_seconds, start_seconds + damage.seconds, damage.low_hz, damage.high_hz)(wave, RATE)


def interpolated(wave: np.ndarray, start_seconds: float, damage: Damage) -> np.ndarray:
    """Return a wave whose magnitudes in the region are interpolated linearly in time."""
    spectrum = stft(wave, N_FFT, HOP_LENGTH)
    hz = np.arange(len(spectrum)) * RATE / N_FFT
    rows = np.flatnonzero((hz >= damage.low_hz) & (hz <= (damage.high_hz or RATE)))
    start, end = start_seconds * RATE, (start_seconds + damage.seconds) * RATE
    before = int((start - N_FFT / 2) // HOP_LENGTH)
    after = int(np.ceil((end + N_FFT / 2) / HOP_LENGTH))
    left, right = np.abs(spectrum[rows, before]), np.abs(spectrum[rows, after])
    advance = np.angle(spectrum[rows, before]) - np.angle(spectrum[rows, before - 1])
    for index in range(before + 1, after):
        t = (index - before) / (after - before)
        phase = np.angle(spectrum[rows, before]) + (index - before) * advance
        spectrum[rows, index] = ((1 - t) * left + t * right) * np.exp(1j * phase)
    result: np.ndarray = istft(spectrum, N_FFT, HOP_LENGTH, n_samples=len(wave))
    return result


METHODS: Mapping[str, Method] = {
    "damaged": lambda wave, _start, _damage: wave,
    "attenuated": attenuated,
    "interpolated": interpolated,
    "heal": healed,
}


def scores(reference: np.ndarray, estimate: np.ndarray, start_seconds: float, damage: Damage) -> tuple[float, float]:
    """Return the SNR and the log-spectral distance in dB within the times of a damage."""
    start, end = round(start_seconds * RATE), round((start_seconds + damage.seconds) * RATE)
    error = np.square(estimate[start:end] - reference[start:end], dtype=np.float64).sum()
    snr_db = 10 * np.log10(np.square(reference[start:end], dtype=np.float64).sum() / (error + 1e-12))
    around = slice(start - N_FFT // 2, end + N_FFT // 2)
    logs = [
        np.log10(np.abs(stft(wave[around], N_FFT, HOP_LENGTH, padding="none")) ** 2 + 1e-9)
        for wave in (reference, estimate)
    ]
    floor = logs[0].max() + FLOOR_DB / 10
    difference = 10 * (np.maximum(logs[0], floor) - np.maximum(logs[1], floor))
    return float(snr_db), float(np.mean(np.sqrt(np.mean(np.square(difference), axis=0))))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--count", type=int, default=12, help="damages of each kind for each kind of sound")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each kind of sound, damage and method."""
    for sound, waves in sounds().items():
        for name, damage in DAMAGES.items():
            rng = np.random.default_rng(1)
            found: dict[str, list[tuple[float, float]]] = {method: [] for method in METHODS}
            for index in range(options.count):
                wave = waves[index % len(waves)]
                start = _sounding(wave, damage, rng)
                broken = damaged(wave, start, damage, rng)
                for method, repair in METHODS.items():
                    found[method].append(scores(wave, repair(broken, start, damage), start, damage))
            for method, values in found.items():
                snr_db, lsd_db = (float(each) for each in np.median(values, axis=0))
                report.add(
                    HEALED,
                    {"sound": sound, "damage": name, "method": method, "count": options.count}
                    | {"snr_db": snr_db, "lsd_db": lsd_db},
                )


def _sounding(wave: np.ndarray, damage: Damage, rng: np.random.Generator) -> float:
    """Return a time at which a wave has at least half its mean level."""
    last = len(wave) / RATE - damage.seconds - MARGIN_SECONDS
    while True:
        start = float(rng.uniform(min(MARGIN_SECONDS, last / 2), last))
        part = wave[round(start * RATE) : round((start + damage.seconds) * RATE)]
        if np.std(part) > 0.5 * np.std(wave):
            return start


BENCHMARK = Benchmark(__doc__, (HEALED,), add_options, measure, smoke={"count": 1})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
