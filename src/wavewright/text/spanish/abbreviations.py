"""Read abbreviations, acronyms, Roman numerals, addresses, hashtags, and signs with a word of their own."""

from __future__ import annotations

import re

from ..common.abbreviations import Abbreviations, form_of
from ..common.codes import Addresses
from ..numerals import ROMAN, roman_value
from ..rules import AroundMatch, Reading, Rule, reads
from . import numbers
from .numbers import cardinal, letters, ordinal, whole
from .rules import LETTERS, NOT_IN_WORD, NUMBERED, SIGNS, gender_of, rows, word_list

_ROWS = rows("abbreviations", 3)
_CAPITALISED = [
    (written[0].upper() + written[1:], kind, words) for written, kind, words in _ROWS if len(written.strip(".")) > 1
]
_TABLE = Abbreviations([*_ROWS, *_CAPITALISED])
WORDS, KINDS = _TABLE.words, _TABLE.kinds

ACRONYMS, SPELT, SHOUTED = word_list("acronyms"), word_list("spelt"), word_list("shouted")
CENTURIES, RULERS, QUEENS = word_list("centuries"), word_list("rulers"), word_list("queens")
ADDRESS_WORDS = word_list("address-words")
MAX_ORDINAL = 10
"""Largest Roman numeral that is an ordinal after a ruler or a century: ``Felipe VI``, but ``Alfonso XIII``."""
MIN_WORD = 4
"""Letters of the shortest unknown capitals that are read as a word."""

UNITS = {written: fields for written, *fields in rows("units", 4)}
"""Name for one, name for several and gender of units by their written forms."""


@reads(rf"({_TABLE.any}){NOT_IN_WORD}")
def _abbreviation(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``Sr.``, ``p. ej.`` and ``EE. UU.``."""
    form = form_of(match[1])
    after = around.right(3)
    if not around.is_apart or (KINDS[form] == "number" and not re.match(r":?\s?[\dIVXLC+(]", after)):
        return None
    if KINDS[form] == "title" and not re.match(rf"\s?[{LETTERS}]", after):
        return None
    if len(form.strip(".")) == 1 and form != "D." and not re.match(r"\s?[\dIVXLC]", after):
        return None
    return WORDS[form]


@reads(rf"([A-ZÁÉÍÓÚÜÑ]{{2,30}}){NOT_IN_WORD}", rf"([A-ZÑ]{{2,5}})(s){NOT_IN_WORD}")
def _capitals(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``DNI`` letter by letter, ``ONU`` and shouted words as words."""
    word = match[1].lower()
    if not around.is_apart:
        return None
    plural = len(match.groups()) > 1
    if word in ACRONYMS:
        return [word + "s" * plural]
    if word in SPELT or (plural and len(word) < MIN_WORD):
        return letters(match[1])
    neighbours = (around.word_before, around.word_after)
    is_among_others = any(len(other) > 1 and other.isupper() for other in neighbours)
    is_word = around.knows(word) and (len(word) >= MIN_WORD or is_among_others)
    return [word + "s" * plural] if is_word or word in SHOUTED else letters(match[1])


@reads(rf"([b-df-hj-np-tv-xz]{{2,4}}){NOT_IN_WORD}")
def _without_vowels(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``pdf`` letter by letter."""
    return letters(match[1]) if around.is_apart and not around.knows(match[1]) else None


@reads(r"(km)(?=\s\d)", rf"(kg|km|cm|mm|ml|kWh|MB|GB){NOT_IN_WORD}", r"(et al)\.", rf"([eE]-?mail)(s?){NOT_IN_WORD}")
def _whole_word(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``km 21``, ``el kg``, ``et al.`` and ``e-mail``."""
    if match[1] in UNITS:
        is_unit = around.text[around.end :][1:2].isdigit() or around.word_before in ("el", "cada", "por", "un")
        return [UNITS[match[1]][0]] if is_unit else None
    return ["et", "al"] if match[1] == "et al" else [f"email{match[2]}"]


@reads(rf"({ROMAN})(\.?[ºª])?{NOT_IN_WORD}")
def _roman(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``siglo XXI``, ``Felipe VI``, ``II Guerra Mundial`` and ``capítulo IV``."""
    if not match[1] or not around.is_apart:
        return None
    value, before, after = roman_value(match[1]), around.word_before.lower(), around.word_after
    is_small = not {*match[1]} - {*"IVX"}
    is_series = before in ("y", "a", "al", "o", "e", "i", "ii", "iii", "iv", "v")
    in_series = {word.removesuffix("s") for word in around.far_before} if is_series else set()
    if before in CENTURIES or before in RULERS or in_series & CENTURIES:
        end = "a" if before in QUEENS else "o"
        return ordinal(value, end) if value <= MAX_ORDINAL else cardinal(value)
    if before.removesuffix("s") in NUMBERED or in_series & NUMBERED:
        return cardinal(value)
    if match[2] and is_small:
        return ordinal(value, "a" if match[2].endswith("ª") else "o")
    is_name = after[:1].isupper() and not after.isupper() and around.right(1) == " "
    if is_name and is_small and (len(match[1]) > 1 or before in ("la", "el", "del", "al")):
        end = "a" if before == "la" or gender_of(after) == "f" else "o"
        return ordinal(value, "er" if end == "o" else end)
    return cardinal(value) if len(match[1]) > 1 and value < 50 and around.word_before[:1].isupper() else None


def _is_word(low: str, around: AroundMatch) -> bool:
    """Return True for a piece of an address that is read as a word."""
    return low in ADDRESS_WORDS or (len(low) > 2 and low not in SPELT and around.knows(low))


_addresses = Addresses(
    numbers,
    SIGNS.address,
    (LETTERS, "A-ZÁÉÍÓÚÜÑ", "a-záéíóúüñ"),
    "es|mx|ar|cl|co|pe|uy|ve|gob|cat",
    _is_word,
    SIGNS.address,
    start=r"(?=[A-Za-z0-9-]*[A-Za-z]{2})",
)

CHUNK_RULES: list[Rule] = [*_addresses.chunk_rules]
LETTER_RULES: list[Rule] = [*_whole_word[1:2], *_whole_word[3:], *_abbreviation, *_roman, *_capitals, *_without_vowels]
SIGN_RULES: list[Rule] = [*_addresses.tag_rules, *SIGNS.rules(whole)]
SPELT_RULES: list[Rule] = [*_whole_word[:3], *_without_vowels]
