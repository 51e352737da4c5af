"""Read amounts of money: ``3,50 €``, ``12 Mio. Euro``, ``$ 5``, ``CHF 20``."""

from __future__ import annotations

import re

from .grammar import form_of_one
from .numbers import MAGNITUDES, cardinal, decimal, whole
from .rules import NOT_IN_WORD, NUMBER, GermanAround, Reading, Rule, reads
from .tables import alternatives, rows

_ROWS = rows("currencies", 6)
CURRENCIES = {written: fields for written, *fields in _ROWS}
"""Kind, name, gender, and names of hundredths of currencies by their written forms."""

_MAGNITUDE = rf"(?:\s?({alternatives(MAGNITUDES)}))?"
_BEFORE = alternatives(written for written, kind, *_ in _ROWS if kind in ("sign", "code"))
_AFTER = alternatives(written for written, kind, *_ in _ROWS if kind != "minor")
_MINOR = alternatives([*(written for written, kind, *_ in _ROWS if kind == "minor"), "Cent"])
_DASHES = r"(?:,(?:-{1,2}|–|—))"
AMOUNT = rf"([-−]?)({NUMBER})"


def _amount(sign: str, number: str, magnitude: str, currency: str, around: GermanAround) -> list[str]:
    """Return the words of an amount."""
    _, name, gender, one_cent, cents = CURRENCIES[currency]
    minus = ["minus"] if sign else []
    plain = re.sub(r"[.\s']", "", number)
    if magnitude:
        value, singular, plural = MAGNITUDES[magnitude]
        one = "ein" if value == 1000 else form_of_one(around, singular, "f")
        counted = decimal(number, one)
        return [*minus, *counted, singular if counted == [one] else plural, *name.split()]
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


@reads(rf"([-−]?)({_BEFORE})\s?([-−]?)({NUMBER}){_DASHES}?{_MAGNITUDE}(?!\d)")
def _sign_first(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``$ 5`` and ``CHF 20``."""
    if match[2][-1].isalpha() and not around.is_apart:
        return None
    return _amount(match[1] or match[3], match[4], match[5] or "", match[2], around)


@reads(rf"{AMOUNT}{_DASHES}?{_MAGNITUDE}\s?-?({_AFTER}){NOT_IN_WORD}")
def _sign_last(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``3,50 €`` and ``12 Mio. Euro``."""
    return _amount(match[1], match[2], match[3] or "", match[4], around)


@reads(rf"({NUMBER})\s?({_MINOR}){NOT_IN_WORD}")
def _cents(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``50 ct``."""
    name = CURRENCIES.get(match[2], ["", "cent"])[1]
    return [*decimal(match[1], form_of_one(around, name, "m")), name]


@reads(rf"({NUMBER})\s?[-–]\s?({NUMBER}){_MAGNITUDE}\s?({_AFTER}){NOT_IN_WORD}")
def _range(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``10–12 €``."""
    return [*decimal(match[1]), "bis", *_amount("", match[2], match[3] or "", match[4], around)]


@reads(rf"({_AFTER}){NOT_IN_WORD}")
def _code(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``EUR`` alone."""
    is_code = len(match[1]) == 3 and match[1].isupper() and around.is_apart
    return CURRENCIES[match[1]][1].split() if is_code else None


LETTER_RULES: list[Rule] = [*_sign_first, *_code]
DIGIT_RULES: list[Rule] = [*_range, *_sign_last, *_cents]
SIGN_RULES: list[Rule] = [*_sign_first]
