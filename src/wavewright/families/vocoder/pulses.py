"""Pulse trains: at a predicted pitch for inference, and in phase with a recorded voice for training."""

from __future__ import annotations

import numpy as np

from ...dsp.spectrum import frame, hann_window

MIN_F0_HZ = 50.0
MAX_F0_HZ = 600.0
N_PITCH_BINS = 128
OCTAVES_PER_BIN = float(np.log2(MAX_F0_HZ / MIN_F0_HZ)) / (N_PITCH_BINS - 1)
DECODE_RADIUS = 2  # bins on each side of the most likely one that the decoded pitch is averaged over


def bin_to_hz(pitch_bin: np.ndarray) -> np.ndarray:
    """Return the pitch in hertz of fractional pitch bins."""
    f0_hz: np.ndarray = MIN_F0_HZ * np.exp2(np.asarray(pitch_bin) * OCTAVES_PER_BIN)
    return f0_hz


def hz_to_bin(f0_hz: np.ndarray) -> np.ndarray:
    """Return fractional pitch bins, clipped to the first and the last one; the inverse of :func:`bin_to_hz`."""
    pitch_bin = np.log2(np.asarray(f0_hz, np.float64) / MIN_F0_HZ) / OCTAVES_PER_BIN
    return np.clip(pitch_bin, 0, N_PITCH_BINS - 1)


def logits_to_hz(logits: np.ndarray) -> np.ndarray:
    """Return the pitch in Hz: the mean of the likeliest bin and those around it, weighted by their probabilities.

    References
    ----------
    J. W. Kim et al., "CREPE: A Convolutional Representation for Pitch Estimation", 2018.
    """
    intervals = np.arange(len(logits))
    peak = np.clip(logits.argmax(axis=1), DECODE_RADIUS, N_PITCH_BINS - 1 - DECODE_RADIUS)
    max_logit = logits.max(axis=1).astype(np.float64)
    total_weight = np.zeros(len(logits))
    weighted_offset = np.zeros(len(logits))
    for offset in range(-DECODE_RADIUS, DECODE_RADIUS + 1):
        weight = np.exp(logits[intervals, peak + offset] - max_logit)
        total_weight += weight
        weighted_offset += weight * offset
    return bin_to_hz(peak + weighted_offset / total_weight)


PULSE_TAPS = 16  # length of a band-limited pulse in samples
PULSE_DELAY = PULSE_TAPS // 2 - 1  # samples by which pulses are late; the filters learn to undo it
PHASES_PER_INTERVAL = 8  # points at which the phase of a recording is measured


class PulseTrain:
    """Band-limited pulses at a pitch that comes interval by interval, with the power spectrum of noise of variance 1.

    The frequency changes linearly within an interval and the phase is continuous.
    """

    def __init__(self, sample_rate: int, hop_length: int) -> None:
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        self._last_f0_hz: float | None = None
        self._phase = 0.0  # periods, at the end of the last interval
        self._tail = np.zeros(PULSE_TAPS, np.float32)  # of pulses that extend into the next interval

    def push(self, f0_hz: np.ndarray) -> np.ndarray:
        """Return pulses ``(intervals * hop_length,)`` for the pitch at the end of each interval.

        They are late by PULSE_DELAY samples and half a sample.
        """
        if not len(f0_hz):
            return np.zeros(0, np.float32)
        first_f0_hz = f0_hz[0] if self._last_f0_hz is None else self._last_f0_hz
        start_f0_hz = np.concatenate([[first_f0_hz], f0_hz[:-1]])
        self._last_f0_hz = float(f0_hz[-1])
        time = np.arange(self.hop_length + 1)
        periods = np.outer(start_f0_hz, time) + np.outer((f0_hz - start_f0_hz) / (2 * self.hop_length), time**2)
        periods /= self.sample_rate  # (intervals, hop_length + 1), since the start of each interval
        start_phase = np.zeros(len(f0_hz))
        # One interval after another, so that the number of intervals of a call does not change a bit.
        for index, interval_periods in enumerate(periods[:, -1]):
            start_phase[index] = self._phase
            self._phase = (self._phase + interval_periods) % 1.0
        pulses = phase_to_pulses(periods + start_phase[:, None])
        pulses[:PULSE_TAPS] += self._tail
        self._tail = pulses[len(pulses) - PULSE_TAPS :].copy()
        return pulses[:-PULSE_TAPS]


def phase_to_pulses(phase: np.ndarray) -> np.ndarray:
    """Synthesise a band-limited pulse wherever a phase passes an integer.

    A pulse is a windowed sinc with the power of white noise of variance 1 over one period, except near half the sample
    rate, where the window attenuates it.

    - ``phase``: periods, ``(intervals, 1 + samples)``; column 0 is the sample before an interval.
    - returns: ``(intervals * samples + PULSE_TAPS,)`` float32.
    """
    n_samples = phase.shape[1] - 1
    period = np.floor(phase)
    row, column = np.nonzero(period[:, 1:] > period[:, :-1])
    phase_after = phase[row, column + 1]
    periods_per_sample = phase_after - phase[row, column]
    samples_since_pulse = (phase_after - np.floor(phase_after)) / periods_per_sample
    # With half a sample of delay more, the taps lie in [-7.5, 8.5]; without, some are beyond the window's zero at 8.5.
    taps = np.arange(PULSE_TAPS) - PULSE_DELAY + samples_since_pulse[:, None] - 0.5
    shape = np.sinc(taps) * np.square(np.cos(np.pi * taps / (PULSE_TAPS + 1)))
    pulses = np.zeros(phase.shape[0] * n_samples + PULSE_TAPS, np.float32)
    indices = (row * n_samples + column)[:, None] + np.arange(PULSE_TAPS)
    np.add.at(pulses, indices, (shape / np.sqrt(periods_per_sample)[:, None]).astype(np.float32))
    return pulses


def track_phase(wave: np.ndarray, f0_hz: np.ndarray, sample_rate: int, hop_length: int) -> np.ndarray:
    """Measure the phase of the fundamental of a voice of known pitch.

    The wave is demodulated by the integrated pitch; the angle of what remains, averaged over two hops, corrects the
    phase. Where the voice is unvoiced the correction is interpolated.

    - ``wave``: ``(time,)``, from ``hop_length`` samples before the first interval to as many after the last one.
    - ``f0_hz``: pitch at the ends of the intervals, ``(intervals + 1,)``, 0 where unvoiced.
    - returns: periods, ``(intervals * hop_length + 1,)``, not decreasing; starts with the sample before the first
      interval.
    """
    n_intervals = len(f0_hz) - 1
    voiced = np.flatnonzero(f0_hz > 0)
    boundaries = np.arange(n_intervals + 1)
    contour = np.interp(boundaries, voiced, f0_hz[voiced]) if len(voiced) else np.full(n_intervals + 1, 2 * MIN_F0_HZ)
    time = np.arange(-hop_length, (n_intervals + 1) * hop_length) / hop_length  # in intervals
    integrated = np.cumsum(np.interp(time, boundaries, contour)) / sample_rate  # periods, (time,)
    demodulated = wave * np.exp(-2j * np.pi * integrated)
    windows = frame(demodulated, 2 * hop_length, hop_length // PHASES_PER_INTERVAL)
    smoothed = windows @ hann_window(2 * hop_length)  # (intervals * PHASES_PER_INTERVAL + 1,)
    correction = np.unwrap(np.angle(smoothed)) / (2 * np.pi)
    positions = np.arange(len(smoothed)) / PHASES_PER_INTERVAL  # in intervals
    is_voiced = np.interp(positions, boundaries, f0_hz > 0) > 0.5
    if is_voiced.any():
        correction = np.interp(positions, positions[is_voiced], correction[is_voiced])
    samples = np.arange(n_intervals * hop_length + 1) / hop_length
    phase = integrated[hop_length - 1 : (n_intervals + 1) * hop_length] + np.interp(samples, positions, correction)
    return np.maximum.accumulate(phase)
