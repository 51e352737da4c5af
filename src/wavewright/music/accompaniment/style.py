"""Styles of accompaniment as data: TOML files with the patterns of bass, chords, inner voices and drums."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from ...base.errors import BadSetting
from ...base.names import quoted
from ...base.toml_tables import TomlTable, TomlTables
from ..theory import pitch_name, pitch_range_of

REST, HOLD = ".", "-"

STRIKES = {"x": 1.0, "X": 1.18, "o": 0.62}
"""Characters of a note or chord: normal, accented and soft, with their part of the velocity."""

STRUMS = "du"
VOICES = "123456"
DEGREES = "1235678"
APPROACH = "a"

SYMBOLS = {
    "drums": "".join(STRIKES),
    "bass": DEGREES + APPROACH,
    "chords": "".join(STRIKES) + STRUMS + VOICES,
    "inner": "".join(STRIKES) + VOICES,
}
"""Characters that start a note, for each part.

``x``, ``X`` and ``o`` strike a drum or all voices, ``d`` and ``u`` strum them down and up, and numbers are single
voices from the lowest up. In the bass, numbers are steps above the root: 1 is the root, 5 the fifth, 8 the octave, and
``a`` leads to the root of the next chord.
"""

MAX_STEPS = 192
MAX_BARS_OF_PATTERN = 16


@dataclass(frozen=True)
class PatternEvent:
    """A note or chord of a pattern: first step, step after its last, and the character that starts it."""

    start: int
    end: int
    symbol: str


@dataclass(frozen=True)
class PatternBar:
    """Events of a bar of ``n_steps`` equal steps."""

    n_steps: int
    events: tuple[PatternEvent, ...]


def parse_pattern(text: str, role: str) -> tuple[PatternBar, ...]:
    """Read a pattern: bars between ``|``, in each one character for every step; spaces mean nothing.

    - ``text``: ``.`` is a rest, ``-`` holds the note before; the others are SYMBOLS of the role.

    Raises BadSetting if a character has no meaning, a bar has no steps or begins with a hold, or there are too many.

    Examples
    --------
    >>> [(event.start, event.end, event.symbol) for event in parse_pattern("1--. 5-5-", "bass")[0].events]
    [(0, 3, '1'), (4, 6, '5'), (6, 8, '5')]
    """
    bars = [bar.replace(" ", "") for bar in text.strip().strip("|").split("|")]
    if len(bars) > MAX_BARS_OF_PATTERN:
        raise BadSetting(f"A pattern has {len(bars)} bars; at most {MAX_BARS_OF_PATTERN} are allowed.")
    return tuple(_bar_of(bar, role) for bar in bars)


def _bar_of(text: str, role: str) -> PatternBar:
    allowed = SYMBOLS[role]
    if not 1 <= len(text) <= MAX_STEPS:
        raise BadSetting(f"A bar of {role} has {len(text)} steps; write 1 to {MAX_STEPS} characters.")
    events: list[PatternEvent] = []
    sounding = False
    for step, symbol in enumerate(text):
        if symbol == REST:
            sounding = False
        elif symbol == HOLD:
            if not sounding:
                raise BadSetting(f"The bar {text!r} of {role} holds a note at step {step + 1} where none sounds.")
            events[-1] = PatternEvent(events[-1].start, step + 1, events[-1].symbol)
        elif symbol in allowed:
            events.append(PatternEvent(step, step + 1, symbol))
            sounding = True
        else:
            raise BadSetting(f"The bar {text!r} of {role} has {symbol!r}; allowed are . - and {' '.join(allowed)}.")
    return PatternBar(len(text), tuple(events))


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


class InstrumentTable(TomlTable):
    """An instrument: programme of General MIDI (0 to 127), range, velocity, number of voices."""

    program: int = Field(ge=0, le=127)
    range: PitchRange
    velocity: int = Field(default=80, ge=1, le=127)
    voices: int = Field(default=4, ge=1, le=6)


class DrumsTable(TomlTable):
    """The drums."""

    velocity: int = Field(default=84, ge=1, le=127)


class PatternTable(TomlTable):
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


class AccompanimentStyle(TomlTable):
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
            for name in (*HARMONIC_PARTS, "drums"):
                if getattr(pattern, name) and getattr(self, name) is None:
                    raise ValueError(f"pattern {number} has {name}, but there is no table [{name}]")
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
