"""What is filtered: pulses at a pitch, and where those of a recording lie."""

from __future__ import annotations

import numpy as np

from ...dsp.spectrum import frame, hann_window
from .config import HIGHEST_PITCH_HZ, LOWEST_PITCH_HZ, N_PITCHES

OCTAVES = float(np.log2(HIGHEST_PITCH_HZ / LOWEST_PITCH_HZ))
NEAR = 2  # pitches on each side of the likeliest one that refine it
PULSE_TAPS = 16  # samples of a band-limited pulse, which comes half of them late


def pitch_of(logits: np.ndarray) -> np.ndarray:
    """The pitch in hertz ``(frames,)`` float64 that a network finds, from its ``logits (frames, N_PITCHES)``.

    The mean of the likeliest place and its neighbours, weighted by how likely they are.
    """
    likeliest = np.clip(logits.argmax(axis=1), NEAR, N_PITCHES - 1 - NEAR)
    rows = np.arange(len(logits))
    highest = logits.max(axis=1).astype(np.float64)
    total, weighted = np.zeros(len(logits)), np.zeros(len(logits))
    for shift in range(-NEAR, NEAR + 1):
        weight = np.exp(logits[rows, likeliest + shift] - highest)
        total, weighted = total + weight, weighted + weight * shift
    return place_to_hz(likeliest + weighted / total)


def place_to_hz(place: np.ndarray) -> np.ndarray:
    """Places among the N_PITCHES to hertz."""
    return LOWEST_PITCH_HZ * np.exp2(np.asarray(place) * (OCTAVES / (N_PITCHES - 1)))


def hz_to_place(f0_hz: np.ndarray) -> np.ndarray:
    """The inverse of :func:`place_to_hz`, kept between the first and the last place."""
    place = np.log2(np.asarray(f0_hz, np.float64) / LOWEST_PITCH_HZ) * ((N_PITCHES - 1) / OCTAVES)
    return np.clip(place, 0, N_PITCHES - 1)


class Pulses:
    """Band-limited pulses whose pitch comes frame by frame, as loud per hertz as noise of variance 1."""

    def __init__(self, sample_rate: int, hop_length: int):
        self.sample_rate, self.hop_length = sample_rate, hop_length
        self.f0_hz: float | None = None  # at the end of the frame before
        self.phase = 0.0  # in periods
        self.begun = np.zeros(PULSE_TAPS, np.float32)  # what the last pulses reach into the next frame

    def push(self, f0_hz: np.ndarray) -> np.ndarray:
        """The next ``(frames * hop_length,)`` samples float32, ``f0_hz (frames,)`` being the pitch at the end of each frame."""
        if not len(f0_hz):
            return np.zeros(0, np.float32)
        before = np.concatenate([[f0_hz[0] if self.f0_hz is None else self.f0_hz], f0_hz[:-1]])
        self.f0_hz = float(f0_hz[-1])
        time = np.arange(self.hop_length + 1)
        turned = np.outer(before, time) + np.outer((f0_hz - before) / (2 * self.hop_length), time**2)
        turned /= self.sample_rate  # (frames, hop_length + 1), periods since the frame began
        starts = np.zeros(len(f0_hz))
        for number, end in enumerate(
            turned[:, -1]
        ):  # one after another, so that no number of frames at once changes a bit
            starts[number] = self.phase
            self.phase = (self.phase + end) % 1.0
        pulses = pulses_at(turned + starts[:, None])
        pulses[:PULSE_TAPS] += self.begun
        self.begun = pulses[len(pulses) - PULSE_TAPS :].copy()
        return pulses[:-PULSE_TAPS]


def pulses_at(phase: np.ndarray) -> np.ndarray:
    """Pulses where ``phase (frames, 1 + samples)``, in periods, passes a whole number: ``(frames * samples + PULSE_TAPS,)`` float32.

    Column 0 is the last sample before a row. A pulse is a windowed sinc, so many taps long, centred between the samples where it lies, and
    has the power of one period, but for what the window takes near half the sample rate.
    """
    n_samples = phase.shape[1] - 1
    whole = np.floor(phase)
    row, column = np.nonzero(whole[:, 1:] > whole[:, :-1])
    reached, step = phase[row, column + 1], phase[row, column + 1] - phase[row, column]
    late = (reached - np.floor(reached)) / step  # samples since the pulse
    taps = np.arange(PULSE_TAPS) - (PULSE_TAPS // 2 - 1) + late[:, None] - 0.5
    shape = np.sinc(taps) * np.square(np.cos(np.pi * taps / (PULSE_TAPS + 1)))
    pulses = np.zeros(phase.shape[0] * n_samples + PULSE_TAPS, np.float32)
    places = (row * n_samples + column)[:, None] + np.arange(PULSE_TAPS)
    np.add.at(pulses, places, (shape / np.sqrt(step)[:, None]).astype(np.float32))
    return pulses


def phase_of(wave: np.ndarray, f0_hz: np.ndarray, sample_rate: int, hop_length: int) -> np.ndarray:
    """The phase in periods ``(frames * hop_length + 1,)`` of the voice in ``wave``, whose pitch ``f0_hz (frames + 1,)`` is known.

    ``wave`` begins ``hop_length`` before the first frame and ends as much after the last one. What the fundamental does is heard by turning
    it back with the given pitch (0 where there is none, where the phase goes on between its neighbours), through a window of two hops.
    """
    n_frames, per_frame = len(f0_hz) - 1, 8
    voiced = np.flatnonzero(f0_hz > 0)
    frames = np.arange(n_frames + 1)
    filled = np.interp(frames, voiced, f0_hz[voiced]) if len(voiced) else np.full(n_frames + 1, LOWEST_PITCH_HZ * 2)
    at = np.arange(-hop_length, (n_frames + 1) * hop_length) / hop_length
    turned = np.cumsum(np.interp(at, frames, filled)) / sample_rate  # periods, (time,)
    back = wave * np.exp(-2j * np.pi * turned)
    heard = frame(back, 2 * hop_length, hop_length // per_frame) @ hann_window(
        2 * hop_length
    )  # (frames * per_frame + 1,)
    lead = np.unwrap(np.angle(heard)) / (2 * np.pi)
    places = np.arange(len(heard)) / per_frame  # in frames
    known = np.interp(places, frames, f0_hz > 0) > 0.5
    if known.any():
        lead = np.interp(places, places[known], lead[known])
    samples = np.arange(n_frames * hop_length + 1) / hop_length
    phase = turned[hop_length - 1 : hop_length + n_frames * hop_length] + np.interp(samples, places, lead)
    return np.maximum.accumulate(phase)
