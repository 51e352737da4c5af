"""Compares the numbers and names of a settings dataclass with what they may be."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import BadSetting
from .names import name_problem, quoted

LARGEST_NUMBER = 2**63
MOST_SHOWN = 8  # names in a message


def check_ranges(settings: object, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Raise BadSetting for the first field whose number, or one of whose numbers, lies outside its range (both ends belong to it)."""
    for name, value in vars(settings).items():
        if isinstance(value, int) and abs(value) >= LARGEST_NUMBER:  # would overflow in NumPy
            raise BadSetting(f"{name} has {value.bit_length()} bits; give a number of less than 64 bits.")
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(low <= number <= high for number in numbers):  # no comparison holds for what is not a number
            raise BadSetting(f"{name} is {value}; it must lie between {low} and {high}.")


def check_distinct(**kinds: tuple[str, ...]) -> None:
    """Raise BadSetting for texts of one kind (``symbols=...``) if two are equal or one is empty."""
    for kind, names in kinds.items():
        if len({*names}) < len(names) or "" in names:
            raise BadSetting(f"{kind} are {', '.join(map(quoted, names[:MOST_SHOWN]))}; each needs a name of its own.")


def check_names(**kinds: tuple[str, ...]) -> None:
    """Raise BadSetting for names of one kind (``labels=...``) if two are equal or one is invalid, see :mod:`.names`."""
    check_distinct(**kinds)
    for kind, names in kinds.items():
        for name in names:
            problem = name_problem(name)
            if problem is not None:
                raise BadSetting(f"{kind} contain {quoted(name)}, which {problem}: rename it.")
