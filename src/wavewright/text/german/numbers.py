"""Convert numbers to German words: up to a million one word, as it is written."""

from __future__ import annotations

import re

from ..numerals import DigitNames
from .rules import rows

_ROWS = rows("numbers", 5)
_NAMES = {int(value): name for value, name, *_ in _ROWS}

UNITS = tuple(_NAMES[value] for value in range(20))
"""Names of the numbers below twenty."""

TENS = ("", "", *(_NAMES[value] for value in range(20, 100, 10)))
"""Names of the tens."""

SIZES = [(int(value), name, plural) for value, name, _, plural, _ in _ROWS if int(value) >= 10**6]
"""Powers of a thousand from a million, their names and plurals."""

MAX_DIGITS = 24
"""Largest number of digits that is read as a number; longer ones are read digit by digit."""

MAGNITUDES = {
    written: (int(value), name, plural) for value, name, _, plural, short in _ROWS for written in short.split()
}
"""Value, name and plural of large numbers by their written forms: ``Mio.``."""

_ORDINALS = {int(value): stem for value, _, stem, *_ in _ROWS if stem}

_DIGITS = DigitNames(_NAMES)
digits, letters = _DIGITS.digits, _DIGITS.letters


def cardinal(number: int, one: str = "eins") -> list[str]:
    """Read ``162`` as ``hundertzweiundsechzig``; ``one`` is the form of a last one, such as ``eine`` before a noun."""
    if number < 0:
        return ["minus", *cardinal(-number, one)]
    if len(str(number)) > MAX_DIGITS:
        return digits(str(number))
    words: list[str] = []
    for value, name, plural in reversed(SIZES):
        count, number = divmod(number, value) if number >= value else (0, number)
        if count:
            words += ["eine", name] if count == 1 else [_below_million(count, "eine"), plural]
    return [*words, _below_million(number, one)] if number or not words else words


def _below_million(number: int, one: str) -> str:
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest, one, after_thousand=False) if rest else UNITS[0]
    counted = "" if thousands == 1 else _below_thousand(thousands, "ein", after_thousand=False)
    return f"{counted}tausend" + (_below_thousand(rest, one, after_thousand=True) if rest else "")


def _below_thousand(number: int, one: str, after_thousand: bool) -> str:
    hundreds, rest = divmod(number, 100)
    counted = "ein" if hundreds == 1 and after_thousand else "" if hundreds == 1 else UNITS[hundreds]
    return (f"{counted}hundert" if hundreds else "") + (_below_hundred(rest, one) if rest else "")


def _below_hundred(number: int, one: str) -> str:
    if number < 20:
        return one if number == 1 else UNITS[number]
    tens, unit = divmod(number, 10)
    return f"{'ein' if unit == 1 else UNITS[unit]}und{TENS[tens]}" if unit else TENS[tens]


def ordinal(number: int, ending: str = "e") -> list[str]:
    """Read ``22`` as ``zweiundzwanzigste``, with another ending as ``zweiundzwanzigsten``."""
    *words, last = cardinal(number)
    below = number % 100
    if 0 < below < 20:
        stem = last.removesuffix(UNITS[below]) + _ORDINALS[below]
    elif words and last in {plural for _, _, plural in SIZES} | {name for _, name, _ in SIZES}:
        words, stem = [], f"{''.join(words).removeprefix('eine')}{last.removesuffix('en').removesuffix('e')}st"
    else:
        stem = f"{last}st" if number else _ORDINALS[0]
    return [*words, stem + ending]


def whole(text: str, one: str = "eins") -> list[str]:
    """Read a whole number with its dots, spaces and apostrophes; with leading zeros digit by digit."""
    plain = re.sub(r"[.\s']", "", text)
    if len(plain) > MAX_DIGITS or (len(plain) > 1 and plain[0] == "0"):
        return digits(plain)
    return cardinal(int(plain), one)


def decimal(text: str, one: str = "eins") -> list[str]:
    """Read ``1.234,50`` as ``tausendzweihundertvierunddreißig komma fünf null``."""
    before, comma, after = text.partition(",")
    words = whole(before, "eins" if after else one) if before else [UNITS[0]]
    return [*words, "komma", *digits(after)] if comma and after else words


def year(number: int) -> list[str]:
    """Read ``1984`` as ``neunzehnhundertvierundachtzig`` and ``2026`` as ``zweitausendsechsundzwanzig``."""
    if 1100 <= number < 2000:
        century, rest = divmod(number, 100)
        return [f"{UNITS[century]}hundert{_below_hundred(rest, 'eins') if rest else ''}"]
    return cardinal(number)


def decade(number: int, ending: str = "er") -> list[str]:
    """Read ``1990`` as ``neunzehnhundertneunziger``, ``80`` as ``achtziger``."""
    *words, last = year(number)
    return [*words, f"{last}{ending}"]


def fraction(numerator: int, denominator: int) -> list[str]:
    """Read ``3/4`` as ``drei viertel``, ``1/2`` as ``ein halb``, ``5/20`` as ``fünf zwanzigstel``."""
    if denominator == 2:
        return ["ein", "halb"] if numerator == 1 else [*cardinal(numerator), "halbe"]
    *words, last = ordinal(denominator, "el")
    return [*cardinal(numerator, "ein"), *words, last]


def mixed_fraction(number: int, numerator: int, denominator: int) -> list[str]:
    """Read ``2 1/2`` as ``zweieinhalb``, ``2 3/4`` as ``zwei drei viertel``."""
    if (numerator, denominator) == (1, 2):
        *words, last = cardinal(number, "ein")
        return [*words, f"{last}einhalb"]
    return [*cardinal(number, "ein" if number == 1 else "eins"), *fraction(numerator, denominator)]
