"""Convert numbers to Spanish words, in the gender of what they count."""

from __future__ import annotations

import re

from ..numerals import DigitNames
from .rules import ALONE, FEMININE, MASCULINE, rows

_ROWS = rows("numbers", 3)
_NAMES = {int(value): name for value, name, _ in _ROWS}
_ORDINALS = {int(value): name for value, _, name in _ROWS if name}
_FEMININE = {"uno": "una", "veintiuno": "veintiuna"}
_WITHOUT_ACCENTS = str.maketrans("áéíóú", "aeiou")
_APOCOPATED = {"uno": "un", "veintiuno": "veintiún"}

_GROUPS = r"\d{1,3}(?:\.\d{3})+|\d{1,3}(?:[ ']\d{3})+|\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:,\d{3})+(?=\.)"
_DECIMAL = re.compile(rf"(?!(?:{_GROUPS})$)({_GROUPS}|\d+)([,.])(\d+)")

MILLIONS = ((10**24, "cuatrillón"), (10**18, "trillón"), (10**12, "billón"), (10**6, "millón"))
"""Powers of a million and their names."""

MAX_DIGITS = 27
"""Largest number of digits that is read as a number; longer ones are read digit by digit."""

_DIGITS = DigitNames(_NAMES)
digits, letters = _DIGITS.digits, _DIGITS.letters


def cardinal(number: int, gender: str = ALONE) -> list[str]:
    """Read ``221`` as ``doscientos veintiuno``, before nouns as ``doscientos veintiún``, ``doscientas veintiuna``.

    - ``number``: below 10^27; a longer one is read digit by digit.
    - ``gender``: `ALONE`, `MASCULINE` or `FEMININE`.
    """
    if number < 0:
        return ["menos", *cardinal(-number, gender)]
    if len(str(number)) > MAX_DIGITS:
        return digits(str(number))
    if number == 0:
        return [_NAMES[0]]
    words: list[str] = []
    for value, name in MILLIONS:
        count, number = divmod(number, value)
        if count:
            words += ["un", name] if count == 1 else [*_below_million(count, MASCULINE), plural(name)]
    return [*words, *_below_million(number, gender)]


def plural(word: str) -> str:
    """Return the plural of a noun: ``millones``, ``tercios``, ``veces``."""
    if word.endswith("ón"):
        return f"{word[:-2]}ones"
    if word.endswith("z"):
        return f"{word[:-1]}ces"
    return f"{word}s" if word[-1] in "aeiouáéó" else f"{word}es"


def _below_million(number: int, gender: str) -> list[str]:
    thousands, rest = divmod(number, 1000)
    counted = _below_thousand(thousands, gender, apocope=True) if thousands > 1 else []
    return [*counted, *(["mil"] if thousands else []), *_below_thousand(rest, gender, apocope=gender == MASCULINE)]


def _below_thousand(number: int, gender: str, apocope: bool) -> list[str]:
    if number == 100:
        return ["cien"]
    hundreds, rest = divmod(number, 100)
    words = []
    if hundreds:
        name = "ciento" if hundreds == 1 else _NAMES[100 * hundreds]
        words.append(f"{name[:-2]}as" if gender == FEMININE and hundreds > 1 else name)
    if rest:
        tens = [_NAMES[rest]] if rest in _NAMES else [_NAMES[rest - rest % 10], "y", _NAMES[rest % 10]]
        forms = _APOCOPATED if apocope else _FEMININE if gender == FEMININE else {}
        words += [*tens[:-1], forms.get(tens[-1], tens[-1])]
    return words


def ordinal(number: int, ending: str = "o") -> list[str]:
    """Read ``21`` as ``vigésimo primero``; with the ending ``a`` as ``vigésima primera``.

    - ``number``: from 1 to 999; a larger one is read as a cardinal.
    - ``ending``: ``o``, ``a``, ``os``, ``as``, or ``er`` for ``primer`` and ``tercer``.
    """
    if not 1 <= number < 1000:
        return cardinal(number, FEMININE if ending[0] == "a" else ALONE)
    rest = number
    names = []
    for size in (100, 10, 1):
        part = rest if rest in _ORDINALS else rest - rest % size
        if part:
            names.append(_ORDINALS[part])
            rest -= part
    is_short = ending == "er" and names[-1].endswith(("primero", "tercero"))
    end = "o" if ending == "er" else ending
    words = [f"{name[:-1]}{end}" for name in names]
    return [*words[:-1], words[-1][:-1]] if is_short else words


def whole(text: str, gender: str = ALONE) -> list[str]:
    """Read a whole number with its dots, spaces and apostrophes; with leading zeros digit by digit."""
    plain = re.sub(r"\D", "", text)
    if len(plain) > MAX_DIGITS or (len(plain) > 1 and plain[0] == "0"):
        return digits(plain)
    return cardinal(int(plain), gender)


def decimal(text: str, gender: str = ALONE) -> list[str]:
    """Read ``1.234,50`` as ``mil doscientos treinta y cuatro coma cincuenta``, ``3.14`` with ``punto``.

    Up to two decimals are read as a number, more digit by digit.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return whole(text, gender)
    return [*whole(match[1]), "coma" if match[2] == "," else "punto", *fractional(match[3])]


def fractional(text: str) -> list[str]:
    """Read the decimals of a number: ``05`` as ``cero cinco``, ``14`` as ``catorce``, ``141`` digit by digit."""
    return digits(text) if len(text) > 2 or text[0] == "0" else cardinal(int(text))


def fraction(numerator: int, denominator: int) -> list[str]:
    """Read ``3/4`` as ``tres cuartos``, ``1/2`` as ``un medio``, ``5/20`` as ``cinco veinteavos``."""
    if denominator == 2:
        name = "medio"
    elif denominator == 3:
        name = "tercio"
    elif denominator <= 10:
        name = _ORDINALS[denominator]
    elif denominator in (100, 1000, 10**6):
        name = {100: "centésimo", 1000: "milésimo", 10**6: "millonésimo"}[denominator]
    else:
        joined = "".join("i" if word == "y" else word for word in cardinal(denominator))
        name = f"{joined.translate(_WITHOUT_ACCENTS).removesuffix('a')}avo"
    return [*cardinal(numerator, MASCULINE), name if numerator == 1 else plural(name)]
