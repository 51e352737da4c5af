"""Pronounce number words, which are written as one word: ``neunzehnhundertvierundachtzig``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from ..ipa import has_stress
from ..tables import alternatives
from .numbers import TENS, UNITS

Phones = tuple[str, ...]

_ENDINGS: dict[str, Phones] = {
    **{"e": ("ə",), "en": ("ə", "n"), "er": ("ɐ",), "es": ("ə", "s"), "em": ("ə", "m"), "el": ("ə", "l")},
    **{"ern": ("ɐ", "n"), "ers": ("ɐ", "s"), "mal": ("m", "aː2", "l"), "fach": ("f", "a2", "x"), "": ()},
}
_GROUPS = ("hundert", "tausend")
_IRREGULAR = ("ein", "eine", "einen", "einem", "einer", "eines", "erst", "dritt", "siebt", "halb", "und", *_GROUPS)


@functools.cache
def _part() -> re.Pattern[str]:
    """Return a pattern of the parts of number words."""
    return re.compile(alternatives([*UNITS, *filter(None, TENS), *_IRREGULAR]))


def phones_of_number(word: str, known: Callable[[str], Phones | None]) -> Phones | None:
    """Return the phones of a number word of at least two parts, or None for another word.

    Hundreds and tens have a main stress each: ``neunzehnhundertvierundachtzig`` on ``neun`` and ``vier``.
    """
    parts, ending = _parts(word)
    linking = next((link for link in ("st", "t") if ending.startswith(link) and ending != "t"), "")
    if len(parts) < 2 or ending.removeprefix(linking) not in _ENDINGS:
        return None
    phones: list[str] = []
    level = "1"
    for part in parts:
        spoken = known(part)
        if spoken is None:
            return None
        stress = "0" if part == "und" else "2" if part in _GROUPS and phones else level
        phones += [_stressed(phone, stress) for phone in spoken]
        level = "1" if part in _GROUPS else level if part == "und" and not phones else "2"
    phones += linking
    vowels = _ENDINGS[ending.removeprefix(linking)]
    if vowels[:1] in (("ə",), ("ɐ",)) and phones[-1] == "ç":
        phones[-1] = "ɡ"
    return (*phones, *vowels)


def _parts(word: str) -> tuple[list[str], str]:
    """Return the parts of a number word, and what is after them."""
    parts, position = [], 0
    while match := _part().match(word, position):
        parts.append(match[0])
        position = match.end()
    return parts, word[position:]


def _stressed(phone: str, stress: str) -> str:
    """Return a vowel with a main stress with another one."""
    return f"{phone[:-1]}{stress}" if has_stress(phone) and phone[-1] == "1" else phone
