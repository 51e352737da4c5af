"""Read abbreviations, Roman numerals, telephone numbers, postcodes, codes, addresses and signs."""

from __future__ import annotations

import re

from ..common.abbreviations import Abbreviations, form_of
from ..common.codes import IBAN, Addresses, international_rules, mixed_rules, spelled_rules, version_rules
from ..numerals import ROMAN, roman_value
from ..rules import AroundMatch, Reading, Rule, reads, rule
from . import numbers
from .numbers import MAX_DIGITS, cardinal, digits, letters, ordinal, whole
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
TELEPHONE_CUES, CODES, EMERGENCY = word_list("telephone-cues"), word_list("codes"), word_list("emergency")
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


@reads(r"(97[89][- ]\d[\d -]{7,15}[\dX]|\d[\d-]{8,14}[\dX])(?!\d)")
def _isbn(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``978-84-376-0494-7`` after ``ISBN``."""
    return letters(match[1]) if "isbn" in around.far_before else None


_international = international_rules(digits, "más", r"\d{1,3}(?:[\s/.-]{0,3}\(?\d{1,5}\)?){2,6}")


@reads(
    r"[6-9]\d{8}(?![\d.,:]\d|\d)",
    r"\(?[689]\d{1,2}\)?(?:[ .-]\d{2,3}){3}(?![\d.,:]\d|\d)",
    r"[6-9]\d{2}(?: \d{3}){2}(?![\d.,:]\d|\d)",
    r"\(0?\d{2,4}\)[ -]?\d{3,4}[ -]?\d{3,4}(?!\d)",
)
def _telephone(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``91 123 45 67`` and ``612345678``."""
    is_grouped = re.fullmatch(r"\d{3}(?: \d{3}){2}", match[0]) is not None or match[0].isdigit()
    is_cued = any(word in TELEPHONE_CUES for word in around.far_before)
    return digits(match[0]) if is_cued or not is_grouped else None


@reads(r"(\d{3,15}(?:[\s/.-]\d{2,8}){0,4})(?![\d.,:]\d|\d)")
def _cued(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``llame al 112`` and ``PIN 4321`` digit by digit."""
    words = around.far_before
    near = [word for word in words[-2:] if word not in ("al", "el", "es", "número", "de", "n")]
    is_postcode = re.search(r"C\.\s?P\.:?\s?$", around.left(8))
    is_code = (bool(near) and near[-1] in CODES) or is_postcode is not None
    is_telephone = bool(near) and near[-1] in TELEPHONE_CUES and len(re.sub(r"\D", "", match[1])) > 5
    is_emergency = match[1] in EMERGENCY and any(word in TELEPHONE_CUES for word in words)
    return digits(match[1]) if is_code or is_telephone or is_emergency else None


@reads(r"(\d{5})(?=\s[A-ZÁÉÍÓÚÑ][a-záéíóúñ])")
def _postcode(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``28013 Madrid``."""
    before = around.left(3)
    return digits(match[1]) if match[1][0] == "0" or re.search(r"(?:,\s|\ben\s|-\s|^|\n)$", before) else None


@reads(rf"([A-ZÑ]{{1,5}})([-\s]?)(\d{{1,4}})([A-Za-z]{{0,2}}){NOT_IN_WORD}")
def _letters_digits(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``A4``, ``MP3``, ``G20`` and ``A-6``."""
    name, joining, number, rest = match.groups()
    is_word = len(name) > 2 and around.knows(name.lower())
    is_name = len(name) == 1 and name not in "AEIOUYVX"
    if not around.is_apart or (joining and rest) or (joining == " " and not is_name):
        return None
    return [*([name.lower()] if is_word else letters(name)), *whole(number), *letters(rest)]


_mixed = mixed_rules(numbers, lambda low, around: len(low) > 3 and around.knows(low), NOT_IN_WORD, first="A-Z")

_iban, _long = spelled_rules(letters, IBAN), spelled_rules(digits, rf"(\d{{{MAX_DIGITS + 1},}})")

LETTER_RULES: list[Rule] = [
    *_iban,
    *_letters_digits,
    *_mixed,
    *_whole_word[1:2],
    *_whole_word[3:],
    *_abbreviation,
    *_roman,
    *_capitals,
    *_without_vowels,
]
DIGIT_RULES: list[Rule] = [*_isbn, *_long, *_international, *_telephone, *_cued, *_postcode]
LATE_RULES: list[Rule] = [
    *_mixed,
    *version_rules(numbers, "punto"),
    rule(r"(\d{1,4}):(\d{1,3}(?:\.\d{3})+|\d{1,6})(?![\d:])", whole, "a", whole),  # 1:10.000, 16:9
]
CHUNK_RULES: list[Rule] = _addresses.chunk_rules
SIGN_RULES: list[Rule] = [*_addresses.tag_rules, *SIGNS.rules(whole)]
SPELT_RULES: list[Rule] = [*_whole_word[:3], *_without_vowels]
