"""Patterns of parts: steps of a bar as characters."""

from __future__ import annotations

from dataclasses import dataclass

from ...base.errors import BadSetting

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
