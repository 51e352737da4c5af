"""The values that SSML gives to rate, pitch, volume, range and pauses, as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

RATES = (0.25, 4.0)
PITCHES = (-24.0, 24.0)
RANGES = (0.0, 4.0)
VOLUMES = (-60.0, 24.0)
LONGEST_PAUSE_SECONDS = 60.0
SILENT_DB = -60.0

RATE_NAMES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.3, "x-fast": 1.7}
PITCH_NAMES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
RANGE_NAMES = {"x-low": 0.3, "low": 0.6, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 1.8}
VOLUME_NAMES = {
    "silent": SILENT_DB,
    "x-soft": -12.0,
    "soft": -6.0,
    "medium": 0.0,
    "default": 0.0,
    "loud": 4.0,
    "x-loud": 8.0,
}
PAUSES = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.8, "x-strong": 1.2}

_NUMBER = r"([+-]?)(\d+(?:\.\d+)?|\.\d+)"


def parse_rate(text: str) -> float:
    """``slow``, ``80%``, ``+20%`` or ``1.2`` as a factor; raises ValueError for others."""
    return _factor(text, RATE_NAMES, "rate")


def parse_range(text: str) -> float:
    """``low``, ``150%``, ``-30%`` or ``1.5`` as a factor of the usual range of pitch; raises ValueError for others."""
    return _factor(text, RANGE_NAMES, "range")


def parse_pitch(text: str) -> float:
    """``high``, ``+2st`` or ``-10%`` in semitones; raises ValueError for others."""
    text = text.strip().lower()
    if text in PITCH_NAMES:
        return PITCH_NAMES[text]
    found = re.fullmatch(rf"{_NUMBER}(st|%)", text)
    if (
        not found
        or (found[3] == "%" and not found[1])
        or (found[1] == "-" and found[3] == "%" and float(found[2]) >= 100)
    ):
        raise ValueError(
            f"the pitch is {text!r}; it can be {', '.join(PITCH_NAMES)}, semitones such as +2st, or a change such as -10%."
        )
    value = float(found[1] + found[2])
    return value if found[3] == "st" else 12 * math.log2(1 + value / 100)


def parse_volume(text: str) -> float:
    """``loud``, ``+6dB`` or ``-3.5dB`` in decibels; raises ValueError for others."""
    text = text.strip().lower()
    if text in VOLUME_NAMES:
        return VOLUME_NAMES[text]
    found = re.fullmatch(rf"{_NUMBER}db", text)
    if not found:
        raise ValueError(f"the volume is {text!r}; it can be {', '.join(VOLUME_NAMES)}, or decibels such as +6dB.")
    return float(found[1] + found[2])


def parse_break(attributes: Mapping[str, str]) -> float:
    """The length of a break by its ``time`` or ``strength``; raises ValueError for values that are neither."""
    time = attributes.get("time")
    if time is None:
        strength = attributes.get("strength", "medium")
        if strength not in PAUSES:
            raise ValueError(f"the strength is {strength!r}; it can be {', '.join(PAUSES)}.")
        return PAUSES[strength]
    found = re.fullmatch(r"\+?(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})(ms|s)", time.strip().lower())
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1) if found else math.inf
    if seconds > LONGEST_PAUSE_SECONDS:
        raise ValueError(
            f"the time is {time!r}; it can be up to {LONGEST_PAUSE_SECONDS:g} seconds, such as 500ms or 1.5s."
        )
    return seconds


def _factor(text: str, names: Mapping[str, float], what: str) -> float:
    text = text.strip().lower()
    if text in names:
        return names[text]
    found = re.fullmatch(rf"{_NUMBER}(%?)", text)
    value = float(found[1] + found[2]) if found else -1.0
    if found and found[3]:
        value = 1 + value / 100 if found[1] else value / 100
    if not found or (found[1] and not found[3]) or value < 0:
        raise ValueError(
            f"the {what} is {text!r}; it can be {', '.join(names)}, a factor such as 1.2, or percent such as 80% or +20%."
        )
    return value
