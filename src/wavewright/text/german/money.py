"""Read amounts of money: ``3,50 €``, ``12 Mio. Euro``, ``$ 5``, ``CHF 20``."""

from __future__ import annotations

import re

from ..common.quantities import Currencies
from ..rules import AroundMatch, Reading, Rule, reads
from ..tables import alternatives
from .grammar import form_of_one
from .numbers import MAGNITUDES, cardinal, decimal, whole
from .rules import NOT_IN_WORD, NUMBER, rows

CURRENCIES = Currencies(rows("currencies", 6))
"""Kind, name, gender, and names of hundredths."""

_MAGNITUDE = rf"(?:\s?({alternatives(MAGNITUDES)}))?"
_DASHES = r"(?:,(?:-{1,2}|–|—))"
AMOUNT = rf"([-−]?)({NUMBER})"


def _amount(sign: str, number: str, magnitude: str, currency: str, around: AroundMatch) -> list[str]:
    """Return the words of an amount."""
    _, name, gender, one_cent, cents = CURRENCIES.fields[currency]
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


@reads(rf"{AMOUNT}{_DASHES}?{_MAGNITUDE}\s?-?({CURRENCIES.after}){NOT_IN_WORD}")
def _sign_last(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``3,50 €`` and ``12 Mio. Euro``."""
    return _amount(match[1], match[2], match[3] or "", match[4], around)


@reads(rf"({NUMBER})\s?({CURRENCIES.minor}){NOT_IN_WORD}")
def _cents(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``50 ct``."""
    name = CURRENCIES.fields[match[2]][1]
    return [*decimal(match[1], form_of_one(around, name, "m")), name]


@reads(rf"({NUMBER})\s?[-–]\s?({NUMBER}){_MAGNITUDE}\s?({CURRENCIES.after}){NOT_IN_WORD}")
def _range(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``10–12 €``."""
    return [*decimal(match[1]), "bis", *_amount("", match[2], match[3] or "", match[4], around)]


_sign_first = CURRENCIES.sign_first_rules(NUMBER, rf"{_DASHES}?{_MAGNITUDE}", _amount)
LETTER_RULES: list[Rule] = [*_sign_first, *CURRENCIES.code_rules(NOT_IN_WORD, 1)]
DIGIT_RULES: list[Rule] = [*_range, *_sign_last, *_cents]
SIGN_RULES: list[Rule] = [*_sign_first]
