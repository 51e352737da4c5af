"""Styles of accompaniment as data: TOML files with the patterns of bass, chords, inner voices and drums."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ...base.names import quoted
from ...base.toml_tables import TomlTables
from ..theory import pitch_name, pitch_range_of
from .patterns import PatternBar, parse_pattern

STYLES = Path(__file__).parent / "styles"
"""Folder of the styles that come with Wavewright."""

DRUMS = {
    "kick": 36,
    "rim": 37,
    "snare": 38,
    "clap": 39,
    "low-tom": 45,
    "mid-tom": 47,
    "high-tom": 50,
    "closed-hat": 42,
    "pedal-hat": 44,
    "open-hat": 46,
    "crash": 49,
    "ride": 51,
    "bell": 53,
    "tambourine": 54,
    "cowbell": 56,
    "high-bongo": 60,
    "low-bongo": 61,
    "mute-conga": 62,
    "open-conga": 63,
    "low-conga": 64,
    "high-agogo": 67,
    "low-agogo": 68,
    "cabasa": 69,
    "maracas": 70,
    "guiro": 73,
    "claves": 75,
    "woodblock": 76,
    "mute-surdo": 86,
    "open-surdo": 87,
    "shaker": 82,
    "triangle": 81,
}
"""Drums by name, and their notes in General MIDI."""

HARMONIC_PARTS = ("bass", "chords", "inner")
_SCALARS = ("title", "description", "tempo", "swing", "chord_colour", "chords_per_bar")
METRE = r"^[1-9]\d?/(1|2|4|8|16|32)$"
MIN_RANGE = 18  # semitones, in which every chord has a voicing


def _checked_range(value: object) -> tuple[int, int]:
    """Validate a range of pitches such as ``E1..G3``."""
    if not isinstance(value, str):
        raise ValueError("write two pitches such as E1..G3")
    low, high = pitch_range_of(value)
    if high - low < MIN_RANGE:
        raise ValueError(f"the range {value} is narrower than {MIN_RANGE} semitones")
    return low, high


PitchRange: TypeAlias = Annotated[tuple[int, int], BeforeValidator(_checked_range)]


class StyleTable(BaseModel):
    """Base of the tables of a style: unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InstrumentTable(StyleTable):
    """An instrument: programme of General MIDI (0 to 127), range, velocity, number of voices."""

    program: int = Field(ge=0, le=127)
    range: PitchRange
    velocity: int = Field(default=80, ge=1, le=127)
    voices: int = Field(default=4, ge=1, le=6)


class DrumsTable(StyleTable):
    """The drums."""

    velocity: int = Field(default=84, ge=1, le=127)


class PatternTable(StyleTable):
    """Patterns of a metre; parts that a fill or an ending lacks play on as before."""

    metre: str = Field(pattern=METRE)
    use: Literal["main", "fill", "ending"] = "main"
    weight: float = Field(default=1.0, gt=0, le=1_000)
    bass: str = ""
    chords: str = ""
    inner: str = ""
    drums: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_meaning(self) -> PatternTable:
        unknown = [name for name in self.drums if name not in DRUMS]
        if unknown:
            raise ValueError(f"there is no drum {quoted(unknown[0])}; drums are {', '.join(DRUMS)}")
        self.parts()
        return self

    @property
    def quarters(self) -> float:
        """Length of a bar in quarters."""
        numerator, denominator = self.metre.split("/")
        return 4 * int(numerator) / int(denominator)

    def parts(self) -> dict[str, tuple[PatternBar, ...]]:
        """Return the bars of each part that it has; drums by name."""
        texts = {name: getattr(self, name) for name in HARMONIC_PARTS}
        parsed = {name: parse_pattern(text, name) for name, text in texts.items() if text.strip()}
        return parsed | {name: parse_pattern(text, "drums") for name, text in self.drums.items()}


class AccompanimentStyle(StyleTable):
    """A style of accompaniment.

    - ``tempo``: quarters a minute of scores that have none.
    - ``swing``: position of the second eighth in its quarter: 0.5 is straight, 0.67 is a triplet.
    - ``chord_colour``: what becomes of the triads that are found: ``triads``, ``sixths``, ``sevenths``, ``ninths``,
      ``dominant`` (major chords have a minor seventh) or ``power`` (no thirds).
    - ``chords_per_bar``: chords that are found for a bar of an even number of beats.
    """

    title: str = Field(min_length=1, max_length=80)
    description: str = ""
    tempo: float = Field(default=110.0, ge=20, le=400)
    swing: float = Field(default=0.5, ge=0.5, le=0.75)
    chord_colour: Literal["triads", "sixths", "sevenths", "ninths", "dominant", "power"] = "triads"
    chords_per_bar: int = Field(default=1, ge=1, le=2)
    bass: InstrumentTable | None = None
    chords: InstrumentTable | None = None
    inner: InstrumentTable | None = None
    drums: DrumsTable | None = None
    patterns: tuple[PatternTable, ...] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _is_complete(self) -> AccompanimentStyle:
        for number, pattern in enumerate(self.patterns, 1):
            for name in HARMONIC_PARTS:
                if getattr(pattern, name).strip() and getattr(self, name) is None:
                    raise ValueError(f"pattern {number} has {name}, but there is no table [{name}] with its instrument")
            if pattern.drums and self.drums is None:
                raise ValueError(f"pattern {number} has drums, but there is no table [drums]")
        for metre in {pattern.metre for pattern in self.patterns}:
            if not self.of_metre(metre):
                raise ValueError(f"there is no main pattern of {metre}")
        return self

    @property
    def metres(self) -> tuple[str, ...]:
        """The metres that it has patterns for."""
        return tuple(dict.fromkeys(pattern.metre for pattern in self.patterns))

    def of_metre(self, metre: str, use: str = "main") -> list[PatternTable]:
        """Return the patterns of a metre for a use; of the most similar metre where it has none of that metre."""
        chosen = metre if metre in self.metres else self._nearest(metre)
        return [pattern for pattern in self.patterns if pattern.metre == chosen and pattern.use == use]

    def _nearest(self, metre: str) -> str:
        """Return the metre of its own whose bars are most like those of another metre: in beats, then in length."""
        numerator, denominator = (int(number) for number in metre.split("/"))

        def distance(own: str) -> tuple[bool, float]:
            own_numerator, own_denominator = (int(number) for number in own.split("/"))
            quarters = abs(4 * own_numerator / own_denominator - 4 * numerator / denominator)
            return (own_numerator % 3 == 0) != (numerator % 3 == 0), quarters

        return min(self.metres, key=distance)


_TABLES = TomlTables(STYLES, AccompanimentStyle, "style")


def parse_style(text: str) -> AccompanimentStyle:
    """Read a style from TOML.

    Raises BadSetting with the position of the first fault.
    """
    return _TABLES.parse(text)


def style_text(style: AccompanimentStyle) -> str:
    """Return a style as TOML, which :func:`parse_style` reads as an equal one."""
    lines = [f"{name} = {_value(getattr(style, name))}" for name in _SCALARS]
    for name in (*HARMONIC_PARTS, "drums"):
        table = getattr(style, name)
        if table is not None:
            lines += ["", f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table)]
    for pattern in style.patterns:
        lines += ["", "[[patterns]]"]
        lines += [f"{key} = {_value(value)}" for key, value in pattern if key != "drums" and value != ""]
        if pattern.drums:
            lines += ["[patterns.drums]", *(f"{name} = {_value(text)}" for name, text in pattern.drums.items())]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """Return a text, number or range of pitches as TOML."""
    if isinstance(value, tuple):
        return f'"{pitch_name(value[0])}..{pitch_name(value[1])}"'
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def style_names() -> tuple[str, ...]:
    """Return the names of the styles that come with Wavewright, sorted."""
    return _TABLES.names


def load_style(name: str | Path) -> AccompanimentStyle:
    """Return a style by its name, or from a TOML file.

    Raises BadSetting if there is none of this name, or the file cannot be read.
    """
    return _TABLES.load(name)
