"""Protocols: the members of an acoustic model and of a vocoder that a voice uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from ..models import Card, ModelFolder

SymbolValues = float | Sequence[float] | np.ndarray
"""One number, or one for each symbol."""


class SpokenSymbols(Protocol):
    """Frames of a sentence and the duration of each symbol."""

    @property
    def mel(self) -> np.ndarray:
        """Log-mel frames ``(n_mels, frames)``, float32."""
        ...

    @property
    def durations(self) -> np.ndarray:
        """Duration of each symbol in frames, ``(symbols,)``; they sum to ``frames``."""
        ...


@runtime_checkable
class AcousticModel(Protocol):
    """A model that predicts log-mel frames of symbols."""

    @property
    def card(self) -> Card:
        """The model's card."""
        ...

    @property
    def folder(self) -> ModelFolder:
        """The model's folder."""
        ...

    @property
    def language(self) -> str:
        """Language of the front end whose symbols it was trained with."""
        ...

    @property
    def speakers(self) -> Sequence[str]:
        """Names of its speakers; none for a model of one speaker without a name."""
        ...

    @property
    def styles(self) -> Sequence[str]:
        """Names of the styles that it learned."""
        ...

    @property
    def n_mels(self) -> int:
        """Number of mel bands."""
        ...

    def speak_symbols(
        self,
        symbols: Sequence[str],
        speaker: str | None = None,
        seed: int = 0,
        rate: SymbolValues = 1.0,
        pitch: SymbolValues = 1.0,
        pitch_range: SymbolValues = 1.0,
        energy: SymbolValues = 1.0,
        style: str | Mapping[str, float] | None = None,
    ) -> SpokenSymbols:
        """Predict the frames of a sentence."""
        ...


@runtime_checkable
class MelVocoder(Protocol):
    """A model that converts log-mel frames to a wave."""

    @property
    def card(self) -> Card:
        """The model's card."""
        ...

    @property
    def folder(self) -> ModelFolder:
        """The model's folder."""
        ...

    @property
    def sample_rate(self) -> int:
        """Samples in a second."""
        ...

    @property
    def hop_length(self) -> int:
        """Samples in a frame."""
        ...

    @property
    def n_mels(self) -> int:
        """Number of mel bands."""
        ...

    def vocode_stream(self, mel: np.ndarray, seed: int = 0) -> Iterator[np.ndarray]:
        """Yield the wave of frames ``(n_mels, frames)`` in chunks ``(1, time)``."""
        ...
