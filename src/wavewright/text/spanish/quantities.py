"""Read numbers: with currencies, units and percent, fractions, ranges, and plain ones."""

from __future__ import annotations

import re

from ..common.quantities import Currencies, digits_rules, percent_rules, vulgar_rules
from ..common.signs import SIGN
from ..rules import Reading, by_value, reads, rule
from ..tables import alternatives
from . import numbers
from .codes import UNITS
from .numbers import cardinal, decimal, fraction, letters, ordinal
from .rules import (
    ALONE,
    FEMININE,
    LETTERS,
    MASCULINE,
    NOT_IN_WORD,
    NUMBER,
    NUMBERED,
    SIGNS,
    Rule,
    SpanishAround,
    rows,
    word_list,
)

CURRENCIES = Currencies(rows("currencies", 7))
"""Kind, name for one and for several, gender, and names of hundredths."""

SHORT = ("A", "B", "J", "K", "L", "N", "V", "W", "d", "in")
"""Units that need a space after the number."""

_VERB = re.compile(r"\s(?!(?:de|y|en|a|al|con|por|para)\b)[a-záéíóúñ]")
_UNIT = alternatives(UNITS)
_RATE = rf"((?:{_UNIT})(?:/(?:{_UNIT}))?)(?![{LETTERS}0-9²³])"
PART = ("parte", "partes", FEMININE)
_OF = rf"(?:\s?((?i:partes?)|{_RATE[1:]})?"
_ENTIRE = rf"{SIGN}({NUMBER})"
_UNTIL = r"\s?[-–]\s?"
_MILLIONS = {"M": "millón", "mill.": "millón", "millones": "millón", "millón": "millón", "bill.": "billón"}
_MILLIONS |= {"billones": "billón", "billón": "billón", "mil": "mil", "MM": "millón"}
_MAGNITUDE = rf"(?:\s?({alternatives(_MILLIONS)})(?:\s+de)?(?![A-Za-záéíóúñ]))?"

SCORE_CUES, DEGREE_CUES, GRADE_CUES = word_list("score-cues"), word_list("degree-cues"), word_list("grade-cues")
MAX_SCORE = 20
"""Largest number that is read as one of a score without a word that tells of a game."""


def _counted(number: str, gender: str, one: str, several: str) -> list[str]:
    """Return a number and what it counts: ``un euro``, ``veintiuna toneladas``."""
    words = decimal(number, gender)
    return [*words, *(one if words in (["un"], ["una"]) else several).split()]


def _amount(number: str, magnitude: str | None, currency: str) -> list[str]:
    """Return the words of an amount of money."""
    _, one, several, gender, cent, cents = CURRENCIES.fields[currency]
    number = re.sub(r"^(\d{1,3}),(\d{3})$", r"\1.\2", number)  # no currency has thousandths
    if magnitude:
        name = _MILLIONS[magnitude]
        if name == "mil":
            return [*decimal(number, gender), "mil", *several.split()]
        return [*_counted(number, MASCULINE, name, f"{name[:-2]}ones"), "de", *several.split()]
    match = re.fullmatch(r"(.*)[.,](\d\d)", number)
    if not match or not cent:
        return _counted(number, gender, one, several)
    major, minor = match[1], int(match[2])
    hundredths = [*cardinal(minor, MASCULINE), cent if minor == 1 else cents]
    if not minor:
        return _counted(major, gender, one, several)
    has_major = int(re.sub(r"\D", "", major)) > 0
    return [*_counted(major, gender, one, several), "con", *hundredths] if has_major else hundredths


@reads(rf"([-−]?)({CURRENCIES.before})\s?([-−]?)({NUMBER}){_MAGNITUDE}(?!\d)(?:\s?([A-Z]{{3}}){NOT_IN_WORD})?")
def _sign_first(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``$5``, ``USD 20`` and ``$20 MXN``."""
    if match[2][-1].isalpha() and not around.is_apart:
        return None
    if match[6] and match[6] not in CURRENCIES.fields:
        return None
    return [*SIGNS.signed[match[1] or match[3]], *_amount(match[4], match[5], match[6] or match[2])]


@reads(rf"([-−]?)({NUMBER}){_MAGNITUDE}\s?({CURRENCIES.after})(?:/({_UNIT}|mes|día|año|persona|noche))?{NOT_IN_WORD}")
def _sign_last(match: re.Match[str], _around: SpanishAround) -> Reading:
    """Read ``3,50 €``, ``12 M€`` and ``15 €/h``."""
    rate = ["por", *UNITS.get(match[5], [match[5]])[0].split()] if match[5] else []
    return [*SIGNS.signed[match[1]], *_amount(match[2], match[3], match[4]), *rate]


@reads(rf"({NUMBER})\s?({CURRENCIES.minor}){NOT_IN_WORD}")
def _cents(match: re.Match[str], _around: SpanishAround) -> Reading:
    """Read ``50 cts.``."""
    return _counted(match[1], MASCULINE, *CURRENCIES.fields[match[2]][1:3])


@reads(rf"({NUMBER}){_UNTIL}({NUMBER}){_MAGNITUDE}\s?({CURRENCIES.after}){NOT_IN_WORD}")
def _prices(match: re.Match[str], _around: SpanishAround) -> Reading:
    """Read ``10-12 €``."""
    return [*decimal(match[1], CURRENCIES.fields[match[4]][3]), "a", *_amount(match[2], match[3], match[4])]


def _unit(written: str) -> tuple[str, str, str]:
    """Return name for one, name for several and gender of a unit, which may be a rate, ``km/h``, or ``partes``."""
    if written.lower() in PART:
        return PART
    first, slash, second = (written, "", "") if written in UNITS else written.partition("/")
    one, several, gender = UNITS[first]
    rate = f" por {UNITS[second][0]}" if slash else ""
    return one + rate, several + rate, gender


@reads(rf"{_ENTIRE}(?:\s?(mil|millones de|mill\. de)(?=\s))?[\s-]?{_RATE}")
def _measure(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``100 km/h``, ``-5 °C`` and ``1 kWh``."""
    unit = match[4]
    joining = match[0][-len(unit) - 1]
    if unit == '"' and (joining == " " or around.text.count('"', max(0, around.start - 80), around.start) % 2):
        return None
    if unit == "d" and around.right(1) == ".":
        return None
    if (unit in SHORT and joining != " ") or (unit == "ha" and _VERB.match(around.text, around.end)):
        return None
    one, several, gender = _unit(unit)
    if match[3] == "mil":
        return [*SIGNS.signed[match[1]], *decimal(match[2], gender), "mil", *several.split()]
    if match[3]:
        return [*SIGNS.signed[match[1]], *decimal(match[2], MASCULINE), "millones", "de", *several.split()]
    return [*SIGNS.signed[match[1]], *_counted(match[2], gender, one, several)]


@reads(rf"{_ENTIRE}{_UNTIL}({NUMBER})\s?(?:{_RATE}|(%))")
def _measures(match: re.Match[str], _around: SpanishAround) -> Reading:
    """Read ``20-25 °C`` and ``5-10 %``."""
    _, several, gender = _unit(match[4]) if match[4] else ("", "por ciento", ALONE)
    return [*SIGNS.signed[match[1]], *decimal(match[2], gender), "a", *decimal(match[3], gender), *several.split()]


@reads(rf"(?:(\d{{1,3}})\s)?(\d{{1,2}})/(\d{{1,3}})(?![\d/]|\.\d){_OF}")
def _fraction(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``3/4``, ``2 1/2`` and ``1/4 l``; other numbers with a slash one after the other."""
    numerator, denominator = int(match[2]), int(match[3])
    parts = [match[4]] if match[4] and _unit(match[4]) == PART else []
    if around.word_before.lower() in NUMBERED and not match[1]:
        return [*cardinal(numerator), "de", *cardinal(denominator), *parts]
    if denominator == 10 and {word.lower() for word in around.words_before} & GRADE_CUES:
        return [*cardinal(numerator), "sobre", "diez"]
    if match[4] and denominator > 10 and not parts:
        return [*cardinal(numerator), *cardinal(denominator), *_unit(match[4])[1].split()]
    if denominator < 2 or numerator == 0 or numerator >= denominator:
        is_plain = not match[1] and (not match[4] or parts)
        return [*cardinal(numerator), "barra", *cardinal(denominator), *parts] if is_plain else None
    return _of_fraction(match[1], numerator, denominator, match[4], around)


def _of_fraction(
    number: str | None, numerator: int, denominator: int, written: str | None, around: SpanishAround
) -> list[str]:
    one, several, gender = _unit(written) if written else ("", "", around.gender(is_one=True))
    if number:
        half = ["y", "media" if gender == FEMININE else "medio"]
        part = half if (numerator, denominator) == (1, 2) else ["y", *fraction(numerator, denominator)]
        return [*cardinal(int(number), gender), *part, *several.split()]
    if (numerator, denominator) == (1, 2) and gender:
        return ["media" if gender == FEMININE else "medio", *one.split()]
    if one == PART[0]:
        end = "" if numerator == 1 else "s"
        return [*cardinal(numerator, FEMININE), *ordinal(denominator, f"a{end}"), f"{one}{end}"]
    return [*fraction(numerator, denominator), *(["de", *one.split()] if written else [])]


@reads(rf"(\d{{1,4}}(?:,\d+)?)\s?[xX×]\s?(\d{{1,4}}(?:,\d+)?)(?:\s?[xX×]\s?(\d{{1,4}}(?:,\d+)?))?(?:\s?{_RATE})?")
def _dimensions(match: re.Match[str], _around: SpanishAround) -> Reading:
    """Read ``3 x 4 m``."""
    _, several, gender = _unit(match[4]) if match[4] else ("", "", ALONE)
    third = ["por", *decimal(match[3], gender)] if match[3] else []
    second = decimal(match[2], ALONE if third else gender)
    return [*decimal(match[1]), "por", *second, *third, *several.split()]


@reads(r"(\d{1,4})\.?(º|o|ª|a|er|os|as|ᵒ|ᵃ)(?![A-Za-zÁÉÍÓÚÜÑáéíóúüñ0-9])", r"(\d{1,4})\.(a|o)\.")
def _ordinal(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``1.º``, ``2.ª`` and ``3.er``."""
    ending = {"º": "o", "ª": "a", "ᵒ": "o", "ᵃ": "a"}.get(match[2], match[2])
    if match[0].endswith("º") and "." not in match[0] and any(word in DEGREE_CUES for word in around.far_before):
        return _counted(match[1], MASCULINE, *UNITS["°"][:2])
    if int(match[1]) == 0 or (match[2] in "oa" and "." not in match[0]):
        return None
    return ordinal(int(match[1]), ending)


@reads(rf"(?<![\d.,-])({NUMBER}){_UNTIL}({NUMBER})(?![\d-]|[.,:]\d)")
def _range(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``6–12 años`` and a score; with spaces only a rising range that no ``=`` follows."""
    first, second = (re.sub(r"\D", "", match[group].partition(",")[0]) for group in (1, 2))
    is_spaced = " " in match[0][len(match[1]) : len(match[0]) - len(match[2])]
    is_score = max(int(first), int(second)) <= MAX_SCORE and not is_spaced
    is_cued = any(word in SCORE_CUES for word in around.far_before)
    is_rising = int(first) < int(second) and not re.match(r"\s*[=+×*]", around.text[around.end :])
    if not is_rising and not is_score:
        return None
    gender = ALONE if is_cued else around.gender()
    return [*decimal(match[1], gender), "a", *decimal(match[2], gender)]


@reads(rf"{_ENTIRE}(?![\d]|[.,]\d)")
def _plain(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``1.250.000`` and ``3,14``, in the gender of the noun after it."""
    following = around.word_after.lower()
    is_large = following in ("millón", "millones", "billón", "billones")
    gender = MASCULINE if is_large else around.gender(is_one=match[2] == "1")
    return [*SIGNS.signed[match[1]], *decimal(match[2], gender)]


@reads(rf"((?:mm|cm|m|km|hm)[²³]|km/h|kWh){NOT_IN_WORD}")
def _unit_alone(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``el km²`` and ``los km/h``."""
    one, several, _ = _unit(match[1])
    return (several if around.word_before.endswith("s") else one).split() if around.is_apart else None


LETTER_RULES: list[Rule] = [*_unit_alone, *_sign_first, *CURRENCIES.code_rules(NOT_IN_WORD, 2)]
MEASURE_RULES: list[Rule] = [
    *vulgar_rules(_OF, _of_fraction),
    *_fraction,
    *_sign_first,
    *_prices,
    *_sign_last,
    *_cents,
    rule(r"(\d{1,3})x(?=\s|[.,!?]|$)", by_value(cardinal), "por"),  # 3x
    *_dimensions,
    *_measures,
    *percent_rules(NUMBER, SIGNS, decimal),
    *_measure,
    *_ordinal,
    rule(r"(\d{1,2})-([A-Z])(?![A-Za-z0-9])", by_value(cardinal), letters),  # 11-S
]
PLAIN_RULES: list[Rule] = [*_range, *_plain, *digits_rules(numbers)]
