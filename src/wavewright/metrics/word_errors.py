"""Word errors of a speech recogniser, after normalising both texts to spoken words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..base.errors import BadSetting

# fmt: off
UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
# fmt: on
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SIZES = ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))
MAX_NUMBER = 999_999_999

SYMBOLS = {"#": " pound ", "&": " and ", "%": " percent ", "@": " at ", "+": " plus "}
CONTRACTIONS = {"m": "am", "re": "are", "ve": "have", "ll": "will"}
NEGATIONS = {"can": "can not", "won": "will not", "shan": "shall not"}
IS_AFTER = ("it", "that", "there", "here", "he", "she", "what", "where", "who", "how")  # elsewhere 's is a possessive
SPELLINGS = {"ok": "okay", "mr": "mister", "mrs": "missus", "dr": "doctor", "cannot": "can not", "alright": "all right"}


@dataclass(frozen=True)
class WordErrors:
    """Number of substituted, deleted and inserted words, and number of reference words."""

    n_errors: int
    n_words: int

    @property
    def rate(self) -> float:
        """Word error rate; NaN without reference words."""
        return self.n_errors / self.n_words if self.n_words else float("nan")


def spoken_words(text: str) -> list[str]:
    """Normalise English text to spoken words.

    Words are in lower case and without punctuation; numbers and symbols are spelled out and contractions expanded.

    Raises BadSetting if a number has more than 9 digits.

    Parameters
    ----------
    text : str
        English text.

    Returns
    -------
    list of str
        The words.

    Examples
    --------
    >>> " ".join(spoken_words("It's 3.5%, ok?"))
    'it is three point five percent okay'
    """
    text = text.lower().replace("\u2019", "'")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\d+(?:\.\d+)?", _number_match_in_words, text)
    for symbol, words in SYMBOLS.items():
        text = text.replace(symbol, words)
    text = re.sub(r"\b(can|won|shan)'t\b", lambda match: NEGATIONS[match[1]], text)
    text = re.sub(r"n't\b", " not", text)
    text = re.sub(r"'(m|re|ve|ll)\b", lambda match: f" {CONTRACTIONS[match[1]]}", text)
    text = re.sub(rf"\b({'|'.join(IS_AFTER)})'s\b", r"\1 is", text)
    text = re.sub(r"[^\w\s]|_", " ", text.replace("'", ""))
    return " ".join(SPELLINGS.get(word, word) for word in text.split()).split()


def word_errors(reference: Sequence[str], estimate: Sequence[str]) -> WordErrors:
    """Compute the Levenshtein distance between two sequences of words.

    Two words that one side joins (``log in``, ``login``) count as equal.

    Parameters
    ----------
    reference, estimate : sequence of str
        Spoken and recognised words, see :func:`spoken_words`.

    Returns
    -------
    WordErrors
        The smallest number of substitutions, deletions and insertions, and the number of reference words.

    References
    ----------
    V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals", 1966.
    """
    rows = [list(range(len(estimate) + 1))]
    for i, word in enumerate(reference, 1):
        row = [i]
        for j, recognised in enumerate(estimate, 1):
            substitution = rows[-1][j - 1] + (word != recognised)
            costs = [substitution, rows[-1][j] + 1, row[j - 1] + 1]
            if j >= 2 and estimate[j - 2] + recognised == word:
                costs.append(rows[-1][j - 2])
            if i >= 2 and reference[i - 2] + word == recognised:
                costs.append(rows[-2][j - 1])
            row.append(min(costs))
        rows.append(row)
    return WordErrors(rows[-1][-1], len(reference))


def number_in_words(number: int) -> str:
    """Spell out a whole number.

    Raises BadSetting if the number is out of range.

    Parameters
    ----------
    number : int
        0 to 999,999,999.

    Returns
    -------
    str
        For example ``one hundred sixty two``.
    """
    if not 0 <= number <= MAX_NUMBER:
        raise BadSetting(f"The number is {number}; words are known for 0 to {MAX_NUMBER}.")
    if number < 20:
        return UNITS[number]
    if number < 100:
        return f"{TENS[number // 10]} {UNITS[number % 10]}" if number % 10 else TENS[number // 10]
    size, name = next((size, name) for size, name in SIZES if number >= size)
    rest = f" {number_in_words(number % size)}" if number % size else ""
    return f"{number_in_words(number // size)} {name}{rest}"


def _number_match_in_words(match: re.Match[str]) -> str:
    """Spell out a matched number; one with leading zeros, such as 007, digit by digit."""
    whole, _, decimals = match[0].partition(".")
    has_leading_zero = len(whole) > 1 and whole.startswith("0")
    words = _digits_in_words(whole) if has_leading_zero else number_in_words(int(whole))
    if decimals:
        words += f" point {_digits_in_words(decimals)}"
    return f" {words} "


def _digits_in_words(digits: str) -> str:
    return " ".join(UNITS[int(digit)] for digit in digits)
