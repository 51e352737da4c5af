"""Random augmentation of recordings: speed, pitch, time, delay, decay, equaliser, room, distortion, codec and noise.

All random numbers are drawn first and applied after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import BadSetting
from ..base.ranges import RangedSettings, ranged
from ..base.units import db_to_gain, seconds_to_samples
from ..dsp.companding import mu_law_dequantise, mu_law_quantise
from ..dsp.onset import fade

FADE_SECONDS = 0.01  # at the end of a clip, since a cut would be a click
MIN_HZ, MAX_HZ = 20.0, 20_000.0  # of the equaliser's curve
CURVE_POINTS = 10
MAX_EQUALISER_DB = 30.0


@dataclass(frozen=True)
class SpeedSettings(RangedSettings):
    """Range of the random speed at which clips are resampled, which changes their pitch too.

    Raises BadSetting if a number is out of its range, or ``slowest`` above ``fastest``.
    """

    slowest: float = ranged(0.85, 0.1, 10.0)
    fastest: float = ranged(1.18, 0.1, 10.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.slowest > self.fastest:
            raise BadSetting(
                f"slowest is {self.slowest} and fastest {self.fastest}; the slowest speed must not be the larger."
            )


@dataclass(frozen=True)
class AugmentationSettings(SpeedSettings):
    """Ranges and probabilities of the augmentation of a recording."""

    largest_delay_seconds: float = ranged(0.02, 0.0, 1.0)  # largest shift to later; to earlier a tenth of it
    tilt_db: float = ranged(1.5, 0.0, 12.0)  # largest slope of the spectrum, dB per octave
    curve_db: float = ranged(3.0, 0.0, 20.0)  # standard deviation of the points of a random equaliser
    cut_probability: float = ranged(
        0.3, 0.0, 1.0
    )  # of a low cut (30 to 150 Hz) and, apart, of a high cut (4 to 16 kHz)
    room_probability: float = ranged(0.2, 0.0, 1.0)  # of reverberation for 50 to 400 ms, 3 to 24 dB below the sound
    damp_probability: float = ranged(0.15, 0.0, 1.0)  # of a faster decay, by up to 60 dB a second
    drive_probability: float = ranged(0.3, 0.0, 1.0)  # of soft clipping
    noise_probability: float = ranged(0.5, 0.0, 1.0)  # of added noise, 20 to 60 dB below the peak
    pitch_probability: float = ranged(0.0, 0.0, 1.0)  # of another pitch at the same speed
    largest_pitch_semitones: float = ranged(2.0, 0.0, 12.0)  # up or down
    stretch_probability: float = ranged(0.0, 0.0, 1.0)  # of another duration at the same pitch
    largest_stretch: float = ranged(1.2, 1.0, 2.0)  # factor of the duration; its inverse is the smallest
    clip_probability: float = ranged(0.0, 0.0, 1.0)  # of peaks that are clipped 1 to 12 dB below the largest
    quantise_probability: float = ranged(0.0, 0.0, 1.0)  # of a telephone's codec: mu-law with 6 to 10 bits


@dataclass(frozen=True)
class Augmentation:
    """The random numbers of the augmentation of one clip."""

    speed: float
    delay_seconds: float  # negative: the start is cut off
    damp_db: float  # a second
    tilt_db: float  # an octave
    curve_db: np.ndarray  # (CURVE_POINTS,), at equal intervals in octaves from MIN_HZ to MAX_HZ
    low_cut_hz: float  # 0 for none
    high_cut_hz: float  # infinite for none
    room_db: float  # energy relative to the direct sound, minus infinity for none
    room_seconds: float
    drive: float  # 0 for none
    noise_db: float  # relative to the peak, minus infinity for none
    noise_seed: int
    pitch_semitones: float = 0.0
    stretch: float = 1.0
    clip_db: float = 0.0  # below the peak
    n_bits: int = 0  # of mu-law samples, 0 for none


def draw_augmentation(settings: AugmentationSettings, rng: np.random.Generator) -> Augmentation:
    """Draw the random numbers of one clip; each call consumes the same count of them."""

    def sometimes(probability: float, value: float, otherwise: float) -> float:
        return value if rng.random() < probability else otherwise

    latest = settings.largest_delay_seconds
    drawn = Augmentation(
        speed=log_uniform(rng, settings.slowest, settings.fastest),
        delay_seconds=rng.uniform(-latest / 10, latest),
        damp_db=sometimes(settings.damp_probability, rng.uniform(0, 60), 0.0),
        tilt_db=rng.uniform(-settings.tilt_db, settings.tilt_db),
        curve_db=rng.normal(0, settings.curve_db, CURVE_POINTS),
        low_cut_hz=sometimes(settings.cut_probability, log_uniform(rng, 30, 150), 0.0),
        high_cut_hz=sometimes(settings.cut_probability, log_uniform(rng, 4_000, 16_000), np.inf),
        room_db=sometimes(settings.room_probability, rng.uniform(-24, -3), -np.inf),
        room_seconds=rng.uniform(0.05, 0.4),
        drive=sometimes(settings.drive_probability, rng.uniform(0.5, 4), 0.0),
        noise_db=sometimes(settings.noise_probability, rng.uniform(-60, -20), -np.inf),
        noise_seed=int(rng.integers(2**31)),
    )
    rng = np.random.default_rng([drawn.noise_seed, 1])  # of its own: the draws above are those of earlier versions
    semitones = settings.largest_pitch_semitones
    return replace(
        drawn,
        pitch_semitones=sometimes(settings.pitch_probability, rng.uniform(-semitones, semitones), 0.0),
        stretch=sometimes(
            settings.stretch_probability, log_uniform(rng, 1 / settings.largest_stretch, settings.largest_stretch), 1.0
        ),
        clip_db=sometimes(settings.clip_probability, rng.uniform(1, 12), 0.0),
        n_bits=int(sometimes(settings.quantise_probability, float(rng.integers(6, 11)), 0)),
    )


def augment(wave: np.ndarray, augmentation: Augmentation, sample_rate: int, n_samples: int) -> np.ndarray:
    """Apply an augmentation to a wave ``(time,)``.

    - returns: ``(n_samples,)`` float32, peak 1 (noise may exceed it), its end faded out as the classifier does.
    """
    rng = np.random.default_rng(augmentation.noise_seed)
    augmented = _shift(_stretch(wave, augmentation, sample_rate), augmentation, sample_rate, n_samples)
    augmented = _filter(augmented, augmentation, sample_rate, rng)
    augmented /= max(float(np.abs(augmented).max()), 1e-6)
    if augmentation.drive:
        augmented = np.tanh(augmentation.drive * augmented) / np.tanh(augmentation.drive)
    if augmentation.clip_db:
        limit = float(db_to_gain(-augmentation.clip_db))
        augmented = np.clip(augmented, -limit, limit) / limit
    if augmentation.n_bits:
        mu = 2**augmentation.n_bits - 1
        augmented = mu_law_dequantise(mu_law_quantise(np.clip(augmented, -1, 1), mu), mu)
    if np.isfinite(augmentation.noise_db):
        # A third of the peak: white noise seldom exceeds three standard deviations.
        augmented += db_to_gain(augmentation.noise_db) / 3 * rng.standard_normal(n_samples)
    return fade(augmented.astype(np.float32), 0, seconds_to_samples(FADE_SECONDS, sample_rate))


def _stretch(wave: np.ndarray, augmentation: Augmentation, sample_rate: int) -> np.ndarray:
    """Change pitch and duration, each by itself: ``(time,)`` to another length."""
    if augmentation.pitch_semitones or augmentation.stretch != 1:
        from ..effects.stretching import PitchShift, Stretch  # numba is slow to import

        if augmentation.pitch_semitones:
            wave = PitchShift(augmentation.pitch_semitones)(wave, sample_rate)
        if augmentation.stretch != 1:
            wave = Stretch(augmentation.stretch)(wave, sample_rate)
    return wave


def _shift(wave: np.ndarray, augmentation: Augmentation, sample_rate: int, n_samples: int) -> np.ndarray:
    """Apply speed, delay and decay: ``(time,)`` to ``(n_samples,)``."""
    import soxr

    resampled = soxr.resample(wave, sample_rate * augmentation.speed, sample_rate, quality="MQ")
    delay = round(augmentation.delay_seconds * sample_rate)
    resampled = resampled[max(-delay, 0) :][: n_samples - max(delay, 0)]
    shifted = np.zeros(n_samples, np.float32)
    shifted[max(delay, 0) :][: len(resampled)] = resampled
    if augmentation.damp_db:
        shifted *= db_to_gain(-augmentation.damp_db * np.arange(n_samples) / sample_rate).astype(np.float32)
    return shifted


def _filter(wave: np.ndarray, augmentation: Augmentation, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Apply equaliser and room as one product of spectra; keep the shape ``(time,)``."""
    from scipy.fft import irfft, next_fast_len, rfft, rfftfreq  # in float32 with any NumPy

    n_room = round(augmentation.room_seconds * sample_rate)
    n_fft = next_fast_len(len(wave) + n_room, real=True)
    spectrum = rfft(wave, n_fft) * equaliser_gain(rfftfreq(n_fft, 1 / sample_rate), augmentation).astype(np.float32)
    if np.isfinite(augmentation.room_db):
        # Noise that decays by 60 dB, the simplest room: J. Moorer, "About This Reverberation Business", 1979.
        echoes = rng.standard_normal(n_room) * db_to_gain(-60 * np.arange(n_room) / n_room)
        echoes *= db_to_gain(augmentation.room_db) / np.linalg.norm(echoes)
        spectrum *= 1 + rfft(echoes.astype(np.float32), n_fft)
    filtered: np.ndarray = irfft(spectrum, n_fft)[: len(wave)]
    return filtered


def equaliser_gain(frequency_hz: np.ndarray, augmentation: Augmentation) -> np.ndarray:
    """Return the gain of tilt, curve and cuts (Butterworth, order 2 and 4) at each frequency, the same shape."""
    octaves = np.log2(np.clip(frequency_hz, MIN_HZ, MAX_HZ) / 1000)
    points = np.linspace(np.log2(MIN_HZ / 1000), np.log2(MAX_HZ / 1000), CURVE_POINTS)
    gain_db = augmentation.tilt_db * octaves + np.interp(octaves, points, augmentation.curve_db)
    gain: np.ndarray = db_to_gain(np.clip(gain_db, -MAX_EQUALISER_DB, MAX_EQUALISER_DB))
    if augmentation.low_cut_hz:
        gain /= np.sqrt(1 + (augmentation.low_cut_hz / np.maximum(frequency_hz, 1e-3)) ** 4)
    gain /= np.sqrt(1 + (frequency_hz / augmentation.high_cut_hz) ** 8)
    return gain


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a random number between ``low`` and ``high`` whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
