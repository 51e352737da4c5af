"""Values of settings as text: numbers with units, clock times, lists, yes and no; back to text without loss."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import get_args, get_origin

from ...base.errors import BadSetting
from ...base.names import quoted

NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\D.*)?")
CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d*)?)")
TRUTHS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


@dataclass(frozen=True)
class Quantity:
    """Kind of number: its name in messages, and its units with their factors; the first is written."""

    name: str
    units: Mapping[str, float]


QUANTITIES = {
    "db": Quantity("a level", {"dB": 1.0, "dBFS": 1.0, "dBTP": 1.0}),
    "lufs": Quantity("a loudness", {"LUFS": 1.0, "LKFS": 1.0}),
    "hz": Quantity("a frequency", {"Hz": 1.0, "kHz": 1_000.0}),
    "ms": Quantity("a short time", {"ms": 1.0, "s": 1_000.0}),
    "seconds": Quantity("a time", {"s": 1.0, "ms": 0.001, "min": 60.0, "h": 3_600.0}),
    "cents": Quantity("an interval", {"ct": 1.0, "cents": 1.0}),
    "semitones": Quantity("an interval", {"st": 1.0, "semitones": 1.0}),
}
"""Quantities by the last word of a setting's name."""

PLAIN = Quantity("a number", {"": 1.0, "%": 0.01, ":1": 1.0, "x": 1.0})


def quantity_of(setting: str) -> Quantity:
    """Return what a setting measures, by the last word of its name."""
    return QUANTITIES.get(setting.rpartition("_")[2], PLAIN)


def short_name(setting: str) -> str:
    """Return the name of a setting in chains: without the unit, and without ``n_`` of counts."""
    stem, _, last = setting.rpartition("_")
    return (stem if stem and last in QUANTITIES else setting).removeprefix("n_")


def parse_value(setting: str, kind: object, text: str) -> object:
    """Return the value that a text gives to a setting.

    Raises BadSetting if it is no such value.

    Parameters
    ----------
    setting : str
        Name of the setting, whose last word may be a unit.
    kind : type
        ``float``, ``int``, ``bool``, ``str``, ``Path``, a tuple of numbers, or one of them or None.
    text : str
        The value, for numbers with or without its unit.
    """
    kinds = [each for each in get_args(kind) if each is not NoneType] if NoneType in get_args(kind) else [kind]
    kind = kinds[0]
    if get_origin(kind) is tuple:
        return tuple(_number(setting, each.strip(), get_args(kind)[0]) for each in text.split(","))
    if kind is bool:
        if text.lower() not in TRUTHS:
            raise BadSetting(f"{short_name(setting)} is {quoted(text)}; it must be yes or no.")
        return TRUTHS[text.lower()]
    if kind in (float, int):
        return _number(setting, text, kind)
    return Path(text) if kind is Path else text


def _number(setting: str, text: str, kind: object) -> float:
    """Return a number in the unit of the setting, an int where the setting counts."""
    quantity = quantity_of(setting)
    clock = CLOCK.fullmatch(text) if "s" in quantity.units else None
    if clock is not None:
        value = 3_600 * int(clock[1] or 0) + 60 * int(clock[2]) + float(clock[3])
        return value / quantity.units["s"] if setting.endswith("seconds") else value * quantity.units["s"]
    match = NUMBER.fullmatch(text)
    if match is None:
        raise BadSetting(f"{short_name(setting)} is {quoted(text)}; it must be {_example(quantity)}.")
    factors = {unit.lower(): factor for unit, factor in quantity.units.items()}
    unit = (match[2] or "").strip().lower()
    if unit and unit not in factors:
        raise BadSetting(
            f"{short_name(setting)} is {quoted(text)}, and {quoted(unit)} is no unit of {quantity.name}; "
            f"it must be {_example(quantity)}."
        )
    number = float(match[1]) * (factors[unit] if unit else 1.0)
    if kind is int:
        if not math.isfinite(number) or number != int(number):
            raise BadSetting(f"{short_name(setting)} is {quoted(text)}; it must be a whole number.")
        return int(number)
    return number


def _example(quantity: Quantity) -> str:
    units = [unit for unit in quantity.units if unit]
    return f"{quantity.name} in {' or '.join(units)}" if quantity is not PLAIN else "a number"


def format_value(setting: str, value: object) -> str:
    """Return the text of a value, with its unit; :func:`parse_value` returns the same value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(map(_shortest, value))
    if isinstance(value, float | int):
        return f"{_shortest(value)}{next(iter(quantity_of(setting).units))}"
    text = str(value)
    return f'"{text}"' if re.search(r"[\s;#=]|\.\.", text) or not text else text


def _shortest(number: float) -> str:
    """Return the shortest text of a number that gives the same number."""
    return repr(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
