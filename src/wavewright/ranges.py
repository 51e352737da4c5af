"""Check the numbers and names of a settings dataclass."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import BadSetting
from .names import name_problem, quoted

INTEGER_LIMIT = 2**63
MAX_SHOWN = 8  # names in a message


def check_ranges(settings: object, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Check that the numbers of a dataclass lie in their ranges.

    Parameters
    ----------
    settings : dataclass
        Fields are numbers or tuples of numbers.
    ranges : mapping
        Smallest and largest value by field name, both allowed.

    Raises
    ------
    BadSetting
        For the first number outside its range.
    """
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
