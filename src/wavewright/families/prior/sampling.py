"""Draw codes frame by frame, and within a frame codebook by codebook, with the steps of a network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...contracts.generation import ClipRequest
from ...dsp.position import POSITION_FEATURES, position_features
from .codec import codes_to_symbols, symbols_to_codes
from .config import PriorConfig

MIN_SECONDS = 0.1


def shortest_frames(config: PriorConfig) -> int:
    """Return the number of frames of the shortest clip."""
    return math.ceil(MIN_SECONDS * config.frame_rate)


def draw_duration(
    durations: np.ndarray, config: PriorConfig, label: int, speaker: int, rng: np.random.Generator
) -> int:
    """Draw a duration in frames, distributed as the quantiles ``durations (labels, speakers, quantiles)``."""
    quantiles = durations[label, speaker]
    duration = np.interp(rng.random(), np.linspace(0, 1, len(quantiles)), quantiles)
    return max(shortest_frames(config), round(float(duration)))


class CodeSteps(Protocol):
    """The steps of a network: from one frame to the next, and from one codebook to the next."""

    def time_step(
        self, previous: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the context ``(embedding_size,)`` of a frame, and the next state.

        ``previous (n_codebooks,)`` are the symbols of the frame before, ``position`` the features of the position.
        """

    def depth_step(self, context: np.ndarray, symbols: np.ndarray, codebook: int) -> np.ndarray:
        """Return the logits ``(codebook_size + 1,)`` of the symbol of a codebook.

        Of the frame's ``symbols (n_codebooks,)``, those of the coarser codebooks are used.
        """


@dataclass(frozen=True)
class CodeSampler:
    """Draws the codes of the clip that a request determines; the temperature divides the logits.

    Every frame that is drawn takes a random number for each codebook, silent or not.
    """

    steps: CodeSteps
    config: PriorConfig
    request: ClipRequest

    def frames(self, n_frames: int, prompt: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """Yield codes ``(n_codebooks,)`` int16 of each frame, the first those of ``prompt (n_codebooks, frames)``."""
        config, request = self.config, self.request
        known = np.zeros((0, config.n_codebooks), np.int64)
        if prompt is not None:
            known = codes_to_symbols(prompt, config)[:n_frames]
        positions = np.zeros((n_frames, POSITION_FEATURES), np.float32)
        if config.has_position:
            positions = position_features(n_frames)
        state = np.zeros(config.state_shape, np.float32)
        symbols = np.full(config.n_codebooks, config.start_symbol, np.int64)
        for index in range(n_frames):
            context, state = self.steps.time_step(symbols, positions[index], request.label, request.speaker, state)
            symbols = known[index] if index < len(known) else self._draw_frame(context)
            yield symbols_to_codes(symbols[None], config)[:, 0]

    def _draw_frame(self, context: np.ndarray) -> np.ndarray:
        """Return the symbols ``(n_codebooks,)`` of a frame, drawn coarse to fine."""
        config = self.config
        uniforms = self.request.rng.random(config.n_codebooks)
        symbols = np.full(config.n_codebooks, config.silence_symbol, np.int64)
        for codebook in range(config.n_codebooks):
            n_symbols = config.codebook_size + (codebook == 0)  # the coarsest codebook alone has the silence symbol
            logits = self.steps.depth_step(context, symbols, codebook)[:n_symbols]
            symbols[codebook] = draw_symbol(logits, float(uniforms[codebook]), self.request.temperature, config.top_p)
            if symbols[0] == config.silence_symbol:
                break
        return symbols


def draw_symbol(logits: np.ndarray, uniform: float, temperature: float, top_p: float) -> int:
    """Return a symbol drawn from ``softmax(logits / temperature)``, restricted to the most probable symbols.

    - ``logits``: ``(n,)``.
    - ``uniform``: the random number in [0, 1) that determines the symbol.
    - ``temperature``: 0 takes the most probable symbol.
    - ``top_p``: probability of the retained symbols together: as few as reach it.

    References
    ----------
    A. Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020, section 3.1.
    """
    if temperature == 0:
        return int(logits.argmax())
    scaled = logits.astype(np.float64) / temperature
    weights = np.exp(scaled - scaled.max())
    if top_p < 1:
        descending = np.sort(weights)[::-1]
        n_retained = int(np.searchsorted(np.cumsum(descending), top_p * weights.sum())) + 1
        weights[weights < descending[min(n_retained, len(descending)) - 1]] = 0.0
    cumulative = np.cumsum(weights)
    return min(int(np.searchsorted(cumulative, uniform * cumulative[-1], side="right")), len(weights) - 1)
