"""Time stretching that keeps the pitch, and pitch shifting that keeps the time, by a phase vocoder with locked phases.

The phase of each peak advances by what it advances in the input over one hop. That is measured, by a second spectrum
one hop earlier, instead of estimated from the frequency. All bins around a peak, in all channels, get its rotation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...ranges import ranged
from ...units import semitones_to_ratio
from .effect import Effect, EffectStream
from .resampling import resampling_stream

WINDOW_SECONDS = 0.085
HOPS_PER_WINDOW = 4
OVERLAP_SUM = 1.5
"""Sum of the squares of the windows that overlap."""


@dataclass(frozen=True)
class Stretch(Effect):
    """Change the duration and keep the pitch: at ``factor`` 2 the sound takes twice as long.

    References
    ----------
    J. Laroche, M. Dolson, "Improved phase vocoder time-scale modification of audio", 1999.
    """

    factor: float = ranged(1.0, 0.1, 10.0)

    def stream(self, sample_rate: int, n_channels: int) -> StretchStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return StretchStream(self.factor, sample_rate, n_channels)

    def output_seconds(self, seconds: float) -> float:
        """Return the length of the output, see :meth:`.effect.Effect.output_seconds`."""
        return seconds * self.factor


class StretchStream(EffectStream):
    """The stream of :class:`Stretch`; its output comes in hops."""

    def __init__(self, factor: float, sample_rate: int, n_channels: int) -> None:
        super().__init__(n_channels)
        self._factor = float(factor)
        self._n_window = max(16, 1 << round(math.log2(WINDOW_SECONDS * sample_rate)))
        self._n_hop = self._n_window // HOPS_PER_WINDOW
        angles = 2.0 * np.pi * np.arange(self._n_window) / self._n_window
        self._window = (0.5 - 0.5 * np.cos(angles)).astype(np.float32)
        self._synthesis_window = (self._window / np.float32(OVERLAP_SUM)).astype(np.float32)
        self._frame = -1  # the first whose window reaches into the sound
        # The first frame and the spectrum before it begin before the sound.
        n_before = self._n_window // 2 - self._position() + self._n_hop
        self._held = np.zeros((n_channels, n_before), np.float32)
        self._held_start = -n_before
        self._overlap = np.zeros((n_channels, self._n_window), np.float32)
        self._previous = np.zeros((n_channels, self._n_window // 2 + 1), np.complex64)
        self._n_samples = 0
        self._n_output = 0

    def _position(self) -> int:
        """Return the position in the input of the centre of the current frame."""
        return math.floor(self._frame * self._n_hop / self._factor + 0.5)

    def _process(self, block: np.ndarray) -> np.ndarray:
        self._n_samples += block.shape[1]
        return self._stretched(block)

    def flush(self) -> np.ndarray:
        """Return the rest, to the length of the input times the factor."""
        n_left = round(self._n_samples * self._factor) - self._n_output
        # Of a sound followed by silence, as many samples as the last frame and the overlap need.
        n_zeros = math.ceil((n_left + 2 * self._n_window) / self._factor) + 2 * self._n_window
        return self._stretched(np.zeros((self.n_channels, n_zeros), np.float32))[:, :n_left]

    def _stretched(self, block: np.ndarray) -> np.ndarray:
        self._held = np.concatenate([self._held, block], axis=1)
        end = self._held_start + self._held.shape[1]
        hops = [block[:, :0]]
        while (position := self._position()) + self._n_window // 2 <= end:
            self._add_frame(position)
            hop = self._overlap[:, : self._n_hop].copy()
            self._overlap[:, : -self._n_hop] = self._overlap[:, self._n_hop :]
            self._overlap[:, -self._n_hop :] = 0.0
            self._frame += 1
            if self._frame > HOPS_PER_WINDOW // 2:  # earlier hops lie before the sound
                hops.append(hop)
        n_used = self._position() - self._n_window // 2 - self._n_hop - self._held_start
        if n_used > 0:
            self._held = self._held[:, n_used:]
            self._held_start += n_used
        output = np.concatenate(hops, axis=1)
        self._n_output += output.shape[1]
        return output

    def _add_frame(self, position: int) -> None:
        """Add the frame whose centre is at a position in the input to the overlapping ones."""
        from scipy.fft import irfft, rfft

        from .stretching_kernels import rotate_peaks  # numba is slow to import

        start = position - self._n_window // 2 - self._held_start
        before = self._held[:, start - self._n_hop : start - self._n_hop + self._n_window]
        now = self._held[:, start : start + self._n_window]
        spectra = rfft(np.stack([before, now]) * self._window)
        rotate_peaks(spectra[0], spectra[1], self._previous)
        self._overlap += irfft(self._previous, self._n_window) * self._synthesis_window


@dataclass(frozen=True)
class PitchShift(Effect):
    """Shift the pitch, formants included, and keep the duration: stretching, then resampling."""

    semitones: float = ranged(0.0, -36.0, 36.0)

    def stream(self, sample_rate: int, n_channels: int) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return PitchShiftStream(float(semitones_to_ratio(self.semitones)), sample_rate, n_channels)


class PitchShiftStream(EffectStream):
    """The stream of :class:`PitchShift`; its output comes in hops, as long as the input in the end."""

    def __init__(self, ratio: float, sample_rate: int, n_channels: int) -> None:
        super().__init__(n_channels)
        self._stretch = StretchStream(ratio, sample_rate, n_channels)
        self._resample = resampling_stream(sample_rate * ratio, sample_rate, n_channels)
        self._n_missing = 0

    def _process(self, block: np.ndarray) -> np.ndarray:
        output = self._resample.process(self._stretch.process(block))
        self._n_missing += block.shape[1] - output.shape[1]
        return output

    def flush(self) -> np.ndarray:
        """Return the rest."""
        rest = np.concatenate([self._resample.process(self._stretch.flush()), self._resample.flush()], axis=1)
        n_short = max(0, self._n_missing - rest.shape[1])
        return np.pad(rest, ((0, 0), (0, n_short)))[:, : self._n_missing]
