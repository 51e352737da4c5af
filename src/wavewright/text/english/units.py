"""Units and currencies: how they are written, and their names for one and for several."""

from __future__ import annotations

from typing import NamedTuple

from .rules import rows


class Unit(NamedTuple):
    """The name of a unit for one and for several."""

    one: str
    several: str


class Currency(NamedTuple):
    """The names of a currency and of its hundredth part, for one and for several."""

    one: str
    several: str
    cent: str
    cents: str


_UNIT_ROWS = rows("units", 4)
_CURRENCY_ROWS = rows("currencies", 6)


def _written_with(flag: str) -> frozenset[str]:
    """Return the written forms of the units that have a flag."""
    return frozenset(written for written, _, _, flags in _UNIT_ROWS if flag in flags.split())


UNITS = {written: Unit(one, several) for written, one, several, _ in _UNIT_ROWS if several}

NEEDS_NO_SPACE = _written_with("tight")
"""Units that are also words or names; after a space they are not read as units."""

ANY_CASE = frozenset(written.lower() for written in _written_with("any-case"))
"""Units, in lower case, that are read whatever the case of their letters."""

PER = {written: one for written, one, _, flags in _UNIT_ROWS if "rate" in flags.split()}
"""Names of units after a slash: ``60 km/h``."""

CURRENCIES = {row[0]: Currency(*row[2:]) for row in _CURRENCY_ROWS if row[1] == "sign"}
"""Currencies by their signs."""

CODES = {row[0]: Currency(*row[2:]) for row in _CURRENCY_ROWS if row[1] == "code"}
"""Currencies by their codes."""

CURRENCIES |= {f"{code[:2]}$": name for code, name in CODES.items() if name.one.endswith(("dollar", "peso"))}


def named(unit: Currency | Unit, is_one: bool) -> list[str]:
    """Return the words of a unit's name; single letters are names of letters."""
    return [word.upper() if len(word) == 1 else word for word in (unit.one if is_one else unit.several).split()]
