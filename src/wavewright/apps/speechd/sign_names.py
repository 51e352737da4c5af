"""Names of signs and keys by language, and the level of punctuation from which a sign in a text is named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from ...text import LANGUAGES
from ...text.tables import Tables

Level = Literal["none", "some", "most", "all"]
LEVELS: tuple[Level, ...] = ("none", "some", "most", "all")
_CODES = tuple(LANGUAGES)  # in the order of the columns of the table
_FIRST_COLUMN = 2
_LEVEL_COLUMN = _FIRST_COLUMN + len(_CODES)


@dataclass(frozen=True)
class SignNames:
    """Names in one language.

    - ``language``: its code.
    - ``signs``, ``spaces``: names by character.
    - ``accents``: names by the end of a letter's name in Unicode, such as ``ACUTE``.
    - ``keys``: names of keys by their names in the protocol.
    - ``phrases``: words such as "capital", by themselves in English.
    - ``levels``: number of the level from which a sign in a text is named.
    """

    language: str
    signs: Mapping[str, str]
    spaces: Mapping[str, str]
    accents: Mapping[str, str]
    keys: Mapping[str, str]
    phrases: Mapping[str, str]
    levels: Mapping[str, int]

    def of_character(self, character: str) -> str:
        """Return the name of a sign or space, also of one that is in no table."""
        return self.signs.get(character) or self.spaces.get(character) or self._unicode_name(character)

    def level(self, character: str) -> int:
        """Return the number of the level from which a sign in a text is named; 0 for emoji and other pictures."""
        return self.levels.get(character, unicodedata.category(character) != "So")

    def _unicode_name(self, character: str) -> str:
        """Return the name of a character by Unicode, which is English, or its number."""
        if unicodedata.category(character) == "Cc":
            return self.phrases["control character"]
        name = " ".join(re.findall("[a-z]+", unicodedata.name(character, "").lower()))
        name = re.sub("(?:small|capital) letter", "letter", name)
        if name and not name.startswith("cjk"):
            return name
        return f"{self.phrases['character']} {' '.join(f'{ord(character):X}')}"


@cache
def sign_names(language: str) -> SignNames:
    """Return the names of a language such as ``en-GB``, those of English where there are none."""
    code = language.split("-", maxsplit=1)[0].lower()
    column = _CODES.index(code) if code in LANGUAGES else 0
    rows = Tables(Path(__file__).with_name("data")).rows("names", _LEVEL_COLUMN + 1)

    def of_kind(kind: str) -> dict[str, str]:
        return {row[1]: row[_FIRST_COLUMN + column] for row in rows if row[0] == kind}

    spaces = {chr(int(number, 16)): name for number, name in of_kind("space").items()}
    numbers: dict[str, int] = {level: number for number, level in enumerate(LEVELS)}
    levels = {row[1]: numbers[row[_LEVEL_COLUMN]] for row in rows if row[0] == "sign"}
    tables = (of_kind("accent"), of_kind("key"), of_kind("phrase"))
    return SignNames(_CODES[column], of_kind("sign"), spaces, *tables, levels)
