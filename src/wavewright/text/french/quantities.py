"""Read numbers: amounts of money, units, percent, fractions, ranges, and plain ones."""

from __future__ import annotations

import re

from ..common.quantities import Currencies, digits_rules, is_ambiguous_unit, percent_rules, vulgar_rules
from ..common.signs import SIGN
from ..rules import Reading, reads, rule
from ..tables import alternatives
from . import numbers
from .numbers import MAGNITUDES, cardinal, counts_with_de, decimal, fraction, whole, with_de
from .rules import LETTERS, NOT_IN_WORD, NUMBER, SIGNS, FrenchAround, Rule, rows, word_list

UNITS = {written: fields for written, *fields in rows("units", 5)}
"""Name for one, name for several, name after a slash and gender of units by their written forms."""

CURRENCIES = Currencies(rows("currencies", 6))
"""Kind, names, and names of hundredths."""

NUMBERED, RESULT_CUES, NO_NOUNS = word_list("numbered"), word_list("result-cues"), word_list("no-nouns")
MAX_FRACTION = 10
"""Largest denominator that is read as a fraction; others are read with ``sur``."""

_WORD_UNITS = ("jour", "an", "mois", "heure", "personne")
_UNIT = alternatives(unit for unit in UNITS if unit not in _WORD_UNITS)
_RATES = alternatives(written for written, fields in UNITS.items() if fields[2])
_BY = r"\s?[xX×]\s?"
_END = rf"(?![{LETTERS}0-9²³])"
_MAGNITUDE = rf"(?:\s?({alternatives(MAGNITUDES)}){NOT_IN_WORD}(?:\s(?:de\s|d'))?)?"
_ARTICLES = ("le", "la", "un", "une", "ce", "cet", "cette", "chaque", "ma", "ta", "sa", "notre", "votre", "leur")
_PREFIXES = {"k": "mille", "K": "mille", "M": "million", "Md": "milliard", "Mds": "milliard", "G": "milliard"}
_FEMININE_CURRENCIES = ("livre", "roupie")


def _is_plural(number: str) -> bool:
    """Return True for a number of two and more."""
    plain = re.sub(r"[.\s']", "", number).partition(",")
    return int(plain[0] or 0) > 1


def _counted(number: str, one: str, several: str, feminine: bool = False) -> list[str]:
    """Return a number and what it counts: ``un kilogramme``, ``deux millions d'euros``."""
    plain = int(re.sub(r"\D", "", number.partition(",")[0]) or 0)
    words = decimal(number, feminine)
    if "," not in number and counts_with_de(plain):
        return [*words, *with_de(several)]
    return [*words, *(several if _is_plural(number) else one).split()]


def _several(unit: str) -> list[str]:
    """Return the words of a unit, or of percent, after several."""
    return ["pour", "cent"] if unit == "%" else UNITS[unit][1].split()


def _with_magnitude(number: str, magnitude: str, name: str = "") -> list[str]:
    one, several = MAGNITUDES[magnitude]
    return [*decimal(number), several if _is_plural(number) else one, *(with_de(name) if name else [])]


def _amount(sign: str, number: str, magnitude: str, currency: str, _around: FrenchAround) -> list[str]:
    """Return the words of an amount of money."""
    _, one, several, one_cent, cents = CURRENCIES.fields[currency]
    minus, feminine = SIGNS.signed["-" if sign else ""], one.startswith(_FEMININE_CURRENCIES)
    if magnitude:
        return [*minus, *_with_magnitude(number, magnitude, several)]
    major, comma, minor = number.partition(",")
    if not comma or int(minor) == 0:
        return [*minus, *_counted(major, one, several, feminine)]
    if len(minor) != 2 or not one_cent:
        return [*minus, *decimal(number), *(several if _is_plural(number) else one).split()]
    if int(re.sub(r"\D", "", major)) == 0:
        return [*minus, *_counted(str(int(minor)), one_cent, cents)]
    return [*minus, *_counted(major, one, several, feminine), *cardinal(int(minor))]


@reads(rf"([-−]?)({NUMBER}){_MAGNITUDE}\s?({CURRENCIES.after})(?:/({_RATES}))?{NOT_IN_WORD}")
def _sign_last(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``12,50 €``, ``1 000 000 d'euros`` and ``3 €/kg``."""
    rate = UNITS[match[5]][2].split() if match[5] else []
    return [*_amount(match[1], match[2], match[3] or "", match[4], around), *rate]


@reads(rf"([-−]?)({NUMBER})\s?(k|K|M|Mds?|G)\s?({CURRENCIES.after}){NOT_IN_WORD}")
def _thousands(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``2 M€`` and ``300 k€``."""
    several = CURRENCIES.fields[match[4]][2]
    if _PREFIXES[match[3]] == "mille":
        counted = [*decimal(match[2]), "mille"] if "," in match[2] else decimal(f"{match[2]} 000")
        return [*SIGNS.signed[match[1]], *counted, *several.split()]
    return [*SIGNS.signed[match[1]], *_with_magnitude(match[2], _PREFIXES[match[3]], several)]


@reads(rf"({NUMBER})\s?(M|Mds?)(?=\s(?:de\s|d'))")
def _short_magnitude(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``67,8 M d'habitants``."""
    return _with_magnitude(match[1], _PREFIXES[match[2]])


@reads(rf"({NUMBER})\s?({CURRENCIES.minor}){NOT_IN_WORD}")
def _cents(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``50 centimes``."""
    _, one, several, *_rest = CURRENCIES.fields[match[2]]
    return _counted(match[1], one, several)


@reads(r"(\d{1,4})\s?€\s?(\d\d)(?!\d|[.,]\d)")
def _euro_inside(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``3€50``."""
    return _amount("", f"{match[1]},{match[2]}", "", "€", around)


@reads(rf"({NUMBER})\s?[-–/]\s?({NUMBER}){_MAGNITUDE}\s?({CURRENCIES.after}){NOT_IN_WORD}")
def _amounts(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``10-15 €``."""
    return [*decimal(match[1]), "à", *_amount("", match[2], match[3] or "", match[4], around)]


_sign_first = CURRENCIES.sign_first_rules(NUMBER, _MAGNITUDE, _amount)


@reads(rf"{SIGN}({NUMBER}){_MAGNITUDE}\s?({_UNIT})(?:/({_RATES}))?{_END}")
def _measure(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``50 km/h``, ``-3°`` and ``1 kg``."""
    unit, rate = match[4], match[5]
    if is_ambiguous_unit(unit, match[0], around, {*"AKLNJVt"}):
        return None
    one, several, _, gender = UNITS[unit]
    per = UNITS[rate][2].split() if rate else []
    if match[3]:
        return [*SIGNS.signed[match[1]], *_with_magnitude(match[2], match[3], several), *per]
    if around.word_before.lower() in ("le", "du", "au") and unit == "m":
        return [*decimal(match[2]), several]  # le 100 m
    return [*SIGNS.signed[match[1]], *_counted(match[2], one, several, gender == "f"), *per]


@reads(rf"{SIGN}({NUMBER})\s?({alternatives(MAGNITUDES)}){NOT_IN_WORD}")
def _large(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``1,2 Md``."""
    return [*SIGNS.signed[match[1]], *_with_magnitude(match[2], match[3])]


@reads(rf"(?:(\d{{1,3}})\s)?(\d{{1,4}})/(\d{{1,4}})(?![\d/]|[.,]\d)(?:\s?({_UNIT}){_END})?")
def _fraction(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``3/4`` and ``2 1/2``; other numbers with ``sur``: ``15/20``."""
    numerator, denominator = int(match[2]), int(match[3])
    is_fraction = 2 <= denominator <= MAX_FRACTION and 0 < numerator < denominator
    if not is_fraction or around.word_before.lower() in NUMBERED:
        return None if match[1] or match[4] else [*whole(match[2]), "sur", *whole(match[3])]
    if (numerator, denominator) == (1, 2) and not match[1] and around.word_before.lower() in _ARTICLES:
        return ["demi", *(UNITS[match[4]][0].split() if match[4] else [])]
    if denominator == 2 and not match[1] and not match[4] and around.counts_feminine():
        return ["une", "demi"]
    return _of_fraction(match[1], numerator, denominator, match[4], around)


def _of_fraction(
    number: str | None, numerator: int, denominator: int, unit: str | None, _around: FrenchAround
) -> list[str]:
    if number:
        one, several, _, gender = UNITS[unit] if unit else ["", "", "", ""]
        counted = _counted(number, one, several, gender == "f")
        return [*counted, "et", *(["demi"] if denominator == 2 else fraction(numerator, denominator))]
    name = UNITS[unit][0] if unit else ""
    if denominator == 2:
        is_feminine_unit = unit is not None and UNITS[unit][3] == "f"
        return ["une" if is_feminine_unit else "un", "demi", *name.split()]
    return [*fraction(numerator, denominator), *(with_de(name) if name else [])]


@reads(r"(\d{1,2})\s?(j|h|jours|heures)\s?/\s?(\d{1,2})(?!\d|[.,]\d)")
def _around_the_clock(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``24h/24`` and ``7j/7``."""
    unit = "jours" if match[2][0] == "j" else "heures"
    return [*whole(match[1]), unit, "sur", *whole(match[3])]


@reads(rf"(?<![\d.,-])({NUMBER})\s?[-–]\s?({NUMBER})(?![\d-]|[.,:]\d)")
def _range(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``3-5 ans`` and a result of a game with ``à``."""
    first, second = (float(re.sub(r"[.\s']", "", match[group]).replace(",", ".")) for group in (1, 2))
    if re.match(r"\s*[=+×*]", around.text[around.end :]) or (" - " in match[0] and first >= second):
        return None
    is_result = max(first, second) <= 20 and (first >= second or any(word in RESULT_CUES for word in around.far_before))
    if is_result or first < second:
        return [*decimal(match[1]), "à", *decimal(match[2], around.counts_feminine())]
    return None


@reads(r"1\s?:\s?(\d{1,3}(?:[ .]\d{3})+|\d{3,6})(?!\d)")
def _scale(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read the scale ``1:10 000`` as ``un dix millièmes``."""
    number = int(re.sub(r"\D", "", match[1]))
    return fraction(1, number) if number < 1000 else [*fraction(1, number)[:-1], f"{fraction(1, number)[-1]}s"]


@reads(rf"{SIGN}({NUMBER})(?!\d|[.,]\d)")
def _plain(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``1 250 000`` and ``3,14``."""
    words = decimal(match[2], around.word_before.lower() not in NUMBERED and around.counts_feminine())
    if around.word_before.lower() in NUMBERED and words[-1] in ("vingts", "cents"):
        words = [*words[:-1], words[-1][:-1]]
    noun = re.match(r"\s(?!des?\b|d')([a-zà-ÿœ]{3,})", around.right(40))
    plain = re.sub(r"\D", "", match[2])
    if noun and noun[1] not in NO_NOUNS and "," not in match[2] and counts_with_de(int(plain)):
        return [*SIGNS.signed[match[1]], *words, "de"]
    return [*SIGNS.signed[match[1]], *words]


@reads(rf"(km|kg|cm|mm|ml|kWh|Go|Mo)(?=\s\d|{NOT_IN_WORD})")
def _unit_alone(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``le kg`` and ``au km 12``."""
    is_alone = around.is_apart and around.word_before.lower() in ("le", "au", "du", "par", "chaque", "un", "de", "en")
    return UNITS[match[1]][0].split() if is_alone else None


LETTER_RULES: list[Rule] = [*_sign_first, *CURRENCIES.code_rules(NOT_IN_WORD, 2), *_unit_alone]
SPELT_RULES: list[Rule] = [*_unit_alone]
EARLY_RULES: list[Rule] = [*_scale, *_around_the_clock]
MEASURE_RULES: list[Rule] = [
    *vulgar_rules(rf"(?:\s?({_UNIT}){_END})?", _of_fraction),
    *_sign_first,
    *_amounts,
    *_euro_inside,
    *_sign_last,
    *_thousands,
    *_short_magnitude,
    *_cents,
    rule(
        rf"({NUMBER}){_BY}({NUMBER})(?:{_BY}({NUMBER}))?\s?({_UNIT}){_END}",  # 80 x 120 cm
        *(decimal, "sur", decimal, lambda side: ["sur", *decimal(side)], _several),
    ),
    rule(r"(\d{3,5})[xX×](\d{3,5})(?!\d)", decimal, "sur", decimal),  # 1920x1080
    rule(rf"{SIGN}({NUMBER})\s?[-–]\s?({NUMBER})\s?({_UNIT}|%){_END}", SIGNS.sign, decimal, "à", decimal, _several),
    *percent_rules(NUMBER, SIGNS, decimal),
    *_measure,
    *_large,
    rule(rf"({NUMBER})\s?p\.(?!\s?\d)", lambda number: decimal(number, is_feminine=True), "pages"),
    rule(r"(\d{1,3},\d{1,2})\s?/\s?(\d{1,3})(?![\d/]|[.,]\d)", decimal, "sur", whole),  # 4,5/5
    *_fraction,
    rule(rf"({NUMBER})\s?[xX×]\s?(?=\d)", decimal, "fois"),  # 5 x 3
]
PLAIN_RULES: list[Rule] = [*_range, *_plain, *digits_rules(numbers)]
