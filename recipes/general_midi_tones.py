"""Additive tones of the bundled General MIDI bank: spectra, decays and loops that are exactly periodic."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

RATE = 32_000
HIGHEST_HZ = 14_500.0
WIDE_VOICES = 3
"""Tones of so many voices and more have two channels."""

COMMON_BREATH = 0.93
"""Part of the noise that both channels have."""

LONG_S = 60.0
"""Decay of a partial that does not decay."""

Band = tuple[float, float, float]
"""Centre in Hz, height in dB, width in octaves."""


@dataclass(frozen=True)
class Tone:
    """An instrument.

    Attributes
    ----------
    slope_db : float
        Fall of the harmonics an octave.
    even : float
        Level of even harmonics.
    pluck : float
        Where a string is struck, as a fraction of its length; 0 for none.
    bands : tuple of Band
        Formants, or resonances of a body.
    ratios : tuple of (ratio, level, decay in seconds)
        Partials of bells and bars, instead of harmonics.
    inharmonicity : float
        Of stiff strings.
    decay_s, decay_slope : float
        Time of 60 dB of the fundamental at middle C, and the exponent by which it falls with the frequency.
    voices, detune_cents : int, float
        Unison.
    breath, breath_hz : float, (float, float)
        Level of noise, and its band.
    hammer, hammer_hz, hammer_s : float, float, float
        Level, centre and decay of the noise of the attack.
    width : float
        Largest difference between the phases of a partial in both channels, in half cycles; 0.3 is a correlation of
        0.86.
    start_s, loop_s : float
        Length before the loop, and of the loop.
    roots : tuple of int
        Keys that are sampled.
    highest_hz : float
        Above this there is nothing.
    drive : float
        Saturation, which makes short sounds louder; 0 for none.
    """

    slope_db: float = 9.0
    even: float = 1.0
    pluck: float = 0.0
    bands: tuple[Band, ...] = ()
    ratios: tuple[tuple[float, float, float], ...] = ()
    inharmonicity: float = 0.0
    decay_s: float = LONG_S
    decay_slope: float = 0.5
    voices: int = 1
    detune_cents: float = 0.0
    breath: float = 0.0
    breath_hz: tuple[float, float] = (500.0, 6_000.0)
    hammer: float = 0.0
    hammer_hz: float = 2_000.0
    hammer_s: float = 0.02
    width: float = 0.3
    start_s: float = 0.15
    loop_s: float = 0.2
    roots: tuple[int, ...] = (48, 60, 72, 84)
    highest_hz: float = HIGHEST_HZ
    drive: float = 0.0
    drawbars: tuple[float, ...] = field(default=())


@dataclass(frozen=True, eq=False)
class Sampled:
    """A tone at one key: its wave ``(channels, time)``, loop and what tunes it."""

    wave: np.ndarray
    root: int
    correction: int
    loop: tuple[int, int]


def sampled(tone: Tone, key: int, seed: int) -> Sampled:
    """Return a tone at a key, of which the loop is a whole number of cycles of every partial."""
    rng = np.random.default_rng([seed, key])
    wanted_hz = 440.0 * 2.0 ** ((key - 69) / 12.0)
    n_cycles = max(1, round(tone.loop_s * wanted_hz))
    n_loop = round(n_cycles * RATE / wanted_hz)
    hertz = n_cycles * RATE / n_loop
    grid = RATE / n_loop
    n_start = round(tone.start_s * RATE)
    time = np.arange(n_start + n_loop) / RATE
    held = np.minimum(time, n_start / RATE)
    n_channels = 2 if tone.voices >= WIDE_VOICES or tone.breath >= 1 else 1
    wave = np.zeros((n_channels, len(time)))
    for ratio, level, decay_s in _partials(tone, hertz):
        cents = np.linspace(-1, 1, tone.voices) * tone.detune_cents if tone.voices > 1 else [0.0]
        for offset in cents:
            frequency = round(hertz * ratio * 2.0 ** (offset / 1_200.0) / grid) * grid
            if 0 < frequency < min(tone.highest_hz, 0.46 * RATE):
                envelope = 10.0 ** (-3.0 * held / decay_s)
                phases = np.array([rng.uniform(0, 2 * math.pi)] * n_channels)
                phases[1:] += rng.uniform(-tone.width, tone.width) * math.pi
                cycles = 2 * math.pi * frequency * time
                wave += level / math.sqrt(tone.voices) * envelope * np.sin(cycles + phases[:, None])
    wave /= max(float(np.sqrt(np.mean(wave[:, : RATE // 8] ** 2))), 1e-9)
    breaths = [_breath(tone, n_start, n_loop, rng) for _ in range(n_channels + 1)]
    wave += np.stack([COMMON_BREATH * breaths[-1] + math.sqrt(1 - COMMON_BREATH**2) * each for each in breaths[:-1]])
    wave[:, : RATE // 4] += _hammer(tone, len(time), rng)[: RATE // 4]
    n_fade = round(0.001 * RATE)
    wave[:, :n_fade] *= 0.5 - 0.5 * np.cos(math.pi * np.arange(n_fade) / n_fade)
    correction = round(-1_200.0 * math.log2(hertz / wanted_hz))
    wave /= np.abs(wave).max()
    if tone.drive:
        wave = np.tanh(tone.drive * wave) / math.tanh(tone.drive)
    return Sampled(wave, key, correction, (n_start, n_start + n_loop))


def _partials(tone: Tone, hertz: float) -> list[tuple[float, float, float]]:
    """Return ratio, level and decay of each partial of a tone."""
    if tone.ratios:
        key_scale = (261.6 / hertz) ** tone.decay_slope
        return [(ratio, level, decay_s * key_scale) for ratio, level, decay_s in tone.ratios]
    if tone.drawbars:
        return [
            (ratio, level, LONG_S)
            for ratio, level in zip((0.5, 1.5, 1, 2, 3, 4, 5, 6, 8), tone.drawbars, strict=True)
            if level
        ]
    partials = []
    for number in range(1, 1 + int(tone.highest_hz / hertz)):
        ratio = number * math.sqrt(1.0 + tone.inharmonicity * number * number)
        frequency = ratio * hertz
        level = number ** (-tone.slope_db / 6.0206) * (tone.even if number % 2 == 0 else 1.0)
        if tone.pluck:
            level *= abs(math.sin(math.pi * number * tone.pluck)) + 0.03
        level *= 10.0 ** (_bands_db(tone.bands, frequency) / 20.0)
        decay_s = tone.decay_s * (261.6 / frequency) ** tone.decay_slope if tone.decay_s < LONG_S else LONG_S
        partials.append((ratio, level, decay_s))
    return partials


def _bands_db(bands: tuple[Band, ...], hertz: float) -> float:
    return sum(height * math.exp(-((math.log2(hertz / centre) / width) ** 2)) for centre, height, width in bands)


def _breath(tone: Tone, n_start: int, n_loop: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise that repeats with the loop."""
    if not tone.breath:
        return np.zeros(n_start + n_loop)
    spectrum = np.exp(2j * math.pi * rng.random(n_loop // 2 + 1))
    frequencies = np.fft.rfftfreq(n_loop, 1.0 / RATE)
    low, high = tone.breath_hz
    spectrum *= 1.0 / (1.0 + (frequencies / high) ** 4) * (frequencies / low) ** 2 / (1.0 + (frequencies / low) ** 2)
    noise = np.fft.irfft(spectrum, n_loop)
    noise *= tone.breath / np.sqrt(np.mean(noise**2))
    return np.resize(np.roll(noise, n_start % n_loop), n_start + n_loop)


def _hammer(tone: Tone, n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return the noise of the attack, in a band of about two octaves."""
    if not tone.hammer:
        return np.zeros(n_samples)
    noise = band_noise(n_samples, tone.hammer_hz / 2, tone.hammer_hz * 2, rng)
    return tone.hammer * noise * np.exp(-np.arange(n_samples) / (tone.hammer_s * RATE))


def band_noise(n_samples: int, low_hz: float, high_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise of the level 1 between two frequencies, with soft edges."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    frequencies = np.fft.rfftfreq(n_samples, 1.0 / RATE) + 1e-9
    spectrum /= np.sqrt((1.0 + (low_hz / frequencies) ** 6) * (1.0 + (frequencies / high_hz) ** 6))
    noise = np.fft.irfft(spectrum, n_samples)
    return noise / np.sqrt(np.mean(noise**2))
