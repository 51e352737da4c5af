"""The contract of models that play scores."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from .runtime import Generator

if TYPE_CHECKING:
    import numpy as np

    from ..music.engine import InstrumentEngine
    from ..music.timbre_path import TimbrePath


class ScorePlayer(Generator):
    """A model that plays scores with the timbres of its labels and those between them."""

    @abstractmethod
    def timbre(self, label: str | None = None) -> np.ndarray:
        """Return the latent ``(latent_size,)`` of a label, by default the first; raise BadSetting for others."""

    @abstractmethod
    def label_of_program(self, program: int) -> str | None:
        """Return the label that comes closest to a program of General MIDI, 0 to 127; None without labels."""

    @abstractmethod
    def engine(self, paths: Callable[[int], TimbrePath], sample_rate: int, seed: int = 0) -> InstrumentEngine:
        """Return a player of MIDI channels.

        Parameters
        ----------
        paths : callable
            The path of timbres of a program.
        sample_rate : int
            In Hz, any.
        seed : int
            Of phases and noise; same seed, same samples.
        """
