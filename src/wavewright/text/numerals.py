"""Roman numerals, and digits by their names, which every language reads in the same way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

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


class DigitNames:
    """Reads digits one by one; ``names`` are those of the numbers, of which 0 to 9 are used."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = {str(digit): names[digit] for digit in range(10)}

    def digits(self, text: str) -> list[str]:
        """Read the digits of a text; other characters are ignored."""
        return [self._names[character] for character in text if character in self._names]

    def letters(self, text: str) -> list[str]:
        """Spell a text: the names of its digits, and its letters as capitals, which are read by their names."""
        return [
            self._names.get(character) or character.upper().replace("SS", "ß")
            for character in text
            if character.isalnum()
        ]


class NumberWords(Protocol):
    """The module of a language's number words."""

    def cardinal(self, number: int, /) -> list[str]:
        """Return the words of a whole number."""

    def whole(self, text: str, /) -> list[str]:
        """Return the words of a whole number as it is written."""

    def decimal(self, text: str, /) -> list[str]:
        """Return the words of a number with a comma."""

    def digits(self, text: str, /) -> list[str]:
        """Return the words of the digits of a text."""

    def letters(self, text: str, /) -> list[str]:
        """Spell a text."""

    def fraction(self, numerator: int, denominator: int, /) -> list[str]:
        """Return the words of a fraction."""
