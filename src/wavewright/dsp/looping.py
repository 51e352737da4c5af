"""Seamless loops of recordings and textures, and textures of any length from short ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadAudio, BadSetting
from ..base.units import samples_to_seconds, seconds_to_samples
from .seams import SILENCE_DB, SeamSearch, crossfaded, seam_cost, spectral_flux

# --- Checks of a finished loop: onsets and spectrum at its seam against the rest of the sound

OCTAVES_HZ = (125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0)
"""Centres of the octave bands of the spectrum at a seam."""

LARGEST_RANK = 0.75
"""Flux at a seam up to this quantile of that of as long segments elsewhere passes."""

LARGEST_DIFFERENCE_DB = 0.7
"""Spectrum at a seam that differs at most so much passes."""

EXCESS_DB_PER_RANK = 4.0
"""Of two loops that do not pass, the distance in dB that outweighs the whole range of ranks."""


class SeamChecks:
    """The seam of loops of one sound ``(channels, time)``, compared with the sound."""

    def __init__(self, wave: np.ndarray, sample_rate: int, n_crossfade: int) -> None:
        self._wave = wave
        self._sample_rate = sample_rate
        self._n_crossfade = n_crossfade
        self._flux, self._hop = spectral_flux(wave, sample_rate)

    def excess(self, loop: np.ndarray, start: int, end: int) -> float:
        """Return how far a loop ``(channels, time)``, whose end is a crossfade, is from passing; 0 if it passes."""
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


CROSSFADE_SECONDS = 0.5
SHORTEST_SECONDS = 0.1
"""Shortest sound that can be looped."""

CROSSFADES_PER_SOUND = 6
"""A crossfade is at most this fraction of the sound."""

SEARCH_FRACTION = 0.25
SEARCH_SECONDS = 12.0
"""The start of a loop lies within this fraction of the sound, at most this far from its start; likewise the end."""

LENGTH_DB = 4.0
"""Cost of a loop without any length; of two seams that match alike, the longer loop is taken."""

N_POSITIONS = 1_000
"""Most candidates of one end of a loop."""

N_REFINED = 32
"""Candidates of the coarse search whose correlation is computed, the best of as many cells of the positions."""

CELL_SECONDS = 0.15
"""Length of a cell of positions: two candidates of one cell are much alike."""

PIECE_SECONDS = (1.5, 6.0)
"""Shortest and longest piece of a texture that is extended, if the sound is long enough."""

N_COMPARED, N_DRAWN = 6, 4
"""Of the best seams of a texture, so many are compared by their correlation; the next is one of so many of them."""

REUSE_DB = 3.0
"""Cost of a start that has been used already, in dB; it fades with each further piece."""

REUSE_DECAY = 0.85


@dataclass(frozen=True, eq=False)
class SeamlessLoop:
    """A seamless loop."""

    wave: np.ndarray  # ``(channels, time)`` float32; its last sample is followed by its first
    start_samples: int  # position of the first sample in the sound
    crossfade_samples: int  # length of the crossfade at the end of the loop
    correlation: float  # of the two crossfaded segments
    score_db: float  # distance of the two crossfaded segments, in dB over mel bands, lower is better: see :mod:`.seams`


def make_loop(
    wave: np.ndarray,
    sample_rate: int,
    seconds: float | None = None,
    crossfade_seconds: float = CROSSFADE_SECONDS,
) -> SeamlessLoop:
    """Cut a seamless loop out of a sound.

    The loop ends with a crossfade to what precedes its start in the sound, so its last sample continues as its first
    one did in the sound. Start and end are those whose segments match best: the spectrum in bands first, then the
    correlation of the waves. The crossfade keeps the power constant for that correlation.

    - ``wave``: ``(channels, time)`` or ``(time,)``.
    - ``seconds``: length of the loop; by default what matches best, at least a third of the sound.
    - ``crossfade_seconds``: length of the crossfade, at most a sixth of the sound.

    Raises BadAudio if the sound is too short or not finite, or BadSetting if a loop of this length needs a longer
    sound.
    """
    wave = _checked(wave, sample_rate)
    n_samples = wave.shape[1]
    n_crossfade = _crossfade_samples(n_samples, sample_rate, crossfade_seconds)
    if seconds is None:
        return _best(SeamSearch(wave, sample_rate, n_crossfade), *_candidates(wave, sample_rate, n_crossfade))
    n_loop = seconds_to_samples(seconds, sample_rate)
    n_crossfade = min(n_crossfade, n_loop // 2)
    if n_crossfade < 1 or n_loop + n_crossfade > n_samples:
        longest = samples_to_seconds(n_samples - n_crossfade, sample_rate)
        raise BadSetting(
            f"A loop of {seconds:g} s does not fit a sound of {samples_to_seconds(n_samples, sample_rate):.3f} s, of "
            f"which the crossfade takes {samples_to_seconds(n_crossfade, sample_rate):.3f} s; give up to "
            f"{longest:.3f} s, or extend the sound first."
        )
    search = SeamSearch(wave, sample_rate, n_crossfade)
    stride = max(search.hop_length // 4, -(-(n_samples - n_loop - n_crossfade) // N_POSITIONS), 1)
    starts = np.arange(n_crossfade, n_samples - n_loop + 1, stride)
    costs = search.pair_costs(starts + n_loop, starts)
    chosen, _ = _best_of_cells(costs[:, None], stride, sample_rate)
    pairs = [(start + n_loop, start, search.correlation(start + n_loop, start)) for start in map(int, starts[chosen])]
    return _loop(search, pairs, costs[chosen])


def _candidates(wave: np.ndarray, sample_rate: int, n_crossfade: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions for the end and the start of a loop."""
    n_samples = wave.shape[1]
    n_search = min(round(SEARCH_FRACTION * n_samples), seconds_to_samples(SEARCH_SECONDS, sample_rate))
    n_search = max(1, min(n_search, (n_samples - 3 * n_crossfade) // 2))
    stride = max(1, n_search // N_POSITIONS, sample_rate // 100)
    return np.arange(n_samples - n_search, n_samples + 1, stride), np.arange(
        n_crossfade, n_crossfade + n_search, stride
    )


def _best(search: SeamSearch, ends: np.ndarray, starts: np.ndarray) -> SeamlessLoop:
    """Return the loop of the best of all pairs, its end refined."""
    n_samples = search.wave.shape[1]
    costs = search.costs(ends, starts) + LENGTH_DB * (1.0 - (ends[:, None] - starts) / n_samples)
    rows, columns = _best_of_cells(costs, int(ends[1] - ends[0]) if len(ends) > 1 else 1, search.sample_rate)
    pairs = []
    for end, start in zip(ends[rows], starts[columns], strict=True):
        refined, correlation = search.refined(int(start), int(end), 0, n_samples)
        pairs.append((refined, int(start), correlation))
    return _loop(search, pairs, costs[rows, columns])


def _best_of_cells(costs: np.ndarray, stride: int, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the lowest costs, one in each cell of :data:`CELL_SECONDS` to both sides.

    ``stride`` is the distance of two rows, and of two columns, in samples.
    """
    n_cell = max(1, round(CELL_SECONDS * sample_rate / stride))
    padded = np.pad(costs, [(0, -n % n_cell if n > 1 else 0) for n in costs.shape], constant_values=np.inf)
    height, width = (n_cell if n > 1 else 1 for n in costs.shape)
    cells = padded.reshape(len(padded) // height, height, -1, width).transpose(0, 2, 1, 3)
    n_rows, n_columns = cells.shape[:2]
    flat = cells.reshape(n_rows * n_columns, -1)
    best = flat.argmin(axis=1)
    order = np.argsort(flat[np.arange(len(flat)), best], kind="stable")[:N_REFINED]
    rows = order // n_columns * height + best[order] // width
    columns = order % n_columns * width + best[order] % width
    return rows, columns


def _loop(search: SeamSearch, pairs: list[tuple[int, int, float]], costs: np.ndarray) -> SeamlessLoop:
    """Return the loop of the pair ``(end, start, correlation)`` with the lowest cost whose seam passes the checks.

    If none does, that of the pair which comes closest.
    """
    scores = np.array([seam_cost(float(cost), pair[2]) for cost, pair in zip(costs, pairs, strict=True)])
    checks = SeamChecks(search.wave, search.sample_rate, search.n_crossfade)

    def candidates() -> Iterator[tuple[float, SeamlessLoop]]:
        for index in np.argsort(scores, kind="stable"):
            end, start, correlation = pairs[index]
            wave = _crossfaded_loop(search, end, start)
            loop = SeamlessLoop(wave, start, search.n_crossfade, correlation, float(scores[index]))
            yield checks.excess(wave, start, end), loop

    remaining = candidates()
    lowest, best = next(remaining)
    for excess, loop in remaining:
        if lowest == 0:
            break
        if excess < lowest:
            lowest, best = excess, loop
    return best


def _crossfaded_loop(search: SeamSearch, end: int, start: int) -> np.ndarray:
    """Return the sound from ``start`` to ``end``, its end crossfaded with what precedes its start."""
    n_crossfade = search.n_crossfade
    wave: np.ndarray = search.wave[:, start:end].copy()
    wave[:, -n_crossfade:] = crossfaded(
        search.wave[:, end - n_crossfade : end], search.wave[:, start - n_crossfade : start], search.sample_rate
    )
    return wave


def looped(
    wave: np.ndarray,
    sample_rate: int,
    seconds: float | None = None,
    seed: int = 0,
    crossfade_seconds: float = CROSSFADE_SECONDS,
) -> np.ndarray:
    """Return a seamless loop of any length: cut out by :func:`make_loop`, or a longer one by :func:`extend`.

    - ``wave``: ``(channels, time)`` or ``(time,)``.
    - ``seconds``: length of the loop; by default what matches best, at least a third of the sound.
    - ``seed``: draws the pieces of a loop that is longer than the sound.
    - ``crossfade_seconds``: length of the crossfades.
    - returns: ``(channels, time)`` float32.

    Raises BadAudio or BadSetting as both functions.
    """
    channels = _checked(wave, sample_rate)
    n_samples = channels.shape[1]
    n_loop = None if seconds is None else seconds_to_samples(seconds, sample_rate)
    n_crossfade = _crossfade_samples(n_samples, sample_rate, crossfade_seconds)
    if n_loop is None or seconds is None or 2 <= n_loop <= n_samples - n_crossfade:
        return make_loop(channels, sample_rate, seconds, crossfade_seconds).wave
    return extend(channels, sample_rate, seconds, seed, crossfade_seconds=crossfade_seconds, is_loop=True)


def extend(
    wave: np.ndarray,
    sample_rate: int,
    seconds: float,
    seed: int = 0,
    *,
    crossfade_seconds: float = CROSSFADE_SECONDS,
    is_loop: bool = False,
) -> np.ndarray:
    """Return a texture of any length from a short one: the blocks of :func:`extend_blocks` as one wave.

    Raises BadAudio or BadSetting as :func:`extend_blocks`.
    """
    blocks = extend_blocks(wave, sample_rate, seconds, seed, crossfade_seconds=crossfade_seconds, is_loop=is_loop)
    extended = np.concatenate(list(blocks), axis=1)
    return extended[0] if np.ndim(wave) == 1 else extended


def extend_blocks(
    wave: np.ndarray,
    sample_rate: int,
    seconds: float,
    seed: int = 0,
    *,
    crossfade_seconds: float = CROSSFADE_SECONDS,
    is_loop: bool = False,
) -> Iterator[np.ndarray]:
    """Make a texture of any length from a short one, block by block.

    Pieces of random lengths follow each other. Each starts where it matches the end of the one before, at another
    position of the sound than the ones before it, so that no period is audible; the crossfades are those of
    :func:`make_loop`.

    - ``wave``: ``(channels, time)`` or ``(time,)``.
    - ``seconds``: length of the texture.
    - ``seed``: same seed, same samples.
    - ``crossfade_seconds``: length of the crossfades, at most a sixth of the sound.
    - ``is_loop``: the last sample is followed by the first.
    - returns: blocks ``(channels, time)`` float32, none longer than a piece.

    Raises BadAudio if the sound is too short or not finite, or BadSetting if the length is not above 0.
    """
    wave = _checked(wave, sample_rate)
    n_total = seconds_to_samples(seconds, sample_rate)
    if n_total < 1:
        raise BadSetting(f"The length is {seconds:g} s; it must be above 0.")
    n_crossfade = _crossfade_samples(wave.shape[1], sample_rate, crossfade_seconds)
    if is_loop:
        n_crossfade = min(n_crossfade, n_total // 2)
        if n_crossfade < 1:
            raise BadSetting(f"A loop of {seconds:g} s is too short; give at least two samples.")
    return _Extension(wave, sample_rate, n_crossfade, seed, is_loop).blocks(n_total)


class _Extension:
    """Pieces of a sound, joined at seams."""

    def __init__(self, wave: np.ndarray, sample_rate: int, n_crossfade: int, seed: int, is_loop: bool) -> None:
        self._wave = wave
        self._search = SeamSearch(wave, sample_rate, n_crossfade)
        self._n_crossfade = n_crossfade
        self._is_loop = is_loop
        self._rng = np.random.default_rng(seed)
        n_samples = wave.shape[1]
        shortest, longest = (seconds_to_samples(seconds, sample_rate) for seconds in PIECE_SECONDS)
        self._shortest = max(2 * n_crossfade, min(shortest, n_samples // 4))
        self._longest = max(self._shortest, min(longest, n_samples // 2))
        stride = max(1, self._search.hop_length // 2, n_samples // N_POSITIONS)
        self._starts = np.arange(n_crossfade, n_samples - self._shortest + 1, stride)
        self._uses = np.zeros(len(self._starts))

    def blocks(self, n_total: int) -> Iterator[np.ndarray]:
        """Yield ``n_total`` samples."""
        n_samples, n_crossfade = self._wave.shape[1], self._n_crossfade
        # A loop ends with a piece before its first sample, so there has to be one.
        low = max(2 * n_crossfade, n_samples // 3) if self._is_loop else n_crossfade
        position = origin = int(self._rng.integers(low, max(low, n_samples - self._shortest) + 1))
        remaining = n_total
        while True:
            if not self._is_loop and position + remaining <= min(n_samples, position + self._longest):
                yield self._wave[:, position : position + remaining].astype(np.float32)
                return
            if self._is_loop and position + remaining <= n_samples + origin - n_crossfade:
                yield from self._closing(position, origin, remaining)
                return
            end, start = self._next_seam(position)
            yield self._piece(position, end, start)
            remaining -= end - position
            position = start

    def _piece(self, position: int, end: int, start: int) -> np.ndarray:
        """Return a piece up to ``end``, crossfaded with what precedes ``start``."""
        n_crossfade = self._n_crossfade
        fade = crossfaded(
            self._wave[:, end - n_crossfade : end],
            self._wave[:, start - n_crossfade : start],
            self._search.sample_rate,
        )
        return np.concatenate([self._wave[:, position : end - n_crossfade], fade], axis=1)

    def _next_seam(self, position: int) -> tuple[int, int]:
        """Return the end of a piece, and the start of the next one."""
        n_samples = self._wave.shape[1]
        low = position + min(self._shortest, n_samples - position)
        high = min(n_samples, position + self._longest)
        low = max(position + self._n_crossfade, min(low, high))
        ends = np.unique(np.linspace(low, high, 48).astype(np.int64))
        costs = self._search.costs(ends, self._starts) + REUSE_DB * self._uses
        is_near = np.abs(ends[:, None] - self._starts) < self._shortest  # the sound would go on as it is
        costs[is_near] += 1e3
        n_best = min(N_COMPARED, costs.size)
        order = np.argsort(costs.round(6), axis=None, kind="stable")[:n_best]  # the same on every processor
        rows, columns = np.unravel_index(order, costs.shape)
        seams = []
        for row, column in zip(rows, columns, strict=True):
            end = int(ends[row])
            start, correlation = self._search.refined(
                end, int(self._starts[column]), self._n_crossfade, n_samples - self._shortest
            )
            seams.append((seam_cost(float(costs[row, column]), correlation), end, start))
        seams.sort(key=lambda seam: seam[0])
        _, end, start = seams[int(self._rng.integers(min(N_DRAWN, len(seams))))]
        self._uses *= REUSE_DECAY
        self._uses += np.maximum(0.0, 1.0 - np.abs(self._starts - start) / self._shortest)
        return end, start

    def _closing(self, position: int, origin: int, remaining: int) -> Iterator[np.ndarray]:
        """Yield the last two pieces of a loop; the second ends where the first piece of the loop began."""
        n_samples, n_crossfade = self._wave.shape[1], self._n_crossfade
        low = max(position + n_crossfade, position + remaining - (origin - n_crossfade))
        high = min(n_samples, position + remaining)
        stride = max(1, (high - low) // N_POSITIONS)
        ends = np.arange(low, high + 1, stride)
        starts = origin - (remaining - (ends - position))
        costs = self._search.pair_costs(ends, starts)
        order = np.argsort(costs, kind="stable")[:N_REFINED]
        correlations = [self._search.correlation(int(ends[each]), int(starts[each])) for each in order]
        scores = [seam_cost(float(costs[each]), r) for each, r in zip(order, correlations, strict=True)]
        best = int(np.argmin(scores))
        end, start = int(ends[order[best]]), int(starts[order[best]])
        yield self._piece(position, end, start)
        if start < origin:
            yield self._wave[:, start:origin].astype(np.float32)


def _checked(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a wave as ``(channels, time)`` float32; raise BadAudio if it cannot be looped."""
    channels = np.atleast_2d(np.asarray(wave, np.float32))
    if channels.ndim != 2 or not np.isfinite(channels).all():
        raise BadAudio("The sound has samples that are not finite, or a shape other than (channels, time).")
    seconds = samples_to_seconds(channels.shape[1], sample_rate)
    if seconds < SHORTEST_SECONDS:
        raise BadAudio(f"The sound has {seconds:.3f} s; a loop needs at least {SHORTEST_SECONDS:g} s.")
    return channels


def _crossfade_samples(n_samples: int, sample_rate: int, crossfade_seconds: float) -> int:
    if not crossfade_seconds > 0:
        raise BadSetting(f"The crossfade is {crossfade_seconds:g} s; it must be above 0.")
    return max(1, min(seconds_to_samples(crossfade_seconds, sample_rate), n_samples // CROSSFADES_PER_SOUND))
