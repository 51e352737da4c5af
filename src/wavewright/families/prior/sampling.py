"""Codes drawn frame by frame and level by level, by whatever computes the network's steps: a runtime or a network in training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from ...dsp.position import POSITION_FEATURES, position_features
from .config import PriorConfig
from .symbols import to_codes, to_symbols

SHORTEST_SECONDS = 0.1


def fewest_frames(config: PriorConfig) -> int:
    """Of a sound."""
    return math.ceil(SHORTEST_SECONDS * config.frame_rate)


def draw_duration(
    durations: np.ndarray, config: PriorConfig, label: int, speaker: int, rng: np.random.Generator
) -> int:
    """A number of frames, distributed as ``durations (labels, speakers, quantiles)`` say of the training sounds."""
    quantiles = durations[label, speaker]
    drawn = np.interp(rng.random(), np.linspace(0, 1, len(quantiles)), quantiles)
    return max(fewest_frames(config), round(float(drawn)))


class Steps(Protocol):
    """The steps of a network: from one frame to the next, and from one level to the next."""

    def over_time(
        self, before: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Symbols of the frame before ``(n_levels,)``, position features and state to what is said of the frame, ``(width,)``, and a
        state.
        """

    def within(self, said: np.ndarray, symbols: np.ndarray, level: int) -> np.ndarray:
        """What is said of a frame and its ``symbols (n_levels,)``, those below ``level``, to logits ``(codebook_size + 1,)``."""


def draw_frames(
    steps: Steps,
    config: PriorConfig,
    rng: np.random.Generator,
    n_frames: int,
    label: int,
    speaker: int,
    temperature: float,
    given: np.ndarray | None = None,
) -> Iterator[np.ndarray]:
    """Frame after frame of codes ``(n_levels,)`` int16, the first of which are ``given (n_levels, frames)``.

    Each frame that is drawn takes as many random numbers as there are levels, silent or not.
    """
    heard = np.zeros((0, config.n_levels), np.int64) if given is None else to_symbols(given, config)[:n_frames]
    positions = (
        position_features(n_frames) if config.has_position else np.zeros((n_frames, POSITION_FEATURES), np.float32)
    )
    state = np.zeros(config.state_shape, np.float32)
    symbols = np.full(config.n_levels, config.begin, np.int64)
    for number in range(n_frames):
        said, state = steps.over_time(symbols, positions[number], label, speaker, state)
        if number < len(heard):
            symbols = heard[number]
        else:
            symbols = draw_frame(steps, config, said, rng.random(config.n_levels), temperature)
        yield to_codes(symbols[None], config)[:, 0]


def draw_frame(
    steps: Steps, config: PriorConfig, said: np.ndarray, drawn: np.ndarray, temperature: float
) -> np.ndarray:
    """The symbols ``(n_levels,)`` of a frame, coarse to fine; ``drawn (n_levels,)`` are numbers in [0, 1)."""
    symbols = np.full(config.n_levels, config.silent, np.int64)
    for level in range(config.n_levels):
        logits = steps.within(said, symbols, level)[
            : config.codebook_size + (level == 0)
        ]  # the coarsest alone may be silent
        symbols[level] = draw_symbol(logits, float(drawn[level]), temperature, config.top_p)
        if symbols[0] == config.silent:
            break
    return symbols


def draw_symbol(logits: np.ndarray, drawn: float, temperature: float, top_p: float) -> int:
    """The symbol that a number ``drawn`` in [0, 1) stands for, of those with ``logits (n,)`` over ``temperature``.

    Only the likeliest ones count, as few as have the share ``top_p`` together (Holtzman et al., 2020, section 3.1).
    """
    if temperature == 0:
        return int(logits.argmax())
    scaled = logits.astype(np.float64) / temperature
    shares = np.exp(scaled - scaled.max())
    if top_p < 1:
        falling = np.sort(shares)[::-1]
        n_kept = int(np.searchsorted(np.cumsum(falling), top_p * shares.sum())) + 1
        shares[shares < falling[min(n_kept, len(falling)) - 1]] = 0.0
    summed = np.cumsum(shares)
    return min(int(np.searchsorted(summed, drawn * summed[-1], side="right")), len(shares) - 1)
