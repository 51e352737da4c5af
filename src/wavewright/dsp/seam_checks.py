"""Checks of a finished loop: onsets and spectrum at its seam against the rest of the sound."""

from __future__ import annotations

import numpy as np

from .seams import SILENCE_DB, spectral_flux

OCTAVES_HZ = (125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0)
"""Centres of the octave bands of the spectrum at a seam."""

LARGEST_RANK = 0.75
"""Flux at a seam up to this quantile of that of as long segments elsewhere passes."""

LARGEST_DIFFERENCE_DB = 0.7
"""Spectrum at a seam that differs at most so much passes."""

EXCESS_DB_PER_RANK = 4.0
"""Of two loops that do not pass, the distance in dB that outweighs the whole range of ranks."""


class SeamChecks:
    """The seam of loops of one sound, compared with the sound.

    - ``wave``: ``(channels, time)``.
    - ``sample_rate``: in Hz.
    - ``n_crossfade``: samples of a crossfade.
    """

    def __init__(self, wave: np.ndarray, sample_rate: int, n_crossfade: int) -> None:
        self._wave = wave
        self._sample_rate = sample_rate
        self._n_crossfade = n_crossfade
        self._flux, self._hop = spectral_flux(wave, sample_rate)

    def excess(self, loop: np.ndarray, start: int, end: int) -> float:
        """Return how far a loop is from passing, 0 if it passes.

        - ``loop``: ``(channels, time)``, the sound from ``start`` to ``end`` with a crossfade at its end.
        - ``start``, ``end``: positions in the sound.
        """
        rank = self.flux_rank(loop, start, end)
        difference_db = self.spectrum_difference_db(loop, start, end)
        too_sudden = EXCESS_DB_PER_RANK * max(0.0, rank - LARGEST_RANK)
        return too_sudden + max(0.0, difference_db - LARGEST_DIFFERENCE_DB)

    def flux_rank(self, loop: np.ndarray, start: int, end: int) -> float:
        """Return the quantile of the flux at the seam among as long segments of the sound, see :meth:`excess`.

        Of two, the larger one counts: of the crossfade, and of the point where the end of the loop meets its start.
        """
        n, n_window = self._n_crossfade, 4 * self._hop
        n_around = n + n_window
        around = np.concatenate([loop[:, -n_around:], loop[:, :n_window]], axis=1)
        flux, _ = spectral_flux(around, self._sample_rate)
        inside = self._flux[start // self._hop + 1 : max(start + 2 * self._hop, end - n) // self._hop]
        meeting = flux[max(1, (around.shape[1] - 3 * n_window) // self._hop) :]
        return max(_rank(flux[1:], inside), _rank(meeting, inside))

    def spectrum_difference_db(self, loop: np.ndarray, start: int, end: int) -> float:
        """Return the mean difference of the octave bands of the crossfade from those of what was crossfaded, in dB."""
        n = self._n_crossfade
        before, after = self._wave[:, end - n : end], self._wave[:, start - n : start]
        expected = 0.5 * (self._band_powers(before) + self._band_powers(after))
        actual = self._band_powers(loop[:, -n:])
        return float(np.abs(10 * np.log10(actual / expected)).mean())

    def _band_powers(self, segment: np.ndarray) -> np.ndarray:
        """Return the mean power of a segment in octave bands, ``(bands,)``, at least that of silence."""
        import scipy.fft  # slow to import
        import scipy.signal

        n = segment.shape[1]
        window = scipy.signal.get_window("hann", n)
        power = (np.abs(scipy.fft.rfft(segment * window, axis=1)) ** 2).sum(axis=0) / np.square(window).sum() / n
        hertz = scipy.fft.rfftfreq(n, 1 / self._sample_rate)
        octaves = np.searchsorted(np.array(OCTAVES_HZ) * np.sqrt(2), hertz)
        powers: np.ndarray = np.bincount(octaves, power, len(OCTAVES_HZ) + 1)
        return powers + 10 ** (SILENCE_DB / 10)


def _rank(flux: np.ndarray, elsewhere: np.ndarray) -> float:
    """Return the fraction of segments elsewhere, as long as ``flux``, whose largest flux is below that of ``flux``."""
    n_frames = len(flux)
    if not n_frames:  # of a loop that is shorter than a frame
        return 0.0
    if len(elsewhere) < n_frames:
        return 1.0 if flux.max() > elsewhere.max(initial=0.0) else 0.0
    largest = np.lib.stride_tricks.sliding_window_view(elsewhere, n_frames).max(axis=1)
    return float(np.mean(largest < flux.max()))
