"""Read amounts of what languages count in the same way: money, percent, fractions of one character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Set

from ..numerals import NumberWords
from ..rule_front_end import HALVES
from ..rules import A, AroundMatch, Reading, Rule, RuleOf, named_in, reads, rule
from ..tables import alternatives
from .signs import SIGN, Signs


class Currencies:
    """Currencies of a language, from its table.

    - ``fields``: kind, names and others by their written forms.
    - ``signs``, ``before``, ``after``, ``minor``: alternatives of the signs, of what stands before and after an amount,
      and of hundredths.
    """

    def __init__(self, rows: list[list[str]]) -> None:
        self.fields = {written: fields for written, *fields in rows}
        self.signs, self.before, self.after, self.minor = (
            alternatives(written for written, fields in self.fields.items() if fields[0] in kinds)
            for kinds in (("sign",), ("sign", "code"), ("sign", "code", "word"), ("minor",))
        )

    def code_rules(self, end: str, column: int) -> list[Rule]:
        """Return the rules of ``EUR`` alone: its name is in a column of ``fields``; ``end`` is a pattern after it."""

        def read(match: re.Match[str], around: AroundMatch) -> Reading:
            is_code = len(match[1]) == 3 and match[1].isupper() and around.is_apart
            return self.fields[match[1]][column].split() if is_code else None

        return reads(rf"({self.after}){end}")(read)

    def sign_first_rules(
        self, number: str, magnitude: str, amount: Callable[[str, str, str, str, A], Reading]
    ) -> list[RuleOf[A]]:
        """Return the rules of ``$ 5`` and ``CHF 20``.

        - ``number``, ``magnitude``: patterns of a number, and of ``Mio.`` after it in a group.
        - ``amount``: returns the words for sign, number, magnitude and currency.
        """

        def read(match: re.Match[str], around: A) -> Reading:
            if match[2][-1].isalpha() and not around.is_apart:
                return None
            return amount(match[1] or match[3], match[4], match[5] or "", match[2], around)

        return reads(rf"([-−]?)({self.before})\s?([-−]?)({number}){magnitude}(?!\d)")(read)


def percent_rules(number: str, signs: Signs, decimal: Callable[[str], list[str]]) -> list[Rule]:
    """Return the rules of ``2,5 %`` and ``3 ‰``; ``number`` is the pattern of a number."""
    return [rule(rf"{SIGN}({number})\s?([%‰])", signs.sign, decimal, named_in(signs.words))]


def is_ambiguous_unit(unit: str, written: str, around: AroundMatch, close: Set[str]) -> bool:
    """Return True for a letter that may be no unit: ``100 A``, ``5a``; those of ``close`` need a space before them."""
    is_close = not written[-len(unit) - 1].isspace()
    follows = around.right(1)
    return (unit in close and is_close) or (len(unit) == 1 and unit.isalpha() and follows == "'")


def vulgar_rules(end: str, of_fraction: Callable[[str | None, int, int, str | None, A], Reading]) -> list[RuleOf[A]]:
    """Return the rules of ``1½``, ``¾`` and ``½ l``.

    - ``end``: pattern of a unit in a group.
    - ``of_fraction``: returns the words for number, numerator, denominator and unit.
    """

    def read(match: re.Match[str], around: A) -> Reading:
        numerator, _, denominator = unicodedata.normalize("NFKC", match[2]).partition("\u2044")
        return of_fraction(match[1], int(numerator), int(denominator), match[3], around)

    return reads(rf"(?:(\d{{1,4}})\s?)?([{HALVES}]){end}")(read)


def digits_rules(numbers: NumberWords) -> list[Rule]:
    """Return the rules of digits that are no number otherwise."""
    return [rule(r"(\d{1,6})(?!\d)", numbers.whole), rule(r"(\d+)", numbers.digits)]
