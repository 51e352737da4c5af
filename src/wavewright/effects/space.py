"""Space: reverb by convolution with an impulse response, and by a feedback delay network."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..audio.sound_file import SoundFormat
from ..base.errors import BadSetting
from ..base.ranges import ranged
from ..base.units import seconds_to_samples
from .effect import Effect, EffectStream, check_same_shape, checked_block, history_of, milliseconds_to_samples

SHORTEST_PARTITION, LONGEST_PARTITION = 256, 32_768  # samples
PARTITIONS_AT_ONCE, POINTS_AT_ONCE = 4, 131_072  # at least, and of each channel: so many are transformed together
N_LINES = 16
SAMPLES_AT_ONCE = 64  # in the network
SHORTEST_LINE_MS, LONGEST_LINE_MS = 23.0, 89.0
"""Range of the delays of the network for ``size`` 1."""


@dataclass(frozen=True, eq=False)
class ConvolutionReverb(Effect):
    """Convolve with an impulse response, such as that of a room.

    ``response`` is ``(time,)`` or ``(channels, time)``, for all channels or each its own, at ``response_rate`` Hz.
    ``mix`` is the fraction of the convolved sound, the rest is the sound itself. ``tail_seconds`` are added at the end.

    The stream works in partitions of a fixed length, about a quarter of the response, and lags behind by one.
    """

    keeps_loops = False

    response: np.ndarray
    response_rate: int
    mix: float = ranged(1.0, 0.0, 1.0)
    tail_seconds: float = ranged(0.0, 0.0, 60.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        response = np.atleast_2d(self.response)
        if response.shape[-1] == 0:
            raise BadSetting("response is empty; an impulse response has at least one sample.")
        object.__setattr__(self, "response", checked_block(response, len(response)))

    def stream(self, sound: SoundFormat) -> ConvolutionStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        rate, n_channels = sound.sample_rate, sound.n_channels
        if rate != self.response_rate:
            raise BadSetting(
                f"The impulse response has {self.response_rate} Hz, the sound {rate} Hz; resample one of them."
            )
        if len(self.response) not in (1, n_channels):
            raise BadSetting(
                f"The impulse response has {len(self.response)} channels, the sound {n_channels}; give 1 or as many."
            )
        n_tail = seconds_to_samples(self.tail_seconds, rate)
        return ConvolutionStream(n_channels, self.response, float(self.mix), n_tail)


class ConvolutionStream(EffectStream):
    """The stream of :class:`ConvolutionReverb`: uniformly partitioned overlap-save.

    Parameters
    ----------
    n_channels : int
    response : np.ndarray
        ``(1 or channels, time)`` float32.
    mix : float
    n_tail : int
        Samples after the end of the input.
    n_delay : int
        Delay of the response that counts as latency.
    """

    adopted = ("_responses", "_dry")

    def __init__(self, n_channels: int, response: np.ndarray, mix: float, n_tail: int, n_delay: int = 0) -> None:
        quarter = 1 << max(0, math.ceil(math.log2(response.shape[1])) - 2)
        n_partition = min(max(quarter, SHORTEST_PARTITION), LONGEST_PARTITION)
        super().__init__(n_channels, latency_samples=n_partition + n_delay, tail_samples=n_tail)
        from scipy.fft import rfft  # slow to import

        n_partitions = math.ceil(response.shape[1] / n_partition)
        padded = np.pad(response, ((0, 0), (0, n_partitions * n_partition - response.shape[1])))
        parts = padded.reshape(len(response), n_partitions, n_partition).swapaxes(0, 1)
        self._responses = rfft(parts * np.float32(mix), 2 * n_partition)  # (partitions, channels, bins)
        self._n_at_once = max(PARTITIONS_AT_ONCE, POINTS_AT_ONCE // (2 * n_partition))
        n_spectra = n_partitions - 1 + max(self._n_at_once, n_partitions // 4)
        self._spectra = np.zeros((n_spectra, n_channels, n_partition + 1), np.complex64)  # of the last inputs
        self._n_spectra = n_partitions - 1
        self._dry = np.float32(1.0 - mix)
        self._last = np.zeros((n_channels, n_partition), np.float32)  # partition of inputs
        self._partition = np.zeros((n_channels, n_partition), np.float32)  # that is being filled
        self._n_filled = 0
        self._outputs = np.zeros((n_channels, n_partition), np.float32)

    def adopt(self, other: Self) -> None:
        """Take over another response of the same length, see :meth:`.effect.EffectStream.adopt`."""
        check_same_shape(self._responses, other._responses)
        super().adopt(other)

    def _process(self, block: np.ndarray) -> np.ndarray:
        n_partition = self._partition.shape[1]
        output = np.empty_like(block)
        start = 0
        while start < block.shape[1]:
            n_whole = 0 if self._n_filled else min((block.shape[1] - start) // n_partition, self._n_at_once)
            if n_whole:
                end = start + n_whole * n_partition
                convolved = self._convolved(block[:, start:end])
                output[:, start : start + n_partition] = self._outputs
                output[:, start + n_partition : end] = convolved[:, :-n_partition]
                self._outputs = convolved[:, -n_partition:]
                start = end
                continue
            n = min(n_partition - self._n_filled, block.shape[1] - start)
            filled = slice(self._n_filled, self._n_filled + n)
            output[:, start : start + n] = self._outputs[:, filled]
            self._partition[:, filled] = block[:, start : start + n]
            self._n_filled = (self._n_filled + n) % n_partition
            start += n
            if self._n_filled == 0:
                self._outputs = self._convolved(self._partition)
        return output

    def _convolved(self, inputs: np.ndarray) -> np.ndarray:
        """Return the output of some whole partitions, ``(channels, time)``, which a processor transforms at once."""
        from scipy.fft import irfft, rfft

        n_channels, n_partition = self._partition.shape
        n_new = inputs.shape[1] // n_partition
        joined = np.concatenate([self._last, inputs], axis=1)
        frames = sliding_window_view(joined, 2 * n_partition, axis=1)[:, ::n_partition].swapaxes(0, 1)
        if self._n_spectra + n_new > len(self._spectra):
            n_before = len(self._responses) - 1
            self._spectra[:n_before] = self._spectra[self._n_spectra - n_before : self._n_spectra]
            self._n_spectra = n_before
        first, end = self._n_spectra, self._n_spectra + n_new
        self._spectra[first:end] = rfft(np.ascontiguousarray(frames))
        self._n_spectra = end
        total = self._spectra[first:end] * self._responses[0]
        product = np.empty_like(total)
        for partition in range(1, len(self._responses)):
            earlier = self._spectra[first - partition : end - partition]
            np.multiply(earlier, self._responses[partition], out=product)
            total += product
        convolved = irfft(total)[..., n_partition:].swapaxes(0, 1).reshape(n_channels, -1)
        if self._dry:
            convolved += self._dry * inputs
        self._last = joined[:, -n_partition:].copy()
        return convolved  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Reverb(Effect):
    """Artificial reverb by a feedback delay network of sixteen lines.

    ``seconds`` is the reverberation time (-60 dB) at low frequencies, ``high_ratio`` the ratio to it of that at
    half the sample rate. ``size`` multiplies the delays (1 is a hall), ``pre_delay_ms`` delays the whole reverb.
    ``mix`` is the fraction of the reverb, the rest is the sound itself. ``tail_seconds`` are added at the end.

    References
    ----------
    J.-M. Jot, A. Chaigne, "Digital delay networks for designing artificial reverberators", 1991.
    """

    keeps_loops = False

    seconds: float = ranged(1.5, 0.05, 60.0)
    size: float = ranged(1.0, 0.05, 4.0)
    high_ratio: float = ranged(0.4, 0.02, 1.0)
    pre_delay_ms: float = ranged(10.0, 0.0, 500.0)
    mix: float = ranged(0.25, 0.0, 1.0)
    tail_seconds: float = ranged(0.0, 0.0, 60.0)

    def stream(self, sound: SoundFormat) -> ReverbStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return ReverbStream(self, sound)


class ReverbStream(EffectStream):
    """The stream of :class:`Reverb`."""

    adopted = ("_delays", "_gains", "_poles", "_taps", "_inputs", "_outputs", "_dry", "_wet")

    def __init__(self, settings: Reverb, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels, tail_samples=seconds_to_samples(settings.tail_seconds, sound.sample_rate))
        self._delays = _delays(settings.size, sound.sample_rate)
        decays_db = -60.0 * self._delays / (settings.seconds * sound.sample_rate)  # of one pass through each line
        self._gains = 10.0 ** (decays_db / 20.0)
        high_over_low = 10.0 ** (decays_db * (1.0 / settings.high_ratio - 1.0) / 20.0)
        self._poles = (1.0 - high_over_low) / (1.0 + high_over_low)
        self._lines = np.zeros((N_LINES, int(self._delays[-1]) + SAMPLES_AT_ONCE))
        self._position = 0
        self._damped = np.zeros(N_LINES)
        self._taps = np.empty((N_LINES, min(int(self._delays[0]), SAMPLES_AT_ONCE)))
        # Each pass keeps this fraction of the energy, and the sum over all passes is 1, without the damping.
        retained = float(np.square(self._gains).mean())
        self._inputs = _signs(sound.n_channels, ((0, 1), (2, 3))) / math.sqrt(N_LINES)
        self._outputs = _signs(sound.n_channels, ((0, 2), (1, 3))) * math.sqrt((1.0 - retained) / retained)
        n_before = milliseconds_to_samples(settings.pre_delay_ms, sound.sample_rate)
        self._before = np.zeros((sound.n_channels, n_before), np.float32)
        self._dry, self._wet = np.float32(1.0 - settings.mix), np.float32(settings.mix)

    def adopt(self, other: Self) -> None:
        """Take over other delays and gains; longer lines are kept, since later delays may need them."""
        super().adopt(other)
        self._before = history_of(self._before, other._before.shape[1])
        n_line = other._lines.shape[1]
        if n_line > self._lines.shape[1]:
            in_order = np.roll(self._lines, -self._position, axis=1)
            self._lines, self._position = history_of(in_order, n_line), 0

    def _process(self, block: np.ndarray) -> np.ndarray:
        from .space_kernels import feedback_network  # numba is slow to import

        n_samples = block.shape[1]
        history = np.concatenate([self._before, block], axis=1)
        self._before = history[:, n_samples:]
        wet = np.zeros_like(block)
        self._position = feedback_network(
            *(np.ascontiguousarray(history[:, :n_samples]), self._lines, self._delays, self._position),
            *(self._gains, self._poles, self._damped, self._taps, self._inputs, self._outputs, wet),
        )
        wet *= self._wet
        wet += self._dry * block
        return wet


@functools.lru_cache(maxsize=16)
def _delays(size: float, sample_rate: int) -> np.ndarray:
    """Return the delays of the lines in samples."""
    milliseconds = size * np.geomspace(SHORTEST_LINE_MS, LONGEST_LINE_MS, N_LINES)
    return _distinct_primes(milliseconds * sample_rate / 1_000.0)


def _distinct_primes(lengths: np.ndarray) -> np.ndarray:
    """Return a different prime for each length, which are rising, not far above it; int64."""
    primes = [1]
    for length in lengths:
        candidate = max(round(float(length)), primes[-1] + 1, 2)
        while any(candidate % factor == 0 for factor in range(2, math.isqrt(candidate) + 1)):
            candidate += 1
        primes.append(candidate)
    return np.array(primes[1:], np.int64)


def _signs(n_channels: int, pairs: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
    """Return orthogonal rows of 1 and -1, ``(n_channels, N_LINES)``; from the sixteenth on they repeat.

    They are rows of Hadamard's matrix times a bent function, the sum of products of two pairs of bits: the matrix
    spreads each row over all lines alike, where a row of its own would end in a single line.
    """
    bits = (np.arange(N_LINES)[:, None] >> np.arange(4)) & 1
    bent = sum(bits[:, first] * bits[:, second] for first, second in pairs)
    signs: np.ndarray = (-1.0) ** (bits[np.arange(n_channels) % N_LINES] @ bits.T + bent)
    return np.ascontiguousarray(signs)
