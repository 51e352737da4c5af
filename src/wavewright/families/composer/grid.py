"""The grid of a piece: in each sixteenth one cell for each voice, with the sounding symbol and where it started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .config import (
    AGES,
    BAR_STEPS,
    BARS_LEFT,
    CADENCE_STEPS,
    LOOKAHEAD,
    MATCHES,
    MODES,
    NO_TONIC,
    TARGET_STEPS,
    ComposerConfig,
)
from .vocabulary import Vocabulary

STEPS_PER_QUARTER = 4


@dataclass(frozen=True, eq=False)
class Grid:
    """A piece on a grid of sixteenths."""

    symbols: np.ndarray  # sounding symbol of each cell, ``(steps, lanes)`` int64; see :class:`.vocabulary.Vocabulary`
    is_held: np.ndarray  # true where the symbol of the step before goes on, ``(steps, lanes)`` bool
    bar_steps: int = 16

    def __len__(self) -> int:
        return len(self.symbols)

    def __getitem__(self, steps: slice) -> Grid:
        return Grid(self.symbols[steps], self.is_held[steps], self.bar_steps)

    def transposed(self, vocabulary: Vocabulary, semitones: int) -> Grid:
        """Return the piece with its notes and chords moved; notes must stay within the vocabulary."""
        return Grid(vocabulary.transposed(self.symbols, semitones), self.is_held, self.bar_steps)

    def at_other_tempo(self) -> Grid:
        """Return the piece with notes of half the length, if it has no odd sixteenths, else of twice the length."""
        if self.is_held[1::2].all():
            return Grid(self.symbols[::2], self.is_held[::2], self.bar_steps)
        symbols, is_held = np.repeat(self.symbols, 2, axis=0), np.repeat(self.is_held, 2, axis=0)
        is_held[1::2] = True
        return Grid(symbols, is_held, self.bar_steps)


@dataclass(frozen=True, eq=False)
class Guide:
    """The key of a piece and the last notes of its phrases, as far as they are known."""

    tonic: int  # pitch class; NO_TONIC if it is unknown
    mode: int  # 0 for major, 1 for minor, 2 if it is unknown
    cadences: np.ndarray
    """Steps to the next last note of a phrase, at most CADENCE_STEPS - 1, and its kind, ``(steps, 2)``."""

    @classmethod
    def unknown(cls, n_steps: int) -> Guide:
        """Return the guide of which nothing is known."""
        return cls(NO_TONIC, MODES - 1, np.tile((CADENCE_STEPS - 1, 0), (n_steps, 1)))

    def __getitem__(self, steps: slice) -> Guide:
        return Guide(self.tonic, self.mode, self.cadences[steps])


def previous_symbols(symbols: np.ndarray, unknown: int) -> np.ndarray:
    """Return the symbols ``(steps, lanes)`` of the step before each; those before the first are unknown."""
    return np.concatenate([np.full_like(symbols[:1], unknown), symbols[:-1]])


def start_steps(is_held: np.ndarray) -> np.ndarray:
    """Return the step at which the symbol of each cell started, ``(steps, lanes)``."""
    steps = np.arange(len(is_held))[:, None]
    starts: np.ndarray = np.maximum.accumulate(np.where(is_held, 0, steps), axis=0)
    return starts


def earlier_symbols(symbols: np.ndarray, starts: np.ndarray, unknown: int) -> np.ndarray:
    """Return the symbol that sounded in each voice before the one of each cell, ``(steps, lanes)``."""
    earlier = np.take_along_axis(symbols, np.maximum(starts - 1, 0), axis=0)
    return np.where(starts > 0, earlier, unknown)


def equal_quarters(symbols: np.ndarray, is_held: np.ndarray, bar_steps: int, bar: int) -> np.ndarray:
    """Return which quarters of the bars before a bar are those of the bar, ``(bars, quarters, lanes)`` bool."""
    n_steps, n_lanes = (bar + 1) * bar_steps, symbols.shape[1]
    starts = ~is_held[:n_steps].reshape(bar + 1, bar_steps, n_lanes)
    cells = 2 * symbols[:n_steps].reshape(starts.shape) + starts
    cells[:, 0] |= 1
    return np.logical_and.reduceat(cells[:bar] == cells[bar], np.arange(0, bar_steps, STEPS_PER_QUARTER), axis=1)


def longest_matches(symbols: np.ndarray, is_held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find for each step the earlier step whose past agrees longest with its own.

    - ``symbols``, ``is_held``: ``(steps, lanes)``.
    - returns ``sources``: ``(steps + 1,)``: the step that may be repeated; the latest of the longest; -1 for none.
    - returns ``lengths``: steps that agree before it, ``(steps + 1,)``.
    """
    search = MatchSearch(len(symbols))
    best = [search.best()]
    for frame_symbols, frame_held in zip(symbols, is_held, strict=True):
        search.add(frame_symbols.tobytes() + frame_held.tobytes())
        best.append(search.best())
    sources, lengths = np.array(best).T
    return sources, lengths


class MatchSearch:
    """Finds what followed the longest repetition in a piece, while the piece grows up to ``n_steps``."""

    def __init__(self, n_steps: int) -> None:
        self._names = np.zeros(n_steps, np.int64)  # a number for each distinct step
        self._numbers: dict[bytes, int] = {}
        self._lengths = np.zeros(n_steps + 1, np.int64)  # of the match that ends before each step
        self._count = 0

    def add(self, frame: bytes) -> None:
        """Add a step."""
        name = self._numbers.setdefault(frame, len(self._numbers))
        self._names[self._count] = name
        count, lengths = self._count, np.zeros_like(self._lengths)
        lengths[1 : count + 1] = np.where(self._names[:count] == name, self._lengths[:count] + 1, 0)
        self._lengths, self._count = lengths, count + 1

    def mark(self) -> Callable[[], None]:
        """Return a function that forgets the steps that are added after now."""
        lengths, count = self._lengths, self._count

        def forget() -> None:
            self._lengths, self._count = lengths, count

        return forget

    def best(self) -> tuple[int, int]:
        """Return the latest step that the longest match leads to, and its length; -1 and 0 for none."""
        backwards = self._lengths[: self._count][::-1]
        best = int(backwards.argmax()) if len(backwards) else 0
        return (self._count - 1 - best, int(backwards[best])) if backwards[best : best + 1].any() else (-1, 0)


def lane_features(
    config: ComposerConfig,
    symbols: np.ndarray,
    earlier: np.ndarray,
    ages: np.ndarray,
    matched: np.ndarray,
) -> np.ndarray:
    """Return the features of the voices of the step before, ``(steps, lanes * features)`` int64."""
    columns = [symbols, earlier, np.minimum(ages, AGES - 1), matched]
    if config.has_notes:
        vocabulary = config.vocabulary
        columns += [vocabulary.intervals(symbols, earlier), vocabulary.intervals(symbols, symbols[:, -1:])]
    return np.stack(columns, -1).reshape(len(symbols), -1)


def step_features(config: ComposerConfig, grid: Grid, matches: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the features of all steps without a plan, ``(steps, features)`` int64."""
    unknown, n_steps = config.vocabulary.unknown, len(grid)
    sources, lengths = (each[:n_steps] for each in matches)
    starts = start_steps(grid.is_held)
    earlier = previous_symbols(earlier_symbols(grid.symbols, starts, unknown), unknown)
    ages = np.zeros_like(starts)
    ages[1:] = (np.arange(n_steps)[:, None] - starts)[:-1]
    matched = np.where(sources[:, None] >= 0, grid.symbols[np.maximum(sources, 0)], unknown)
    lanes = lane_features(config, previous_symbols(grid.symbols, unknown), earlier, ages, matched)
    return np.concatenate([position_features(np.arange(n_steps), grid.bar_steps, lengths), lanes], axis=1)


def open_features(config: ComposerConfig, grid: Grid, matches: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the features of all steps of which nothing is known ahead, ``(steps, features)`` int64.

    Neither cells, nor the end, the key or cadences are known; ``matches`` are those of :func:`longest_matches`.
    """
    unknown, n_steps = config.vocabulary.unknown, len(grid)
    before, known = previous_symbols(grid.symbols, unknown), np.full_like(grid.symbols, 2 * unknown)
    features = [step_features(config, grid, matches)]
    if config.has_plan:
        features.append(plan_features(config, known, np.full(n_steps, -1)))
    if config.knows_key:
        features.append(key_features(config, before, Guide.unknown(n_steps)))
    if config.knows_target:
        features.append(target_features(config, before, *targets(config, known)))
    return np.concatenate(features, axis=1)


def position_features(steps: np.ndarray, bar_steps: int, match_lengths: np.ndarray) -> np.ndarray:
    """Return metre, position in the bar and length of the match of steps, ``(steps, 3)``."""
    metre = np.full_like(steps, min(bar_steps, BAR_STEPS - 1))
    return np.stack([metre, np.minimum(steps % bar_steps, BAR_STEPS - 1), np.minimum(match_lengths, MATCHES - 1)], 1)


def key_features(config: ComposerConfig, before: np.ndarray, guide: Guide) -> np.ndarray:
    """Return mode, cadence ahead, and degrees of the step before, ``(steps, 3 + lanes)`` int64."""
    mode = np.full((len(before), 1), guide.mode)
    return np.concatenate([mode, guide.cadences, config.vocabulary.degrees(before, guide.tonic)], axis=1)


def targets(config: ComposerConfig, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the next known note of each cell's voice that starts from its step on, and the steps to it.

    - returns ``symbols``: ``(steps, lanes)``; unknown where none is within TARGET_STEPS - 2 steps.
    - returns ``steps``: ``(steps, lanes)``, at most TARGET_STEPS - 1.
    """
    symbols, is_held = np.divmod(known, 2)
    is_note = (symbols != config.vocabulary.unknown) & (is_held == 0) & config.vocabulary.is_note(symbols)
    count = len(known)
    steps = np.where(is_note, np.arange(count)[:, None], count + TARGET_STEPS)
    following = np.minimum.accumulate(steps[::-1])[::-1]
    distance = np.minimum(following - np.arange(count)[:, None], TARGET_STEPS - 1)
    found = np.take_along_axis(symbols, np.minimum(following, count - 1), axis=0)
    return np.where(distance < TARGET_STEPS - 1, found, config.vocabulary.unknown), distance


def target_features(config: ComposerConfig, before: np.ndarray, symbols: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return steps and interval from the step before to the target of each voice, ``(steps, 2 * lanes)`` int64."""
    return np.stack([steps, config.vocabulary.intervals(symbols, before)], -1).reshape(len(before), -1)


def plan_features(config: ComposerConfig, known: np.ndarray, bars_left: np.ndarray) -> np.ndarray:
    """Return the features of what is known of the steps ahead, ``(steps, 1 + offsets * lanes)`` int64.

    - ``known``: ``2 * symbol + is_held`` of known cells, ``2 * unknown`` of others, ``(steps, lanes)``.
    - ``bars_left``: bars from each step to the end of the piece, ``(steps,)``; -1 where the end is open.
    """
    nothing = np.full((LOOKAHEAD[-1], known.shape[1]), 2 * config.vocabulary.unknown)
    padded = np.concatenate([known, nothing])
    ahead = [padded[offset : offset + len(known)] for offset in LOOKAHEAD]
    left = np.where(bars_left < 0, 0, np.minimum(bars_left + 1, BARS_LEFT - 1))
    return np.concatenate([left[:, None], *ahead], axis=1)
