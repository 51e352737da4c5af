"""Random variations of a recording, as drums, rooms and microphones vary it: the numbers are drawn first and applied after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..dsp.onset import fade
from ..units import db_to_gain, seconds_to_samples

FADE_SECONDS = 0.01  # at the end of a clip, since a cut would be a click
LOWEST_HZ, HIGHEST_HZ = 20.0, 20_000.0  # of the equaliser's curve
CURVE_POINTS = 10
MOST_EQUALISED_DB = 30.0
VARIATION_RANGES = {
    "slowest": (0.1, 10.0),
    "fastest": (0.1, 10.0),
    "largest_delay_seconds": (0.0, 1.0),
    "tilt_db": (0.0, 12.0),
    "curve_db": (0.0, 20.0),
} | dict.fromkeys(("cut_share", "room_share", "damp_share", "drive_share", "noise_share"), (0.0, 1.0))


@dataclass(frozen=True)
class VariationSettings:
    """How far recordings are varied; a share is the probability of a variation."""

    slowest: float = 0.85  # each clip is played at a random speed between these, pitch and all
    fastest: float = 1.18
    largest_delay_seconds: float = 0.02  # largest shift to later; to earlier a tenth of it
    tilt_db: float = 1.5  # largest rise or fall of the spectrum, dB per octave
    curve_db: float = 3.0  # standard deviation of the points of a random equaliser
    cut_share: float = 0.3  # of a low cut (30 to 150 Hz) and, drawn apart, of a high cut (4 to 16 kHz)
    room_share: float = 0.2  # of reverberation for 50 to 400 ms, 3 to 24 dB below the sound
    damp_share: float = 0.15  # of a faster decay, by up to 60 dB a second
    drive_share: float = 0.3  # of soft clipping
    noise_share: float = 0.5  # of added noise, 20 to 60 dB below the peak


@dataclass(frozen=True)
class Variation:
    """The random numbers that vary one clip."""

    speed: float
    delay_seconds: float  # negative: the start is cut off
    damp_db: float  # a second
    tilt_db: float  # an octave
    curve_db: np.ndarray  # (CURVE_POINTS,), evenly spaced in octaves from LOWEST_HZ to HIGHEST_HZ
    low_cut_hz: float  # 0 for none
    high_cut_hz: float  # infinite for none
    room_db: float  # energy relative to the direct sound, minus infinity for none
    room_seconds: float
    drive: float  # 0 for none
    noise_db: float  # relative to the peak, minus infinity for none
    noise_seed: int


def draw_variation(settings: VariationSettings, draw: np.random.Generator) -> Variation:
    """Everything that is random about one clip; each call takes the same count of random numbers."""

    def sometimes(share: float, value: float, otherwise: float) -> float:
        return value if draw.random() < share else otherwise

    latest = settings.largest_delay_seconds
    return Variation(
        speed=log_uniform(draw, settings.slowest, settings.fastest),
        delay_seconds=draw.uniform(-latest / 10, latest),
        damp_db=sometimes(settings.damp_share, draw.uniform(0, 60), 0.0),
        tilt_db=draw.uniform(-settings.tilt_db, settings.tilt_db),
        curve_db=draw.normal(0, settings.curve_db, CURVE_POINTS),
        low_cut_hz=sometimes(settings.cut_share, log_uniform(draw, 30, 150), 0.0),
        high_cut_hz=sometimes(settings.cut_share, log_uniform(draw, 4_000, 16_000), np.inf),
        room_db=sometimes(settings.room_share, draw.uniform(-24, -3), -np.inf),
        room_seconds=draw.uniform(0.05, 0.4),
        drive=sometimes(settings.drive_share, draw.uniform(0.5, 4), 0.0),
        noise_db=sometimes(settings.noise_share, draw.uniform(-60, -20), -np.inf),
        noise_seed=int(draw.integers(2**31)),
    )


def vary(wave: np.ndarray, variation: Variation, sample_rate: int, n_samples: int) -> np.ndarray:
    """``wave (time,)`` with a variation applied: ``(n_samples,)`` float32 with a peak of 1, its end faded out as a classifier does."""
    noise = np.random.default_rng(variation.noise_seed)
    varied = _moved(wave, variation, sample_rate, n_samples)
    varied = _filtered(varied, variation, sample_rate, noise)
    varied /= max(float(np.abs(varied).max()), 1e-6)
    if variation.drive:
        varied = np.tanh(variation.drive * varied) / np.tanh(variation.drive)
    if np.isfinite(variation.noise_db):
        # A third of the peak: white noise seldom exceeds three standard deviations.
        varied += db_to_gain(variation.noise_db) / 3 * noise.standard_normal(n_samples)
    return fade(varied.astype(np.float32), 0, seconds_to_samples(FADE_SECONDS, sample_rate))


def _moved(wave: np.ndarray, variation: Variation, sample_rate: int, n_samples: int) -> np.ndarray:
    """Speed, shift and damping: ``(time,)`` to ``(n_samples,)``."""
    import soxr

    played = soxr.resample(wave, sample_rate * variation.speed, sample_rate, quality="MQ")
    delay = round(variation.delay_seconds * sample_rate)
    played = played[max(-delay, 0) :][: n_samples - max(delay, 0)]
    moved = np.zeros(n_samples, np.float32)
    moved[max(delay, 0) :][: len(played)] = played
    if variation.damp_db:
        moved *= db_to_gain(-variation.damp_db * np.arange(n_samples) / sample_rate).astype(np.float32)
    return moved


def _filtered(wave: np.ndarray, variation: Variation, sample_rate: int, noise: np.random.Generator) -> np.ndarray:
    """Equaliser and room, which are one product of spectra: ``(time,)`` to the same shape."""
    from scipy.fft import irfft, next_fast_len, rfft, rfftfreq  # in float32 with any NumPy

    n_room = round(variation.room_seconds * sample_rate)
    n_fft = next_fast_len(len(wave) + n_room, real=True)
    spectrum = rfft(wave, n_fft) * equaliser_gain(rfftfreq(n_fft, 1 / sample_rate), variation).astype(np.float32)
    if np.isfinite(variation.room_db):
        # Noise that decays by 60 dB, the plainest room: J. Moorer, "About This Reverberation Business", 1979.
        echoes = noise.standard_normal(n_room) * db_to_gain(-60 * np.arange(n_room) / n_room)
        echoes *= db_to_gain(variation.room_db) / np.linalg.norm(echoes)
        spectrum *= 1 + rfft(echoes.astype(np.float32), n_fft)
    return irfft(spectrum, n_fft)[: len(wave)]


def equaliser_gain(frequency_hz: np.ndarray, variation: Variation) -> np.ndarray:
    """The gain of tilt, curve and cuts at each frequency, of the same shape; the cuts are Butterworth's, of order 2 and 4."""
    octaves = np.log2(np.clip(frequency_hz, LOWEST_HZ, HIGHEST_HZ) / 1000)
    points = np.linspace(np.log2(LOWEST_HZ / 1000), np.log2(HIGHEST_HZ / 1000), CURVE_POINTS)
    gain_db = variation.tilt_db * octaves + np.interp(octaves, points, variation.curve_db)
    gain = db_to_gain(np.clip(gain_db, -MOST_EQUALISED_DB, MOST_EQUALISED_DB))
    if variation.low_cut_hz:
        gain /= np.sqrt(1 + (variation.low_cut_hz / np.maximum(frequency_hz, 1e-3)) ** 4)
    return gain / np.sqrt(1 + (frequency_hz / variation.high_cut_hz) ** 8)


def log_uniform(draw: np.random.Generator, low: float, high: float) -> float:
    """A random number between ``low`` and ``high`` whose logarithm is uniform."""
    return float(np.exp(draw.uniform(np.log(low), np.log(high))))
