"""Pulse trains, and synthesis by NumPy: pulses and noise through the filters that the network predicts, in blocks.

:class:`.training.DifferentiableSynthesis` is the same in PyTorch, for training; a change here is a
change there.

The sources, pulses and noise, are cut into Hann windows of two subframes, which overlap by one and sum to 1. Each
window is centred on the start of a subframe and multiplied, in the frequency domain, by the filters of this subframe.
The filtered windows, the *segments*, are longer than the windows, since filters ring. Overlap-add makes the wave.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ...dsp.mel import F_MAX_HZ, REFERENCE_N_FFT, hz_to_mel, mel_to_hz
from ...dsp.spectrum import frame, hann_window, overlap_add
from .config import VocoderConfig

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


HANN_POWER = 0.375  # mean square of a Hann window
BLOCK_INTERVALS = 32  # few enough that the arrays stay in the processor's cache
MIN_MAGNITUDE = 1e-8  # added to |H| = |p|^2, whose root |p| has an infinite slope at zero
MAX_PARAMETER = 8.0  # limit of the network's outputs; squared, it is 36 dB above the envelope
NOISE_REDUCTION = 0.5  # of inference and evaluation; training has none


@cache
def mel_interpolation(config: VocoderConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return indices int64 and weights that interpolate mel bands at the frequencies of the bins, ``(n_bins,)`` each.

    The index is that of the band below a bin, the weight that of the band above it.

    The mel bands end at 8 kHz. Bins above the centre of the highest band get its value.
    """
    edges = np.linspace(0.0, hz_to_mel(F_MAX_HZ), config.n_mels + 2)
    centres_hz = mel_to_hz(edges[1:-1])
    bins_hz = np.arange(config.n_bins) * config.sample_rate / config.n_fft
    positions = np.interp(bins_hz, centres_hz, np.arange(config.n_mels))  # constant beyond the first and last centre
    lower = np.minimum(positions.astype(np.int64), config.n_mels - 2)
    return lower, (positions - lower).astype(np.float32)


def noise_log_power(config: VocoderConfig) -> float:
    """Return the log-mel value of white noise of variance 1, in nats.

    A bin of its STFT has the mean power ``HANN_POWER * n_fft``, and a mel band, whose weights have unit area in hertz,
    sums ``n_fft / sample_rate`` times as much. The product is scaled by ``(REFERENCE_N_FFT / n_fft)**2``, see
    :func:`wavewright.dsp.mel.power_scale`, so ``n_fft``, the window of ``WINDOW_HOPS`` hops, cancels.
    """
    return float(np.log(HANN_POWER * REFERENCE_N_FFT**2 / config.sample_rate))


def spectral_envelopes(mel: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """Return the gains by which sources of variance 1 get the power of mel frames.

    Log powers are interpolated between bands, and between mel frames at the start of each subframe. The bands end at
    8 kHz. Above, the gain is that of the highest band, and the network has to learn the difference.

    All operations are element by element, so that the number of intervals of a call does not change a bit.

    - ``mel``: log-mel frames at the ends of the intervals, ``(n_mels, intervals + 1)``.
    - returns: ``(intervals * n_subframes, n_bins)`` float32.
    """
    lower, weight = mel_interpolation(config)
    log_power = mel.T[:, lower] * (1 - weight) + mel.T[:, lower + 1] * weight  # (intervals + 1, n_bins)
    log_gain = 0.5 * (log_power - np.float32(noise_log_power(config)))
    t = (np.arange(config.n_subframes, dtype=np.float32) / config.n_subframes)[None, :, None]
    log_gain = log_gain[:-1, None] * (1 - t) + log_gain[1:, None] * t  # (intervals, n_subframes, n_bins)
    gains: np.ndarray = np.exp(log_gain)
    return gains.reshape(-1, config.n_bins)


def decode_filters(
    parameters: np.ndarray, envelope: np.ndarray, noise_reduction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Convert the network's outputs to the filter of the pulses and the gain of the noise in every bin.

    The network predicts a pulse filter ``H`` as ``p = H / sqrt(|H|)``: it has the phase of ``H`` and the root of its
    magnitude, so ``H = p * |p|``. Of a noise gain it predicts the root as well. Roots halve the range in decibels, and
    a complex number has no jumps where an angle wraps around. Both filters are relative to the envelope.

    At inference, noise moves to the pulses in the bins where these dominate. Let ``P`` and ``N`` be the powers of both
    in a bin. The noise amplitude is multiplied by ``1 - r`` with ``r = noise_reduction * P / (P + N)``, and the power
    of the pulses by ``k``. The total power stays ``(1 - r)**2 * N + k * P = N + P`` with
    ``k = 1 + r * (2 - r) * N / P = 1 + noise_reduction * (2 - r) * N / (P + N)``.

    - ``parameters``: ``(subframes, 3 * n_bins)``: real part of ``p``, imaginary part of ``p``, root of the noise gain.
    - ``envelope``: see :func:`spectral_envelopes`, ``(subframes, n_bins)``.
    - ``noise_reduction``: fraction of the noise amplitude that moves to the pulses in bins with hardly any noise, 0 to
      1; less moves where there is more noise.
    - returns ``pulse_filters``: ``(subframes, n_bins)`` complex64.
    - returns ``noise_gains``: ``(subframes, n_bins)`` float32.
    """
    real, imaginary, root = np.split(np.clip(parameters, -MAX_PARAMETER, MAX_PARAMETER), 3, axis=1)
    magnitude = real * real + imaginary * imaginary + np.float32(MIN_MAGNITUDE)  # |H| = |p|^2
    noise_gains = root * root
    pulse_power = magnitude * magnitude
    pulse_fraction = pulse_power / (pulse_power + noise_gains * noise_gains)
    reduction = np.float32(noise_reduction) * pulse_fraction  # r
    power_ratio = 1 + np.float32(noise_reduction) * (2 - reduction) * (1 - pulse_fraction)  # k
    scale = np.sqrt(magnitude * power_ratio) * envelope  # so pulse_filters = p * |p| * sqrt(k), times the envelope
    pulse_filters = np.empty(envelope.shape, np.complex64)
    np.multiply(real, scale, out=pulse_filters.real)
    np.multiply(imaginary, scale, out=pulse_filters.imag)
    return pulse_filters, noise_gains * (1 - reduction) * envelope


class StreamingSynthesis:
    """Pulses and noise through filters, interval by interval; the wave is late by ``config.delay`` samples.

    - ``noise_reduction``: see :func:`decode_filters`; 0 for the synthesis that the network is trained with.
    """

    def __init__(self, config: VocoderConfig, noise_reduction: float) -> None:
        self.config = config
        self.noise_reduction = noise_reduction
        self._window = hann_window(2 * config.subframe_length)
        self._sources = np.zeros((2, config.subframe_length), np.float32)  # pulses and noise of the last subframe
        self._segments = np.zeros((config.fft_subframes - 1, config.n_fft), np.float32)  # that reach into later samples

    def push(self, parameters: np.ndarray, mel: np.ndarray, pulses: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Return as many samples as the next intervals have.

        - ``parameters``: the network's outputs, ``(intervals * n_subframes, 3 * n_bins)``, see :func:`decode_filters`.
        - ``mel``: log-mel frames at the ends of the intervals, ``(n_mels, intervals + 1)``.
        - ``pulses``, ``noise``: sources, ``(intervals * hop_length,)``.
        - returns: ``(intervals * hop_length,)`` float32.
        """
        n_subframes, hop_length = self.config.n_subframes, self.config.hop_length
        waves = []
        for start in range(0, mel.shape[1] - 1, BLOCK_INTERVALS):
            end = start + BLOCK_INTERVALS
            envelope = spectral_envelopes(mel[:, start : end + 1], self.config)
            samples = slice(start * hop_length, end * hop_length)
            sources = np.stack([pulses[samples], noise[samples]])
            waves.append(self._filter(parameters[start * n_subframes : end * n_subframes], envelope, sources))
        return np.concatenate(waves)

    def _filter(self, parameters: np.ndarray, envelope: np.ndarray, sources: np.ndarray) -> np.ndarray:
        """Return ``(subframes * subframe_length,)`` samples of ``sources (2, subframes * subframe_length)``."""
        config = self.config
        pulse_filters, noise_gains = decode_filters(parameters, envelope, self.noise_reduction)
        sources = np.concatenate([self._sources, sources], axis=1)  # the first window starts a subframe earlier
        self._sources = sources[:, sources.shape[1] - config.subframe_length :]
        padded = np.zeros((2, len(envelope), config.n_fft), np.float32)
        windowed = padded[:, :, config.subframe_length : 3 * config.subframe_length]
        np.multiply(frame(sources, 2 * config.subframe_length, config.subframe_length), self._window, out=windowed)
        pulse_spectrum, noise_spectrum = np.fft.rfft(padded)  # SciPy's takes 0.2 s to import
        pulse_filters *= pulse_spectrum
        pulse_filters += noise_spectrum * noise_gains
        segments = np.concatenate([self._segments, np.fft.irfft(pulse_filters, n=config.n_fft)])
        self._segments = segments[len(envelope) :]
        first = (config.fft_subframes - 1) * config.subframe_length  # the samples before are those of earlier calls
        return overlap_add(segments, config.subframe_length)[first : first + len(envelope) * config.subframe_length]
