"""A grid as a plain wave, for the samples of a training, without an instrument."""

from __future__ import annotations

import numpy as np

from ...music.score import Score
from .config import ComposerConfig
from .conversion import score_of
from .grid import Grid

PEAK = 0.7
DECAY_S, RELEASE_S, ATTACK_S = 0.9, 0.08, 0.004
PARTIALS = (1.0, 0.45, 0.25, 0.12, 0.06)
DRUM_TONES = {36: (55.0, 0.12), 38: (190.0, 0.09), 41: (90.0, 0.15), 45: (120.0, 0.15), 48: (160.0, 0.15)}
"""Frequency in hertz and decay in seconds of drums; the others are noise."""


def render_grid(grid: Grid, config: ComposerConfig) -> np.ndarray:
    """Return a piece as a wave ``(1, time)`` at the sample rate of a model."""
    return render_plainly(score_of(grid, config), config.sample_rate)


def render_plainly(score: Score, sample_rate: int) -> np.ndarray:
    """Return a score as a wave ``(1, time)``, its notes struck tones of a few partials, its drums bursts."""
    tempo_map = score.tempo_map
    wave = np.zeros(round((score.seconds + DECAY_S) * sample_rate))
    rng = np.random.default_rng(0)
    for track in score.tracks:
        for note in track.notes:
            start, end = (
                float(tempo_map.seconds(int(tick))) for tick in (note["start"], note["start"] + note["duration"])
            )
            pitch = int(note["pitch"])
            sound = _drum(pitch, sample_rate, rng) if track.is_drum else _tone(pitch, end - start, sample_rate)
            first = round(start * sample_rate)
            room = wave[first : first + len(sound)]
            room += sound[: len(room)] * int(note["velocity"]) / 127
    peak = np.abs(wave).max(initial=1e-9)
    return np.asarray(wave[None] * PEAK / peak, np.float32)


def _tone(pitch: int, seconds: float, sample_rate: int) -> np.ndarray:
    time = np.arange(round((seconds + RELEASE_S) * sample_rate)) / sample_rate
    f0_hz = 440.0 * 2 ** ((pitch - 69) / 12)
    tone = np.zeros(len(time))
    for number, gain in enumerate(PARTIALS, 1):
        if number * f0_hz < 0.45 * sample_rate:
            tone += gain * np.exp(-number * time / DECAY_S) * np.sin(2 * np.pi * number * f0_hz * time)
    fade_out = np.clip((seconds + RELEASE_S - time) / RELEASE_S, 0, 1)
    return np.asarray(tone * np.minimum(time / ATTACK_S, 1) * fade_out)


def _drum(pitch: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    frequency_hz, decay_s = DRUM_TONES.get(pitch, (0.0, 0.05))
    time = np.arange(round(6 * decay_s * sample_rate)) / sample_rate
    tone = np.sin(2 * np.pi * frequency_hz * (time + 0.02 * (1 - np.exp(-40 * time))))
    noise = rng.standard_normal(len(time)) * (0.15 if pitch == 36 else 0.5)
    return np.asarray((tone + noise) * np.exp(-time / decay_s) * np.clip(6 - time / decay_s, 0, 1))
