"""Read numbers: money, units and percent, fractions, ranges, compounds such as ``3-jährig``, and plain ones."""

from __future__ import annotations

import re

from ..common.quantities import Currencies, digits_rules, vulgar_rules
from ..common.signs import SIGN
from ..rules import AroundMatch, Reading, Rule, reads, rule
from ..tables import alternatives
from . import numbers
from .grammar import form_of_one, gender
from .numbers import MAGNITUDES, cardinal, decimal, fraction, mixed_fraction, whole
from .rules import LETTERS, NOT_IN_WORD, NUMBER, SIGNS, rows, word_list

UNITS = {written: fields for written, *fields in rows("units", 4)}
"""Name for one, name for several and gender of units by their written forms."""

_UNIT = alternatives(UNITS)
NUMBERED = word_list("numbered")
_RATE = rf"(?:{_UNIT})(?:/(?:{_UNIT}))?"
_END = r"(?![A-Za-zÄÖÜäöüß0-9²³])"
_SIDE, _BY = r"(\d{1,4}(?:,\d+)?)", r"\s?[xX×]\s?"


def _unit(written: str, is_one: bool) -> list[str]:
    """Return the words of a unit, which may be a rate: ``km/h``."""
    words = _counted_unit(written)[0 if is_one else 1].split()
    return words if written in UNITS else [*words, "pro", *UNITS[written.partition("/")[2]][0].split()]


def _several(unit: str) -> list[str]:
    """Return the words of a unit, or of percent, after several."""
    return ["prozent"] if unit == "%" else _unit(unit, is_one=False)


def _before_noun(number: str) -> list[str]:
    """Return the words of a number in a compound, or before a unit without a gender."""
    return decimal(number, "ein")


def _counted_unit(written: str) -> list[str]:
    """Return the row of a unit, of a rate that has none that of what is counted; ``U/min`` has one."""
    return UNITS.get(written) or UNITS[written.partition("/")[0]]


@reads(rf"{SIGN}({NUMBER})(?:\s?({alternatives(MAGNITUDES)}))?[\s-]?({_RATE}){_END}")
def _measure(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``100 km/h``, ``-5 °C`` and ``1 kWh``."""
    unit = match[4]
    is_joined = match[0][-len(unit) - 1] == "-"
    follows = around.right(1)
    if (is_joined and follows != "-") or (unit.isalpha() and len(unit) == 1 and follows == "-" and not is_joined):
        return None
    if unit == "Mo." or (unit in ("A", "B", "K", "N", "V", "W", "J", "L", "d", "a") and match[0][-2:-1].isdigit()):
        return None
    if unit in ("St.", "Einw.") and follows.isalnum():
        return None
    name, _, kind, *_ = _counted_unit(unit)
    one = form_of_one(around, name, kind)
    if kind != "f":
        one = one if one in ("einem", "eines") else "ein"
    if match[3]:
        return [*SIGNS.signed[match[1]], *_with_magnitude(match[2], match[3], around), *_unit(unit, is_one=False)]
    number = decimal(match[2], one)
    return [*SIGNS.signed[match[1]], *number, *_unit(unit, is_one=number == [one] or is_joined)]


@reads(
    rf"{SIGN}({NUMBER})\s?({alternatives(MAGNITUDES)}){NOT_IN_WORD}", rf"{SIGN}({NUMBER})\s?(Mio\.|Mrd\.|Tsd\.|Bio\.)"
)
def _large(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``1,2 Mio.``."""
    return [*SIGNS.signed[match[1]], *_with_magnitude(match[2], match[3], around)]


def _with_magnitude(number: str, magnitude: str, around: AroundMatch) -> list[str]:
    value, singular, plural = MAGNITUDES[magnitude]
    one = "ein" if value == 1000 else form_of_one(around, singular, "f")
    counted = decimal(number, one)
    return [*counted, singular if counted == [one] else plural]


CURRENCIES = Currencies(rows("currencies", 6))
"""Kind, name, gender, and names of hundredths."""

_MAGNITUDE = rf"(?:\s?({alternatives(MAGNITUDES)}))?"
_DASHES = r"(?:,(?:-{1,2}|–|—))"


def _amount(sign: str, number: str, magnitude: str, currency: str, around: AroundMatch) -> list[str]:
    """Return the words of an amount."""
    _, name, gender, one_cent, cents = CURRENCIES.fields[currency]
    minus = ["minus"] if sign else []
    plain = re.sub(r"[.\s']", "", number)
    if magnitude:
        return [*minus, *_with_magnitude(number, magnitude, around), *name.split()]
    major, comma, minor = plain.partition(",")
    if not comma or int(minor) == 0:
        one = form_of_one(around, name, gender)
        return [*minus, *whole(major, one), *name.split()]
    if len(minor) != 2:
        return [*minus, *decimal(number), *name.split()]
    if int(major) == 0 and one_cent:
        one = "ein" if int(minor) == 1 else "eins"
        return [*minus, *cardinal(int(minor), one), one_cent if int(minor) == 1 else cents]
    one = form_of_one(around, name, gender)
    return [*minus, *whole(major, one), *name.split(), *cardinal(int(minor))]


@reads(rf"([-−]?)({NUMBER}){_DASHES}?{_MAGNITUDE}\s?-?({CURRENCIES.after}){NOT_IN_WORD}")
def _sign_last(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``3,50 €`` and ``12 Mio. Euro``."""
    return _amount(match[1], match[2], match[3] or "", match[4], around)


@reads(rf"({NUMBER})\s?({CURRENCIES.minor}){NOT_IN_WORD}")
def _cents(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``50 ct``."""
    name = CURRENCIES.fields[match[2]][1]
    return [*decimal(match[1], form_of_one(around, name, "m")), name]


@reads(rf"({NUMBER})\s?[-–]\s?({NUMBER}){_MAGNITUDE}\s?({CURRENCIES.after}){NOT_IN_WORD}")
def _amounts(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``10–12 €``."""
    return [*decimal(match[1]), "bis", *_amount("", match[2], match[3] or "", match[4], around)]


_sign_first = CURRENCIES.sign_first_rules(NUMBER, rf"{_DASHES}?{_MAGNITUDE}", _amount)
_FRACTION_END = rf"(?:[\s-]?({_UNIT}){_END})?"


@reads(rf"(?:(\d{{1,3}})\s)?(\d{{1,2}})/(\d{{1,3}})(?![\d/]|\.\d){_FRACTION_END}")
def _fraction(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``3/4``, ``2 1/2`` and ``1/4 l``; other numbers with a slash one after the other."""
    numerator, denominator = int(match[2]), int(match[3])
    if denominator < 2 or numerator == 0 or numerator >= denominator:
        return None if match[1] or match[4] else [*cardinal(numerator), *cardinal(denominator)]
    if around.word_before.lower() in NUMBERED and not match[1]:
        return [*cardinal(numerator), "von", *cardinal(denominator)]
    return _of_fraction(match[1], numerator, denominator, match[4], around)


def _of_fraction(
    number: str | None, numerator: int, denominator: int, unit: str | None, around: AroundMatch
) -> list[str]:
    name = _unit(unit, is_one=number is None) if unit else []
    if number:
        return [*mixed_fraction(int(number), numerator, denominator), *name]
    noun = name[0] if name else around.word_after
    is_noun = bool(name) or (noun[:1].isupper() and around.right(1) == " ")
    if (numerator, denominator) == (1, 2) and is_noun:
        one = form_of_one(around, noun, UNITS[unit][2] if unit else "")
        halved = {"eine": "halbe", "ein": "halber" if gender(noun) == "m" else "halbes"}.get(one, "halben")
        return [one, halved, *name]
    return [*fraction(numerator, denominator), *name]


@reads(rf"(?<![\d.,-])({NUMBER})\s?[-–]\s?({NUMBER})(?![\d-]|[.,:]\d)")
def _range(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``6–12 Jahre``; with spaces only a rising range that no ``=`` follows."""
    first, second = (re.sub(r"[.\s']", "", match[group]).replace(",", ".") for group in (1, 2))
    is_spaced = " " in match[0][len(match[1]) : len(match[0]) - len(match[2])]
    if float(first) >= float(second) or (is_spaced and re.match(r"\s*[=+×*]", around.text[around.end :])):
        return None
    return [*decimal(match[1]), "bis", *decimal(match[2])]


@reads(
    rf"(\d{{1,6}})-?([a-zäöüß]*(?:jährig|tägig|stündig|minütig|wöchig|monatig|köpfig|teilig|stellig|stöckig|seitig|"
    rf"prozentig|malig|fach|mal|bändig|türig|sitzig|spurig|gradig|zeilig|silbig|eckig|geschossig|stufig|"
    rf"tausend|hundert)[a-z]*){NOT_IN_WORD}"
)
def _compound(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``3-jährige`` and ``5-mal`` as one word."""
    *words, last = cardinal(int(match[1]), "ein")
    return [*words, last + match[2]]


@reads(r"(\d{1,4})x(?=\s[a-zäöü]|[.,!?]|$)")
def _times(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``3x`` as ``dreimal``."""
    *words, last = cardinal(int(match[1]), "ein")
    return [*words, f"{last}mal"]


@reads(rf"1(?=\s[a-zäöüß]{{0,20}}\s?[A-ZÄÖÜ][{LETTERS}])(?!\s(?:und|oder|bis|zu|von|als|in|an|auf)\s)")
def _one(_match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``1 Frau`` as ``eine frau``."""
    if around.word_before[:1].isupper() and around.word_before.lower() not in _OPENING:
        return None
    after = re.match(rf"\s(?:[a-zäöüß]+\s)?([A-ZÄÖÜ][{LETTERS}]+)", around.right(60))
    if not after or (around.text[around.end + 1].islower() and not around.word_after.endswith(("e", "er", "es", "en"))):
        return None
    return [form_of_one(around, after[1])]


_OPENING = frozenset(("nur", "für", "mit", "seit", "in", "es", "etwa", "ab", "nach", "pro", "je", "dort", "hier"))


AMOUNT_RULES: list[Rule] = [
    *vulgar_rules(_FRACTION_END, _of_fraction),
    *_fraction,
    *_sign_first,
    *_amounts,
    *_sign_last,
    *_cents,
]
MEASURE_RULES: list[Rule] = [
    *_times,
    rule(rf"({NUMBER})-({_UNIT})-(?=[{LETTERS}])", _before_noun, lambda unit: _unit(unit, is_one=True)),  # 100-m-Lauf
    rule(
        rf"{_SIDE}{_BY}{_SIDE}(?:{_BY}{_SIDE})?(?:\s?({_UNIT}){_END})?",  # 3 x 4 m
        *(decimal, "mal", decimal, lambda side: ["mal", *decimal(side)], _several),
    ),
    rule(rf"{SIGN}({NUMBER})\s?[-–]\s?({NUMBER})\s?({_RATE}|%){_END}", SIGNS.sign, decimal, "bis", decimal, _several),
    rule(
        rf"{SIGN}({NUMBER})\s?-?(%|‰|Prozent{NOT_IN_WORD})",
        *(SIGNS.sign, _before_noun, lambda sign: ["promille" if sign == "‰" else "prozent"]),
    ),
    *_measure,
    *_large,
    *_compound,
    rule(rf"(\d{{1,4}})-(?=[{LETTERS}]{{2}})", lambda number: cardinal(int(number), "ein")),  # 4-Zimmer-Haus
]
PLAIN_RULES: list[Rule] = [
    *_range,
    *_one,
    rule(rf"{SIGN}({NUMBER})(?![\d]|[.,]\d)", SIGNS.sign, decimal),
    *digits_rules(numbers),
]
LETTER_RULES: list[Rule] = [*_sign_first, *CURRENCIES.code_rules(NOT_IN_WORD, 1)]
