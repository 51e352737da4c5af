"""Convert numbers to English words, without hyphens; British numbers contain an "and"."""

from __future__ import annotations

import itertools

from ..numerals import DigitNames
from ..region import is_british
from .rules import rows

_ROWS = rows("numbers", 4)
_NAMES = {int(value): name for value, name, _, _ in _ROWS}

UNITS = tuple(_NAMES[value] for value in range(20))
"""Names of the numbers below twenty."""

TENS = ("", "", *(_NAMES[value] for value in range(20, 100, 10)))
"""Names of the tens."""

SIZES = ("", *(name for value, name in _NAMES.items() if value >= 1000))
"""Names of the powers of a thousand."""

MAX_DIGITS = 3 * len(SIZES)
"""Largest number of digits that is read as a number; longer ones are read digit by digit."""

ORDINALS = {name: ordinal for _, name, ordinal, _ in _ROWS if ordinal}
"""Irregular ordinals by their cardinals."""

MAGNITUDES = {
    written: name for value, name, _, short in _ROWS if int(value) >= 100 for written in (*short.split(), name)
}
"""Names of large numbers by their written forms: ``bn``."""


_DIGITS = DigitNames(_NAMES)
digits, letters = _DIGITS.digits, _DIGITS.letters


def cardinal(number: int) -> list[str]:
    """Read ``162`` as ``one hundred sixty two``, in Britain ``one hundred and sixty two``, ``-1`` as ``minus one``."""
    if number < 0:
        return ["minus", *cardinal(-number)]
    if len(str(number)) > MAX_DIGITS:
        return digits(str(number))
    if number == 0:
        return [UNITS[0]]
    words: list[str] = []
    for power in range(len(SIZES) - 1, -1, -1):
        below_thousand = number // 1000**power % 1000
        if below_thousand:
            joining = ["and"] if words and power == 0 and below_thousand < 100 and is_british() else []
            words += [*joining, *_below_thousand(below_thousand), *([SIZES[power]] if power else [])]
    return words


def _below_thousand(number: int) -> list[str]:
    """Read a number from 1 to 999."""
    words = [UNITS[number // 100], "hundred"] if number >= 100 else []
    words += ["and"] if words and number % 100 and is_british() else []
    number %= 100
    if number >= 20:
        words.append(TENS[number // 10])
        number %= 10
    return words + ([UNITS[number]] if number else [])


def ordinal(number: int) -> list[str]:
    """Read ``22`` as ``twenty second``."""
    *words, last = cardinal(number)
    return [*words, as_ordinal(last)]


def as_ordinal(word: str) -> str:
    """Return the ordinal of a cardinal's last word: ``third`` for ``three``, ``twentieth`` for ``twenty``."""
    return ORDINALS.get(word) or (f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th")


def telephone(text: str) -> list[str]:
    """Read the digits of a telephone number one by one; in Britain with ``double``, ``triple`` and ``oh`` for zero."""
    if not is_british():
        return digits(text)
    if text.startswith("0800"):
        return ["oh", "eight", "hundred", *telephone(text[4:])]
    groups = "".join(character if "0" <= character <= "9" else " " for character in text).split()
    words: list[str] = []
    for group in groups:
        for digit, same in itertools.groupby(group):
            count, name = len([*same]), "oh" if digit == "0" else UNITS[int(digit)]
            words += [word for _ in range(count // 2 - count % 2) for word in ("double", name)]
            words += ["triple", name] if count % 2 and count > 1 else [name] if count % 2 else []
    return words


def whole(text: str) -> list[str]:
    """Read a whole number with its commas, spaces and apostrophes; with leading zeros digit by digit."""
    plain = text.replace(",", "").replace(" ", "").replace("'", "")
    if len(plain) > MAX_DIGITS or (len(plain) > 1 and plain[0] == "0"):
        return digits(plain)
    return cardinal(int(plain))


def decimal(text: str) -> list[str]:
    """Read ``1,234.50`` as ``one thousand two hundred thirty four point five zero`` and ``.5`` as ``point five``."""
    before, point, after = text.partition(".")
    words = whole(before) if before else []
    words = ["nought"] if point and words == ["zero"] and is_british() else words
    return [*words, "point", *digits(after)] if point and after else words


def year(number: int) -> list[str]:
    """Read ``1984`` as ``nineteen eighty four``, ``1905`` with ``oh five``, ``2008`` as ``two thousand eight``."""
    century, rest = divmod(number, 100)
    if number < 1000 or number > 9999 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    return [*cardinal(century), *(["hundred"] if rest == 0 else two_digits(rest))]


def two_digits(number: int) -> list[str]:
    """Read ``5`` as ``oh five`` and ``15`` as ``fifteen``: minutes, and years in their century."""
    return ["oh", UNITS[number]] if number < 10 else cardinal(number)


def in_pairs(text: str) -> list[str]:
    """Read the number of a room, flight or road in pairs: ``815`` as ``eight fifteen``, ``101`` as ``one oh one``."""
    number = int(text)
    if len(text) == 3 and text[0] != "0" and number % 100:
        return [UNITS[number // 100], *two_digits(number % 100)]
    return year(number) if len(text) == 4 and text[0] != "0" else whole(text)


def decade(number: int) -> list[str]:
    """Read ``1990`` as ``nineteen nineties``, ``1800`` as ``eighteen hundreds``, ``80`` as ``eighties``."""
    return in_plural(year(number))


def in_plural(words: list[str]) -> list[str]:
    """Return the words of a number in the plural: ``nineteen nineties``."""
    return [*words[:-1], plural(words[-1])]


def several(text: str) -> list[str]:
    """Read the number of ``5s`` and ``$20s``; a hundred is without its one."""
    words = in_plural(whole(text))
    return words[1:] if words[:-1] == ["one"] else words


def plural(word: str) -> str:
    """Return the plural of a number's name: ``nineties`` for ``ninety``, ``sixes`` for ``six``."""
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("x", "s")) else f"{word}s"


def fraction(numerator: int, denominator: int) -> list[str]:
    """Read ``3/4`` as ``three quarters``, ``1/2`` as ``one half``, ``5/8`` as ``five eighths``."""
    if denominator == 2:
        return [*cardinal(numerator), "half" if numerator == 1 else "halves"]
    *words, last = ["quarter"] if denominator == 4 else ordinal(denominator)
    words = [] if words == ["one"] else words  # five thousandths
    return [*cardinal(numerator), *words, last if numerator == 1 else f"{last}s"]
