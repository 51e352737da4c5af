"""Read telephone numbers, codes with letters and digits, versions, proportions, addresses and signs."""

from __future__ import annotations

import re

from ..common.codes import IBAN, ISBN, Addresses, mixed_rules, spelled_rules, version_rules
from ..rules import AroundMatch, Reading, Rule, reads, reads_as
from . import numbers
from .numbers import MAX_DIGITS, cardinal, digits, letters, whole
from .rules import LETTERS, NOT_IN_WORD, SIGNS, word_list

DIGIT_CUES, PROPORTION_CUES = word_list("digit-cues"), word_list("proportion-cues")
AS_WORDS, SPELT = word_list("address-words"), word_list("spelt")


@reads(r"(\+|00)(\d{1,3})(?:[\s/.-]{0,3}\(?\d{1,8}\)?){1,6}(?!\d)")
def _international(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``+39 347 1234567``."""
    n_digits = sum(character.isdigit() for character in match[0])
    return ["più", *digits(match[0])] if match[1] == "+" and n_digits > 7 else None


_telephone = reads(
    r"(\(?0\d{1,4}\)?[\s/-]{1,3}\d{3,9}(?:[\s-]\d{1,9}){0,4})(?![\d.,:]\d|\d)",
    r"(0\d{6,14})(?!\d)",
    r"(3\d\d[\s/.-]\d{6,7})(?!\d)",
    r"(3\d\d[\s/.-]\d{3}[\s.-]\d{3,4})(?!\d)",
    r"(8\d\d[\s/.-]\d{6})(?!\d)",
    r"(3\d{9})(?!\d)",
)(reads_as(digits))
"""Rules of ``06 1234567``, ``333 4567890`` and ``800 123456``."""


@reads(r"(\d{3,15}(?:[\s/-]\d{2,8}){0,3})(?![\d.,:]\d|\d)")
def _cued(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``PIN 1234`` digit by digit."""
    last = [word for word in around.far_before if word not in ("il", "è", "n", "lo", "al")][-1:]
    return digits(match[1]) if last and last[0] in DIGIT_CUES and len(match[1]) > 3 else None


@reads(r"(\d{5})(?=\s[A-Z][a-z])")
def _postcode(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``00184 Roma``."""
    before = around.left(2)
    return digits(match[1]) if match[1][0] == "0" or before in ("", ", ", "- ") else None


@reads(r"(\d{1,4})\s?:\s?(\d{1,3}(?:\.\d{3})+|\d{1,6})(?![\d:])")
def _proportion(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``1:10.000`` and ``16:9``; with spaces a division."""
    if " " in match[0]:
        return [*whole(match[1]), "diviso", *whole(match[2])]
    near = {word.lower() for word in (*around.words_before, around.word_after)}
    is_time = len(match[2]) == 2 and int(match[1]) < 25 and int(match[2]) < 60
    return None if is_time and not near & PROPORTION_CUES else [*whole(match[1]), "a", *whole(match[2])]


@reads(rf"([A-Z]{{1,4}})-?(\d{{1,4}})([A-Za-z]{{0,2}}){NOT_IN_WORD}")
def _letters_digits(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``A4``, ``MP3`` and ``H2O``."""
    if not around.is_apart:
        return None
    number = digits(match[2]) if match[2][0] == "0" else cardinal(int(match[2]))
    return [*letters(match[1]), *number, *letters(match[3])]


@reads(rf"([a-z]+')([A-Z]{{1,3}})(\d{{1,4}}){NOT_IN_WORD}")
def _after_elision(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``l'A1`` with the article."""
    first, *others = letters(match[2])
    return [match[1] + first, *others, *whole(match[3])] if around.is_apart else None


def _is_word(low: str, _around: AroundMatch) -> bool:
    """Return True for a piece of an address that is read as a word."""
    return low in AS_WORDS or (len(low) > 2 and low not in SPELT and re.search("[aeiouyà-ù]", low) is not None)


_addresses = Addresses(
    numbers,
    SIGNS.address,
    (LETTERS, "A-Z", "a-zà-ù"),
    "ch|roma|shop|mp3",
    _is_word,
    {"#": "hashtag", "@": "chiocciola"},
)
_long = [*spelled_rules(letters, ISBN), *spelled_rules(digits, rf"(\d{{{MAX_DIGITS + 1},}})")]
_mixed = mixed_rules(numbers, lambda low, _around: len(low) > 2 and re.search("[aeiou]", low) is not None, NOT_IN_WORD)

LETTER_RULES: list[Rule] = [*spelled_rules(letters, IBAN), *_after_elision, *_letters_digits]
DIGIT_RULES: list[Rule] = [*_long, *_international, *_telephone, *_cued, *_postcode, *_proportion]
LATE_RULES: list[Rule] = version_rules(numbers, "punto", r"(\d{1,3})\.(\d{1,2})(?!\d|[.,]\d)")
MIXED_RULES: list[Rule] = [*_mixed]
CHUNK_RULES: list[Rule] = [*_addresses.chunk_rules]
SIGN_RULES: list[Rule] = [*_addresses.tag_rules, *SIGNS.rules(whole)]
