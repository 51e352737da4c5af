"""Read abbreviations, Roman numerals, telephone numbers, postcodes, codes, scores, addresses and signs."""

from __future__ import annotations

import re

from ..common.abbreviations import Abbreviations
from ..common.codes import IBAN, Addresses, international_rules, mixed_rules, spelled_rules, version_rules
from ..numerals import ROMAN, roman_value
from ..rules import AroundMatch, Reading, Rule, reads, reads_as, rule
from . import grammar, numbers
from .numbers import MAX_DIGITS, cardinal, digits, letters, ordinal, whole
from .rules import LETTERS, NOT_IN_WORD, SIGNS, rows, word_list

_ROWS = rows("abbreviations", 3)
_CAPITALISED = [(written[0].upper() + written[1:], kind, words) for written, kind, words in _ROWS if kind == "open"]
_TABLE = Abbreviations([*_CAPITALISED, *_ROWS])
WORDS, KINDS = _TABLE.words, _TABLE.kinds

ACRONYMS, SPELT, NUMBERED = word_list("acronyms"), word_list("spelt"), word_list("numbered")
RULERS, FEMALE = word_list("rulers"), word_list("female-names")


@reads(rf"({_TABLE.any})(?<=\.){NOT_IN_WORD}", rf"(MwSt|Nr|Tel|Std|Hbf|Jhs){NOT_IN_WORD}")
def _abbreviation(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``z. B.``, ``Dr.`` and ``usw.``."""
    form = re.sub(r"\s", "", match[1])
    form = form if form in WORDS else f"{form}."
    if not around.is_apart or (form in ("S.", "Teil") or form not in WORDS):
        return None
    follows = re.match(r"\s?(\d)|\s([A-ZÄÖÜ])|\s?$", around.right(4))
    if form in ("Fr.", "St.", "Hl.", "Art.", "Pl.", "Ges.", "Red.", "Geb.") and not (
        follows and (follows[1] or follows[2])
    ):
        return None
    if form in ("u.", "v.", "s.", "st.") and (follows and follows[0].strip() == ""):
        return None
    if form in ("min.", "max.") and not re.match(r"\s?\d|\s[a-zäöü]", around.text[around.end :]):
        return None
    return WORDS[form]


@reads(r"S\.\s?(\d+)(?:\s?[-–]\s?(\d+))?(?:\s?(ff?)\.)?", r"(\d+)\s()(ff?)\.")
def _page(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``S. 3-5`` and ``14 ff.``."""
    if match[0][0] == "S":
        until = ["bis", *whole(match[2])] if match[2] else []
        return ["seite", *whole(match[1]), *until, *(["folgende"] if match[3] else [])]
    return [*whole(match[1]), "folgende"]


@reads(
    rf"([a-zA-ZÄÖÜäöüß-]{{2,30}}?)(str|nr)\.{NOT_IN_WORD}",
    r"([A-ZÄÖÜ][a-zäöüß-]{2,30}?)(pl)\.(?=\s\d)",
    flags=re.IGNORECASE,
)
def _street(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``Hauptstr.``, ``Hausnr.`` and ``Domplatz``."""
    name = match[1].rstrip("-").lower()
    ending = {"str": "straße", "nr": "nummer", "pl": "platz"}[match[2].lower()]
    return [*name.split("-"), ending] if "-" in match[1] else [name + ending]


@reads(r"(§§?)\s?(\d+[a-z]?)(?:\s?[-–]\s?(\d+[a-z]?))?(?:\s?(ff?)\.)?", r"(§§?)()()()")
def _section(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``§ 5`` and ``§§ 3–5``."""
    words = ["paragrafen" if match[1] == "§§" else "paragraf"]
    for number, joining in ((match[2], []), (match[3], ["bis"])):
        if number:
            letter = number.lstrip("0123456789")
            words += [*joining, *whole(number.removesuffix(letter)), *letters(letter)]
    return [*words, *(["folgende"] if match[4] else [])]


@reads(rf"([A-ZÄÖÜ]{{2,7}}){NOT_IN_WORD}", rf"([A-ZÄÖÜ]{{2,5}})(s)(?![{LETTERS}])")
def _capitals(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``ADAC`` letter by letter, ``NATO`` and shouted words as words."""
    word = match[1].lower()
    if not around.is_apart or around.right(1) == "'":
        return None
    plural = len(match.groups()) > 1
    if word in ACRONYMS and not plural:
        return [word]
    if not plural and (word not in SPELT) and _is_shouted(match[1], around):
        return [word]
    spelled = letters(match[1])
    return [*spelled[:-1], f"{spelled[-1]}s"] if plural else spelled


def _is_shouted(word: str, around: AroundMatch) -> bool:
    """Return True for a known word in capitals among others, or a long one."""
    if not around.knows(word.lower()):
        return False
    neighbours = [around.word_before, around.word_after]
    return len(word) > 3 or any(len(other) > 1 and other.isupper() for other in neighbours)


@reads(rf"([a-zA-Z]{{2,6}}){NOT_IN_WORD}")
def _spelt(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``GmbH`` and ``StGB`` letter by letter."""
    is_mixed = re.fullmatch(r"(?:[A-Z][a-z]?){2,4}|[a-z]?[A-Z]{2,4}[a-z]?", match[1]) and not match[1].isupper()
    is_spelt = match[1].lower() in SPELT and not match[1].islower() and not match[1].istitle()
    has_no_vowel = re.fullmatch("[bcdfghjklmnpqrstvwxz]{2,4}", match[1]) and not around.knows(match[1])
    if not around.is_apart or not (is_mixed or is_spelt or has_no_vowel):
        return None
    return letters(match[1]) if is_spelt or has_no_vowel or not around.knows(match[1].lower()) else None


@reads(rf"({ROMAN})\.{NOT_IN_WORD}", rf"({ROMAN}){NOT_IN_WORD}()")
def _roman(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``Ludwig XIV.``, ``der II. Weltkrieg`` and ``Kapitel IV``."""
    before = around.word_before
    if not match[1] or not around.is_apart:
        return None
    has_dot = match[0].endswith(".")
    value, low = roman_value(match[1]), before.lower()
    if not before:
        is_ordinal = has_dot and around.word_after.lower() in grammar.ORDINAL_NOUNS
        return ordinal(value, grammar.free_ending(around, around.word_after)) if is_ordinal else None
    is_name = before[0].isupper() and low not in grammar.STARTERS and low not in NUMBERED
    is_ruler = low.removesuffix("s") in RULERS or low in RULERS
    if is_name and ((has_dot and (len(match[1]) > 1 or is_ruler)) or (is_ruler and len(match[1]) > 1)):
        return _of_ruler(value, low, around)
    if has_dot and (end := grammar.ending(around, around.word_after)) and around.word_after[:1].isupper():
        return ordinal(value, end)
    return (
        None if has_dot and low not in NUMBERED else cardinal(value) if low in NUMBERED or len(match[1]) > 2 else None
    )


def _of_ruler(value: int, name: str, around: AroundMatch) -> list[str]:
    """Return the article and the ordinal of a ruler, in the case of the name."""
    is_female = name in FEMALE or name.removesuffix("s") in FEMALE or name.endswith(("a", "as"))
    if name not in RULERS and name.endswith("s") and name.removesuffix("s") in RULERS | FEMALE:
        return ["der" if is_female else "des", *ordinal(value, "en")]
    words = around.far_words
    while words and (words[-1][0].isupper() and words[-1].lower() not in grammar.STARTERS):
        words = words[:-1]
    last = words[-1].lower() if words else ""
    if last in grammar.DATIVE or last in ("unter", "dem", "vom", "zum", "beim"):
        return ["der" if is_female else "dem", *ordinal(value, "en")]
    if last in grammar.ACCUSATIVE:
        return ["die", *ordinal(value, "e")] if is_female else ["den", *ordinal(value, "en")]
    if last in ("des",):
        return ["des", *ordinal(value, "en")]
    return ["die" if is_female else "der", *ordinal(value, "e")]


TELEPHONE_CUES, EMERGENCY, CODES = word_list("telephone-cues"), word_list("emergency"), word_list("codes")
PROPORTION_CUES, AS_WORDS = word_list("proportion-cues"), word_list("address-words")


_international = international_rules(digits, "plus", r"(\d{1,3})(?:[\s/.-]{0,3}\(?\d{1,5}\)?){2,6}")


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
    return [*letters(match[1]), *whole(match[2]), *letters(match[3])]


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

LETTER_RULES: list[Rule] = [
    rule(rf"E-?Mail{NOT_IN_WORD}", "e-mail"),
    rule(rf"E-?Mails{NOT_IN_WORD}", "e-mails"),
    *_page[:1],
    *_iban,
    *_letters_digits,
    *_street[:1],
    *_abbreviation,
    *_street[1:],
    *_roman,
    *_capitals,
    *_spelt,
    *_mixed,
]
DIGIT_RULES: list[Rule] = [*_isbn, *_long, *_international, *_cued, *_telephone, *_postcode, *_proportion]
PAGE_RULES: list[Rule] = [*_page[1:]]
LATE_RULES: list[Rule] = [
    *_mixed,
    *_version,
    rule(r"(\d{1,4}):(\d{1,3}(?:\.\d{3})+|\d{1,6})(?![\d:])", whole, "zu", whole),  # 2:1, 1:10.000
    rule(r"(\d{1,3})\.(\d{1,2})(?!\d|[.,]\d)", whole, "punkt", whole),  # Version 3.11
]
CHUNK_RULES: list[Rule] = _addresses.chunk_rules
SIGN_RULES: list[Rule] = [*_section, *_addresses.tag_rules, *SIGNS.rules(whole)]
SPELT_RULES: list[Rule] = _spelt
