"""Read telephone numbers, IBANs, postcodes, versions, codes with letters and digits, scores, addresses and signs."""

from __future__ import annotations

import re

from ..common.codes import IBAN, Addresses, mixed_rules, spelled_rules, version_rules
from ..rules import AroundMatch, Reading, Rule, reads, reads_as, rule
from . import numbers
from .numbers import MAX_DIGITS, cardinal, digits, letters, whole
from .rules import NOT_IN_WORD, SIGNS, word_list

TELEPHONE_CUES, EMERGENCY, CODES = word_list("telephone-cues"), word_list("emergency"), word_list("codes")
PROPORTION_CUES = word_list("proportion-cues")
AS_WORDS, SPELT = word_list("address-words"), word_list("spelt")


@reads(r"(\+|00)(\d{1,3})(?:[\s/.-]{0,3}\(?\d{1,5}\)?){2,6}(?!\d)")
def _international(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``+49 89 1234-56``."""
    n_digits = sum(character.isdigit() for character in match[0])
    return ["plus", *digits(match[0][1:])] if match[1] == "+" and n_digits > 7 else None


_telephone = reads(r"(\(?0\d{1,5}\)?[\s/-]{1,3}\d{2,9}(?:[\s-]\d{1,9}){0,4})(?![\d.,:]\d|\d)", r"(0\d{6,14})(?!\d)")(
    reads_as(digits)
)
"""Rules of ``030 123456`` and ``(089) 12 34 56``."""


@reads(r"(\d{3,15}(?:[\s/-]\d{2,8}){0,3})(?![\d.,:]\d|\d)")
def _cued(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``Notruf 112`` and ``PIN 1234`` digit by digit."""
    words = around.far_before
    last = words[-1] if words else ""
    is_emergency = match[1] in EMERGENCY and any(word in TELEPHONE_CUES for word in words)
    is_code = last in CODES or (last in TELEPHONE_CUES and last not in ("unter", "rufen", "wählen", "nummer"))
    return digits(match[1]) if is_emergency or is_code else None


@reads(r"(\d{5})(?=\s[A-ZÄÖÜ][a-zäöüß])(?!\s(?:Euro|Menschen|Einwohner|Personen|Zuschauer|Besucher|Mitglieder|Meter))")
def _postcode(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``10115 Berlin``."""
    before = around.left(3)
    is_cued = match[1][0] == "0" or re.search(r"(?:,\s|\bin\s|\bD-|^|\n)$", before)
    return digits(match[1]) if is_cued else None


@reads(r"(97[89][- ]\d[\d -]{7,15}[\dX]|\d[\d-]{8,14}[\dX])(?!\d)")
def _isbn(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``978-3-16-148410-0`` after ``ISBN``."""
    return letters(match[1]) if "isbn" in (word.lower() for word in around.words_before) else None


@reads(r"(\d{1,2}):(\d{2})(?![\d:]|[.,]\d)")
def _proportion(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``das Format 16:10``."""
    near = {word.lower() for word in (*around.words_before, around.word_after)}
    return [*whole(match[1]), "zu", *whole(match[2])] if near & PROPORTION_CUES else None


@reads(rf"([A-ZÄÖÜ]{{1,4}})[-\s]?(\d{{1,4}})([A-Za-z]{{0,2}}){NOT_IN_WORD}")
def _letters_digits(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``A4``, ``MP3``, ``G20`` and ``B 96``."""
    has_space = " " in match[0]
    if has_space and (len(match[1]) > 1 or match[1] in ("I", "V", "X") or around.word_before[:1].isupper()):
        return None
    if not around.is_apart or (has_space and match[3]):
        return None
    number = digits(match[2]) if match[2][0] == "0" else cardinal(int(match[2]))
    return [*letters(match[1]), *number, *letters(match[3])]


def _is_word(low: str, around: AroundMatch) -> bool:
    """Return True for a piece of an address that is read as a word."""
    if low in SPELT or len(low) < 3:
        return False
    return low in AS_WORDS or around.knows(low) or (len(low) > 4 and re.search("[aeiouyäöü]", low) is not None)


_addresses = Addresses(
    numbers,
    SIGNS.address,
    ("A-Za-zÄÖÜäöüß", "A-ZÄÖÜ", "a-zäöüß"),
    "at|ch|berlin|bayern|shop",
    _is_word,
    {"#": "hashtag", "@": "at"},
)
_iban = spelled_rules(letters, IBAN)
_long = spelled_rules(digits, rf"(\d{{{MAX_DIGITS + 1},}})")
_version = version_rules(numbers, "punkt")
_mixed = mixed_rules(numbers, lambda low, around: len(low) > 2 and around.knows(low), NOT_IN_WORD, first="A-Z")

LETTER_RULES: list[Rule] = [*_iban, *_letters_digits, *_mixed]
DIGIT_RULES: list[Rule] = [*_isbn, *_long, *_international, *_cued, *_telephone, *_postcode, *_proportion]
LATE_RULES: list[Rule] = [
    *_version,
    rule(r"(\d{1,4}):(\d{1,3}(?:\.\d{3})+|\d{1,6})(?![\d:])", whole, "zu", whole),  # 2:1, 1:10.000
    rule(r"(\d{1,3})\.(\d{1,2})(?!\d|[.,]\d)", whole, "punkt", whole),  # Version 3.11
]
MIXED_RULES: list[Rule] = [*_mixed]
CHUNK_RULES: list[Rule] = [*_addresses.chunk_rules]
SIGN_RULES: list[Rule] = [*_addresses.tag_rules, *SIGNS.rules(whole)]
