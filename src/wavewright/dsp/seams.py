"""Seams: the best positions at which one segment of a sound continues as another, and crossfades of constant power."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from .mel import mel_filterbank

FRAME_SECONDS = 0.02
"""Hop of the band levels; their windows are twice as long."""

FLUX_SECONDS = 0.02
"""Window of the spectral flux; its hop is a quarter of it."""

N_BANDS = 24
LEVEL_RANGE_DB = 80.0
"""Band levels more than this below the loudest one count as silent."""

SILENCE_DB = -90.0
"""Level that counts as silence, relative to full scale."""

FINE_SECONDS = 0.025
"""Largest shift in the fine search: a period of 20 Hz to both sides."""

CORRELATION_DB = 4.0
"""A correlation of 1 outweighs so many dB of distance between the bands."""

FRAME_WEIGHT = 0.5
"""Weight of the distance frame by frame; that of the mean spectrum has 1."""

ONSET_DB = 6.0
"""Cost in dB of a seam at the largest onset of a sound."""

ONSET_FRAMES = 6
"""Frames of 5 ms to both sides of the point where the end of a loop meets its start, where onsets count too."""

COMMON_RANK = 0.5
"""Onsets up to this quantile of those in all possible seams cost nothing."""

BAND_EDGES_HZ = (90.0, 180.0, 355.0, 710.0, 1_400.0, 2_800.0, 5_600.0)
"""Frequencies between the bands that a crossfade treats apart."""

LOWEST_CORRELATION = -0.6
"""Bands that cancel each other more than this lose power: their gains would rise by more than 4 dB."""

N_SLOTS = 64
"""Slots of a crossfade in which energies are summed."""

N_BISECTIONS = 22
CHUNK_FRAMES = 512


def crossfade_gains(n_samples: int, correlation: float) -> np.ndarray:
    """Return the gains of a fade in that keeps the power of a crossfade constant; reversed, those of the fade out.

    Two signals of equal power with the correlation ``r`` and the gains ``a`` and ``b`` have together
    ``a**2 + b**2 + 2 r a b`` times that power, which is 1 here at every sample. For coherent signals the curve is
    linear, for incoherent ones it has equal power.

    - ``correlation``: from -1 to 1; less than :data:`LOWEST_CORRELATION` counts as that.
    - returns: ``(n_samples,)``, at the middle of each sample.

    References
    ----------
    M. Fink, M. Holters, U. Zölzer: Signal-matched power-complementary cross-fading and dry-wet mixing. DAFx 2016.
    """
    t = (np.arange(n_samples) + 0.5) / max(1, n_samples)
    r = min(1.0, max(LOWEST_CORRELATION, correlation))
    gains: np.ndarray = t / np.sqrt(t**2 + (1 - t) ** 2 + 2 * r * t * (1 - t))
    return gains


def crossfaded(before: np.ndarray, after: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the crossfade of two segments by :func:`crossfade_gains`, with the effective correlation of each octave.

    Hum and other low tones are often coherent where hiss is not; one curve for both would lose power.

    - ``sample_rate``: in Hz.
    - returns: ``(channels, time)`` float32; the first sample is almost that of ``before``, the last one that of
      ``after``.
    """
    import scipy.fft  # slow to import

    n_samples = before.shape[1]
    spectra = [scipy.fft.rfft(np.asarray(each, np.float32), axis=1) for each in (before, after)]
    mixed = np.zeros(before.shape)
    for mask in _band_masks(n_samples, sample_rate):
        a, b = (scipy.fft.irfft(spectrum * mask, n_samples, axis=1) for spectrum in spectra)
        gains = crossfade_gains(n_samples, effective_correlation(a, b))
        mixed += a * gains[::-1] + b * gains
    return mixed.astype(np.float32)


def effective_correlation(before: np.ndarray, after: np.ndarray) -> float:
    """Return the correlation for which a crossfade by :func:`crossfade_gains` has the mean power of both segments.

    For stationary signals it is their normalised cross-correlation; where their levels vary, that in the middle counts.

    - returns: from :data:`LOWEST_CORRELATION` to 1.
    """
    n_slots = min(N_SLOTS, before.shape[1])
    edges = np.linspace(0, before.shape[1], n_slots + 1).astype(np.int64)[:-1]
    a, b, product = (
        np.add.reduceat(each.sum(axis=0), edges) for each in (before * before, after * after, before * after)
    )
    t = (np.arange(n_slots) + 0.5) / n_slots
    weights = np.sin(np.pi * t) ** 2  # where both are heard
    target = float(weights @ ((1 - t) * a + t * b))
    low, high = LOWEST_CORRELATION, 1.0
    for _ in range(N_BISECTIONS):
        middle = 0.5 * (low + high)
        gains = crossfade_gains(n_slots, middle)
        down = gains[::-1]
        power = float(weights @ (down**2 * a + gains**2 * b + 2 * down * gains * product))
        low, high = (middle, high) if power > target else (low, middle)  # a higher correlation means lower gains
    return 0.5 * (low + high)


@lru_cache(maxsize=4)
def _band_masks(n_samples: int, sample_rate: int) -> tuple[np.ndarray, ...]:
    """Return weights of the frequencies of a segment for each band, ``(frequencies,)`` each; their sum is 1."""
    import scipy.fft  # slow to import

    hertz = scipy.fft.rfftfreq(n_samples, 1 / sample_rate)
    lowest_hz = 4 * sample_rate / n_samples  # bands of less than a few frequencies have no correlation to speak of
    edges = [edge for edge in BAND_EDGES_HZ if lowest_hz < edge < sample_rate / 3]
    with np.errstate(divide="ignore"):
        octaves = np.log2(hertz)
    above = [0.5 - 0.5 * np.cos(np.pi * np.clip(3 * (octaves - np.log2(edge)) + 0.5, 0, 1)) for edge in edges]
    steps = [np.ones(len(hertz)), *above, np.zeros(len(hertz))]
    return tuple((low - high).astype(np.float32) for low, high in pairwise(steps))


class SeamSearch:
    """Candidates for seams in a sound: positions whose preceding samples can be crossfaded.

    A seam of ``a`` and ``b`` crossfades the ``n_crossfade`` samples before ``a`` with those before ``b``; the sound
    goes on at ``b``.
    """

    def __init__(self, wave: np.ndarray, sample_rate: int, n_crossfade: int) -> None:
        self.wave = wave
        self.sample_rate = sample_rate
        self.n_crossfade = n_crossfade
        self._hop = max(1, round(FRAME_SECONDS * sample_rate))
        self._levels = band_levels(wave, sample_rate, self._hop)  # (frames, bands)
        self._n_frames = max(1, round(n_crossfade / self._hop) - 1)  # frames overlap by a hop
        flux, self._flux_hop = spectral_flux(wave, sample_rate)
        n_window = -(-n_crossfade // self._flux_hop) + 1
        self._onsets = onset_costs(flux, -n_window, 2)  # in the crossfade before a position
        self._onsets_after = onset_costs(flux, -ONSET_FRAMES, ONSET_FRAMES)
        self._n_fine = round(FINE_SECONDS * sample_rate)

    @property
    def hop_length(self) -> int:
        """Hop of the coarse search, in samples."""
        return self._hop

    def costs(self, ends: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the cost of the seams of all pairs in dB, without the correlation: ``(ends, starts)``."""
        end_frames, start_frames = self._windows(ends), self._windows(starts)
        n_frames = self._n_frames
        a, b = (self._levels[frames].reshape(len(frames), -1) for frames in (end_frames, start_frames))
        squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        by_frame = np.sqrt(np.maximum(squares, 0.0) / a.shape[1])
        mean_a, mean_b = (each.reshape(len(each), n_frames, -1).mean(axis=1) for each in (a, b))
        squares = (mean_a**2).sum(axis=1)[:, None] + (mean_b**2).sum(axis=1) - 2 * mean_a @ mean_b.T
        by_mean = np.sqrt(np.maximum(squares, 0.0) / mean_a.shape[1])
        onsets = self._onset_costs(ends)[:, None] + self._onset_costs(starts, goes_on=True)
        costs: np.ndarray = by_mean + FRAME_WEIGHT * by_frame + onsets
        return costs

    def pair_costs(self, ends: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the costs of pairs, ``(pairs,)``, see :meth:`costs`."""
        end_frames, start_frames = self._windows(ends), self._windows(starts)
        difference = self._levels[end_frames] - self._levels[start_frames]
        by_frame = np.sqrt((difference**2).mean(axis=(1, 2)))
        by_mean = np.sqrt((difference.mean(axis=1) ** 2).mean(axis=1))
        onsets = self._onset_costs(ends) + self._onset_costs(starts, goes_on=True)
        costs: np.ndarray = by_mean + FRAME_WEIGHT * by_frame + onsets
        return costs

    def _windows(self, positions: np.ndarray) -> np.ndarray:
        """Return the frames of the crossfades before positions, ``(positions, frames of a crossfade)``."""
        first = np.rint((positions - self.n_crossfade) / self._hop).astype(np.int64)
        frames = first[:, None] + np.arange(self._n_frames)
        clipped: np.ndarray = np.clip(frames, 0, len(self._levels) - 1)
        return clipped

    def _onset_costs(self, positions: np.ndarray, *, goes_on: bool = False) -> np.ndarray:
        """Return the costs of the onsets before positions, and right after them too if the sound goes on there."""
        frames = np.minimum(positions // self._flux_hop, len(self._onsets) - 1)
        costs: np.ndarray = self._onsets[frames] + (self._onsets_after[frames] if goes_on else 0.0)
        return costs

    def correlation(self, end: int, start: int) -> float:
        """Return the normalised cross-correlation of the samples before two positions, 0 for silence."""
        a, b = (self.wave[:, position - self.n_crossfade : position].astype(np.float64) for position in (end, start))
        energy = float((a**2).sum() * (b**2).sum())
        return float((a * b).sum()) / np.sqrt(energy) if energy > 0 else 0.0

    def refined(self, fixed: int, moved: int, low: int, high: int) -> tuple[int, float]:
        """Return the position near ``moved`` whose samples correlate most with those before ``fixed``, and how much."""
        import scipy.signal  # slow to import

        n = self.n_crossfade
        low, high = max(low, n, moved - self._n_fine), min(high, self.wave.shape[1], moved + self._n_fine)
        if low >= high:
            return moved, self.correlation(fixed, moved)
        template = self.wave[:, fixed - n : fixed]
        segment = self.wave[:, low - n : high]
        products = sum(
            scipy.signal.correlate(each, pattern, mode="valid", method="fft")
            for each, pattern in zip(segment, template, strict=True)
        )
        sums = np.concatenate([[0.0], np.cumsum((segment**2).sum(axis=0), dtype=np.float64)])
        energies = sums[n:] - sums[:-n]
        floor = 1e-9 * max(float(energies.max(initial=0.0)), 1e-30)
        correlations = products / np.sqrt(np.maximum(energies, floor) * max(float((template**2).sum()), floor))
        best = int(np.argmax(correlations))
        return low + best, float(np.clip(correlations[best], -1.0, 1.0))


def seam_cost(cost: float, correlation: float) -> float:
    """Return the cost of a seam in dB with its correlation taken into account."""
    return cost + CORRELATION_DB * (1.0 - max(0.0, correlation))


def band_levels(wave: np.ndarray, sample_rate: int, hop_length: int) -> np.ndarray:
    """Return levels in dB of mel bands of all channels together, ``(frames, bands)`` float32.

    Frame ``i`` starts at ``i * hop_length`` and is two hops long.
    """
    import scipy.fft  # slow to import
    import scipy.signal

    n_fft = scipy.fft.next_fast_len(2 * hop_length, real=True)
    window = np.zeros(n_fft, np.float32)
    window[: 2 * hop_length] = scipy.signal.get_window("hann", 2 * hop_length)
    padded = np.pad(wave, ((0, 0), (0, max(0, n_fft - wave.shape[1]) + n_fft)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)[:, ::hop_length]
    n_frames = max(1, wave.shape[1] // hop_length)
    n_bands = min(N_BANDS, n_fft // 8)
    bank = mel_filterbank(sample_rate, n_fft, n_bands).astype(np.float32)
    powers = []
    for first in range(0, n_frames, CHUNK_FRAMES):
        spectra = scipy.fft.rfft(frames[:, first : min(n_frames, first + CHUNK_FRAMES)] * window, axis=2)
        powers.append((np.abs(spectra) ** 2).sum(axis=0) @ bank.T)
    power = np.concatenate(powers)
    floor = max(float(power.max()), 1e-20) * 10 ** (-LEVEL_RANGE_DB / 10)
    levels: np.ndarray = 10 * np.log10(np.maximum(power, floor))
    return levels.astype(np.float32)


def spectral_flux(wave: np.ndarray, sample_rate: int) -> tuple[np.ndarray, int]:
    """Compute the rise of the magnitudes of the STFT of all channels together from frame to frame.

    - ``wave``: ``(channels, time)``.
    - returns ``flux``: ``(frames,)``; the rise to the frame of this number from the one before it. At least one frame.
    - returns ``hop_length``: samples from frame to frame, about 5 ms; a window is four hops long.
    """
    import scipy.fft  # slow to import
    import scipy.signal

    hop_length = max(1, round(FLUX_SECONDS * sample_rate / 4))
    n_window = 4 * hop_length
    n_fft = scipy.fft.next_fast_len(n_window, real=True)
    window = scipy.signal.get_window("hann", n_window).astype(np.float32)
    mono = wave.mean(axis=0, dtype=np.float32)
    mono = np.pad(mono, (0, max(0, n_window - len(mono))))
    frames = np.lib.stride_tricks.sliding_window_view(mono, n_window)[::hop_length]
    flux = np.zeros(len(frames), np.float32)
    last = None
    for first in range(0, len(frames), CHUNK_FRAMES):
        magnitudes = np.abs(scipy.fft.rfft(frames[first : first + CHUNK_FRAMES] * window, n_fft))
        rises = np.diff(magnitudes, axis=0, prepend=magnitudes[:1] if last is None else last)
        flux[first : first + len(rises)] = np.maximum(0.0, rises).sum(axis=1)
        last = magnitudes[-1:]
    return flux, hop_length


def onset_costs(flux: np.ndarray, first: int, last: int) -> np.ndarray:
    """Return what the largest onset from ``first`` to ``last`` frames after each frame costs, in dB, ``(n + 1,)``."""
    import scipy.stats  # slow to import

    padded = np.pad(flux, (-first, last + 1))
    largest = np.lib.stride_tricks.sliding_window_view(padded, last - first + 1).max(axis=1)
    ranks = scipy.stats.rankdata(largest, "max") / len(largest)
    costs: np.ndarray = ONSET_DB * np.maximum(0.0, ranks - COMMON_RANK) / (1.0 - COMMON_RANK)
    return costs
