"""Read sizes of goods: tires, screw threads, oil, shrimps; stars of hotels and the weight in stone."""

from __future__ import annotations

import re

from .numbers import decimal, in_pairs, letters, whole
from .quantities import fraction_words
from .rules import Around, Reading, Rule, reads


@reads(r"(\d{1,2})/(\d{1,2})-(\d\d)(?=\s(?:x\s|bolts?|screws?|taps?|threads?|nuts?|UN[CF]|stud))")
def _thread(match: re.Match[str], _around: Around) -> Reading:
    """Read the screw thread ``1/4-20``."""
    size = fraction_words(match[1], match[2], "")
    return [*size, *whole(match[3])] if size else None


@reads(r"(\d{1,2})W-?(\d\d)(?!\d)")
def _oil(match: re.Match[str], _around: Around) -> Reading:
    """Read the oil ``5W-30``."""
    return [*whole(match[1]), "W", *whole(match[2])]


@reads(r"(\d{1,2})\s?st\b\.?(?=\s\d{1,2}\s?lbs?\b)", r"(?<=weighs )(\d{1,2})\s?st\b\.?")
def _stone(match: re.Match[str], _around: Around) -> Reading:
    """Read the British weight ``12 st 4 lb``."""
    return [*whole(match[1]), "stone"]


@reads(
    r"(\d(?:\.\d)?)\s?(?:[⭐★]\ufe0f?)+",
    r"([1-7](?:\.\d)?)\*(?=\s(?:hotels?|ratings?|reviews?|resorts?|restaurants?|motels?|general|products?|books?)\b)",
)
def _stars(match: re.Match[str], _around: Around) -> Reading:
    """Read ``a 4* hotel``."""
    return [*decimal(match[1]), "star"]


@reads(r"(\d\d)/(\d\d)\s?ct\b")
def _shrimps(match: re.Match[str], _around: Around) -> Reading:
    """Read the size of shrimps ``21/25 ct``."""
    return [*whole(match[1]), *whole(match[2]), "count"]


@reads(r"(\d{3})/(\d\d)\s?(Z?R)(\d\d)(?!\d)")
def _tire(match: re.Match[str], _around: Around) -> Reading:
    """Read the size of a tire ``225/45R17``."""
    return [*in_pairs(match[1]), *whole(match[2]), *letters(match[3]), *whole(match[4])]


RULES: list[Rule] = [*_tire, *_thread, *_oil, *_shrimps, *_stone, *_stars]
