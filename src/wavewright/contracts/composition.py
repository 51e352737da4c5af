"""The contracts of models that write scores, alone or around what a score already has, and of those that play them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..base.ranges import RangedSettings, check_ranges, ranged
from ..music.form import FormPlan
from ..music.theory import ChordSymbol, MusicalKey
from .config import TEMPERATURE_RANGE
from .runtime import Generator, Model

if TYPE_CHECKING:
    import numpy as np

    from ..music.engine import InstrumentEngine
    from ..music.score import Score
    from ..music.timbre_path import TimbrePath


MAX_BARS = 512


TRAITS = ("density", "register", "polyphony", "difficulty")
"""Settings of a whole piece between 0 and 1."""


@dataclass(frozen=True)
class CompositionSettings(RangedSettings):
    """Settings of a composition, and its limits.

    Raises BadSetting if a number is out of its range.

    Attributes
    ----------
    tempo
        Quarters a minute.
    key
        Notes and chords have the pitches of this key alone; None for any.
    lowest, highest
        MIDI numbers between which all new notes lie.
    chords
        Chord of each bar, over and over: notes that start in it are of its tones.
    onset_steps
        Sixteenths between the positions in a bar at which notes may start: 2 for eighths, 4 for quarters.
    ends_at_bars
        Notes end at the ends of bars at the latest.
    bar_steps
        Sixteenths of a bar, where no score says them: 16 is 4/4, 12 is 3/4 or 6/8.
    metre
        Numerator and denominator of bars of so many sixteenths; that with the longest beats by default.
    voices
        Names of the voices that are composed and written; none are all.
    temperature
        1 draws as learned, less what is more probable.
    top_p
        Probability of the symbols that can be drawn, the most probable ones.
    density, register, polyphony, difficulty
        Between 0 and 1, positions among the training scores: at 0.9 a density has as many notes as their densest tenth;
        None for any. Only in what the model's scores differ.
    form
        Which bars return and how phrases end. A model that knows the forms of its scores draws one by default; False
        plans nothing.
    seed
        Of the random numbers.
    """

    tempo: float = ranged(100.0, 10.0, 400.0)
    key: MusicalKey | None = None
    lowest: int = ranged(0, 0, 127)
    highest: int = ranged(127, 0, 127)
    chords: tuple[ChordSymbol, ...] = field(default=())
    onset_steps: int = ranged(1, 1, 64)
    ends_at_bars: bool = False
    bar_steps: int = ranged(16, 4, 64)
    metre: tuple[int, int] | None = None
    voices: tuple[str, ...] = field(default=())
    temperature: float = ranged(1.0, *TEMPERATURE_RANGE)
    top_p: float = ranged(0.95, 0.01, 1.0)
    density: float | None = None
    register: float | None = None
    polyphony: float | None = None
    difficulty: float | None = None
    form: FormPlan | Literal[False] | None = None
    seed: int = ranged(0, 0, 2**63 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, {name: (0.0, 1.0) for name in TRAITS if getattr(self, name) is not None})


USUAL = CompositionSettings()
"""No limits, 4/4, 100 quarters a minute."""


class ScoreComposer(Model, ABC):
    """A model that composes scores.

    Attributes
    ----------
    voices : tuple of str
        Names of what it composes at once, such as ``("melody", "chords")``.
    has_pitches : bool
        Whether a key, chords and a range can limit its notes; drums have none.
    traits : tuple of str
        Those of `TRAITS` in which its training scores differ, so that a position among them can be asked for.
    """

    voices: tuple[str, ...]
    has_pitches: bool
    traits: tuple[str, ...] = ()

    @abstractmethod
    def compose(self, bars: int = 16, settings: CompositionSettings = USUAL, index: int = 0) -> Score:
        """Return piece ``index`` of a seed, so many bars long.

        Raises BadSetting if the number of bars is out of its range or not that of the form, or no note keeps the
        limits; BadModel if the model produces NaN or infinite values.
        """

    @abstractmethod
    def continue_score(self, score: Score, bars: int = 16, settings: CompositionSettings = USUAL) -> Score:
        """Return a score with ``bars`` more in its last metre; what it has stays as it is, bit for bit.

        Raises as :meth:`compose`, and BadSetting for an empty score.
        """

    @abstractmethod
    def infill(self, score: Score, first_bar: int, last_bar: int, settings: CompositionSettings = USUAL) -> Score:
        """Return a score whose bars ``first_bar`` to ``last_bar``, both included, are composed anew.

        Bars are counted from 1; a pickup is bar 0. Notes that sound beyond these bars, other instruments than those
        that the model composes, and everything else stay as they are.

        Raises as :meth:`compose`, and BadSetting if the score lacks these bars.
        """

    @abstractmethod
    def replace_voices(self, score: Score, voices: tuple[str, ...], settings: CompositionSettings = USUAL) -> Score:
        """Return a score of which these of `voices` are composed anew, the rest as it is; raises as :meth:`compose`."""

    @abstractmethod
    def vary(self, score: Score, amount: float = 0.3, settings: CompositionSettings = USUAL) -> Score:
        """Return a score of which a fraction of the quarters, drawn for each voice, is composed anew.

        The notes that start in them are replaced; the rest stays as it is.

        Raises as :meth:`compose`, and BadSetting for an amount beyond 0 to 1.
        """


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
