"""Traits of a piece, and how the drawing of one is led to those that are asked for.

They are asked for as positions among the training scores, whose fifths a model knows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...base.errors import ScoreWarning
from ...contracts.composition import TRAITS
from .config import ComposerConfig
from .grid import STEPS_PER_QUARTER, Grid
from .vocabulary import FIRST_NOTE, REST

N_FIFTHS = 5
POSITIONS = np.arange(N_FIFTHS + 1) / N_FIFTHS  # of the edges of fifths among the scores
MAX_LEAP = 12  # semitones, of the leaps that are hard
OFF_BEAT, SHORT = 4.0, 4.0  # semitones of leaps that are as hard as notes off the beat, and as notes of a sixteenth
MAX_DRAWS, MAX_ERROR = 6, 0.5  # of a piece, and widths of a fifth that it may be off
LEAST = np.array([0.0, 0.0, 1.0, 0.0])  # of each trait: a step that is not silent has a voice
PULL, REGISTER = 4.0, TRAITS.index("register")  # cost of a note an octave from the centre of the register, in nats
N_CALIBRATIONS, MAX_STEP = 5, 0.3  # tilts that are tried, and how far they move at a time
SLOPE, MAX_STRENGTH = 1.0, 5.0  # widths by which a strength of 1 moves a trait, before any was measured


def traits_of(grid: Grid, config: ComposerConfig, first_step: int = 0) -> np.ndarray:
    """Measure the traits of a piece, or of its part from a step on, ``(len(TRAITS),)``; NaN where nothing sounds.

    - density: notes, or strokes, that begin in a quarter.
    - register: mean pitch of the highest voice, as a symbol; 0 of drums.
    - polyphony: voices, or drums, that sound at once, over the steps that are not silent.
    - difficulty: mean leap of the voices in semitones, and how many notes begin off the beat or last a sixteenth.
    """
    vocabulary = config.vocabulary
    lanes = [0] if config.layout == "lead-sheet" else range(config.n_lanes)
    symbols, is_held = grid.symbols[:, lanes], grid.is_held[:, lanes]
    is_note = vocabulary.is_note(symbols)
    if not is_note.any():
        return np.full(len(TRAITS), np.nan)
    begins = is_note & ~is_held
    n_begins = max(int(begins.sum()), 1)
    n_sounding = is_note.sum(1)
    is_off_beat = np.arange(first_step, first_step + len(grid))[:, None] % STEPS_PER_QUARTER > 0
    goes_on = np.concatenate([is_held[1:], np.zeros_like(is_held[:1])])
    melody = symbols[is_note[:, 0], 0]
    return np.array(
        [
            begins.sum() * STEPS_PER_QUARTER / len(grid),
            melody.mean() if config.has_notes and len(melody) else 0.0,
            n_sounding[n_sounding > 0].mean(),
            _mean_leap(symbols, begins) * config.has_notes
            + OFF_BEAT * (begins & is_off_beat).sum() / n_begins
            + SHORT * (begins & ~goes_on).sum() / n_begins * config.has_notes,
        ]
    )


def _mean_leap(symbols: np.ndarray, begins: np.ndarray) -> float:
    """Return the mean interval between successive notes of a voice, in semitones."""
    leaps = [np.abs(np.diff(symbols[begins[:, lane], lane])) for lane in range(symbols.shape[1])]
    joined = np.minimum(np.concatenate(leaps), MAX_LEAP)
    return float(joined.mean()) if len(joined) else 0.0


def fifths(traits: Iterable[np.ndarray]) -> np.ndarray:
    """Return the values between fifths of the pieces, ``(len(TRAITS), N_FIFTHS - 1)``, of the traits of each."""
    rows = np.array(list(traits)).reshape(-1, len(TRAITS))
    rows = rows[~np.isnan(rows).any(1)]
    if not len(rows):
        return np.zeros((len(TRAITS), N_FIFTHS - 1))
    edges: np.ndarray = np.quantile(rows, np.arange(1, N_FIFTHS) / N_FIFTHS, axis=0).T
    return edges


def widths_of(edges: np.ndarray) -> np.ndarray:
    """Return the mean width of the middle fifths of each trait, ``(len(TRAITS),)``; 0 where all pieces are alike."""
    widths: np.ndarray = (edges[:, -1] - edges[:, 0]) / (N_FIFTHS - 2)
    return widths


@dataclass(frozen=True)
class Event:
    """The next event of a voice, before it is drawn."""

    lane: int  # the voice, 0 for the highest
    before: int  # its symbol of the step before
    is_new: bool  # that began in the step before
    step: int  # sixteenths since the beginning
    is_joined: bool  # a voice above, or a drum before, sounds in this step


@dataclass(frozen=True)
class Tilt:
    """Events that add to a trait are more probable than the network says: by e to the strength of the trait.

    Of all distributions with such a mean, the tilted one is the nearest to that of the network [1]_. For the register
    the mean is that of the distance from a pitch, squared: a melody that was lifted by the same factor everywhere would
    go on rising.

    References
    ----------
    .. [1] I. Csiszar, "I-divergence geometry of probability distributions and minimization problems", 1975.
    """

    strengths: tuple[float, ...]  # of each trait, negative for less of it, ``(len(TRAITS),)``
    centre: float = np.nan
    """Symbol that the highest voice is held around, moved by the strength of the register; NaN for none."""

    def applied(
        self, hold: float, logits: np.ndarray, can_start: np.ndarray, event: Event, config: ComposerConfig
    ) -> tuple[float, np.ndarray]:
        """Return the logits of going on, and of the symbols ``(n_events,)`` otherwise, of which some can start."""
        density, register, polyphony, difficulty = self.strengths
        vocabulary, notes = config.vocabulary, slice(FIRST_NOTE, config.vocabulary.first_chord)
        was_note = bool(vocabulary.is_note(np.array(event.before)))
        ends_short = difficulty * SHORT / MAX_LEAP * (event.is_new and was_note and config.has_notes)
        off_beat = difficulty * OFF_BEAT / MAX_LEAP * (event.step % STEPS_PER_QUARTER > 0)
        silent = -polyphony * event.is_joined
        gains = np.zeros(len(logits))
        if config.has_notes:  # which note, but not whether one begins
            symbols = np.arange(notes.start, notes.stop)
            which = np.zeros(len(symbols))
            if event.lane == 0 and np.isfinite(self.centre):
                which -= PULL * np.square((symbols - self.centre) / MAX_LEAP - register / 4)
            if was_note:
                which += difficulty * np.minimum(np.abs(symbols - event.before), MAX_LEAP) / MAX_LEAP
            gains[notes] = which - _gain(logits[notes], which, can_start[notes])
        gains[notes] += density + off_beat
        gains[REST] = silent
        lasting = silent * (event.before == REST) - ends_short
        return hold + lasting - _gain(logits, gains, can_start), logits + gains


NO_TILT = Tilt((0.0,) * len(TRAITS))


def _gain(logits: np.ndarray, gains: np.ndarray, is_allowed: np.ndarray) -> float:
    """Return the logarithm of the factor by which gains change the probability of what is allowed."""
    if not is_allowed.any():
        return 0.0
    allowed = logits[is_allowed].astype(np.float64)
    return float(np.logaddexp.reduce(allowed + gains[is_allowed]) - np.logaddexp.reduce(allowed))


@dataclass(frozen=True)
class Aims:
    """Positions of a piece among the training scores that are asked for."""

    positions: np.ndarray  # between 0 and 1, of each trait, NaN for any, ``(len(TRAITS),)``
    edges: np.ndarray  # between fifths of the scores; see :func:`fifths`

    @cached_property
    def _rows(self) -> np.ndarray:
        """Values of the traits at the positions POSITIONS, ``(len(TRAITS), N_FIFTHS + 1)``."""
        edges = self.edges
        lowest = np.maximum(2 * edges[:, :1] - edges[:, 1:2], np.maximum(edges[:, :1] / 2, LEAST[:, None]))
        return np.concatenate([lowest, edges, 2 * edges[:, -1:] - edges[:, -2:-1]], axis=1)

    @cached_property
    def values(self) -> np.ndarray:
        """Values of the traits at these positions, ``(len(TRAITS),)``."""
        return np.array([np.interp(at, POSITIONS, row) for at, row in zip(self.positions, self._rows, strict=True)])

    @cached_property
    def widths(self) -> np.ndarray:
        """Width of a fifth of the training scores, ``(len(TRAITS),)``; see :func:`widths_of`."""
        return widths_of(self.edges)

    def met_by(self, draw: Callable[[Tilt], Grid], traits: Callable[[Grid], np.ndarray], usual: Tilt = NO_TILT) -> Grid:
        """Return the nearest of up to MAX_DRAWS pieces, with a tilt between those of too little and of too much.

        It begins with the usual tilt, and draws no further as soon as each trait is within MAX_ERROR widths.
        """
        strengths = np.array(usual.strengths)
        less, more = Bound.none(-MAX_STRENGTH), Bound.none(MAX_STRENGTH)
        nearest: tuple[float, Grid] | None = None
        for _ in range(MAX_DRAWS):
            grid = draw(Tilt(tuple(strengths.tolist()), float(self.values[REGISTER])))
            errors = self._errors(traits(grid))
            largest = float(np.abs(errors).max())
            if nearest is None or largest < nearest[0]:
                nearest = (largest, grid)
            if largest <= MAX_ERROR:
                break
            less, more = less.moved(strengths, errors, errors < 0), more.moved(strengths, errors, errors > 0)
            strengths = np.where(np.abs(errors) > MAX_ERROR, _between(less, more, strengths, errors), strengths)
        assert nearest is not None
        if nearest[0] > MAX_ERROR:
            self._warn(traits(nearest[1]))
        return nearest[1]

    def _warn(self, traits: np.ndarray) -> None:
        """Name the traits that are not where they are asked for."""
        for name, asked, value, error, row in zip(
            TRAITS, self.positions, traits, self._errors(traits), self._rows, strict=True
        ):
            if abs(error) > MAX_ERROR:
                sentence = (
                    f"{name} is asked for at {asked:g}, and the nearest of {MAX_DRAWS} pieces is at "
                    f"{np.interp(value, row, POSITIONS):.2f}; another seed may come nearer."
                )
                warnings.warn(sentence, ScoreWarning, stacklevel=2)

    def _errors(self, traits: np.ndarray) -> np.ndarray:
        """Return by how many widths traits are too large, ``(len(TRAITS),)``; where nothing sounds, they are small."""
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = np.where(np.isnan(traits), -float(N_FIFTHS), (traits - self.values) / self.widths)
        return np.where(np.isnan(self.values), 0.0, errors)


def calibrated(density: Callable[[Tilt], float], aim: float) -> Tilt:
    """Return the tilt with which pieces have nearly the mean density of the training scores.

    What learns from scores to predict the next event drifts where it goes on from its own: small errors add up, and
    melodies become slower, bar by bar. One tilt for all pieces takes it back.

    - ``density``: mean density of some pieces that are drawn with a tilt.
    - ``aim``: that of training scores, in notes a quarter.
    """
    strength, slope = 0.0, aim
    tried: list[tuple[float, float]] = []  # error and strength
    for _ in range(N_CALIBRATIONS):
        error = density(_denser(strength)) - aim
        if tried and (error - tried[-1][0]) * (strength - tried[-1][1]) > 0:
            slope = float(np.clip((error - tried[-1][0]) / (strength - tried[-1][1]), aim / 4, 4 * aim))
        tried.append((error, strength))
        strength -= float(np.clip(error / slope, -MAX_STEP, MAX_STEP))
    return _denser(min(tried, key=lambda each: abs(each[0]))[1])


def _denser(strength: float) -> Tilt:
    return Tilt((strength, *NO_TILT.strengths[1:]))


@dataclass(frozen=True)
class Bound:
    """Strengths that were too small or too large, and the errors that they had; infinite where none was drawn."""

    strengths: np.ndarray
    errors: np.ndarray

    @classmethod
    def none(cls, strength: float) -> Bound:
        """Return the bound before any draw."""
        return cls(np.full(len(TRAITS), strength), np.full(len(TRAITS), np.inf))

    def moved(self, strengths: np.ndarray, errors: np.ndarray, is_bound: np.ndarray) -> Bound:
        """Return the bound after a draw."""
        return Bound(np.where(is_bound, strengths, self.strengths), np.where(is_bound, errors, self.errors))


def _between(less: Bound, more: Bound, strengths: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return the strengths to try next: between both bounds by their errors, else by the usual slope."""
    is_between = np.isfinite(less.errors) & np.isfinite(more.errors)
    with np.errstate(invalid="ignore"):
        fraction = np.clip(-less.errors / (more.errors - less.errors), 0.2, 0.8)
    inside = less.strengths + np.where(is_between, fraction, 0.5) * (more.strengths - less.strengths)
    return np.where(is_between, inside, np.clip(strengths - errors / SLOPE, less.strengths, more.strengths))
