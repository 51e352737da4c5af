"""Draw the cells of a piece, step by step and voice by voice, around those that are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .config import MATCHES, ComposerConfig
from .constraints import Masks
from .grid import (
    Grid,
    MatchSearch,
    lane_features,
    plan_features,
    position_features,
)
from .vocabulary import FIRST_NOTE, REST

MIN_TEMPERATURE = 1e-3


class ComposerSteps(Protocol):
    """The steps of a network: over time, and from voice to voice."""

    def start(self) -> None:
        """Forget the past."""

    def time_step(self, features: np.ndarray) -> np.ndarray:
        """Return the context ``(hidden_size,)`` of a step with ``features (features,)``; remember the step."""

    def voice_step(
        self,
        context: np.ndarray,
        symbols: np.ndarray,
        is_held: np.ndarray,
        is_known: np.ndarray,
        before: np.ndarray,
        lane: int,
    ) -> tuple[float, np.ndarray]:
        """Return the logits of holding, and of the symbols ``(n_events,)`` otherwise, of a voice."""


@dataclass(frozen=True, eq=False)
class Sketch:
    """A piece of which some cells are known.

    - ``grid``: all cells; those that are not known have no meaning.
    - ``is_known``: ``(steps, lanes)`` bool.
    - ``is_whole``: the piece ends with its last step.
    """

    grid: Grid
    is_known: np.ndarray
    is_whole: bool = True


@dataclass(frozen=True)
class DrawSettings:
    """Settings of the drawing of cells.

    - ``temperature``: divides the logits; 0 takes what is most probable.
    - ``top_p``: probability of the retained symbols together.
    """

    temperature: float = 1.0
    top_p: float = 0.95


class GridDrawer:
    """Draws the unknown cells of a sketch.

    A cell takes two random numbers, known or not, so that a known cell changes no random number of others.
    """

    def __init__(self, config: ComposerConfig, steps: ComposerSteps, settings: DrawSettings) -> None:
        self.config, self.steps, self.settings = config, steps, settings
        self.unknown = config.vocabulary.unknown

    def draw(self, sketch: Sketch, masks: Masks, rng: np.random.Generator) -> Grid:
        """Return the piece with all cells."""
        config, n_lanes = self.config, self.config.n_lanes
        n_steps, bar_steps = len(sketch.grid), sketch.grid.bar_steps
        symbols, is_held = sketch.grid.symbols.copy(), sketch.grid.is_held.copy()
        uniforms = rng.random((n_steps, n_lanes, 2))
        positions = position_features(np.arange(n_steps), bar_steps, np.zeros(n_steps, np.int64))
        plan = plan_features(config, *self._plan(sketch)) if config.has_plan else np.zeros((n_steps, 0), np.int64)
        unknown = np.full(n_lanes, self.unknown)
        before, earlier, ages = unknown, unknown, np.zeros(n_lanes, np.int64)
        matches = MatchSearch(n_steps)
        self.steps.start()
        for step in range(n_steps):
            source, length = matches.best()
            matched = symbols[source] if source >= 0 else unknown
            positions[step, 2] = min(length, MATCHES - 1)
            lanes = lane_features(config, before[None], earlier[None], ages[None], matched[None])[0]
            context = self.steps.time_step(np.concatenate([positions[step], lanes, plan[step]]))
            cells = _StepCells(symbols[step], is_held[step], sketch.is_known[step].copy(), before)
            self._draw_step(context, cells, masks, step, uniforms[step])
            earlier = np.where(is_held[step], earlier, before)
            ages = np.where(is_held[step], ages + 1, 0)
            before = symbols[step]
            matches.add(symbols[step].tobytes() + is_held[step].tobytes())
        return Grid(symbols, is_held, bar_steps)

    def _plan(self, sketch: Sketch) -> tuple[np.ndarray, np.ndarray]:
        """Return known cells and bars to the end, see :func:`.grid.plan_features`."""
        grid, n_steps = sketch.grid, len(sketch.grid)
        known = np.where(sketch.is_known, 2 * grid.symbols + grid.is_held, 2 * self.unknown)
        left = (n_steps - 1 - np.arange(n_steps)) // grid.bar_steps
        return known, left if sketch.is_whole else np.full(n_steps, -1)

    def _draw_step(self, context: np.ndarray, cells: _StepCells, masks: Masks, step: int, uniforms: np.ndarray) -> None:
        """Fill in the unknown cells of a step."""
        # A known note goes on only after itself.
        cells.is_held[:] &= ~cells.is_known | (cells.symbols == cells.before)
        for lane in map(int, np.flatnonzero(~cells.is_known)):
            before = int(cells.before[lane])
            can_hold = before == REST or (before != self.unknown and self._can_last(before, lane, masks, step))
            can_start = masks.can_start[step, lane].copy()
            if not masks.is_onset[step]:
                can_start[FIRST_NOTE:] = False
            can_start[REST] = not (can_hold and (before == REST or not masks.is_onset[step]))
            if can_hold and not can_start.any():
                cells.set(lane, before, is_held=True)
                continue
            hold, logits = self.steps.voice_step(
                context, cells.symbols, cells.is_held, cells.is_known, cells.before, lane
            )
            if can_hold and uniforms[lane, 0] < self._probability(hold):
                cells.set(lane, before, is_held=True)
            else:
                cells.set(lane, self._draw_symbol(logits, can_start, float(uniforms[lane, 1])), is_held=False)

    def _can_last(self, symbol: int, lane: int, masks: Masks, step: int) -> bool:
        """Return True if a note of the step before may go on."""
        if masks.must_start[step, lane] or self.config.layout == "drums":
            return False
        return bool(masks.can_start[step, lane, symbol]) or not masks.is_onset[step]

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


@dataclass(frozen=True, eq=False)
class _StepCells:
    """The cells of a step while they are drawn: arrays ``(lanes,)``, and the symbols of the step before."""

    symbols: np.ndarray
    is_held: np.ndarray
    is_known: np.ndarray
    before: np.ndarray

    def set(self, lane: int, symbol: int, is_held: bool) -> None:
        """Set a cell, which is known from then on."""
        self.symbols[lane], self.is_held[lane], self.is_known[lane] = symbol, is_held, True
