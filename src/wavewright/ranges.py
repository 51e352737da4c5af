"""Compares the numbers of a settings dataclass with what each of them may be."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import BadSetting


def check_ranges(settings: object, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Raise BadSetting for the first field whose number, or one of whose numbers, lies outside its range (both ends belong to it)."""
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(low <= number <= high for number in numbers):  # no comparison holds for what is not a number
            raise BadSetting(f"{name} is {value}; it must lie between {low} and {high}.")
