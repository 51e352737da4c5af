"""Synthetic sounds in pairs that differ a little, so that an encoder learns what makes sounds alike.

    python recipes/corpora doppelgangers --count 3000 --out corpora/doppelgangers

A sound is a mixture of up to three layers: noise, a tone, clicks or grains, filtered, with an envelope of one event, of
repeated ones or without end, in a room or not. Its pair has the same structure, settings that are slightly different,
and other random numbers. The text of both is the number of the pair; one of forty pairs is split ``valid``.

References
----------
M. Cherep and N. Singh, "Contrastive Learning from Synthetic Audio Doppelgängers", 2024 (the idea; the sounds here are
others).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from corpus import Recording, Source, gather
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from wavewright.audio.clip import Clip
from wavewright.base.result import Failed

SOURCE = Source(
    "Synthetic sounds", "CC0-1.0", "Wavewright", "Wavewright, recipes/corpora/doppelgangers.py", "synthetic"
)
SAMPLE_RATE = 16_000
N_SAMPLES = 2 * SAMPLE_RATE
N_PAIRS = 3_000
CHANGE = 0.12  # standard deviation of a setting between the two of a pair, as a fraction of its range
VALID_OF = 40
SEED = 11
N_GRAIN_KINDS = 5  # resonances of the grains of a layer

T = TypeVar("T")


class Dials:
    """Draws the settings of one sound: the same numbers for both of a pair, but for a small change.

    Parameters
    ----------
    pair : int
        Decides the structure, and the settings before the change.
    take : int
        Decides the change, and all random numbers of the sound.
    """

    def __init__(self, pair: int, take: int) -> None:
        self._shared = np.random.default_rng([SEED, pair])
        self.rng = np.random.default_rng([SEED, pair, 1 + take])

    def between(self, low: float, high: float) -> float:
        """Return a setting, uniformly distributed."""
        position = self._shared.random() + CHANGE * self.rng.standard_normal()
        folded = abs((position + 1) % 2 - 1)  # reflected at both ends of the range
        return float(low + (high - low) * folded)

    def scale(self, low: float, high: float) -> float:
        """Return a setting whose logarithm is uniformly distributed."""
        return float(np.exp(self.between(np.log(low), np.log(high))))

    def choice(self, options: Sequence[T]) -> T:
        """Return one of some options, the same for both of a pair."""
        return options[int(self._shared.integers(len(options)))]


@dataclass(frozen=True)
class Events:
    """When a layer sounds: its envelope, and for each sample how far its event is, from 0 to 1."""

    envelope: np.ndarray
    phase: np.ndarray


def single(dials: Dials) -> Events:
    """Return one event."""
    onset = round(dials.between(0.1, 0.6) * SAMPLE_RATE)
    shape = _event(dials.scale(0.002, 0.3), dials.between(0, 0.6), dials.scale(0.02, 0.8))
    return _placed([onset], [1.0], shape)


def repeated(dials: Dials) -> Events:
    """Return events one after the other, regular or not."""
    period, jitter = dials.scale(0.07, 0.9), dials.choice((0.0, 0.02, 0.15, 0.4))
    shape = _event(dials.scale(0.001, 0.1), dials.between(0, 0.6) * period, dials.scale(0.01, 0.5) * min(1, 2 * period))
    count = int(2 / period) + 1
    onsets = (np.arange(count) + dials.rng.random() + jitter * dials.rng.standard_normal(count)) * period
    levels = np.exp(dials.choice((0.05, 0.4)) * dials.rng.standard_normal(count))
    return _placed(np.round(onsets * SAMPLE_RATE).astype(int).tolist(), levels.tolist(), shape)


def sustained(dials: Dials) -> Events:
    """Return a sound without end, whose level changes slowly."""
    depth, slow = dials.between(0, 1.0), smooth_noise(dials.rng, dials.scale(0.3, 12))
    return Events(np.exp(depth * slow), np.linspace(0, 1, N_SAMPLES))


def _event(attack: float, hold: float, decay: float) -> np.ndarray:
    """Return the envelope of an event of so many seconds; the decay is by 60 dB in seven times its time."""
    rise = np.linspace(0, 1, max(round(attack * SAMPLE_RATE), 2))
    fall = np.exp(-np.arange(round(7 * decay * SAMPLE_RATE)) / (decay * SAMPLE_RATE))
    shape: np.ndarray = np.concatenate([rise, np.ones(round(hold * SAMPLE_RATE)), fall])[:N_SAMPLES]
    return shape


def _placed(onsets: Sequence[int], levels: Sequence[float], shape: np.ndarray) -> Events:
    """Return events of one shape at their onsets; a later one replaces the phase of an earlier one."""
    envelope, phase = np.zeros(N_SAMPLES), np.zeros(N_SAMPLES)
    inner = np.linspace(0, 1, len(shape))
    for onset, level in zip(onsets, levels, strict=True):
        start = max(onset, 0)
        part = slice(start - onset, max(min(len(shape), N_SAMPLES - onset), 0))
        n_samples = len(shape[part])
        envelope[start:][:n_samples] += level * shape[part]
        phase[start:][:n_samples] = inner[part]
    return Events(envelope, phase)


def smooth_noise(rng: np.random.Generator, rate_hz: float) -> np.ndarray:
    """Return Gaussian noise below a frequency, with a variance of about 1, ``(N_SAMPLES,)``."""
    points = rng.standard_normal(max(round(2 * N_SAMPLES / SAMPLE_RATE * rate_hz), 2))
    noise: np.ndarray = np.interp(np.linspace(0, len(points) - 1, N_SAMPLES), np.arange(len(points)), points)
    return noise


def noise(dials: Dials, _: Events) -> np.ndarray:
    """Return coloured noise."""
    spectrum = np.fft.rfft(dials.rng.standard_normal(N_SAMPLES))
    return np.fft.irfft(spectrum * np.arange(1, len(spectrum) + 1) ** -dials.between(0, 1.2), N_SAMPLES)


def tone(dials: Dials, events: Events) -> np.ndarray:
    """Return harmonics, or stretched partials, of a pitch that glides, bends, wavers or wanders within each event."""
    pitch, contour, amount = dials.scale(50, 2_500), dials.choice(CONTOURS), dials.between(-1, 1)
    semitones = contour(dials, events.phase, amount) + 0.1 * smooth_noise(dials.rng, 20)
    frequency = pitch * 2 ** (semitones / 12)
    phase = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE
    slope, stretch = dials.between(0.2, 2), dials.choice((0.0, 0.0, dials.scale(1e-4, 1e-1)))
    odd = dials.choice((False, False, True))
    wave = np.zeros(N_SAMPLES)
    for number in range(1, dials.choice((1, 3, 8, 24)) + 1):
        ratio = number * np.sqrt(1 + stretch * number**2)
        if not (odd and number % 2 == 0):
            audible = ratio * frequency < SAMPLE_RATE / 2
            wave += number**-slope * audible * np.sin(ratio * phase + dials.rng.uniform(0, 2 * np.pi))
    roughness, rate = dials.choice((0.0, 0.0, dials.between(0.2, 1))), dials.scale(15, 120)
    return wave * (1 + roughness * np.sin(2 * np.pi * rate * np.arange(N_SAMPLES) / SAMPLE_RATE))


def _flat(_: Dials, phase: np.ndarray, __: float) -> np.ndarray:
    return np.zeros_like(phase)


def _glide(_: Dials, phase: np.ndarray, amount: float) -> np.ndarray:
    return 18 * amount * phase


def _arch(_: Dials, phase: np.ndarray, amount: float) -> np.ndarray:
    return 14 * amount * np.sin(np.pi * phase ** (1.5 - amount))


def _vibrato(dials: Dials, phase: np.ndarray, amount: float) -> np.ndarray:
    return 3 * amount * np.sin(2 * np.pi * dials.scale(3, 12) * np.arange(len(phase)) / SAMPLE_RATE)


def _wander(dials: Dials, _: np.ndarray, amount: float) -> np.ndarray:
    return 6 * amount * smooth_noise(dials.rng, 3)


CONTOURS = (_flat, _glide, _glide, _arch, _arch, _vibrato, _wander)


def clicks(dials: Dials, _: Events) -> np.ndarray:
    """Return resonant clicks at a rate that varies."""
    rate = dials.scale(1.5, 150) * np.exp(dials.between(0, 0.4) * smooth_noise(dials.rng, dials.scale(0.5, 8)))
    count = np.floor(np.cumsum(rate) / SAMPLE_RATE + dials.rng.random())
    impulses = np.diff(count, prepend=0.0) * np.exp(0.2 * dials.rng.standard_normal(N_SAMPLES))
    return resonant(impulses, dials.scale(80, 6_000), dials.scale(0.0005, 0.05))


def grains(dials: Dials, _: Events) -> np.ndarray:
    """Return many small resonances at random moments."""
    density, spread = dials.scale(3, 1_500), dials.between(0.1, 1.5)
    centre, decay, variety = dials.scale(150, 5_000), dials.scale(0.0005, 0.03), dials.between(0, 1.5)
    wave = np.zeros(N_SAMPLES)
    for _ in range(N_GRAIN_KINDS):
        moments = dials.rng.random(N_SAMPLES) < density / N_GRAIN_KINDS / SAMPLE_RATE
        impulses = moments * np.exp(variety * dials.rng.standard_normal(N_SAMPLES))
        wave += resonant(impulses, centre * np.exp(spread * dials.rng.standard_normal()), decay)
    return wave


def resonant(wave: np.ndarray, frequency: float, decay: float) -> np.ndarray:
    """Return a wave through a resonance that decays by a factor of e in so many seconds."""
    radius = np.exp(-1 / (decay * SAMPLE_RATE))
    angle = 2 * np.pi * min(frequency, 0.45 * SAMPLE_RATE) / SAMPLE_RATE
    filtered: np.ndarray = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], wave)
    return filtered


def filtered(wave: np.ndarray, dials: Dials) -> np.ndarray:
    """Return a wave through a low pass, a high pass, a band or formants, or as it is."""
    kind = dials.choice(("none", "low", "high", "band", "formants", "formants"))
    if kind == "none":
        return wave
    if kind == "formants":
        return sum(
            (resonant(wave, dials.scale(*span), dials.scale(0.001, 0.02)) * dials.scale(0.1, 1) for span in FORMANTS),
            np.zeros_like(wave),
        )
    low, high = sorted((dials.scale(80, 6_000), dials.scale(80, 6_000)))
    edges = {"low": high, "high": low, "band": (low, max(high, 1.2 * low))}[kind]
    passes = {"low": "lowpass", "high": "highpass", "band": "bandpass"}[kind]
    return np.asarray(sosfilt(butter(dials.choice((1, 2, 4)), edges, passes, fs=SAMPLE_RATE, output="sos"), wave))


FORMANTS = ((250, 1_000), (800, 2_500), (2_000, 5_000))
LAYERS: tuple[Callable[[Dials, Events], np.ndarray], ...] = (noise, tone, tone, clicks, grains)
TIMINGS = (single, repeated, sustained)


def render(pair: int, take: int) -> np.ndarray:
    """Return one of the two sounds of a pair, ``(N_SAMPLES,)``, with a peak of 0.7."""
    dials = Dials(pair, take)
    wave = np.zeros(N_SAMPLES)
    for _ in range(dials.choice((1, 1, 2, 2, 3))):
        events = dials.choice(TIMINGS)(dials)
        layer = filtered(dials.choice(LAYERS)(dials, events), dials) * events.envelope
        wave += dials.scale(0.1, 1) * layer / max(float(np.abs(layer).max()), 1e-9)
    if dials.choice((False, True)):
        decay = dials.scale(0.02, 0.6)
        room = dials.rng.standard_normal(SAMPLE_RATE) * np.exp(-np.arange(SAMPLE_RATE) / (decay * SAMPLE_RATE))
        late = fftconvolve(wave, room)[:N_SAMPLES]
        wave += dials.between(0.02, 0.5) * late * np.abs(wave).max() / max(float(np.abs(late).max()), 1e-9)
    return 0.7 * wave / max(float(np.abs(wave).max()), 1e-9)


@dataclass(frozen=True)
class Doppelganger(Recording):
    """One of the two sounds of a pair."""

    pair: int
    take: int

    def read(self) -> Clip:
        """Return the sound."""
        return Clip(render(self.pair, self.take)[None].astype(np.float32), SAMPLE_RATE)


def find_pairs(count: int) -> Iterator[Doppelganger]:
    """Yield both sounds of so many pairs."""
    for pair in range(count):
        split = "train" if pair % VALID_OF else "valid"
        facts = {"text": f"pair {pair}", "group": f"pair {pair}"}
        for take in range(2):
            yield Doppelganger(Path(), f"{pair:05}-{take}", split, SOURCE, facts, pair, take)


def gather_doppelgangers(count: int, out: Path) -> tuple[list[Doppelganger], list[Failed]]:
    """Write the corpus to ``out``; return its sounds, and those left out."""
    return gather(find_pairs(count), out, Doppelganger.read)
