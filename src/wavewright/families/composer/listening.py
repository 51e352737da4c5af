"""A grid as a wave, for the sample of a model and for those of a training."""

from __future__ import annotations

import numpy as np

from ...music.performance import perform
from ...synth.soundfont.opening import default_soundfont
from ...synth.soundfont.player import SoundFontEngine
from .config import ComposerConfig
from .conversion import score_of
from .grid import Grid

PEAK = 0.7


def render_grid(grid: Grid, config: ComposerConfig) -> np.ndarray:
    """Return a piece as a wave ``(1, time)`` at the sample rate of a model, by the bundled bank."""
    score, rate = score_of(grid, config), config.sample_rate
    wave = np.zeros((1, round(score.seconds * rate) + 1), np.float32)
    if score.n_notes:
        blocks = perform(score, rate).blocks(lambda: SoundFontEngine(default_soundfont(), rate))
        wave = np.concatenate(list(blocks), axis=1).mean(axis=0, keepdims=True)
    return np.asarray(wave * PEAK / np.abs(wave).max(initial=1e-3), np.float32)
