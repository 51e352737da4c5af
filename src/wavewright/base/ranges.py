"""Settings whose numbers have ranges, and checks of the numbers and names of a settings dataclass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, TypeVar

from .errors import BadSetting
from .names import name_problem, quoted
from .rules import broken_rule

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NumberT = TypeVar("NumberT", bound=float | tuple[float, ...])
SettingT = TypeVar("SettingT")

RANGE, RULES = "range", "rules"  # in the metadata of a field
INTEGER_LIMIT = 2**63
MAX_SHOWN = 8  # names in a message


def ranged(default: NumberT, low: float, high: float, *rules: object) -> NumberT:
    """Return a dataclass field for a number, or a tuple of numbers, with its range and its :mod:`.rules`.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class FilterSettings(RangedSettings):
    ...     order: int = ranged(4, 1, 16)
    """
    return field(default=default, metadata={RANGE: (low, high), RULES: rules})


def ruled(default: SettingT, *rules: object) -> SettingT:
    """Return a dataclass field for anything else that :mod:`.rules` are about."""
    return field(default=default, metadata={RULES: rules})


def ranges_of(settings: DataclassInstance | type[DataclassInstance]) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest value of each field that was declared by :func:`ranged`, by its name."""
    return {each.name: each.metadata[RANGE] for each in fields(settings) if RANGE in each.metadata}


@dataclass(frozen=True)
class RangedSettings:
    """Base of settings declared by :func:`ranged` and :func:`ruled`; raises BadSetting for a broken range or rule."""

    def __post_init__(self) -> None:
        check_ranges(self, ranges_of(self))
        rules = {each.name: each.metadata[RULES] for each in fields(self) if each.metadata.get(RULES)}
        if rules and (problem := broken_rule(rules, vars(self), {each.name: each.default for each in fields(self)})):
            raise BadSetting(problem)


def check_ranges(settings: object, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Raise BadSetting for the first number or tuple of a dataclass outside its range; both ends are allowed."""
    for name, value in vars(settings).items():
        if isinstance(value, int) and abs(value) >= INTEGER_LIMIT:  # would overflow in NumPy
            raise BadSetting(f"{name} has {value.bit_length()} bits; give a number of less than 64 bits.")
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(low <= number <= high for number in numbers):  # no comparison with NaN holds
            raise BadSetting(f"{name} is {value}; it must lie between {low} and {high}.")


def check_distinct(**kinds: tuple[str, ...]) -> None:
    """Raise BadSetting if two texts of one kind (``symbols=...``) are equal or one is empty."""
    for kind, names in kinds.items():
        if len({*names}) < len(names) or "" in names:
            raise BadSetting(f"{kind} are {', '.join(map(quoted, names[:MAX_SHOWN]))}; each needs a name of its own.")


def check_names(**kinds: tuple[str, ...]) -> None:
    """Raise BadSetting if two names of one kind (``labels=...``) are equal or one is invalid, see :mod:`.names`."""
    check_distinct(**kinds)
    for kind, names in kinds.items():
        for name in names:
            problem = name_problem(name)
            if problem is not None:
                raise BadSetting(f"{kind} contain {quoted(name)}, which {problem}: rename it.")
