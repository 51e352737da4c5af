"""Word errors of a recogniser: what was said against what was understood, as they sound and not as they are spelled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import BadSetting

UNITS = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
    ),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SIZES = ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))
LARGEST_NUMBER = 999_999_999

SAID = {"#": " pound ", "&": " and ", "%": " percent ", "@": " at ", "+": " plus "}
CONTRACTED = {"m": "am", "re": "are", "ve": "have", "ll": "will"}
IS_AFTER = ("it", "that", "there", "here", "he", "she", "what", "where", "who", "how")  # elsewhere 's is a possessive
SAME = {"ok": "okay", "mr": "mister", "mrs": "missus", "dr": "doctor", "cannot": "can not", "alright": "all right"}


@dataclass(frozen=True)
class WordErrors:
    """Words that were replaced, left out or added, and the words that were said."""

    n_errors: int
    n_words: int

    @property
    def rate(self) -> float:
        """Errors over words."""
        return self.n_errors / self.n_words if self.n_words else float("nan")


def spoken_words(text: str) -> list[str]:
    """English text as the words that are spoken: lower case, no punctuation, digits and signs in words, contractions in full.

    ``"It's 3.5%, ok?"`` is ``it is three point five percent okay``. Raises BadSetting for numbers of more than 9 digits.
    """
    text = text.lower().replace("\u2019", "'")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\d+(?:\.\d+)?", _spoken_number, text)
    for sign, words in SAID.items():
        text = text.replace(sign, words)
    text = re.sub(
        r"\b(can|won|shan)'t\b", lambda match: {"can": "can", "won": "will", "shan": "shall"}[match[1]] + " not", text
    )
    text = re.sub(r"n't\b", " not", text)
    text = re.sub(r"'(m|re|ve|ll)\b", lambda match: f" {CONTRACTED[match[1]]}", text)
    text = re.sub(rf"\b({'|'.join(IS_AFTER)})'s\b", r"\1 is", text)
    text = re.sub(r"[^\w\s]|_", " ", text.replace("'", ""))
    return " ".join(SAME.get(word, word) for word in text.split()).split()


def word_errors(reference: Sequence[str], estimate: Sequence[str]) -> WordErrors:
    """The fewest words to replace, leave out or add that turn the reference into the estimate (Levenshtein 1966).

    Where two words of one side joined are one word of the other (``log in``, ``login``), nothing is wrong.
    """
    rows = [list(range(len(estimate) + 1))]
    for i, word in enumerate(reference, 1):
        row = [i]
        for j, heard in enumerate(estimate, 1):
            ways = [rows[-1][j - 1] + (word != heard), rows[-1][j] + 1, row[j - 1] + 1]
            if j >= 2 and estimate[j - 2] + heard == word:
                ways.append(rows[-1][j - 2])
            if i >= 2 and reference[i - 2] + word == heard:
                ways.append(rows[-2][j - 1])
            row.append(min(ways))
        rows.append(row)
    return WordErrors(rows[-1][-1], len(reference))


def number_in_words(number: int) -> str:
    """``162`` as ``one hundred sixty two``; raises BadSetting where it is not within 0 to 999,999,999."""
    if not 0 <= number <= LARGEST_NUMBER:
        raise BadSetting(f"The number is {number}; words are known for 0 to {LARGEST_NUMBER}.")
    if number < 20:
        return UNITS[number]
    if number < 100:
        return f"{TENS[number // 10]} {UNITS[number % 10]}" if number % 10 else TENS[number // 10]
    size, name = next((size, name) for size, name in SIZES if number >= size)
    rest = f" {number_in_words(number % size)}" if number % size else ""
    return f"{number_in_words(number // size)} {name}{rest}"


def _spoken_number(match: re.Match[str]) -> str:
    whole, _, fraction = match[0].partition(".")
    is_spelled = len(whole) > 1 and whole.startswith("0")  # 007 is said digit by digit
    said = " ".join(UNITS[int(digit)] for digit in whole) if is_spelled else number_in_words(int(whole))
    if fraction:
        said += " point " + " ".join(UNITS[int(digit)] for digit in fraction)
    return f" {said} "
