"""Convert numbers to Italian words: up to a million one word, as it is written."""

from __future__ import annotations

import re

from ..numerals import DigitNames
from .rules import rows

_ROWS = rows("numbers", 4)
_NAMES = {int(value): name for value, name, *_ in _ROWS}

UNITS = tuple(_NAMES[value] for value in range(20))
"""Names of the numbers below twenty."""

TENS = ("", "", *(_NAMES[value] for value in range(20, 100, 10)))
"""Names of the tens."""

SIZES = [(int(value), name, plural) for value, name, plural, _ in _ROWS if int(value) >= 10**6]
"""Powers of a thousand from a million, their names and plurals."""

MAX_DIGITS = 18
"""Largest number of digits that is read as a number; longer ones are read digit by digit."""

MAGNITUDES = {written: (name, plural) for _, name, plural, short in _ROWS for written in short.split()}
"""Name and plural of large numbers by their written forms: ``mln``."""

_ORDINALS = (
    *("zeresimo", "primo", "secondo", "terzo", "quarto", "quinto"),
    *("sesto", "settimo", "ottavo", "nono", "decimo"),
)
_DIGITS = DigitNames(_NAMES)
digits, letters = _DIGITS.digits, _DIGITS.letters
_FRACTIONS = {2: "mezzo", **{value: _ORDINALS[value] for value in range(3, 11)}}


def cardinal(number: int) -> list[str]:
    """Read ``162`` as ``centosessantadue``, ``2000001`` as ``due milioni uno``."""
    if number < 0:
        return ["meno", *cardinal(-number)]
    if len(str(number)) > MAX_DIGITS:
        return digits(str(number))
    words: list[str] = []
    for value, name, plural in reversed(SIZES):
        count, number = divmod(number, value)
        if count:
            words += ["un", name] if count == 1 else [_below_million(count), plural]
    return [*words, _below_million(number)] if number or not words else words


def _below_million(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest) if rest else UNITS[0]
    # an accent is only written at the end of a word
    counted = "mille" if thousands == 1 else f"{_below_thousand(thousands).replace('é', 'e')}mila"
    return counted + (_below_thousand(rest, is_last=True) if rest else "")


def _below_thousand(number: int, is_last: bool = False) -> str:
    hundreds, rest = divmod(number, 100)
    start = "" if not hundreds else "cento" if hundreds == 1 else f"{UNITS[hundreds]}cento"
    if start and (rest == 8 or rest // 10 == 8):
        start = start[:-1]
    return start + (_below_hundred(rest, is_last or bool(hundreds)) if rest else "")


def _below_hundred(number: int, is_last: bool) -> str:
    if number < 20:
        return "tré" if number == 3 and is_last else UNITS[number]
    tens, unit = divmod(number, 10)
    stem = TENS[tens][:-1] if unit in (1, 8) else TENS[tens]
    return stem + ("tré" if unit == 3 else UNITS[unit] if unit else "")


def is_counted_with_di(number: int) -> bool:
    """Return True if ``di`` stands between a number and what it counts: ``due milioni di euro``."""
    return number >= 10**6 and number % 10**6 == 0


def ordinal(number: int, ending: str = "o") -> list[str]:
    """Read ``21`` as ``ventunesimo``, with another ending as ``ventunesima``."""
    if number <= 10:
        return [_ORDINALS[number][:-1] + ending]
    *words, last = cardinal(number)
    if words and words[-1] == "un":
        words = words[:-1]
    if last.endswith("mila"):
        stem = f"{last[:-4]}mill"
    elif last.endswith("tré"):
        stem = f"{last[:-1]}e"
    else:
        stem = last if last.endswith("sei") else last[:-1]
    return ["".join([*words, f"{stem}esim{ending}"])]


def whole(text: str) -> list[str]:
    """Read a whole number with its dots, spaces and apostrophes; with leading zeros digit by digit."""
    plain = re.sub(r"[.\s']", "", text)
    if len(plain) > MAX_DIGITS or (len(plain) > 1 and plain[0] == "0"):
        return digits(plain)
    return cardinal(int(plain))


def decimal(text: str) -> list[str]:
    """Read ``1.234,50`` as ``milleduecentotrentaquattro virgola cinquanta``; three and more digits one by one."""
    before, comma, after = text.partition(",")
    words = whole(before) if before else [UNITS[0]]
    if not (comma and after):
        return words
    return [*words, "virgola", *(digits(after) if len(after) > 2 or after[0] == "0" else cardinal(int(after)))]


def fraction(numerator: int, denominator: int) -> list[str]:
    """Read ``3/4`` as ``tre quarti``, ``1/2`` as ``un mezzo``, ``5/20`` as ``cinque ventesimi``."""
    name = _FRACTIONS.get(denominator) or ordinal(denominator)[0]
    return ["un", name] if numerator == 1 else [*cardinal(numerator), f"{name[:-1]}i"]
