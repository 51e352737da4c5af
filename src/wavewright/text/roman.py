"""Roman numerals, of which every language has its own readings."""

from __future__ import annotations

import re

ROMAN = "(?:M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
"""A numeral in capitals, up to 3999; also matches nothing."""

DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman_value(text: str) -> int:
    """Return the value of a roman numeral in capitals, 0 for other text."""
    if not re.fullmatch(ROMAN, text):
        return 0
    values = [DIGITS[letter] for letter in text]
    pairs = zip(values, [*values[1:], 0], strict=False)
    return sum(-value if value < following else value for value, following in pairs)
