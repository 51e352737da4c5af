"""Read telephone numbers, IBANs, postcodes, versions, codes with letters and digits, scores and proportions."""

from __future__ import annotations

import re

from .numbers import MAX_DIGITS, cardinal, digits, whole
from .rules import NOT_IN_WORD, GermanAround, Reading, Rule, letters, reads
from .tables import word_list

TELEPHONE_CUES, EMERGENCY, CODES = word_list("telephone-cues"), word_list("emergency"), word_list("codes")
VERSION_CUES, PROPORTION_CUES = word_list("version-cues"), word_list("proportion-cues")


@reads(r"([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)(?![A-Za-z0-9])")
def _iban(match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``DE89 3704 0044 0532 0130 00`` sign by sign."""
    return letters(match[1])


@reads(r"(\+|00)(\d{1,3})(?:[\s/.-]{0,3}\(?\d{1,5}\)?){2,6}(?!\d)")
def _international(match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``+49 89 1234-56``."""
    n_digits = sum(character.isdigit() for character in match[0])
    return ["plus", *digits(match[0][1:])] if match[1] == "+" and n_digits > 7 else None


@reads(r"\(?0\d{1,5}\)?[\s/-]{1,3}\d{2,9}(?:[\s-]\d{1,9}){0,4}(?![\d.,:]\d|\d)", r"0\d{6,14}(?!\d)")
def _telephone(match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``030 123456`` and ``(089) 12 34 56``."""
    return digits(match[0])


@reads(r"(\d{3,15}(?:[\s/-]\d{2,8}){0,3})(?![\d.,:]\d|\d)")
def _cued(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``Notruf 112`` and ``PIN 1234`` digit by digit."""
    words = [word.lower() for word in around.far_before]
    last = words[-1] if words else ""
    is_emergency = match[1] in EMERGENCY and any(word in TELEPHONE_CUES for word in words)
    is_code = last in CODES or (last in TELEPHONE_CUES and last not in ("unter", "rufen", "wählen", "nummer"))
    return digits(match[1]) if is_emergency or is_code else None


@reads(r"(\d{5})(?=\s[A-ZÄÖÜ][a-zäöüß])(?!\s(?:Euro|Menschen|Einwohner|Personen|Zuschauer|Besucher|Mitglieder|Meter))")
def _postcode(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``10115 Berlin``."""
    before = around.text[max(0, around.start - 3) : around.start]
    is_cued = match[1][0] == "0" or re.search(r"(?:,\s|\bin\s|\bD-|^|\n)$", before)
    return digits(match[1]) if is_cued else None


@reads(r"(97[89][- ]\d[\d -]{7,15}[\dX]|\d[\d-]{8,14}[\dX])(?!\d)")
def _isbn(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``978-3-16-148410-0`` after ``ISBN``."""
    return letters(match[1]) if "isbn" in (word.lower() for word in around.words_before) else None


@reads(r"(\d{1,5})\.(\d{1,4})\.(\d{1,6})(?:\.(\d{1,6}))?(?!\d|\.\d)")
def _version(match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``2.0.1``."""
    parts = [part for part in match.groups() if part]
    if all(len(part) == 3 for part in parts[1:]):
        return None  # a number with dots
    words: list[str] = []
    for part in parts:
        words += ["punkt", *whole(part)]
    return words[1:]


@reads(r"(\d{1,3})\.(\d{1,2})(?!\d|[.,]\d)")
def _short_version(match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``Version 3.11``, and ``2.5`` with ``Punkt``."""
    return [*whole(match[1]), "punkt", *(whole(match[2]) if len(match[2]) < 3 else digits(match[2]))]


@reads(r"(\d{1,4}):(\d{1,3}(?:\.\d{3})+|\d{1,6})(?![\d:])")
def _score(match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``2:1`` and ``1:10.000``."""
    return [*whole(match[1]), "zu", *whole(match[2])]


@reads(r"(\d{1,2}):(\d{2})(?![\d:]|[.,]\d)")
def _proportion(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``das Format 16:10``."""
    near = {word.lower() for word in (*around.words_before, around.word_after)}
    return [*whole(match[1]), "zu", *whole(match[2])] if near & PROPORTION_CUES else None


@reads(rf"([A-ZÄÖÜ]{{1,4}})[-\s]?(\d{{1,4}})([A-Za-z]{{0,2}}){NOT_IN_WORD}")
def _letters_digits(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``A4``, ``MP3``, ``G20`` and ``B 96``."""
    has_space = " " in match[0]
    if has_space and (len(match[1]) > 1 or match[1] in ("I", "V", "X") or around.word_before[:1].isupper()):
        return None
    if not around.is_apart or (has_space and match[3]):
        return None
    number = digits(match[2]) if match[2][0] == "0" else cardinal(int(match[2]))
    return [*letters(match[1]), *number, *letters(match[3])]


@reads(rf"(?=[A-Za-z0-9]*[A-Z])(?=[A-Za-z0-9]*\d)([A-Za-z0-9]{{2,20}}){NOT_IN_WORD}")
def _mixed(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``B2B``, ``H2O`` and ``7Zip``."""
    if not around.is_apart:
        return None
    words: list[str] = []
    for piece in re.findall(r"\d+|[A-Za-z]+", match[1]):
        is_word = len(piece) > 2 and piece.isalpha() and around.knows(piece.lower())
        if piece.isdigit():
            words += cardinal(int(piece)) if len(piece) < 4 and piece[0] != "0" else digits(piece)
        else:
            words += [piece.lower()] if is_word else letters(piece)
    return words


@reads(rf"([A-Z][a-z]?)([₂₃₄2-9])([A-Z]?){NOT_IN_WORD}")
def _formula(match: re.Match[str], _around: GermanAround) -> Reading:
    """Read ``H₂O``."""
    return [*letters(match[1]), *whole(str(int(match[2]))), *letters(match[3])]


@reads(rf"\d{{{MAX_DIGITS + 1},}}")
def _long(match: re.Match[str], _around: GermanAround) -> Reading:
    return digits(match[0])


LETTER_RULES: list[Rule] = [*_iban, *_letters_digits, *_mixed]
DIGIT_RULES: list[Rule] = [*_isbn, *_long, *_international, *_cued, *_telephone, *_postcode, *_proportion]
LATE_RULES: list[Rule] = [*_version, *_score, *_short_version]
MIXED_RULES: list[Rule] = [*_mixed]
