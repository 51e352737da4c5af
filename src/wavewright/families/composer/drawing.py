"""Draw the cells of a piece, step by step and voice by voice, around those that are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from .config import LOOKAHEAD, MATCHES, NO_TONIC, ComposerConfig
from .constraints import Masks
from .grid import (
    Grid,
    Guide,
    MatchSearch,
    equal_quarters,
    key_features,
    lane_features,
    plan_features,
    position_features,
    target_features,
    targets,
)
from .traits import NO_TILT, Event, Tilt
from .vocabulary import FIRST_NOTE, REST

MIN_TEMPERATURE = 1e-3
CHORDS = 1  # lane of a lead sheet
MAX_DRAWS = 6  # of a bar that has to differ from earlier ones


class ComposerSteps(Protocol):
    """The steps of a network: over time, and from voice to voice."""

    def start(self, tonic: int = NO_TONIC) -> None:
        """Forget the past; the next piece has this tonic."""

    def time_step(self, features: np.ndarray) -> np.ndarray:
        """Return the context ``(hidden_size,)`` of a step with ``features (features,)``; remember the step."""

    def mark(self) -> Callable[[], None]:
        """Return a function that forgets the steps after now."""

    def voice_step(
        self,
        context: np.ndarray,
        symbols: np.ndarray,
        is_held: np.ndarray,
        is_known: np.ndarray,
        before: np.ndarray,
        target: np.ndarray,
        lane: int,
    ) -> tuple[float, np.ndarray]:
        """Return the logits of holding, and of the symbols ``(n_events,)`` otherwise, of a voice."""


@dataclass(frozen=True, eq=False)
class Returns:
    """Bars that return."""

    sources: np.ndarray  # index of the earlier bar that returns in each, -1 for none, ``(bars,)``
    is_copied: np.ndarray  # cells that are those of the source, ``(steps, lanes)`` bool
    most_alike: np.ndarray
    """A bar is drawn again whose fraction of quarters that an earlier bar has reaches this, ``(bars,)``."""


@dataclass(frozen=True, eq=False)
class Sketch:
    """A piece of which some cells are known."""

    grid: Grid  # all cells; those that are not known have no meaning
    is_known: np.ndarray  # ``(steps, lanes)`` bool
    is_whole: bool = True  # the piece ends with its last step
    returns: Returns | None = None  # cells that are known as soon as an earlier bar is drawn
    guide: Guide | None = None  # key and cadences, None if they are unknown


@dataclass(frozen=True)
class DrawSettings:
    """Settings of the drawing of cells."""

    temperature: float = 1.0  # divides the logits; 0 takes what is most probable
    top_p: float = 0.95  # probability of the retained symbols together
    tilt: Tilt = NO_TILT  # what is more probable than the network says


class GridDrawer:
    """Draws the unknown cells of a sketch.

    A cell takes two random numbers, known or not, so that a known cell changes no random number of others.
    """

    def __init__(self, config: ComposerConfig, steps: ComposerSteps, settings: DrawSettings) -> None:
        self.config, self.steps, self.settings = config, steps, settings
        self.unknown = config.vocabulary.unknown

    def draw(self, sketch: Sketch, masks: Masks, rng: np.random.Generator) -> Grid:
        """Return the piece with all cells."""
        n_lanes = self.config.n_lanes
        n_steps, bar_steps = len(sketch.grid), sketch.grid.bar_steps
        cells = _DrawnCells(sketch)
        uniforms = rng.random((n_steps, n_lanes, 2))
        guide = sketch.guide or Guide.unknown(n_steps)
        unknown = np.full(n_lanes, self.unknown)
        past = _Past(unknown, unknown, np.zeros(n_lanes, np.int64))
        matches = MatchSearch(n_steps)
        self.steps.start(guide.tonic)
        for first in range(0, n_steps, bar_steps):
            steps = slice(first, min(first + bar_steps, n_steps))
            cells.bring_back(first // bar_steps - 1)
            is_known = cells.is_known[steps].copy()
            bar = _Bar(steps, guide, masks, uniforms[steps])
            n_draws, limit = 1, cells.most_alike(first // bar_steps)
            go_back = [self.steps.mark(), matches.mark()] if np.isfinite(limit) and not is_known.all() else []
            end = self._draw_bar(bar, cells, past, matches)
            while go_back and n_draws < MAX_DRAWS and cells.alikeness(first // bar_steps) >= limit:
                for forget in go_back:
                    forget()
                cells.is_known[steps] = is_known
                again = replace(bar, uniforms=rng.random(bar.uniforms.shape))
                end, n_draws = self._draw_bar(again, cells, past, matches), n_draws + 1
            past = end
        return Grid(cells.symbols, cells.is_held, bar_steps)

    def _draw_bar(self, bar: _Bar, cells: _DrawnCells, past: _Past, matches: MatchSearch) -> _Past:
        """Fill in the unknown cells of a bar; return what is past then."""
        config, first = self.config, bar.steps.start
        symbols, is_held = cells.symbols, cells.is_held
        known, left = cells.ahead(first, self.unknown)
        plan = plan_features(config, known, left) if config.has_plan else np.zeros((len(known), 0), np.int64)
        next_notes, until = targets(config, known)
        before, earlier, ages = past.before, past.earlier, past.ages
        for step in range(bar.steps.start, bar.steps.stop):
            in_bar = step - first
            source, length = matches.best()
            matched = symbols[source] if source >= 0 else np.full(config.n_lanes, self.unknown)
            position = position_features(np.array([step]), cells.bar_steps, np.array([min(length, MATCHES - 1)]))[0]
            lanes = lane_features(config, before[None], earlier[None], ages[None], matched[None])[0]
            features = [position, lanes, plan[in_bar]]
            if config.knows_key:
                features.append(key_features(config, before[None], bar.guide[step : step + 1])[0])
            target = next_notes[in_bar]
            if config.knows_target:
                features.append(target_features(config, before[None], target[None], until[in_bar][None])[0])
            context = self.steps.time_step(np.concatenate(features))
            drawn = _StepCells(symbols[step], is_held[step], cells.is_known[step], before, target, ages)
            self._draw_step(context, drawn, bar.masks, step, bar.uniforms[in_bar])
            if config.layout == "lead-sheet":  # the same chord goes on, as it does in the scores of the training
                is_held[step, CHORDS] = symbols[step, CHORDS] == before[CHORDS]
            earlier = np.where(is_held[step], earlier, before)
            ages = np.where(is_held[step], ages + 1, 0)
            before = symbols[step].copy()
            matches.add(symbols[step].tobytes() + is_held[step].tobytes())
        return _Past(before, earlier, ages)

    def _draw_step(self, context: np.ndarray, cells: _StepCells, masks: Masks, step: int, uniforms: np.ndarray) -> None:
        """Fill in the unknown cells of a step."""
        # A known note goes on only after itself.
        cells.is_held[:] &= ~cells.is_known | (cells.symbols == cells.before)
        for lane in map(int, np.flatnonzero(~cells.is_known)):
            before = int(cells.before[lane])
            if masks.must_last[step, lane] and before != self.unknown:
                cells.set(lane, before, is_held=True)
                continue
            can_hold = before != self.unknown and self._can_last(before, lane, masks, step)
            can_start = masks.can_start[step, lane].copy()
            if not masks.is_onset[step]:
                can_start[FIRST_NOTE:] = False
            if self.config.layout == "voices":
                low, high = _between_known(cells, lane, len(can_start))
                within = can_start.copy()
                within[FIRST_NOTE:low] = within[high + 1 :] = False
                if within[FIRST_NOTE:].any():
                    can_start, can_hold = within, can_hold and (before == REST or low <= before <= high)
            is_silent = before == REST or not masks.is_onset[step]
            can_start[REST] = masks.can_rest[step, lane] and not (can_hold and is_silent)
            if can_hold and not can_start.any():
                cells.set(lane, before, is_held=True)
                continue
            hold, logits = self.steps.voice_step(
                context, cells.symbols, cells.is_held, cells.is_known, cells.before, cells.target, lane
            )
            if self.settings.tilt != NO_TILT:
                hold, logits = self._tilted(hold, logits, can_start, cells, lane, step)
            if can_hold and uniforms[lane, 0] < self._probability(hold):
                cells.set(lane, before, is_held=True)
            else:
                cells.set(lane, self._draw_symbol(logits, can_start, float(uniforms[lane, 1])), is_held=False)

    def _tilted(
        self, hold: float, logits: np.ndarray, can_start: np.ndarray, cells: _StepCells, lane: int, step: int
    ) -> tuple[float, np.ndarray]:
        """Return the logits of holding and of symbols after the tilt; chords are not tilted."""
        if self.config.layout == "lead-sheet" and lane == CHORDS:
            return hold, logits
        is_above = cells.is_known[:lane] & self.config.vocabulary.is_note(cells.symbols[:lane])
        event = Event(lane, int(cells.before[lane]), int(cells.ages[lane]) == 0, step, bool(is_above.any()))
        return self.settings.tilt.applied(hold, logits, can_start, event, self.config)

    def _can_last(self, symbol: int, lane: int, masks: Masks, step: int) -> bool:
        """Return True if a note or rest of the step before may go on."""
        if symbol == REST:
            return bool(masks.can_rest[step, lane])
        if masks.must_start[step, lane] or self.config.layout == "drums":
            return False
        notes = masks.can_start[step, lane, FIRST_NOTE:]  # where none may start, the last one may go on
        return bool(masks.can_start[step, lane, symbol] or not notes.any()) or not masks.is_onset[step]

    def _probability(self, logit: float) -> float:
        scaled = logit / max(self.settings.temperature, MIN_TEMPERATURE)
        return float(1.0 / (1.0 + np.exp(-np.clip(scaled, -60, 60))))

    def _draw_symbol(self, logits: np.ndarray, can_start: np.ndarray, uniform: float) -> int:
        """Return a symbol that can start, drawn from the most probable ones."""
        candidates = np.flatnonzero(can_start)
        scaled = logits[candidates].astype(np.float64) / max(self.settings.temperature, MIN_TEMPERATURE)
        order = np.argsort(-scaled, kind="stable")
        total = np.cumsum(np.exp(scaled[order] - scaled[order[0]]))
        n_retained = int(np.searchsorted(total, self.settings.top_p * total[-1])) + 1
        total = total[:n_retained]
        index = min(int(np.searchsorted(total, uniform * total[-1], side="right")), len(total) - 1)
        return int(candidates[order[index]])


def _between_known(cells: _StepCells, lane: int, n_events: int) -> tuple[int, int]:
    """Return the lowest and highest note with which a voice crosses no known note of the voices above and below."""
    notes = np.where(cells.is_known, cells.symbols, REST)
    above, below = notes[:lane][notes[:lane] >= FIRST_NOTE], notes[lane + 1 :]
    return max(FIRST_NOTE, int(below.max(initial=REST))), int(above.min(initial=n_events - 1))


class _DrawnCells:
    """The cells of a piece while it is drawn."""

    def __init__(self, sketch: Sketch) -> None:
        grid = sketch.grid
        self.symbols, self.is_held, self.is_known = grid.symbols.copy(), grid.is_held.copy(), sketch.is_known.copy()
        self.bar_steps, self._is_whole, self._returns = grid.bar_steps, sketch.is_whole, sketch.returns

    def most_alike(self, bar: int) -> float:
        """Return from which likeness on a bar is drawn again."""
        return np.inf if self._returns is None else float(self._returns.most_alike[bar])

    def alikeness(self, bar: int) -> float:
        """Return the largest fraction of the quarters of a bar that an earlier bar has."""
        alike = equal_quarters(self.symbols, self.is_held, self.bar_steps, bar).mean((1, 2))
        return float(alike.max(initial=0.0))

    def bring_back(self, bar: int) -> None:
        """Fill in the bars in which a bar returns that has been drawn."""
        if self._returns is None or bar < 0:
            return
        source = slice(bar * self.bar_steps, (bar + 1) * self.bar_steps)
        for target in map(int, np.flatnonzero(self._returns.sources == bar)):
            span = slice(target * self.bar_steps, (target + 1) * self.bar_steps)
            is_copied = self._returns.is_copied[span]
            self.symbols[span][is_copied] = self.symbols[source][is_copied]
            self.is_held[span][is_copied] = self.is_held[source][is_copied]
            self.is_known[span] |= is_copied

    def ahead(self, step: int, unknown: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the known cells of a bar and behind it, and bars to the end; see :func:`.grid.plan_features`."""
        n_steps = len(self.symbols)
        span = slice(step, step + self.bar_steps + LOOKAHEAD[-1])
        symbols, is_known = self.symbols[span], self.is_known[span]
        known = np.where(is_known, 2 * symbols + self.is_held[span], 2 * unknown)
        left = (n_steps - 1 - np.arange(step, step + len(known))) // self.bar_steps
        return known, left if self._is_whole else np.full_like(left, -1)


@dataclass(frozen=True, eq=False)
class _Past:
    """The symbols of the last step, those before them, and for how many steps they have sounded: ``(lanes,)``."""

    before: np.ndarray
    earlier: np.ndarray
    ages: np.ndarray


@dataclass(frozen=True, eq=False)
class _Bar:
    """The steps of a bar, what is known and allowed of the piece, and the random numbers of the bar."""

    steps: slice
    guide: Guide
    masks: Masks
    uniforms: np.ndarray


@dataclass(frozen=True, eq=False)
class _StepCells:
    """The cells of a step while they are drawn, the symbols of the step before, and next known notes: ``(lanes,)``.

    ``ages`` are the steps for which the symbols of the step before had lasted.
    """

    symbols: np.ndarray
    is_held: np.ndarray
    is_known: np.ndarray
    before: np.ndarray
    target: np.ndarray
    ages: np.ndarray

    def set(self, lane: int, symbol: int, is_held: bool) -> None:
        """Set a cell, which is known from then on."""
        self.symbols[lane], self.is_held[lane], self.is_known[lane] = symbol, is_held, True
