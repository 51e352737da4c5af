"""Read abbreviations, acronyms, telephone numbers, codes, proportions, addresses and signs."""

from __future__ import annotations

import re

from ..common.abbreviations import Abbreviations, dotted_rules, form_of, hyphenated_rules, section_rules
from ..common.codes import IBAN, ISBN, Addresses, international_rules, mixed_rules, spelled_rules, version_rules
from ..rules import AroundMatch, Reading, Rule, reads, reads_as, rule
from . import numbers
from .numbers import MAX_DIGITS, digits, letters, whole
from .rules import LETTERS, NOT_IN_WORD, SIGNS, rows, spoken, word_list

_TABLE = Abbreviations(rows("abbreviations", 3))
WORDS, KINDS = _TABLE.words, _TABLE.kinds

ACRONYMS, SPELT = word_list("acronyms"), word_list("spelt")
_CAPITALS = "A-ZÀÈÉÌÒÙ"
_READABLE = re.compile(
    r"(?:[bcdfglmnprstvz]{0,2}|s[bcdfglmnpqrtv]r?)[aeiou]"
    r"(?:(?:[bcdfglmnprstvz]|([bcdfglmprtvz])\1|[lmnrs][bcdfglmnpqstvz]r?|[bcdfgptv][rl]|gn|ch|gh|qu|cqu)?"
    r"[aeiouàèéìòù])*"
    r"[lnrst]?"
)
"""Letters that are read as an Italian word."""
_NEEDS_NUMBER = ("p.", "v.", "n.", "N.", "co.", "par.", "ed.", "int.", "lett.", "sec.", "num.", "tab.", "vol.", "cap.")
_SAINT_FEMININE = re.compile(r"\s?(?:[A-Z][a-z]+a|Agnese|Irene|Rita|Beatrice)\b")
_NOT_FEMININE = ("Luca", "Andrea", "Nicola", "Mattia", "Elia")


@reads(
    rf"()({_TABLE.any}){NOT_IN_WORD}",
    rf"((?:l|dell|all|dall|nell|sull|L|Dell|All|Dall|Nell|Sull)')({_TABLE.any}){NOT_IN_WORD}",
)
def _abbreviation(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``Sig.``, ``ecc.``, ``p. es.`` and ``l'art. 3``."""
    form = form_of(match[2])
    before = around.left(1)
    if form not in WORDS or not around.is_apart or before in ("@", "_", "-", "/"):
        return None
    after = around.right(3)
    if form == "sec." and re.fullmatch("[IVXLC]+", around.word_before):
        return ["secolo"]
    if KINDS[form] == "number" and form in _NEEDS_NUMBER and not re.match(r"\s?(?:\d|[IVXLC]+\b|[a-z]\))", after):
        return None
    if (form in ("es.", "fig.", "art.", "int.") and before == ".") or (
        form == "cell." and not re.match(r"\s?[\d+(]", after)
    ):
        return None
    first, *others = WORDS[form]
    return [match[1].lower() + first, *others]


_pages = reads(r"pp\.\s?(?=\d)", r"pp\.")(reads_as("pagine"))


@reads(r"S\.(?=\s?[A-Z][a-z])", r"SS\.(?=\s[A-Z][a-z])")
def _saint(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``S. Pietro`` and ``S. Maria``."""
    if not around.is_apart:
        return None
    if match[0] == "SS.":
        return ["santi"]
    name = around.word_after
    follows = around.right(30)
    if name[:1] in "AEIOU":
        return ["sant"]
    if _SAINT_FEMININE.match(follows) and name not in _NOT_FEMININE:
        return ["santa"]
    return ["santo"] if re.match("S[^aeiou]|Z", name) else ["san"]


@reads(
    rf"([{_CAPITALS}]{{2,30}}){NOT_IN_WORD}",
    rf"((?:[LD]|DELL|ALL|DALL|NELL|SULL|UN|QUEST|QUELL)'[{_CAPITALS}]{{2,30}}){NOT_IN_WORD}",
)
def _capitals(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``DVD`` letter by letter, ``ONU`` and shouted words as words."""
    word = match[1].lower()
    if not around.is_apart or around.right(1) == "'":
        return None
    if "'" in word or word in ACRONYMS:
        return [word]
    if word in SPELT:
        return letters(word)
    neighbours = [around.word_before, around.word_after]
    is_among = any(len(other) > 1 and other.isupper() for other in neighbours)
    is_word = _READABLE.fullmatch(word) is not None or around.knows(word)
    if is_word and (len(word) > 4 or (len(word) > 1 and is_among) or (len(word) == 4 and word[-1] in "aeiou")):
        return [word]
    return letters(match[1]) if len(word) < 7 else [word]


@reads(
    rf"((?:l|d|un|c|s|t|m|v|n|all|dall|dell|nell|sull|coll|quell|quest|L|D|Un|C|All|Dall|Dell|Nell|Sull|Quell)')"
    rf"([A-Z]{{2,7}}){NOT_IN_WORD}"
)
def _acronym_after_elision(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``l'ONU`` as one word, ``l'UE`` with the first letter's name."""
    if not around.is_apart:
        return None
    start, low = match[1].lower(), match[2].lower()
    is_word = low in ACRONYMS or (low not in SPELT and len(low) > 3 and _READABLE.fullmatch(low) is not None)
    if is_word:
        return [start + low]
    first, *others = letters(match[2])
    return [start + first, *others]


@reads(rf"([a-zA-Z]{{2,6}}){NOT_IN_WORD}")
def _spelt(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``dvd`` and words without vowels letter by letter."""
    low = match[1].lower()
    has_no_vowel = re.fullmatch("[bcdfghjklmnpqrstvwxz]{2,4}", low) is not None and not around.knows(low)
    is_spelt = around.is_apart and (low in SPELT or has_no_vowel)
    if not is_spelt or around.right(1) == "'":
        return None
    return letters(low)


_hyphenated = hyphenated_rules(spoken("loans"), NOT_IN_WORD)
_dotted = dotted_rules(ACRONYMS, letters, NOT_IN_WORD)

DIGIT_CUES, PROPORTION_CUES = word_list("digit-cues"), word_list("proportion-cues")
AS_WORDS = word_list("address-words")


_international = international_rules(digits, "più", r"(\d{1,3})(?:[\s/.-]{0,3}\(?\d{1,8}\)?){1,6}")


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

LETTER_RULES: list[Rule] = [
    *_hyphenated,
    *_abbreviation,
    *_pages,
    *_saint,
    *_acronym_after_elision,
    *_dotted,
    *spelled_rules(letters, IBAN),
    *_after_elision,
    rule(rf"([A-Z]{{1,4}})-?(\d{{1,4}})([A-Za-z]{{0,2}}){NOT_IN_WORD}", letters, whole, letters, is_apart=True),
    *_capitals,
    *_spelt,
    *_mixed,
]
DIGIT_RULES: list[Rule] = [*_long, *_international, *_telephone, *_cued, *_postcode, *_proportion]
LATE_RULES: list[Rule] = [*_mixed, *version_rules(numbers, "punto", r"(\d{1,3})\.(\d{1,2})(?!\d|[.,]\d)")]
CHUNK_RULES: list[Rule] = _addresses.chunk_rules
SIGN_RULES: list[Rule] = [
    *section_rules("paragrafo", "paragrafi", "e", whole),
    *_addresses.tag_rules,
    *SIGNS.rules(whole),
]
SPELT_RULES: list[Rule] = _spelt
