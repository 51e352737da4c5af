"""The likelihood of a piece under a composer, cell by cell, as in its training."""

from __future__ import annotations

import numpy as np

from .config import ComposerConfig
from .constraints import lane_symbols
from .drawing import ComposerSteps
from .grid import Grid, longest_matches, plan_features, previous_symbols, step_features
from .vocabulary import REST


def cell_nats(config: ComposerConfig, steps: ComposerSteps, grid: Grid) -> np.ndarray:
    """Return the negative log-likelihood of the cells of a piece ``(steps, lanes)``, in nats.

    Voices are predicted in their order; nothing is known ahead, and the end is open.

    Parameters
    ----------
    config
        Of the model.
    steps
        Its network.
    grid
        The piece.
    """
    unknown = config.vocabulary.unknown
    features = step_features(config, grid, longest_matches(grid.symbols, grid.is_held))
    if config.has_plan:
        plan = plan_features(config, np.full(grid.symbols.shape, 2 * unknown), np.full(len(grid), -1))
        features = np.concatenate([features, plan], axis=1)
    before, lanes = previous_symbols(grid.symbols, unknown), np.arange(config.n_lanes)
    allowed, nats = lane_symbols(config), np.zeros(grid.symbols.shape)
    steps.start()
    for step, (symbols, is_held) in enumerate(zip(grid.symbols, grid.is_held, strict=True)):
        context = steps.time_step(features[step])
        for lane in lanes:
            hold, logits = steps.voice_step(context, symbols, is_held, lanes < lane, before[step], int(lane))
            sounding = int(before[step, lane])
            can_hold = sounding != unknown and (config.layout != "drums" or sounding == REST)
            can_start = allowed[lane].copy()
            can_start[REST] &= not (can_hold and sounding == REST)
            nats[step, lane] = _event_nats(hold, logits, int(symbols[lane]), bool(is_held[lane]), can_hold, can_start)
    return nats


def _event_nats(
    hold: float, logits: np.ndarray, symbol: int, is_held: bool, can_hold: bool, can_start: np.ndarray
) -> float:
    """Return the nats of a cell; see :func:`.modules.event_nats`."""
    hold_nats = float(np.logaddexp(0.0, -hold if is_held else hold)) if can_hold else 0.0
    if is_held:
        return hold_nats
    return hold_nats + float(np.logaddexp.reduce(logits[can_start].astype(np.float64)) - logits[symbol])
