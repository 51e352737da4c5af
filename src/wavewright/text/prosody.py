"""Parse the values of SSML's prosody and break attributes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

RATES = (0.25, 4.0)  # factors
PITCHES = (-24.0, 24.0)  # semitones
RANGES = (0.0, 4.0)  # factors
VOLUMES = (-60.0, 24.0)  # dB
MAX_PAUSE_SECONDS = 60.0
MAX_DURATION_SECONDS = 600.0  # of speech
MAX_LENGTH_SECONDS = 10.0  # of the pauses between sentences
SILENT_DB = -60.0
PITCH_HZ = 165.0
"""Pitch of which changes in Hz are read, between those of most men and women; in semitones they suit every voice."""

RATE_NAMES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.3, "x-fast": 1.7}
PITCH_NAMES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
RANGE_NAMES = {"x-low": 0.3, "low": 0.6, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 1.8}
VOLUME_NAMES = {
    **{"silent": SILENT_DB, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 4.0, "x-loud": 8.0}
}
PAUSES = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.8, "x-strong": 1.2}

_NUMBER = r"([+-]?)(\d+(?:\.\d+)?|\.\d+)"


def parse_rate(text: str) -> float:
    """Parse a rate (``slow``, ``80%``, ``+20%``, ``1.2``) as a factor; raise ValueError for other text."""
    return _factor(text, RATE_NAMES, "rate")


def parse_range(text: str) -> float:
    """Parse a pitch range (``low``, ``150%``, ``-30%``, ``1.5``) as a factor; raise ValueError for other text."""
    return _factor(text, RANGE_NAMES, "range")


def parse_pitch(text: str) -> float:
    """Parse a pitch (``high``, ``+2st``, ``-10%``, ``+20Hz``) as semitones; raise ValueError for other text."""
    text = text.strip().lower()
    if text in PITCH_NAMES:
        return PITCH_NAMES[text]
    match = re.fullmatch(rf"{_NUMBER}(st|%|hz)", text)
    value = float(match[1] + match[2]) if match else 0.0
    change = value / (PITCH_HZ if match and match[3] == "hz" else 100)
    if not match or (match[3] != "st" and (not match[1] or change <= -1)):
        raise ValueError(
            f"the pitch is {text!r}; it can be {', '.join(PITCH_NAMES)}, semitones such as +2st, "
            "or a change such as -10% or +20Hz."
        )
    return value if match[3] == "st" else 12 * math.log2(1 + change)


def parse_volume(text: str) -> float:
    """Parse a volume (``loud``, ``+6dB``, ``50`` or ``-20%`` of the amplitude) as decibels; or raise ValueError."""
    text = text.strip().lower()
    if text in VOLUME_NAMES:
        return VOLUME_NAMES[text]
    match = re.fullmatch(rf"{_NUMBER}(db|%?)", text)
    if not match:
        raise ValueError(
            f"the volume is {text!r}; it can be {', '.join(VOLUME_NAMES)}, decibels such as +6dB, "
            "or of the amplitude a percentage such as 50 or a change such as -20%."
        )
    value = float(match[1] + match[2])
    factor = value / 100 + (match[1] != "")
    return value if match[3] == "db" else max(SILENT_DB, 20 * math.log10(max(factor, 1e-9)))


def parse_break(attributes: Mapping[str, str]) -> float:
    """Return the seconds of a break with a ``time`` or ``strength`` attribute; raise ValueError for other values."""
    time = attributes.get("time")
    if time is None:
        strength = attributes.get("strength", "medium")
        if strength not in PAUSES:
            raise ValueError(f"the strength is {strength!r}; it can be {', '.join(PAUSES)}.")
        return PAUSES[strength]
    seconds = _seconds(re.sub(r"^\+(?=\S)", "", time.strip()), math.inf)
    if seconds > MAX_PAUSE_SECONDS:
        raise ValueError(f"the time is {time!r}; it can be up to {MAX_PAUSE_SECONDS:g} seconds, such as 500ms or 1.5s.")
    return seconds


def parse_length(text: str) -> float:
    """Parse the length of a usual pause (``500ms``, ``1.5s``) as seconds; raise ValueError for other text."""
    seconds = _seconds(text, math.inf)
    if seconds > MAX_LENGTH_SECONDS:
        raise ValueError(f"the length is {text!r}; it can be up to {MAX_LENGTH_SECONDS:g} seconds, such as 500ms.")
    return seconds


def parse_duration(text: str) -> float:
    """Parse the length of speech (``2.3s``, ``900ms``) as seconds; raise ValueError for other text."""
    seconds = _seconds(text, 0.0)
    if not 0 < seconds <= MAX_DURATION_SECONDS:
        raise ValueError(f"the duration is {text!r}; it can be up to {MAX_DURATION_SECONDS:g} seconds, such as 2.3s.")
    return seconds


def _seconds(text: str, other: float) -> float:
    """Return a length in seconds; ``other`` for text that is none."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})(ms|s)", text.strip().lower())
    return float(match[1]) / (1000 if match[2] == "ms" else 1) if match else other


def _factor(text: str, names: Mapping[str, float], attribute: str) -> float:
    text = text.strip().lower()
    if text in names:
        return names[text]
    match = re.fullmatch(rf"{_NUMBER}(%?)", text)
    value = float(match[1] + match[2]) if match else -1.0
    if match and match[3]:
        value = 1 + value / 100 if match[1] else value / 100
    if not match or (match[1] and not match[3]) or value < 0:
        raise ValueError(
            f"the {attribute} is {text!r}; it can be {', '.join(names)}, a factor such as 1.2, "
            "or percent such as 80% or +20%."
        )
    return value
