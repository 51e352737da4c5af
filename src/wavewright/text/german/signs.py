"""Read signs: arithmetic, and signs with a word of their own."""

from __future__ import annotations

import re
import unicodedata

from ..pattern import pattern
from .numbers import whole
from .rules import GermanAround, Reading, Rule, reads, reads_as
from .tables import of_kind, rows

WORDS = of_kind(rows("signs", 3), "text")
"""Words for signs; empty where a sign is silent."""


@reads(r"\^(-)?(\d{1,3})")
def _power(match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``^2`` as ``hoch zwei``."""
    return ["hoch", *(["minus"] if match[1] else []), *whole(match[2])]


@reads(r"[-−](?=\s?\d)", r"(?<=\d )[-−](?= [a-z]\b)", r"(?<=[a-z] )[-−](?= [a-z\d]\b)")
def _minus(_match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``7 - 4`` with ``minus``."""
    before = around.text[max(0, around.start - 2) : around.start]
    return ["minus"] if not before.strip() or before.endswith((" ", "(", "=")) else None


@reads(r"(?<=\d )[:÷/](?= \d)")
def _divided(_match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``10 : 2``."""
    return ["geteilt", "durch"]


@reads(r"(?<=[\d)]) ?\* ?(?=[\d(])")
def _times(_match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``2 * 3``."""
    return ["mal"]


@reads(f"[{re.escape(''.join(sign for sign in WORDS if len(sign) == 1))}]")
def _word(match: re.Match[str], around: GermanAround) -> Reading:
    """Read a sign with a word of its own, but no brackets or arrows made of ``<`` and ``>``."""
    before, after = around.text[around.start - 1 : around.start], around.text[around.end : around.end + 1]
    if match[0] == "†" and before.strip():
        return None
    if match[0] in "<>" and (
        match[0] in (before, after) or before.isalpha() or after.isalpha() or "/" in (before, after)
    ):
        return None
    if match[0] in "#" and not after.isdigit():
        return None
    if match[0] == "#":
        return ["nummer"]
    return WORDS[match[0]].split()


def name_of(sign: str) -> list[str]:
    """Return the words of a sign's Unicode name: ``grinning face``."""
    return re.findall("[a-z]+", unicodedata.name(sign, "").lower())


SIGN_RULES: list[Rule] = [
    (pattern("²"), reads_as("quadrat")),
    (pattern("³"), reads_as("hoch", "drei")),
    (
        pattern(r"/(?=\s?(?:Tag|Woche|Monat|Jahr|Stunde|Std|Minute|Person|Stück|Nacht|Kopf|kg|m²|qm|h)(?![a-zäöü]))"),
        reads_as("pro"),
    ),
    (pattern(r"=="), reads_as("gleich")),
    (pattern(r"!="), reads_as("ungleich")),
    (pattern(r"<="), reads_as("kleiner", "gleich")),
    (pattern(r">="), reads_as("größer", "gleich")),
    (pattern(r"[~≈](?=\s?\d)"), reads_as("ungefähr")),
    *_power,
    *_minus,
    *_divided,
    *_times,
    *_word,
]
