"""Settings that Speech Dispatcher sends before a message, and the prosody that they mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ...base.errors import BadSetting
from ...base.names import quoted
from ...text.prosody import SILENT_DB
from .sign_names import LEVELS, Level

Capitals = Literal["none", "spell", "icon"]
CAPITALS: tuple[Capitals, ...] = ("none", "spell", "icon")
HIGHEST = 100
"""Numbers of Speech Dispatcher are from -100 to 100."""

FASTEST = 4.0
"""Rate at 100, the highest that voices have; at -100 it is the inverse."""

SEMITONES = 12.0
"""Pitch shift at 100."""

UNSET = "NULL"


@dataclass(frozen=True)
class ModuleSettings:
    """Settings of the messages that follow.

    - ``rate``, ``pitch``, ``pitch_range``, ``volume``: -100 to 100; 0 is neutral, for the volume 100.
    - ``punctuation``: which signs of texts are named.
    - ``spelling``: whether texts are spelled.
    - ``capitals``: capital letters are spoken as others, with the word "capital" before them, or at a higher pitch.
    - ``language``, ``voice``: language such as ``en-GB`` and name of a voice that the client asks for; empty for none.
    """

    rate: int = 0
    pitch: int = 0
    pitch_range: int = 0
    volume: int = HIGHEST
    punctuation: Level = "none"
    spelling: bool = False
    capitals: Capitals = "none"
    language: str = ""
    voice: str = ""

    def with_values(self, values: Mapping[str, str]) -> ModuleSettings:
        """Return the settings with values by their names in the protocol; unknown names have no effect.

        Raises BadSetting if a value is not valid.
        """
        changes = {}
        for name, text in values.items():
            if name in _READERS:
                field, read = _READERS[name]
                try:
                    changes[field] = read(text)
                except ValueError as error:
                    raise BadSetting(f"The setting {name} is {quoted(text)}; it can be {error}.") from error
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def prosody(self) -> dict[str, float]:
        """The numbers as settings of narration: ``rate``, ``pitch``, ``range`` and ``volume_db``."""
        fraction = (self.volume + HIGHEST) / (2 * HIGHEST)
        return {
            "rate": FASTEST ** (self.rate / HIGHEST),
            "pitch": SEMITONES * self.pitch / HIGHEST,
            "range": 2 ** (self.pitch_range / HIGHEST),
            "volume_db": max(20 * math.log10(fraction), SILENT_DB) if fraction else SILENT_DB,
        }


def _number(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise ValueError(f"a whole number from -{HIGHEST} to {HIGHEST}") from None
    return min(max(value, -HIGHEST), HIGHEST)


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(", ".join(choices))
        return text

    return read


def _is_on(text: str) -> bool:
    return _one_of(("on", "off"))(text) == "on"


def _name(text: str) -> str:
    return "" if text == UNSET else text


_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "rate": ("rate", _number),
    "pitch": ("pitch", _number),
    "pitch_range": ("pitch_range", _number),
    "volume": ("volume", _number),
    "punctuation_mode": ("punctuation", _one_of(LEVELS)),
    "spelling_mode": ("spelling", _is_on),
    "cap_let_recogn": ("capitals", _one_of(CAPITALS)),
    "language": ("language", _name),
    "synthesis_voice": ("voice", _name),
}
"""Names in the protocol, each with the field and the reader of its values."""
