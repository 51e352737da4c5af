"""An equaliser of linear phase: a symmetric FIR filter, by partitioned convolution."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.errors import BadSetting
from ..base.ranges import ranged
from .effect import Effect
from .filters import OCTAVES_HZ
from .space import ConvolutionStream

GRID_RATIO = 4  # points of the frequency grid for each tap


@dataclass(frozen=True)
class LinearPhaseEqualiser(Effect):
    """Equalise without changing phases: all frequencies are delayed alike, and the delay is removed.

    The gain in dB is interpolated between ``frequencies_hz`` on a logarithmic axis, and constant outside. A filter of
    ``length_ms`` resolves details of ``4000 / length_ms`` Hz. The stream lags behind by half of that and by one
    partition of the convolution, a quarter to half of it.
    """

    frequencies_hz: tuple[float, ...] = ranged(OCTAVES_HZ, 1.0, 192_000.0)
    gains_db: tuple[float, ...] = ranged((0.0,) * len(OCTAVES_HZ), -60.0, 24.0)
    length_ms: float = ranged(100.0, 2.0, 2_000.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.frequencies_hz) != len(self.gains_db) or not self.gains_db:
            raise BadSetting(
                f"There are {len(self.frequencies_hz)} frequencies_hz and {len(self.gains_db)} gains_db; "
                "give one gain for each frequency."
            )
        if any(lower >= higher for lower, higher in pairwise(self.frequencies_hz)):
            raise BadSetting("frequencies_hz do not rise; give them in ascending order.")

    def target_db(self, frequencies_hz: np.ndarray) -> np.ndarray:
        """Return the gain in dB that the settings demand at some frequencies."""
        gains: np.ndarray = np.interp(
            np.log(np.maximum(frequencies_hz, 1e-3)), np.log(self.frequencies_hz), self.gains_db
        )
        return gains

    def taps(self, sample_rate: int) -> np.ndarray:
        """Return the symmetric FIR filter for a sample rate in Hz, ``(taps,)`` float32, an odd number."""
        from scipy.fft import irfft, next_fast_len  # slow to import
        from scipy.signal import get_window

        half = max(1, round(self.length_ms * sample_rate / 2_000.0))
        n_grid = next_fast_len(GRID_RATIO * (2 * half + 1), real=True)
        magnitudes = 10.0 ** (self.target_db(np.arange(n_grid // 2 + 1) * sample_rate / n_grid) / 20.0)
        response = irfft(magnitudes, n_grid)
        window = get_window("hann", 2 * half + 3, False)[1:-1]
        taps: np.ndarray = np.concatenate([response[-half:], response[: half + 1]]) * window
        return taps.astype(np.float32)

    def stream(self, sound: SoundFormat) -> ConvolutionStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        taps = self.taps(sound.sample_rate)
        return ConvolutionStream(sound.n_channels, taps[None], mix=1.0, n_tail=0, n_delay=len(taps) // 2)
