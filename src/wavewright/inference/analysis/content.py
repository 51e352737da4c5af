"""Speech, music and other audio of a recording, and when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ...base.units import db_to_gain
from .content_features import HOP_LENGTH, SAMPLE_RATE, STEP_FRAMES, STEP_SECONDS, ContentFeatures

DATA = Path(__file__).parent / "data"
WEIGHTS_FILE, CARD_FILE = "speech_music.npz", "speech_music.json"
SHORTEST_SECONDS = 1.0
MAX_SPREAD = 5.0  # of a normalised feature
MAX_LOG_ODDS = 6.0  # of a step
STEP_SAMPLES = STEP_FRAMES * HOP_LENGTH

KINDS = ("other", "speech", "music", "speech and music", "silence")
"""Contents of a step."""


@dataclass(frozen=True)
class ContentSegment:
    """Seconds from ``start`` to ``end`` with one of KINDS."""

    kind: str
    start: float
    end: float


@dataclass(frozen=True)
class Content:
    """Fractions of speech, music and other audio; None for recordings under a second.

    Speech and music are found independently, as usual in speech and music detection (MIREX 2018): where there are
    both, both are counted. ``speech + music - both + other + silence`` is 1.

    - ``speech``, ``music``: fraction of the recording with speech, and with music.
    - ``both``: fraction with speech and music at the same time.
    - ``other``: fraction with neither that is not silent.
    - ``silence``: fraction of silence of a second or more; shorter pauses belong to what surrounds them.
    - ``segments``: what follows what.
    """

    speech: float | None
    music: float | None
    both: float | None
    other: float | None
    silence: float | None
    segments: tuple[ContentSegment, ...]


@dataclass(frozen=True)
class ContentNetwork:
    """Classifier of one hidden layer; ``mean`` and ``scale`` normalise the features."""

    mean: np.ndarray
    scale: np.ndarray
    hidden_weights: np.ndarray
    hidden_bias: np.ndarray
    out_weights: np.ndarray
    out_bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return the log odds of speech and of music, ``(steps, 2)``, for ``features (steps, features)``."""
        rows = np.clip((features - self.mean) / self.scale, -MAX_SPREAD, MAX_SPREAD)
        hidden = np.tanh(rows @ self.hidden_weights + self.hidden_bias)
        log_odds: np.ndarray = hidden @ self.out_weights + self.out_bias
        return log_odds

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return sum(array.size for array in vars(self).values())

    def save(self, path: Path) -> None:
        """Write the arrays to an ``npz`` file."""
        np.savez_compressed(path, **{name: array.astype(np.float32) for name, array in vars(self).items()})


@dataclass(frozen=True)
class Smoothing:
    """Most probable activity over time (Viterbi): ``weight`` of the log odds of a step, ``cost`` of a change."""

    weight: float
    cost: float

    def __call__(self, log_odds: np.ndarray) -> np.ndarray:
        """Return whether each is active, ``(steps, 2)`` bool, for ``log_odds (steps, 2)``."""
        evidence = self.weight * np.clip(log_odds, -MAX_LOG_ODDS, MAX_LOG_ODDS)
        # The score of the best path to "active" over that to "inactive" never exceeds the cost of a change.
        lead, leads = np.zeros(log_odds.shape[1]), np.zeros_like(evidence)
        for step, row in enumerate(evidence):
            lead = np.clip(lead, -self.cost, self.cost) + row
            leads[step] = lead
        active = np.zeros(log_odds.shape, bool)
        last = lead > 0
        for step in range(len(leads) - 1, -1, -1):
            # What follows is reached from the other side only if that is ahead by more than the cost.
            last = np.where(last, leads[step] > -self.cost, leads[step] > self.cost) if step < len(leads) - 1 else last
            active[step] = last
        return active


@cache
def bundled() -> tuple[ContentNetwork, Smoothing]:
    """Return the network of the package and its smoothing."""
    with np.load(DATA / WEIGHTS_FILE) as arrays:
        network = ContentNetwork(**arrays)
    card = json.loads((DATA / CARD_FILE).read_text(encoding="utf-8"))
    return network, Smoothing(**card["smoothing"])


class ContentMeter:
    """Speech, music and other audio of consecutive blocks at 16 kHz; samples up to ``silence_db`` are silence."""

    def __init__(self, silence_db: float) -> None:
        self._features = ContentFeatures()
        self._threshold = db_to_gain(silence_db)
        self._log_odds: list[np.ndarray] = []
        self._peaks: list[np.ndarray] = []
        self._held = np.zeros(0, np.float32)  # samples of the step that is not complete
        self._n_samples = 0

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(1, time)``."""
        self._n_samples += wave.shape[1]
        self._log_odds.append(bundled()[0](self._features.add(wave)))
        samples = np.concatenate([self._held, np.abs(wave[0])])
        n_steps = len(samples) // STEP_SAMPLES
        self._peaks.append(samples[: n_steps * STEP_SAMPLES].reshape(n_steps, STEP_SAMPLES).max(axis=1))
        self._held = samples[n_steps * STEP_SAMPLES :]

    def result(self) -> Content:
        """Return the fractions of all blocks."""
        if self._n_samples < SHORTEST_SECONDS * SAMPLE_RATE:
            return Content(None, None, None, None, None, ())
        silent, active = self._silent(), bundled()[1](self._all_log_odds())
        kinds = np.where(silent, KINDS.index("silence"), active @ np.array([1, 2]))
        seconds = self._n_samples / SAMPLE_RATE
        edges = STEP_SECONDS * np.arange(len(kinds) + 1)
        edges[-1] = seconds  # where the last frame ends before the last sample, or the recording before the step
        fractions = np.bincount(kinds, np.diff(edges), minlength=len(KINDS)) / seconds
        of = dict(zip(KINDS, fractions.tolist(), strict=True))
        both = of["speech and music"]
        return Content(
            speech=round(of["speech"] + both, 3),
            music=round(of["music"] + both, 3),
            both=round(both, 3),
            other=round(of["other"], 3),
            silence=round(of["silence"], 3),
            segments=_segments(kinds, edges),
        )

    def probabilities(self) -> np.ndarray:
        """Return the probability of speech and of music in each step, ``(steps, 2)``, before any smoothing."""
        probability = 1 / (1 + np.exp(-self._all_log_odds()))
        return np.where(self._silent()[:, None], 0.0, probability)

    def _all_log_odds(self) -> np.ndarray:
        """Return the log odds of all steps, ``(steps, 2)``."""
        return np.concatenate([*self._log_odds, bundled()[0](self._features.rest())])

    def _silent(self) -> np.ndarray:
        """Return which steps belong to a second without a sample above the threshold, ``(steps,)`` bool."""
        peaks = np.concatenate([*self._peaks, self._held.max(keepdims=True, initial=0.0)])
        quiet = np.pad(peaks[: len(self._all_log_odds())] <= self._threshold, 1)
        return quiet[1:-1] & (quiet[:-2] | quiet[2:])


def _segments(kinds: np.ndarray, edges: np.ndarray) -> tuple[ContentSegment, ...]:
    """Join steps of a kind that follow each other; step ``n`` lies between the edges ``n`` and ``n + 1``, in s."""
    changes = np.flatnonzero(np.diff(kinds)) + 1
    firsts, ends = [0, *changes], [*changes, len(kinds)]
    return tuple(
        ContentSegment(KINDS[kinds[first]], round(float(edges[first]), 3), round(float(edges[end]), 3))
        for first, end in zip(firsts, ends, strict=True)
    )
