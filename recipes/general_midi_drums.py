"""Drums of the bundled General MIDI bank: membranes, metal, wood and noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from general_midi_tones import RATE, band_noise

Modes = tuple[tuple[float, float, float], ...]
"""Frequency in Hz, level and decay (60 dB) in seconds of each mode."""


def _time(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def _fall(time: np.ndarray, seconds: float) -> np.ndarray:
    return 10.0 ** (-3.0 * time / seconds)


def membrane(
    hertz: float, drop: float, drop_s: float, seconds: float, click: float, noise: float, seed: int
) -> np.ndarray:
    """Return a struck skin whose pitch falls by a factor, with a click and noise."""
    rng = np.random.default_rng(seed)
    time = _time(seconds)
    swept = hertz * (1.0 + (drop - 1.0) * np.exp(-time / drop_s))
    phase = 2 * math.pi * np.cumsum(swept) / RATE
    wave = np.sin(phase) * _fall(time, seconds)
    wave += 0.35 * np.sin(1.593 * phase) * _fall(time, 0.5 * seconds)
    wave += 0.2 * np.sin(2.135 * phase) * _fall(time, 0.35 * seconds)
    wave += click * band_noise(len(time), 1_500, 6_000, rng) * _fall(time, 0.03)
    return wave + noise * band_noise(len(time), 400, 4_000, rng) * _fall(time, 0.3 * seconds)


def snare(hertz: float, wires_hz: tuple[float, float], seconds: float, body: float, seed: int) -> np.ndarray:
    """Return a snare: two modes of the skin, and wires as noise in two decays."""
    rng = np.random.default_rng(seed)
    time = _time(seconds)
    swept = 2 * math.pi * np.cumsum(hertz * (1.0 + 0.5 * np.exp(-time / 0.012))) / RATE
    skin = np.sin(swept) * _fall(time, 0.22) + 0.6 * np.sin(1.78 * swept) * _fall(time, 0.15)
    wires = band_noise(len(time), *wires_hz, rng)
    return body * skin + wires * (0.5 * _fall(time, 0.12) + 0.35 * _fall(time, seconds))


def metal(low_hz: float, high_hz: float, seconds: float, ring: Modes, noise: float, seed: int) -> np.ndarray:
    """Return a cymbal: dense modes, of which high ones fade sooner, and single ones that ring."""
    rng = np.random.default_rng(seed)
    time = _time(seconds)
    wave = np.zeros(len(time))
    for frequency in np.exp(rng.uniform(math.log(low_hz), math.log(high_hz), 90)):
        decay_s = seconds * (0.5 + 0.5 * rng.random()) * (low_hz / frequency) ** 0.25
        wave += (
            rng.uniform(0.3, 1.0) * np.sin(2 * math.pi * frequency * time + rng.uniform(0, 6.3)) * _fall(time, decay_s)
        )
    wave /= np.sqrt(np.mean(wave[: RATE // 20] ** 2))
    wave += noise * band_noise(len(time), low_hz, 13_000, rng) * _fall(time, 0.8 * seconds)
    return wave + 1.5 * modes(ring, seconds)


def modes(partials: Modes, seconds: float) -> np.ndarray:
    """Return a sum of decaying sines."""
    time = _time(seconds)
    return sum(
        (level * np.sin(2 * math.pi * hz * time) * _fall(time, decay) for hz, level, decay in partials), 0 * time
    )


def bursts(
    times_s: tuple[float, ...], low_hz: float, high_hz: float, decay_s: float, seconds: float, seed: int
) -> np.ndarray:
    """Return bursts of noise, of which the last one decays four times as long."""
    rng = np.random.default_rng(seed)
    time = _time(seconds)
    noise = band_noise(len(time), low_hz, high_hz, rng)
    wave = np.zeros(len(time))
    for number, start in enumerate(times_s):
        since = np.maximum(time - start, 0.0)
        decay = decay_s * (4.0 if number == len(times_s) - 1 else 1.0)
        wave += noise * np.where(time >= start, 10.0 ** (-3.0 * since / decay), 0.0)
    return wave


def scrape(n_teeth: int, seconds: float, seed: int) -> np.ndarray:
    """Return the teeth of a guiro, ever faster."""
    return bursts(tuple(seconds * 0.8 * (np.linspace(0, 1, n_teeth) ** 0.8)), 1_500, 6_000, 0.012, seconds, seed)


def whistle(seconds: float, seed: int) -> np.ndarray:
    """Return a whistle with a pea: a sine whose pitch and level flutter, and breath."""
    rng = np.random.default_rng(seed)
    time = _time(seconds)
    flutter = np.sin(2 * math.pi * 38 * time)
    wave = np.sin(2 * math.pi * 2_350 * time + 1.2 * flutter) * (0.7 + 0.3 * flutter)
    wave += 0.1 * band_noise(len(time), 1_500, 6_000, rng)
    return wave * np.minimum(1.0, np.minimum(time / 0.01, (seconds - time) / 0.03))


def falling_bells(count: int, spacing_s: float, seconds: float) -> np.ndarray:
    """Return a row of bells that are struck one after another, from high to low, each with two modes."""
    wave = np.zeros(round(seconds * RATE))
    for number in range(count):
        hertz = 5_200.0 * 2.0 ** (-number / 12.0)
        begin = round(number * spacing_s * RATE)
        bell = modes(((hertz, 1.0, 0.9), (2.76 * hertz, 0.3, 0.4)), seconds - begin / RATE)
        wave[begin : begin + len(bell)] += bell[: len(wave) - begin]
    return wave


BELL = ((3_000.0, 0.6, 1.2), (4_270.0, 0.4, 1.0), (5_310.0, 0.3, 0.8))

DRUMS: dict[str, Callable[[], np.ndarray]] = {
    "kick": lambda: membrane(52, 3.6, 0.022, 0.45, 0.25, 0.02, 1),
    "deep kick": lambda: membrane(44, 3.0, 0.03, 0.55, 0.12, 0.02, 2),
    "side stick": lambda: modes(((1_720, 1, 0.05), (2_550, 0.7, 0.04), (420, 0.6, 0.06)), 0.12),
    "snare": lambda: snare(185, (1_800, 9_000), 0.32, 0.9, 3),
    "electric snare": lambda: snare(220, (1_200, 7_000), 0.26, 1.3, 4),
    "clap": lambda: bursts((0.0, 0.011, 0.023, 0.034), 900, 3_500, 0.035, 0.3, 5),
    "tom": lambda: membrane(110, 1.5, 0.06, 0.6, 0.12, 0.06, 6),
    "closed hat": lambda: metal(3_500, 13_500, 0.09, (), 0.8, 7),
    "pedal hat": lambda: metal(3_000, 12_000, 0.12, (), 0.6, 8),
    "open hat": lambda: metal(3_500, 13_500, 0.7, (), 0.7, 9),
    "crash": lambda: metal(900, 13_000, 1.9, (), 0.9, 10),
    "china": lambda: metal(500, 10_000, 1.2, (), 1.2, 11),
    "ride": lambda: metal(2_200, 12_000, 1.3, BELL, 0.25, 12),
    "ride bell": lambda: metal(2_600, 11_000, 1.2, ((1_150, 2.0, 1.1), (2_380, 1.4, 0.9), *BELL), 0.05, 13),
    "tambourine": lambda: bursts((0.0, 0.018, 0.045), 6_000, 13_500, 0.06, 0.28, 14),
    "cowbell": lambda: modes(((562, 1.0, 0.35), (845, 0.9, 0.3), (1_690, 0.3, 0.2), (2_530, 0.2, 0.15)), 0.35),
    "vibraslap": lambda: bursts(tuple(0.032 * i for i in range(14)), 2_000, 5_000, 0.02, 0.7, 15),
    "bongo": lambda: membrane(330, 1.15, 0.02, 0.25, 0.25, 0.05, 16),
    "conga": lambda: membrane(195, 1.12, 0.03, 0.4, 0.2, 0.05, 17),
    "timbale": lambda: (
        membrane(290, 1.1, 0.02, 0.45, 0.4, 0.1, 18) + modes(((1_230, 0.3, 0.3), (1_870, 0.2, 0.25)), 0.45)
    ),
    "agogo": lambda: modes(((907, 1.0, 0.4), (1_370, 0.5, 0.3), (2_450, 0.4, 0.25), (3_720, 0.2, 0.15)), 0.4),
    "shaker": lambda: bursts((0.0, 0.03), 4_500, 11_000, 0.03, 0.14, 19),
    "whistle": lambda: whistle(0.4, 20),
    "guiro": lambda: scrape(22, 0.3, 21),
    "claves": lambda: modes(((2_480, 1.0, 0.09), (5_200, 0.15, 0.04)), 0.12),
    "wood block": lambda: modes(((880, 1.0, 0.09), (1_480, 0.5, 0.06), (2_600, 0.25, 0.04)), 0.14),
    "cuica": lambda: membrane(420, 0.6, 0.08, 0.2, 0.02, 0.03, 22),
    "jingle bell": lambda: (
        bursts((0.0, 0.011, 0.024, 0.036), 7_500, 15_000, 0.09, 0.4, 23)
        + 0.3 * modes(((6_310, 1, 0.5), (7_940, 0.8, 0.4), (9_870, 0.6, 0.35)), 0.4)
    ),
    "bell tree": lambda: falling_bells(24, 0.05, 2.0),
    "castanets": lambda: (
        bursts((0.0, 0.026), 1_200, 5_500, 0.012, 0.12, 24) + modes(((1_340, 0.8, 0.03), (2_310, 0.5, 0.02)), 0.12)
    ),
    "mute surdo": lambda: membrane(78, 1.35, 0.03, 0.16, 0.2, 0.04, 25),
    "open surdo": lambda: membrane(70, 1.3, 0.04, 1.1, 0.15, 0.03, 26),
    "high Q": lambda: membrane(900, 6.0, 0.012, 0.14, 0.0, 0.0, 27),
    "slap": lambda: bursts((0.0, 0.008), 700, 5_000, 0.03, 0.16, 28),
    "scratch push": lambda: scrape(12, 0.14, 29),
    "scratch pull": lambda: np.flip(scrape(12, 0.18, 30)),
    "sticks": lambda: modes(((2_080, 1.0, 0.05), (3_650, 0.6, 0.03), (5_420, 0.3, 0.02)), 0.09),
    "square click": lambda: modes(tuple((1_000.0 * n, 1.0 / n, 0.03) for n in range(1, 14, 2)), 0.05),
    "metronome click": lambda: modes(((1_480, 1.0, 0.05), (2_970, 0.5, 0.03), (4_400, 0.3, 0.02)), 0.08),
    "metronome bell": lambda: modes(((2_640, 1.0, 0.7), (5_390, 0.5, 0.4), (7_810, 0.25, 0.25)), 0.7),
    "triangle": lambda: modes(((1_950, 0.3, 1.6), (4_830, 1.0, 1.5), (7_210, 0.6, 1.1), (9_870, 0.4, 0.8)), 1.3),
}
