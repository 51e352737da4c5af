"""Synthetic noise, and what recordings pass through: equalisers and rooms."""

from __future__ import annotations

import io
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import soundfile

from ..base.ranges import ranges_of
from ..base.units import db_to_gain
from ..dsp.companding import mu_law_decode, mu_law_encode
from ..synth.procedural import PROCEDURES
from ..synth.procedural.procedure import SECONDS, Procedure
from .augmentation import log_uniform

MAINS_HZ = (50.0, 60.0)
CURVE_POINTS = 9  # of random spectra and equalisers
KERNEL_LENGTH = 512  # samples of their filters
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)  # Hz, that the codec knows
SPEED_PADDING = 256  # samples of silence between the end of a wave and its beginning, where it is resampled
ACTIVE_DB = -30.0  # relative to the loudest block: blocks above it are active
TEXTURE_FFT = 1_024  # samples of the frames of a texture
ENVELOPE_FFT, ENVELOPE_HOP = 512, 128  # samples of the frames whose formants are moved
ENVELOPE_LIFTER = 24  # cepstral coefficients of a spectral envelope at 16 kHz
MAX_ENVELOPE_CHANGE_DB = 20.0


def rms(wave: np.ndarray) -> float:
    """Return the root mean square of a wave."""
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)) + 1e-20))


def active_rms(wave: np.ndarray, block_length: int = 512) -> float:
    """Return the root mean square of the active blocks of a wave ``(time,)``, 0 for silence."""
    power = np.square(wave[: len(wave) // block_length * block_length], dtype=np.float64)
    blocks = power.reshape(-1, block_length).mean(1)
    loudest = blocks.max(initial=0.0)
    return float(np.sqrt(blocks[blocks >= loudest * db_to_gain(2 * ACTIVE_DB)].mean())) if loudest else 0.0


def equalise(wave: np.ndarray, rng: np.random.Generator, range_db: float) -> np.ndarray:
    """Filter a wave ``(time,)`` by a random smooth curve of gains within ``range_db``."""
    return _filter(wave, rng.uniform(-range_db, range_db, CURVE_POINTS))


def coloured_noise(rng: np.random.Generator, n_samples: int) -> np.ndarray:
    """Return noise ``(n_samples,)`` of a random spectrum, often with a level that wanders."""
    noise = rng.standard_normal(n_samples).astype(np.float32)
    kind = rng.random()
    if kind < 0.6:  # a random walk from band to band
        noise = _filter(noise, np.cumsum(rng.normal(0, 7, CURVE_POINTS)))
    elif kind < 0.85:  # a straight slope, dB from end to end
        noise = _filter(noise, np.linspace(0, rng.uniform(-50, 15), CURVE_POINTS))
    if rng.random() < 0.4:
        noise *= _wandering(rng, n_samples, 3, 30, 6.0)
    return noise


def machine_noise(rng: np.random.Generator, n_samples: int, sample_rate: int) -> np.ndarray:
    """Return the sound ``(n_samples,)`` of a machine: harmonics of a wandering pitch, and noise in their rhythm."""
    f0_hz = log_uniform(rng, 30, 900)
    n_points = int(rng.integers(2, 8))
    wander = rng.normal(0, rng.choice([0.0, 0.01, 0.06]), n_points)
    pitch = 1 + np.interp(np.arange(n_samples), np.linspace(0, n_samples, n_points), wander)
    phase = 2 * np.pi * np.cumsum(f0_hz * pitch) / sample_rate
    n_harmonics = max(min(int(rng.integers(1, 30)), int(0.45 * sample_rate / f0_hz)), 1)
    slope = rng.uniform(0, 1.2)
    tones = np.zeros(n_samples)
    for harmonic in range(1, n_harmonics + 1):
        amplitude = rng.uniform(0, 1) ** 2 / harmonic**slope
        tones += amplitude * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))
    noise = coloured_noise(rng, n_samples)
    if rng.random() < 0.5:
        noise = noise * (1 + rng.uniform(0, 1) * np.sin(phase / rng.integers(1, 4)))
    mixed = rng.uniform(0, 1) * tones / rms(tones) + rng.uniform(0.05, 1) * noise / rms(noise)
    return mixed.astype(np.float32)


def hum(rng: np.random.Generator, n_samples: int, sample_rate: int) -> np.ndarray:
    """Return the hum ``(n_samples,)`` of mains, of 50 or 60 Hz: harmonics, odd ones louder, and a little noise."""
    f0_hz = rng.choice(MAINS_HZ) * (1 + rng.normal(0, 0.002))
    harmonics = np.arange(1, int(min(rng.integers(3, 60), 0.45 * sample_rate / f0_hz)) + 1)
    amplitudes = rng.uniform(0, 1, len(harmonics)) * harmonics ** -rng.uniform(0.2, 1.6)
    amplitudes[1::2] *= rng.uniform(0.05, 1.0)
    phases = rng.uniform(0, 2 * np.pi, len(harmonics))
    time = 2 * np.pi * f0_hz / sample_rate * np.arange(n_samples)
    tones = np.zeros(n_samples)
    for harmonic, amplitude, phase in zip(harmonics, amplitudes, phases, strict=True):
        tones += amplitude * np.sin(harmonic * time + phase)
    noise = coloured_noise(rng, n_samples)
    mixed = tones / rms(tones) + db_to_gain(rng.uniform(-40, -6)) * noise / rms(noise)
    return mixed.astype(np.float32)


def pulsed_noise(rng: np.random.Generator, n_samples: int, sample_rate: int) -> np.ndarray:
    """Return noise ``(n_samples,)`` whose level falls after each pulse of a rhythm: strokes, clicks, breaths."""
    period = sample_rate / log_uniform(rng, 0.7, 30.0)
    jitter, spread_db = rng.choice([0.0, 0.03, 0.3]), rng.uniform(0, 10)
    n_pulses = int(n_samples / period * 2) + 2
    gaps = period * (1 + jitter * rng.standard_normal(n_pulses)).clip(0.2)
    starts = np.cumsum(gaps) - rng.uniform(0, 1) * period
    starts = starts[(starts >= 0) & (starts < n_samples)].astype(int)
    pulses = np.zeros(n_samples, np.float32)
    pulses[starts] = db_to_gain(-rng.uniform(0, spread_db, len(starts)))
    decay = log_uniform(rng, 0.05, 1.5) * period
    n_rise = max(int(rng.uniform(0, 0.3) * period), 1)
    shape = np.exp(-np.arange(min(int(6 * decay) + 1, n_samples)) / decay)
    shape[:n_rise] *= np.linspace(0, 1, n_rise + 1)[1:][: len(shape)]
    level = reverberate(pulses, shape.astype(np.float32)) + np.float32(db_to_gain(rng.uniform(-60, -10)))
    return coloured_noise(rng, n_samples) * level


def random_notes(rng: np.random.Generator, n_samples: int, sample_rate: int) -> np.ndarray:
    """Return notes ``(n_samples,)`` of random voices: melodies, chords, bells, alarms."""
    wave = np.zeros(n_samples, np.float32)
    scale = np.sort(rng.choice(12, int(rng.integers(1, 8)), replace=False))
    for _ in range(rng.integers(1, 5)):
        length = sample_rate * log_uniform(rng, 0.06, 1.2)
        base, slope, n_harmonics = rng.integers(36, 84), rng.uniform(0.3, 2.0), int(rng.integers(1, 13))
        stretch = rng.choice([0.0, 0.0, 0.002, 0.05])  # of partials: strings and bells
        decay, position = sample_rate * log_uniform(rng, 0.05, 2.0), -rng.uniform(0, 1) * length
        while position < n_samples:
            n_note = min(int(length * rng.choice([0.5, 1.0, 1.0, 2.0])) + 1, n_samples)
            pitch = base + 12 * rng.integers(0, 2) + rng.choice(scale)
            f0_hz = 440 * 2 ** ((pitch - 69) / 12)
            time = np.arange(n_note)
            note = np.zeros(n_note)
            for harmonic in range(1, n_harmonics + 1):
                hz = harmonic * f0_hz * (1 + stretch * (harmonic - 1))
                if hz < 0.45 * sample_rate:
                    note += np.sin(2 * np.pi * hz / sample_rate * time + harmonic) * harmonic**-slope
            n_fade = min(sample_rate // 200, n_note)
            note *= np.exp(-time / decay)
            note[:n_fade] *= np.linspace(0, 1, n_fade)
            note[-n_fade:] *= np.linspace(1, 0, n_fade)
            if rng.random() < 0.85:  # else a rest
                start, first = max(int(position), 0), max(-int(position), 0)
                part = note[first : first + n_samples - start]
                wave[start : start + len(part)] += part.astype(np.float32)
            position += n_note
    return wave


def procedural_sound(rng: np.random.Generator, n_samples: int, sample_rate: int) -> np.ndarray:
    """Return a procedure's sound ``(n_samples,)`` with random settings; one-shots return after pauses."""
    procedure = PROCEDURES[str(rng.choice(list(PROCEDURES)))]
    if procedure.is_texture:
        seconds = n_samples / sample_rate
        return _rendered(procedure, rng, sample_rate, max(seconds, SECONDS[0]) + 0.01)[:n_samples]
    wave = np.zeros(n_samples, np.float32)
    shots = [_rendered(procedure, rng, sample_rate) for _ in range(rng.integers(1, 4))]
    gap = sample_rate * log_uniform(rng, 0.05, 1.5)
    position = int(rng.uniform(0, 0.5) * gap)
    while position < n_samples:
        shot = shots[int(rng.integers(len(shots)))][: n_samples - position]
        wave[position : position + len(shot)] += shot * np.float32(db_to_gain(rng.uniform(-12, 0)))
        position += max(int(rng.exponential(gap)), sample_rate // 50)
    return wave


def _rendered(
    procedure: type[Procedure], rng: np.random.Generator, sample_rate: int, seconds: float | None = None
) -> np.ndarray:
    """Return a procedure's sound ``(time,)`` with settings within a factor of 4 of its own, and random choices."""
    settings: dict[str, object] = {}
    for name, (low, high) in ranges_of(procedure).items():
        default = getattr(procedure, name)
        value = log_uniform(rng, 0.25, 4.0) * default if default else rng.uniform(0, 0.2) * high
        settings[name] = type(default)(min(max(value, low), high))
    for name, kind in get_type_hints(procedure).items():
        if get_origin(kind) is Literal:
            options = get_args(kind)
            settings[name] = options[int(rng.integers(len(options)))]
    sound = procedure(**settings)
    wave: np.ndarray = sound.render(seconds, sample_rate, int(rng.integers(2**31)), n_channels=1)[0]
    return wave


def texture(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return noise ``(time,)`` with the spectra of a wave in a random order, or with their mean.

    Phases are random, so neither words nor melodies are left, only what the wave is coloured like; tones stay tones.
    """
    length, hop = TEXTURE_FFT, TEXTURE_FFT // 2
    window = np.sin(np.pi * (np.arange(length) + 0.5) / length).astype(np.float32)
    padded = np.pad(wave, (hop, length + -len(wave) % hop))
    starts = np.arange(0, len(padded) - length + 1, hop)
    magnitudes = np.abs(np.fft.rfft(padded[starts[:, None] + np.arange(length)] * window))
    n_frames = len(magnitudes)
    if rng.random() < 0.5:
        magnitudes = np.sqrt((magnitudes**2).mean(0)) * np.ones((n_frames, 1))
    else:
        magnitudes = magnitudes[rng.permutation(n_frames)]
    parts = rng.standard_normal((2, *magnitudes.shape))
    frames = np.fft.irfft(magnitudes * (parts[0] + 1j * parts[1]), length) * window
    noise = np.zeros(len(padded))
    for first in (0, 1):  # frames of one parity do not overlap
        block = frames[first::2].reshape(-1)
        noise[first * hop : first * hop + len(block)] += block
    return noise[hop : hop + len(wave)].astype(np.float32)


def repeated(wave: np.ndarray, rng: np.random.Generator, sample_rate: int) -> np.ndarray:
    """Return a short piece of a wave ``(time,)``, repeated in an almost regular rhythm, as machines sound."""
    length = min(int(sample_rate * log_uniform(rng, 0.02, 0.4)), len(wave))
    start = int(rng.integers(len(wave) - length + 1))
    piece = wave[start : start + length] * np.hanning(length + 2)[1:-1]
    period = max(length * log_uniform(rng, 0.6, 4.0), 1.0)
    jitter = rng.choice([0.0, 0.02, 0.1])
    rhythm = np.zeros(len(wave) + length, np.float32)
    position = 0.0
    while position < len(wave):
        rhythm[int(position) : int(position) + length] += piece * np.float32(db_to_gain(rng.uniform(-4, 0)))
        position += max(period * (1 + jitter * rng.standard_normal()), 1.0)
    return rhythm[: len(wave)]


def with_formants(wave: np.ndarray, factor: float, sample_rate: int) -> np.ndarray:
    """Return a voice ``(time,)`` whose spectral envelope is stretched by a factor; its harmonics stay where they are.

    Above 1, formants are higher, as those of a shorter vocal tract.
    """
    length, hop = ENVELOPE_FFT, ENVELOPE_HOP
    window = np.sin(np.pi * (np.arange(length) + 0.5) / length).astype(np.float32)
    padded = np.pad(wave, (length, length + -len(wave) % hop))
    starts = np.arange(0, len(padded) - length + 1, hop)
    spectra = np.fft.rfft(padded[starts[:, None] + np.arange(length)] * window)
    log_magnitudes = np.log(np.abs(spectra) + 1e-5)
    cepstra = np.fft.irfft(log_magnitudes, length)
    lifter = max(round(ENVELOPE_LIFTER * sample_rate / 16_000), 1)
    cepstra[:, lifter : length - lifter + 1] = 0.0
    envelopes = np.fft.rfft(cepstra).real
    bins = np.arange(envelopes.shape[1])
    source = np.minimum(bins / factor, bins[-1])
    lower = np.minimum(source.astype(int), bins[-1] - 1)
    weight = source - lower
    moved = (1 - weight) * envelopes[:, lower] + weight * envelopes[:, lower + 1]
    limit = MAX_ENVELOPE_CHANGE_DB * np.log(10) / 20
    frames = np.fft.irfft(spectra * np.exp((moved - envelopes).clip(-limit, limit)), length) * window
    voice = np.zeros(len(padded))
    n_overlaps = length // hop
    for first in range(n_overlaps):
        block = frames[first::n_overlaps].reshape(-1)
        voice[first * hop : first * hop + len(block)] += block
    result: np.ndarray = voice[length : length + len(wave)].astype(np.float32) * np.float32(2 / n_overlaps)
    return result


def rolled_off(wave: np.ndarray, first: float, last: float) -> np.ndarray:
    """Return a wave ``(time,)`` without its highest frequencies, as a converter of sample rates leaves it.

    ``first`` and ``last`` are where the slope begins and ends, over half the sample rate.
    """
    frequencies = np.linspace(0, 1, len(wave) // 2 + 1)
    slope = np.cos(0.5 * np.pi * ((frequencies - first) / (last - first)).clip(0, 1)) ** 2
    filtered: np.ndarray = np.fft.irfft(np.fft.rfft(wave) * slope, len(wave)).astype(np.float32)
    return filtered


def at_speed(wave: np.ndarray, speed: float) -> np.ndarray:
    """Resample a wave to another speed, which changes its pitch, without aliases.

    - ``wave``: ``(time,)``.
    - ``speed``: above 1 is faster.
    - returns: ``(int(time / speed),)``, float32; frequencies above the Nyquist frequency are left out.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    n_samples = int(len(wave) / speed)
    if speed == 1.0 or not n_samples:
        return wave[:n_samples].astype(np.float32)
    n_before = next_fast_len(len(wave) + SPEED_PADDING, real=True)
    n_after = round(n_before / speed)
    spectrum = rfft(wave.astype(np.float32), n_before)
    resampled: np.ndarray = irfft(spectrum, n_after) * np.float32(n_after / n_before)
    return resampled[:n_samples]


def reverberate(wave: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Convolve a wave ``(time,)`` with an impulse response; keep its length."""
    from scipy.signal import oaconvolve

    convolved: np.ndarray = oaconvolve(wave, response)[: len(wave)].astype(np.float32)
    return convolved


def coded(wave: np.ndarray, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Return a wave ``(time,)`` in [-1, 1] after a random codec: mu-law of 8 bits, Vorbis, or Opus from 6 kbit/s on."""
    kind = rng.random()
    if kind < 0.4:
        return np.asarray(mu_law_decode(np.round(127 * mu_law_encode(wave)) / 127), np.float32)
    is_opus = kind < 0.7 and sample_rate in OPUS_RATES
    file = io.BytesIO()
    compression = rng.uniform(0.9, 1.0) if is_opus else rng.uniform(0.5, 1.0)
    subtype = "OPUS" if is_opus else "VORBIS"
    soundfile.write(file, wave, sample_rate, subtype, format="OGG", compression_level=compression)
    file.seek(0)
    decoded: np.ndarray = soundfile.read(file, dtype="float32")[0][: len(wave)]
    return np.pad(decoded, (0, len(wave) - len(decoded)))


def _wandering(rng: np.random.Generator, n_samples: int, fewest: int, most: int, deviation_db: float) -> np.ndarray:
    """Return gains ``(n_samples,)`` through random points."""
    n_points = int(rng.integers(fewest, most))
    gains_db = np.interp(
        np.arange(n_samples), np.linspace(0, n_samples, n_points), rng.normal(0, deviation_db, n_points)
    )
    return db_to_gain(gains_db).astype(np.float32)


def _filter(wave: np.ndarray, curve_db: np.ndarray) -> np.ndarray:
    """Filter a wave by gains at points equally spaced on a square-root scale of frequency; the delay is 0."""
    from scipy.signal import oaconvolve

    n_bins = KERNEL_LENGTH + 1
    gains_db = np.interp(np.sqrt(np.linspace(0, 1, n_bins)), np.linspace(0, 1, len(curve_db)), curve_db)
    kernel = np.fft.fftshift(np.fft.irfft(db_to_gain(gains_db - gains_db.max())))
    kernel = kernel[KERNEL_LENGTH // 2 + 1 : -KERNEL_LENGTH // 2] * np.hanning(KERNEL_LENGTH - 1)  # odd, of no delay
    filtered: np.ndarray = oaconvolve(wave, kernel.astype(np.float32), "same").astype(np.float32)
    return filtered
