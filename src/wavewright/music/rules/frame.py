"""The limits of a piece by rules: key, range, metre, bars, tempo and form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...base.errors import BadSetting
from ...base.ranges import RangedSettings, ranged
from ..form import bars_of_section, letters_of
from ..theory import MAX_PITCH, ChordSymbol, MusicalKey, pitch_name

TICKS_PER_QUARTER = 480
MAX_BARS = 1_024
MIN_PITCHES = 5
"""Fewest pitches of the key in the range of a piece."""

DENOMINATORS = (1, 2, 4, 8, 16)
MAX_NUMERATOR = 32


@dataclass(frozen=True)
class PieceFrame(RangedSettings):
    """Limits that no note of a piece violates.

    Attributes
    ----------
    key : MusicalKey
    lowest, highest : int
        Range of pitches.
    metre : str
        Such as ``4/4``.
    bars : int
    tempo : float
        Quarters a minute.
    form : str
        Letters of sections of equal length: equal letters are equal sections; ``A'`` is ``A`` with another end.

    Raises
    ------
    BadSetting
        If a number is out of its range, the bars do not divide by the sections, or the range has too few notes.
    """

    key: MusicalKey = MusicalKey()  # noqa: RUF009 - frozen
    lowest: int = ranged(60, 0, MAX_PITCH)
    highest: int = ranged(79, 0, MAX_PITCH)
    metre: str = "4/4"
    bars: int = ranged(16, 1, MAX_BARS)
    tempo: float = ranged(100.0, 10.0, 400.0)
    form: str = "A"

    def __post_init__(self) -> None:
        super().__post_init__()
        numerator, denominator = self.metre_numbers
        if not 1 <= numerator <= MAX_NUMERATOR or denominator not in DENOMINATORS:
            raise BadSetting(f"The metre is {self.metre}; write one from 1/16 to 32/1, such as 3/4 or 6/8.")
        bars_of_section(self.form, self.bars)
        check_range(self.key, self.lowest, self.highest)

    @property
    def metre_numbers(self) -> tuple[int, int]:
        """Numerator and denominator of the metre; zeros if it is none."""
        match = re.fullmatch(r"\s*(\d{1,3})\s*/\s*(\d{1,3})\s*", self.metre)
        return (int(match[1]), int(match[2])) if match else (0, 0)

    @property
    def sections(self) -> tuple[str, ...]:
        """Letters of the sections, with their primes."""
        return letters_of(self.form)

    @property
    def bar_ticks(self) -> int:
        """Ticks of a bar."""
        numerator, denominator = self.metre_numbers
        return 4 * TICKS_PER_QUARTER * numerator // denominator

    @property
    def n_beats(self) -> int:
        """Beats of a bar: dotted ones in compound metres (6/8, 9/8, 12/8)."""
        numerator, denominator = self.metre_numbers
        is_compound = denominator >= 8 and numerator > 3 and numerator % 3 == 0
        return numerator // 3 if is_compound else numerator

    @property
    def beat_ticks(self) -> int:
        """Ticks of a beat."""
        return self.bar_ticks // self.n_beats


def check_range(key: MusicalKey, lowest: int, highest: int, fewest: int = MIN_PITCHES) -> list[int]:
    """Return the pitches of a key in a range.

    Raises
    ------
    BadSetting
        If there are fewer than ``fewest``.
    """
    pitches = key.pitches(lowest, highest)
    if len(pitches) < fewest:
        written = f"{pitch_name(lowest)}..{pitch_name(highest)}" if lowest <= highest else "It"
        raise BadSetting(
            f"The range is {written}, with {len(pitches)} notes of {key.name}; {fewest} are needed: give a wider one."
        )
    return pitches


@dataclass(frozen=True)
class ChordSpan:
    """A chord from one tick of a section to another."""

    start: int
    end: int
    chord: ChordSymbol


@dataclass(frozen=True)
class RuleNote:
    """A note of a section: start and duration in ticks from its first bar, pitch and velocity."""

    start: int
    duration: int
    pitch: int
    velocity: int


@dataclass(frozen=True)
class RuleSection:
    """A section that a rule fills with notes.

    Attributes
    ----------
    frame : PieceFrame
    n_bars : int
    chords : tuple of ChordSpan
        Without gaps; empty if the piece has no chords.
    is_final : bool
        The piece ends with it.
    """

    frame: PieceFrame
    n_bars: int
    chords: tuple[ChordSpan, ...] = ()
    is_final: bool = False

    @property
    def length(self) -> int:
        """Ticks of the section."""
        return self.n_bars * self.frame.bar_ticks

    def bar_starts(self) -> range:
        """Return the ticks at which bars start."""
        return range(0, self.length, self.frame.bar_ticks)

    def chord_at(self, tick: int) -> ChordSymbol | None:
        """Return the chord at a tick, None without chords."""
        return next((span.chord for span in self.chords if span.start <= tick < span.end), None)

    def velocity(self, tick: int, mean: int) -> int:
        """Return the velocity of a note: louder at the start of a bar, softer between beats."""
        in_bar = tick % self.frame.bar_ticks
        accent = 10 if in_bar == 0 else 0 if in_bar % self.frame.beat_ticks == 0 else -8
        return min(127, max(1, mean + accent))
