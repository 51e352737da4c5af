"""Convert numbers to French words, without hyphens: ``quatre vingt dix sept``."""

from __future__ import annotations

import re

from ..numerals import DigitNames
from ..region import region
from .rules import rows

_ROWS = rows("numbers", 4)
_NAMES = {int(value): name for value, name, *_ in _ROWS}

SIZES = [(int(value), name, plural) for value, name, plural, _ in _ROWS if int(value) >= 10**6]
"""Powers of a thousand from a million, their names and plurals."""

MAX_DIGITS = 18
"""Largest number of digits that is read as a number; longer ones are read digit by digit."""

MAX_DECIMALS = 3
"""Largest number of decimals that are read as a number; more are read digit by digit."""

MAGNITUDES = {written: (name, plural) for _, name, plural, short in _ROWS for written in short.split()}
"""Name and plural of large numbers by their written forms: ``Md``."""

ORDINAL_ENDINGS = r"ers?|ères?|res?|[eè]mes?|ièmes?|ndes?|nds?|es?|d"
"""Pattern of what stands after an ordinal number in digits."""

_FRACTIONS = {2: "demi", 3: "tiers", 4: "quart"}
_VOWEL_END = re.compile("e$")
_OWN_TENS = {"BE": {70: "septante", 90: "nonante"}, "CH": {70: "septante", 80: "huitante", 90: "nonante"}}
"""Names of tens that are not those of France, by region."""

_DIGITS = DigitNames(_NAMES)
digits, letters = _DIGITS.digits, _DIGITS.letters


def cardinal(number: int, is_feminine: bool = False) -> list[str]:
    """Read ``280`` as ``deux cent quatre vingts``; ``is_feminine``: before a feminine noun, ``vingt et une``."""
    if number < 0:
        return ["moins", *cardinal(-number, is_feminine)]
    if len(str(number)) > MAX_DIGITS:
        return digits(str(number))
    words: list[str] = []
    for value, name, plural in reversed(SIZES):
        count, number = divmod(number, value)
        if count:
            words += ["un", name] if count == 1 else [*_below_million(count), plural]
    words += _below_million(number) if number or not words else []
    return [*words[:-1], "une"] if is_feminine and words[-1] == "un" else words


def _below_million(number: int) -> list[str]:
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest)
    counted = [] if thousands == 1 else _without_s(_below_thousand(thousands))
    return [*counted, "mille", *(_below_thousand(rest) if rest else [])]


def _without_s(words: list[str]) -> list[str]:
    """Return a number before ``mille``: ``quatre vingt``, ``deux cent``."""
    return [*words[:-1], words[-1].removesuffix("s")] if words[-1] in ("vingts", "cents") else words


def _below_thousand(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    words = [_NAMES[hundreds]] if hundreds > 1 else []
    if hundreds:
        words += ["cents" if hundreds > 1 and not rest else "cent"]
    return [*words, *_below_hundred(rest)] if rest or not hundreds else words


def _below_hundred(number: int) -> list[str]:
    if number in _NAMES:
        return [_NAMES[number]]
    tens, unit = number // 10 * 10, number % 10
    if tens == 10:
        return ["dix", _NAMES[unit]]
    own_tens = _OWN_TENS.get(region(), {})
    if tens in own_tens:
        words = [own_tens[tens]]
    elif tens in (70, 90):
        words, unit = ["soixante"] if tens == 70 else ["quatre", "vingt"], unit + 10
    else:
        words = ["quatre", "vingt" if unit else "vingts"] if tens == 80 else [_NAMES[tens]]
    if not unit:
        return words
    joined = ["et"] if unit in (1, 11) and words != ["quatre", "vingt"] else []
    return [*words, *joined, *_below_hundred(unit)]


def counts_with_de(number: int) -> bool:
    """Return True if ``de`` stands between a number and what it counts: ``deux millions d'euros``."""
    return number >= 10**6 and number % 10**6 == 0


def with_de(name: str) -> list[str]:
    """Return the words of a noun with ``de`` or ``d'``."""
    first, *others = name.split()
    return (
        [f"d'{first}", *others] if first[0] in "aeiouéèh" and first not in ("huit", "onze") else ["de", first, *others]
    )


def ordinal(number: int, is_feminine: bool = False) -> list[str]:
    """Read ``1`` as ``premier`` or ``première``, ``21`` as ``vingt et unième``."""
    if number == 1:
        return ["première" if is_feminine else "premier"]
    *words, last = cardinal(number)
    stem = last.removesuffix("s") if last in ("vingts", "cents") or last.endswith("illions") else last
    if words[-1:] == ["un"] and stem.startswith(("million", "milliard", "billi")):
        words = words[:-1]
    stem = {"cinq": "cinqu", "neuf": "neuv"}.get(stem, _VOWEL_END.sub("", stem))
    return [*words, f"{stem}ième"]


def ordinal_with_ending(number: int, ending: str) -> list[str] | None:
    """Read ``2`` with ``nde`` as ``seconde``; None where a number has no such ending."""
    plural = ["s"] if ending.endswith("s") else []
    singular = ending.removesuffix("s")
    if singular in ("nd", "nde", "d"):
        word = "seconde" if singular == "nde" else "second"
        return [word + "".join(plural)] if number == 2 else None
    if singular in ("er", "re", "ère") and number != 1:
        return None
    words = ordinal(number, singular in ("re", "ère"))
    return [*words[:-1], words[-1] + "".join(plural)]


def whole(text: str, is_feminine: bool = False) -> list[str]:
    """Read a whole number with its dots, spaces and apostrophes; leading zeros one by one."""
    plain = re.sub(r"[.\s']", "", text)
    if len(plain) > MAX_DIGITS:
        return digits(plain)
    zeros = len(plain) - len(plain.lstrip("0"))
    if zeros == len(plain):
        return digits(plain)
    return [*digits(plain[:zeros]), *cardinal(int(plain), is_feminine)]


def decimal(text: str, is_feminine: bool = False) -> list[str]:
    """Read ``1 234,50`` as ``mille deux cent trente quatre virgule cinquante``."""
    before, comma, after = text.partition(",")
    if not (comma and after):
        return whole(before, is_feminine)
    words = whole(before) if before else [_NAMES[0]]
    return [*words, "virgule", *(digits(after) if len(after) > MAX_DECIMALS else whole(after))]


def pairs(text: str) -> list[str]:
    """Read the digits of a telephone number in pairs: ``06 12`` as ``zéro six douze``."""
    plain = re.sub(r"\D", "", text)
    start = len(plain) % 2
    words = digits(plain[:start])
    for index in range(start, len(plain), 2):
        words += whole(plain[index : index + 2])
    return words


def fraction(numerator: int, denominator: int) -> list[str]:
    """Read ``3/4`` as ``trois quarts``, ``1/2`` as ``un demi``, ``5/6`` as ``cinq sixièmes``."""
    name = _FRACTIONS.get(denominator)
    words = [name] if name else ordinal(denominator)
    end = "" if numerator == 1 or words[-1].endswith("s") else "s"
    return [*cardinal(numerator), *words[:-1], words[-1] + end]
