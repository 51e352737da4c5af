"""Read telephone numbers, codes with letters and digits, versions, addresses and signs."""

from __future__ import annotations

import re

from ..common.codes import IBAN, ISBN, Addresses, mixed_rules, spelled_rules, version_rules
from ..rules import AroundMatch, Reading, Rule, reads, rule
from . import numbers
from .numbers import MAX_DIGITS, digits, letters, pairs, whole
from .rules import LETTERS, NOT_IN_WORD, SIGNS, word_list

DIGIT_CUES, AS_WORDS, SPELT = word_list("digit-cues"), word_list("address-words"), word_list("spelt")
ACRONYMS = word_list("acronyms")


@reads(r"(?:\+|00)(\d{1,3})((?:[\s/.-]{0,3}\(?\d{1,8}\)?){1,6})(?!\d)")
def _international(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``+33 6 12 34 56 78``, the country code and then groups."""
    if sum(character.isdigit() for character in match[0]) < 8 or match[0][0] == "0":
        return None
    groups = re.findall(r"\d+", match[2])
    return [
        "plus",
        *whole(match[1]),
        *(word for group in groups for word in (whole(group) if len(group) < 4 else pairs(group))),
    ]


@reads(r"0\d(?:[\s./-]?\d\d){4}(?!\d|[.,]\d)", r"0\d{1,3}(?:[\s./-]\d{2,3}){3}(?!\d|[.,]\d)")
def _telephone(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``01 23 45 67 89`` in pairs."""
    groups = re.findall(r"\d+", match[0])
    return pairs(match[0]) if len(groups) != 4 else [word for group in groups for word in whole(group)]


@reads(rf"([A-Z]{{1,4}})-?(\d{{1,4}})([A-Za-z]{{0,2}}){NOT_IN_WORD}")
def _letters_digits(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``A4``, ``MP3``, ``H2O`` and ``CAC40``."""
    start = [match[1].lower()] if match[1].lower() in ACRONYMS else letters(match[1])
    return [*start, *whole(match[2]), *letters(match[3])] if around.is_apart else None


@reads(rf"([a-z]+')([A-Z]{{1,3}})(\d{{1,4}}){NOT_IN_WORD}")
def _after_elision(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``l'A7`` with the article."""
    first, *others = letters(match[2])
    return [match[1] + first.lower(), *others, *whole(match[3])] if around.is_apart else None


@reads(r"(\d{8,14}|\d{3}(?: \d{3}){2}(?: \d{5})?)(?!\d|[.,]\d)")
def _cued(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read a long number after a word such as ``SIRET`` in its groups, or digit by digit."""
    if not any(word in DIGIT_CUES for word in around.far_before[-3:]):
        return None
    return [word for group in match[1].split() for word in (whole(group) if len(group) < 8 else digits(group))]


@reads(r"([LRDA])\.?\s?(\d{1,4})-(\d{1,3})(?:-(\d{1,2}))?(?!\d|-)")
def _article(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``L. 121-1`` of a code of law."""
    parts = [word for part in match.groups()[2:] if part for word in ("tiret", *whole(part))]
    return [match[1], *whole(match[2]), *parts] if around.is_apart else None


def _is_word(low: str, _around: AroundMatch) -> bool:
    """Return True for a piece of an address that is read as a word."""
    return low in AS_WORDS or (len(low) > 2 and low not in SPELT and re.search("[aeiouyà-ÿœ]", low) is not None)


_addresses = Addresses(
    numbers,
    SIGNS.address,
    (LETTERS, "A-ZÀ-Ý", "a-zà-ÿœ"),
    "be|ch|ca|lu|es|paris|shop",
    _is_word,
    {"#": "hashtag", "@": "arobase"},
    start=r"(?=[A-Za-z0-9-]*[A-Za-z]{2})",
)
_spelled = spelled_rules(letters, IBAN)
_long = [*spelled_rules(letters, ISBN), *spelled_rules(digits, rf"(\d{{{MAX_DIGITS + 1},}})")]
_version = version_rules(numbers, "point", r"(\d{1,3})\.(\d{1,2}|\d{4,})(?!\d|[.,]\d)")
_mixed = mixed_rules(
    numbers, lambda low, _around: len(low) > 2 and re.search("[aeiouy]", low) is not None, NOT_IN_WORD, longest=4
)

EARLY_RULES: list[Rule] = [*_article]
LETTER_RULES: list[Rule] = [*_spelled, *_after_elision, *_letters_digits]
DIGIT_RULES: list[Rule] = [
    *_long,
    *_international,
    *_telephone,
    rule(r"(08\d\d)\s(\d{3})\s(\d{3})(?!\d)", whole, whole, whole),  # 0800 123 456
    *_cued,
]
LATE_RULES: list[Rule] = [*_version]
MIXED_RULES: list[Rule] = [*_mixed]
CHUNK_RULES: list[Rule] = [*_addresses.chunk_rules]
SIGN_RULES: list[Rule] = [*_addresses.tag_rules, *SIGNS.rules(whole)]
