"""Prosody: changes of rate, pitch, range, energy, volume and pauses; presets of them by name, and lengths of pauses.

A preset changes rate, pitch, range, energy, volume and pauses by the same rule for every voice; no recordings were used
for it. The styles that an acoustic model learned from its recordings (``style-1`` and so on) are selected in the same
way. There is no whisper: the vocoders voice every frame whose mel bands are voiced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..base.errors import BadSetting
from ..base.ranges import check_ranges
from ..base.units import semitones_to_ratio

LIMITS = {
    "rate": (0.25, 4.0),
    "pitch_semitones": (-24.0, 24.0),
    "pitch_range": (0.0, 4.0),
    "energy": (0.1, 10.0),
    "volume_db": (-60.0, 24.0),
    "pauses": (0.0, 10.0),
}
"""Smallest and largest value of each field; combinations are clipped to them."""


@dataclass(frozen=True)
class Prosody:
    """Changes of a voice's prosody; the default changes nothing.

    Parameters
    ----------
    rate : float
        Speaking rate, a factor from 0.25 to 4.
    pitch_semitones : float
        Pitch shift, -24 to 24 semitones.
    pitch_range : float
        Range of the intonation around its mean, a factor from 0 (monotone) to 4.
    energy : float
        Vocal effort, a factor from 0.1 to 10; it also changes the timbre.
    volume_db : float
        Gain, -60 to 24 dB; it changes the level only.
    pauses : float
        Length of pauses, a factor from 0 to 10.

    Raises
    ------
    BadSetting
        If a value is out of range.
    """

    rate: float = 1.0
    pitch_semitones: float = 0.0
    pitch_range: float = 1.0
    energy: float = 1.0
    volume_db: float = 0.0
    pauses: float = 1.0

    def __post_init__(self) -> None:
        check_ranges(self, LIMITS)

    @property
    def pitch(self) -> float:
        """Pitch shift as a frequency ratio."""
        return float(semitones_to_ratio(self.pitch_semitones))

    def combine(self, other: Prosody) -> Prosody:
        """Return both changes together: factors multiplied, semitones and decibels added, clipped to `LIMITS`."""
        return _clipped(
            rate=self.rate * other.rate,
            pitch_semitones=self.pitch_semitones + other.pitch_semitones,
            pitch_range=self.pitch_range * other.pitch_range,
            energy=self.energy * other.energy,
            volume_db=self.volume_db + other.volume_db,
            pauses=self.pauses * other.pauses,
        )

    def scaled(self, strength: float) -> Prosody:
        """Return the change at another strength: 0 is none, 1 this one, 2 this one twice; clipped to `LIMITS`."""
        return _clipped(
            rate=self.rate**strength,
            pitch_semitones=strength * self.pitch_semitones,
            pitch_range=self.pitch_range**strength,
            energy=self.energy**strength,
            volume_db=strength * self.volume_db,
            pauses=self.pauses**strength,
        )


def _clipped(**values: float) -> Prosody:
    """Return a prosody with each value clipped to its limits."""
    return Prosody(**{name: min(max(value, LIMITS[name][0]), LIMITS[name][1]) for name, value in values.items()})


SECONDS = {",": 0.12, ";": 0.22, ".": 0.36, "?": 0.36, "!": 0.36, "": 0.06}
"""Silence after a piece by its last punctuation symbol, the voice's own silence included."""

PARAGRAPH_SECONDS = 0.4
"""Additional silence between paragraphs, and after a heading, which is one; chapters have narration/audiobook.py."""

CLAUSES = (",", ";")
SENTENCES = (".", "?", "!")
MAX_SECONDS = 10.0


@dataclass(frozen=True)
class Pauses:
    """Lengths of pauses in seconds; None for the usual ones, which follow the rate and the style.

    Parameters
    ----------
    sentence : float or None
        Silence after a sentence, 0 to 10 s; usually 0.36 s.
    clause : float or None
        Silence after a comma, a semicolon, a colon or a dash, 0 to 10 s; usually as the voice predicts it.
    paragraph : float or None
        Additional silence between paragraphs, 0 to 10 s; usually 0.4 s.

    Raises
    ------
    BadSetting
        If a length is out of range.
    """

    sentence: float | None = None
    clause: float | None = None
    paragraph: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not 0.0 <= value <= MAX_SECONDS:
                raise BadSetting(f"The {name} pause is {value!r} seconds; it can be 0 to {MAX_SECONDS:g}.")

    def after(self, mark: str, prosody: Prosody) -> float:
        """Return the silence in seconds after a piece that ends with a mark."""
        own = self.clause if mark in CLAUSES else self.sentence if mark in SENTENCES else None
        return SECONDS[mark] * prosody.pauses / prosody.rate if own is None else own

    def between_paragraphs(self, prosody: Prosody) -> float:
        """Return the additional silence in seconds between paragraphs."""
        own = self.paragraph
        return PARAGRAPH_SECONDS * prosody.pauses / prosody.rate if own is None else own

    def override(self, other: Pauses) -> Pauses:
        """Return the lengths with those of another one that are given."""
        return replace(self, **{name: value for name, value in vars(other).items() if value is not None})


STYLES = {
    "calm": Prosody(rate=0.91, pitch_semitones=-0.5, pitch_range=0.8, energy=0.9, pauses=1.3),
    "cheerful": Prosody(rate=1.06, pitch_semitones=1.5, pitch_range=1.4, energy=1.15, pauses=0.85),
    "sad": Prosody(rate=0.85, pitch_semitones=-1.5, pitch_range=0.6, energy=0.8, volume_db=-2.0, pauses=1.5),
    "angry": Prosody(rate=1.08, pitch_semitones=0.8, pitch_range=1.3, energy=1.4, volume_db=2.0, pauses=0.7),
    "excited": Prosody(rate=1.14, pitch_semitones=2.5, pitch_range=1.6, energy=1.25, pauses=0.7),
    "soft": Prosody(rate=0.95, pitch_semitones=-0.5, pitch_range=0.85, energy=0.75, volume_db=-4.0, pauses=1.2),
    "newsreader": Prosody(rate=1.03, pitch_range=1.1, energy=1.1, pauses=0.9),
    "storyteller": Prosody(rate=0.93, pitch_range=1.3, pauses=1.4),
}

EMPHASES = {
    "strong": Prosody(rate=0.85, pitch_semitones=1.5, pitch_range=1.2, energy=1.25, volume_db=2.0),
    "moderate": Prosody(rate=0.92, pitch_semitones=0.8, pitch_range=1.1, energy=1.12, volume_db=1.0),
    "none": Prosody(),
    "reduced": Prosody(rate=1.1, pitch_semitones=-0.7, pitch_range=0.85, energy=0.85, volume_db=-1.0),
}

USUAL_STRENGTH = 1.0
MAX_STRENGTH = 2.0  # of a preset; a learned style goes up to 1


@dataclass(frozen=True)
class Style:
    """A style at a strength: the prosody of a preset, and weights of the acoustic model's own styles."""

    prosody: Prosody = field(default_factory=Prosody)
    learned: dict[str, float] = field(default_factory=dict)


def parse_style(style: str | None, learned: Sequence[str] = ()) -> Style:
    """Parse ``NAME`` or ``NAME:STRENGTH``.

    - ``style``: such as ``sad`` or ``sad:0.6``; None or an empty string is the neutral style.
    - ``learned``: names of the acoustic model's own styles.

    Raises BadSetting if the name or the strength does not exist.
    """
    if not style:
        return Style()
    name, _, amount = style.partition(":")
    is_preset = name in STYLES
    if not is_preset and name not in learned:
        raise BadSetting(
            f"The style is {style!r}; it can be {', '.join((*STYLES, *learned))}, with a strength such as sad:0.6."
        )
    strongest = MAX_STRENGTH if is_preset else 1.0
    try:
        strength = float(amount) if amount else USUAL_STRENGTH
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= strongest:
        raise BadSetting(
            f"The strength of the style {name} is {amount!r}; it must be a number from 0 to {strongest:g}."
        )
    return Style(STYLES[name].scaled(strength)) if is_preset else Style(learned={name: strength})
