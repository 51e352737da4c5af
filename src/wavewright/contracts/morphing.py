"""The contract of models that morph, vary and adjust recordings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .runtime import Autoencoder, InterpolationName

LabelWeights = str | Mapping[str, float] | None
"""A label, weights of several labels, or None where the label is unknown."""

MAX_CANDIDATES = 16
"""Most clips that the search of an adjustment measures."""


@dataclass(frozen=True)
class Attribute:
    """An attribute of a clip.

    Attributes
    ----------
    name, unit
        For messages and options.
    step
        Amount, in the unit, by which its direction is calibrated and in which errors are measured.
    """

    name: str
    unit: str
    step: float


@dataclass(frozen=True)
class AdjustedClips:
    """Versions of one clip with adjusted attributes.

    Attributes
    ----------
    waves : list of np.ndarray
        ``(1, time)`` float32 in [-1, 1] each.
    attenuation_db : float
        By how much all were attenuated because the loudest would exceed full scale; 0 if none would.
    """

    waves: list[np.ndarray]
    attenuation_db: float


class Morpher(Autoencoder):
    """An autoencoder that interpolates between recordings, varies them and changes their attributes.

    Every method takes waves ``(time,)`` at `sample_rate`, returns clips ``(1, time)`` float32 in [-1, 1], and raises
    BadAudio for other waves, BadSetting for what the model does not have or cannot do. ``label`` is a name, weights of
    several labels from 0 to 1, or None: none for :meth:`decode`, otherwise those of the nearest training clips;
    ``pitch`` a MIDI number, for a model with pitch; ``seed`` that of the noise; ``residual`` the fraction, 0 to 1, of
    what a reconstruction lacks that is added back: with 1 the ends of a path are nearly the recordings, with 0 their
    reconstructions.
    """

    @property
    @abstractmethod
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes that :meth:`adjust` can change."""

    @abstractmethod
    def decode(
        self,
        latents: np.ndarray,
        label: LabelWeights = None,
        pitch: float | None = None,
        seed: int = 0,
        n_samples: int | None = None,
    ) -> np.ndarray:
        """Return the clip of latents as :meth:`encode` returns them, of ``n_samples`` if given."""

    @abstractmethod
    def morph(
        self,
        wave_a: np.ndarray,
        wave_b: np.ndarray,
        steps: int = 9,
        interpolation: InterpolationName = "slerp",
        over_time: bool = False,
        label_a: LabelWeights = None,
        label_b: LabelWeights = None,
        pitch_a: float | None = None,
        pitch_b: float | None = None,
        seed: int = 0,
        residual: float = 1.0,
    ) -> list[np.ndarray]:
        """Return ``steps`` clips from one to the other, or one, as long as the longer, that changes ``over_time``."""

    @abstractmethod
    def transfer(
        self,
        wave: np.ndarray,
        style: np.ndarray,
        label: LabelWeights = None,
        pitch: float | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """Return the rhythm of one clip with the sound of another, the style, as long as the first.

        ``label`` and ``pitch`` are those of the style.
        """

    @abstractmethod
    def vary(
        self,
        wave: np.ndarray,
        amount: float = 0.3,
        seed: int = 0,
        count: int = 1,
        label: LabelWeights = None,
        pitch: float | None = None,
        residual: float = 1.0,
    ) -> list[np.ndarray]:
        """Return ``count`` variations of a clip; ``amount`` 0 is the clip itself, 1 a new clip of its kind."""

    @abstractmethod
    def adjust(
        self,
        wave: np.ndarray,
        amounts: Mapping[str, float],
        fractions: Sequence[float] = (1.0,),
        label: LabelWeights = None,
        seed: int = 0,
        pitch: float | None = None,
        residual: float = 1.0,
        candidates: int = MAX_CANDIDATES,
    ) -> AdjustedClips:
        """Return a clip for each fraction of the amounts by which attributes change, each in its unit; 0 is the clip.

        ``candidates`` is how many the search measures at most, 1 to 16; 1 is fast and misses its targets by more.
        """

    @abstractmethod
    def similar(self, latents: np.ndarray, count: int = 5) -> list[tuple[str, str, float]]:
        """Return file name, label (or an empty text) and distance of the nearest training clips, nearest first."""
