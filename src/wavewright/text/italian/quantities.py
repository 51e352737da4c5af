"""Read numbers: amounts of money, units, percent, fractions, ranges, and plain ones."""

from __future__ import annotations

import re

from ..common.quantities import Currencies, digits_rules, is_ambiguous_unit, percent_rules, vulgar_rules
from ..common.signs import SIGN
from ..rules import AroundMatch, Reading, Rule, reads, rule
from ..tables import alternatives
from . import numbers
from .numbers import MAGNITUDES, cardinal, decimal, fraction, is_counted_with_di, whole
from .rules import LETTERS, NOT_IN_WORD, NUMBER, SIGNS, is_feminine, one_before, rows, word_list

UNITS = {written: fields for written, *fields in rows("units", 4)}
"""Name for one, name for several and name after a slash of units by their written forms."""

CURRENCIES = Currencies(rows("currencies", 6))
"""Kind, names, and names of hundredths."""

NO_UNITS = ("ora", "giorno", "mese", "anno", "persona")
NUMBERED, RESULT_CUES = word_list("numbered"), word_list("result-cues")

_UNIT = alternatives(UNITS)
_RATES = alternatives(written for written, fields in UNITS.items() if fields[2])
_BY = r"\s?[xX×]\s?"
_END = rf"(?![{LETTERS}0-9²³])"
_MAGNITUDE = rf"(?:\s?({alternatives(MAGNITUDES)})(?:\s(?:di|d'))?)?"


def _counted(number: str, one: str, several: str) -> list[str]:
    """Return a number and what it counts: ``un chilogrammo``, ``due milioni di euro``."""
    words = decimal(number)
    if words == ["uno"]:
        article = one_before(one)
        return [article + one] if article.endswith("'") else [article, *one.split()]
    plain = re.sub(r"\D", "", number)
    has_di = "," not in number and is_counted_with_di(int(plain))
    return [*words, *(["di"] if has_di else []), *several.split()]


def _several(unit: str) -> list[str]:
    """Return the words of a unit, or of percent, after several."""
    return ["per", "cento"] if unit == "%" else UNITS[unit][1].split()


def _with_magnitude(number: str, magnitude: str, name: str = "") -> list[str]:
    singular, plural = MAGNITUDES[magnitude]
    if magnitude == "mila":
        words = decimal(number)
        counted = [*words, "mila"] if "," in number else [*words[:-1], f"{words[-1]}mila"]
        return [*counted, *name.split()]
    return [*_counted(number, singular, plural), *(["di", *name.split()] if name else [])]


def _amount(sign: str, number: str, magnitude: str, currency: str, _around: AroundMatch) -> list[str]:
    """Return the words of an amount of money."""
    _, one, several, one_cent, cents = CURRENCIES.fields[currency]
    minus = SIGNS.signed["-" if sign else ""]
    if magnitude:
        return [*minus, *_with_magnitude(number, magnitude, several)]
    major, comma, minor = number.partition(",")
    if not comma or int(minor) == 0:
        return [*minus, *_counted(major, one, several)]
    if len(minor) != 2 or not one_cent:
        return [*minus, *decimal(number), *several.split()]
    if int(re.sub(r"\D", "", major)) == 0:
        return [*minus, *_counted(str(int(minor)), one_cent, cents)]
    return [*minus, *_counted(major, one, several), "e", *cardinal(int(minor))]


@reads(rf"([-−]?)({NUMBER}){_MAGNITUDE}\s?({CURRENCIES.after}){NOT_IN_WORD}")
def _sign_last(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``12,50 €``, ``1.000.000 di euro`` and ``3,5 milioni di euro``."""
    return _amount(match[1], match[2], match[3] or "", match[4], around)


@reads(rf"({NUMBER})\s?({CURRENCIES.minor}){NOT_IN_WORD}")
def _cents(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``50 cent``."""
    return _counted(match[1], *CURRENCIES.fields[match[2]][1:3])


@reads(rf"({NUMBER})\s?[-–/]\s?({NUMBER}){_MAGNITUDE}\s?({CURRENCIES.after}){NOT_IN_WORD}")
def _amounts(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``10-15 €``."""
    return [*decimal(match[1]), *_amount("", match[2], match[3] or "", match[4], around)]


_sign_first = CURRENCIES.sign_first_rules(NUMBER, _MAGNITUDE, _amount)


@reads(rf"{SIGN}({NUMBER}){_MAGNITUDE}\s?({_UNIT})(?:/({_RATES}))?{_END}")
def _measure(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``50 km/h``, ``-3°`` and ``1 kg``."""
    unit, rate = match[4], match[5]
    if unit in NO_UNITS or is_ambiguous_unit(unit, match[0], around, {*"ABKLNJVhq"}):
        return None
    one, several, _ = UNITS[unit]
    per = UNITS[rate][2].split() if rate else []
    if match[3]:
        return [*SIGNS.signed[match[1]], *_with_magnitude(match[2], match[3], several), *per]
    return [*SIGNS.signed[match[1]], *_counted(match[2], one, several), *per]


@reads(rf"{SIGN}({NUMBER})\s?({alternatives(MAGNITUDES)}){NOT_IN_WORD}(?<!\bM)")
def _large(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``1,2 mln`` and ``5mila``."""
    return [*SIGNS.signed[match[1]], *_with_magnitude(match[2], match[3])]


_FRACTION_END = rf"(?:\s?({_UNIT}){_END})?"


@reads(rf"(?:(\d{{1,3}})\s)?(\d{{1,2}})/(\d{{1,3}})(?![\d/]|[.,]\d){_FRACTION_END}")
def _fraction(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``3/4`` and ``2 1/2``; other numbers with a slash one after the other."""
    numerator, denominator = int(match[2]), int(match[3])
    if denominator < 2 or numerator == 0 or numerator >= denominator or around.word_before.lower() in NUMBERED:
        return None if match[1] or match[4] else [*cardinal(numerator), *cardinal(denominator)]
    return _of_fraction(match[1], numerator, denominator, match[4], around)


def _of_fraction(
    number: str | None, numerator: int, denominator: int, unit: str | None, around: AroundMatch
) -> list[str]:
    is_half = (numerator, denominator) == (1, 2)
    if number:
        counted = _counted(number, *UNITS[unit][:2]) if unit else cardinal(int(number))
        return [*counted, "e", *(["mezzo"] if is_half else fraction(numerator, denominator))]
    noun = UNITS[unit][0] if unit else around.word_after
    if is_half and noun[:1].islower():
        is_noun = unit is not None or re.match(r"\s[a-zà-ù]", around.right(2)) is not None
        half = "mezza" if is_feminine(noun) else "mezzo"
        return [half, *(UNITS[unit][0].split() if unit else [])] if is_noun else ["un", "mezzo"]
    return [*fraction(numerator, denominator), *(["di", *UNITS[unit][0].split()] if unit else [])]


@reads(rf"(?<![\d.,-])({NUMBER})\s?[-–]\s?({NUMBER})(?![\d-]|[.,:]\d)")
def _range(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``3-5 anni`` one after the other, a result of a game with ``a``, and pages with ``da`` and ``a``."""
    first, second = (float(re.sub(r"[.\s']", "", match[group]).replace(",", ".")) for group in (1, 2))
    if re.match(r"\s*[=+×*]", around.text[around.end :]) or ("," in match[0] and first >= second):
        return None
    if around.word_before.lower() in ("pp", "pagg", "pagine", "capp", "artt", "capitoli", "articoli", "versi"):
        return ["da", *decimal(match[1]), "a", *decimal(match[2])]
    is_result = max(first, second) <= 20 and (first >= second or any(word in RESULT_CUES for word in around.far_before))
    if is_result:
        return [*decimal(match[1]), "a", *decimal(match[2])]
    return [*decimal(match[1]), *decimal(match[2])] if first < second else None


NO_NOUNS = frozenset(["e", "o", "a", "su", "in", "di", "al", "alla", "per", "ed", "od", "con", "da", "è", "non", "più"])


@reads(rf"1\s([a-zà-ù][{LETTERS}]+)")
def _one(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``1 persona`` as ``una persona``."""
    noun = match[1].lower()
    before = around.word_before.lower()
    if noun in NO_NOUNS or before in NUMBERED or before in ("ore", "il", "del", "al", "dal", "la", "i"):
        return None
    article = one_before(noun)
    return [article + noun] if article.endswith("'") else [article, noun]


LETTER_RULES: list[Rule] = [
    *_sign_first,
    *CURRENCIES.code_rules(NOT_IN_WORD, 2),
    rule(r"[kK]m(?=\s\d)", "chilometro", is_apart=True),  # al km 12
]
MEASURE_RULES: list[Rule] = [
    *vulgar_rules(_FRACTION_END, _of_fraction),
    *_fraction,
    *_sign_first,
    *_amounts,
    *_sign_last,
    *_cents,
    rule(
        rf"({NUMBER}){_BY}({NUMBER})(?:{_BY}({NUMBER}))?{_FRACTION_END}",  # 80 x 120 cm
        *(decimal, "per", decimal, lambda side: ["per", *decimal(side)], _several),
    ),
    rule(rf"{SIGN}({NUMBER})\s?[-–/]\s?({NUMBER})\s?({_UNIT}|%){_END}", SIGNS.sign, decimal, decimal, _several),
    *percent_rules(NUMBER, SIGNS, decimal),
    *_measure,
    *_large,
]
PLAIN_RULES: list[Rule] = [
    *_range,
    *_one,
    rule(r"(\d{1,3}(?:\.000){2,4})\s(?!di\b)([a-zà-ù]{3,})", whole, "di", str.split),  # 2.000.000 abitanti
    rule(rf"{SIGN}({NUMBER})(?!\d|[.,]\d)", SIGNS.sign, decimal),
    *digits_rules(numbers),
]
