"""The network of four-part harmony: the pitches of unknown cells of a chorale from all others, by ONNX Runtime.

``recipes/harmony.py`` trains it on chorales of J. S. Bach, and ``data/harmony.json`` is its card.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from ...base.onnx_runtime import open_session
from .chorale_grid import LOWEST, N_PITCHES, STEPS_PER_QUARTER, VOICE_RANGES

GRAPH = Path(__file__).parent / "data" / "harmony.onnx"
FORBIDDEN = -1e9


class HarmonyPredictor:
    """Predicts pitches of cells.

    Parameters
    ----------
    path : Path
        ONNX graph.
    """

    def __init__(self, path: Path = GRAPH) -> None:
        self._session = open_session(path)
        pitches = np.arange(LOWEST, LOWEST + N_PITCHES)
        outside = [(pitches < low) | (pitches > high) for low, high in VOICE_RANGES]
        self._ranges = np.where(outside, FORBIDDEN, 0.0).astype(np.float32)

    def log_probabilities(self, cells: np.ndarray) -> np.ndarray:
        """Return log probabilities of the pitches of all cells within the ranges of the voices.

        Parameters
        ----------
        cells : np.ndarray
            ``(batch, steps, 4)``, UNKNOWN where a pitch is to be predicted; the first step begins a quarter.

        Returns
        -------
        np.ndarray
            ``(batch, steps, 4, N_PITCHES)``.
        """
        phases = np.broadcast_to(np.arange(cells.shape[1]) % STEPS_PER_QUARTER, cells.shape[:2])
        logits = self._session.run(None, {"cells": cells.astype(np.int64), "phases": phases.astype(np.int64)})[0]
        logits = logits + self._ranges
        logits -= logits.max(-1, keepdims=True)
        log_probabilities: np.ndarray = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        return log_probabilities


@lru_cache(maxsize=1)
def bundled_predictor() -> HarmonyPredictor:
    """Return the network that comes with Wavewright, opened once."""
    return HarmonyPredictor()
