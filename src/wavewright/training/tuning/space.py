"""The space of a search: the dials of a family as Optuna's distributions, and its values as settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from ...base.errors import BadSetting
from ...contracts.dials import Choice, Dial
from ...contracts.recipe import Recipe


def open_dials(dials: Sequence[Dial], settings: Sequence[str], only: Sequence[str] = ()) -> tuple[Dial, ...]:
    """Return the dials that a search turns: those that no setting fixes, or of these the named ones.

    Parameters
    ----------
    dials
        Of the family.
    settings
        Overrides ``name=value``, which fix a dial.
    only
        Names of the dials to turn, with or without their section; empty: all.

    Raises
    ------
    BadSetting
        If a name is no dial, or no dial is left.
    """
    fixed = {setting.partition("=")[0].strip() for setting in settings}
    free = [dial for dial in dials if not _names(dial) & fixed]
    known = ", ".join(dial.name for dial in free)
    for name in only:
        if not any(name in _names(dial) for dial in free):
            raise BadSetting(f"There is no dial {name!r} to search; there are {known}.")
    chosen = tuple(dial for dial in free if not only or _names(dial) & set(only))
    if not chosen:
        raise BadSetting("Every dial is fixed by --set; leave one of them out, or train with `wavewright train`.")
    return chosen


def _names(dial: Dial) -> set[str]:
    return {dial.name, dial.name.partition(".")[2]}


def distribution(dial: Dial, recipe: Recipe) -> BaseDistribution:
    """Return the values among which a dial is turned."""
    if dial.choices:
        return CategoricalDistribution(dial.choices_in(recipe))
    low, high = dial.range_in(recipe)
    if dial.is_whole(recipe):
        return IntDistribution(int(low), int(high), log=dial.scale == "log")
    return FloatDistribution(low, high, log=dial.scale == "log")


def defaults(dials: Sequence[Dial], recipe: Recipe) -> dict[str, Choice]:
    """Return the values of the recipe."""
    return {dial.name: dial.default(recipe) for dial in dials}


def assignments(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return values as settings ``name=value``; numbers are exact."""
    texts = {name: repr(value) if isinstance(value, float) else str(value) for name, value in values.items()}
    return tuple(f"{name}={text}" for name, text in texts.items())
