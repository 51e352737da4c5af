"""Texts of SSML's ``say-as``, rewritten so that they are read as the element asks, for languages with such rules."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Protocol

from ..base.errors import BadText

KINDS = (
    *("characters", "spell-out", "verbatim"),
    *("cardinal", "number", "ordinal", "digits", "telephone", "fraction"),
    *("date", "time", "currency", "unit", "address", "name", "text"),
)
DATE_ORDERS = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "y", "m", "d")
LAST_YEAR = 9_999


class NumberWords(Protocol):
    """The module of a language's number words."""

    def cardinal(self, number: int, /) -> list[str]:
        """Return the words of a whole number."""

    def decimal(self, text: str, /) -> list[str]:
        """Return the words of a number with a comma."""

    def digits(self, text: str, /) -> list[str]:
        """Return the words of the digits of a text."""

    def fraction(self, numerator: int, denominator: int, /) -> list[str]:
        """Return the words of a fraction."""


class SayAs(ABC):
    """The texts of a language; its subclass has its words.

    - ``numbers``: words of numbers.
    - ``names``: of signs.
    - ``plus``, ``minus``: said before a number.
    - ``ordinal_mark``: pattern with one group of what stands after an ordinal number, such as ``º``.
    """

    numbers: ClassVar[NumberWords]
    names: ClassVar[Mapping[str, str]]
    plus: ClassVar[str]
    minus: ClassVar[str]
    ordinal_mark: ClassVar[str] = r"\.?()"

    def __call__(self, text: str, interpret_as: str, order: str = "") -> str:
        """Return the text to read.

        - ``text``: text of the element.
        - ``interpret_as``: one of ``KINDS``.
        - ``order``: format of a date, one of ``DATE_ORDERS``.

        Raises BadText if the kind is unknown or the text does not fit it.
        """
        kind = interpret_as.strip().lower()
        if kind in ("characters", "spell-out", "verbatim"):
            return self._spelled(text)
        if kind in ("digits", "telephone"):
            plus = [self.plus] if kind == "telephone" and text.lstrip().startswith("+") else []
            return " ".join([*plus, *(self.numbers.digits(text) or [text])])
        if kind in ("cardinal", "number", "ordinal"):
            return " ".join(self._number(text, kind))
        if kind == "fraction":
            match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
            if not match or int(match[2]) < 2:
                raise _mismatch(text, "a fraction such as 3/4")
            return " ".join(self.numbers.fraction(int(match[1]), int(match[2])))
        if kind == "date" and order:
            return self._date(text, order.strip().lower())
        time = re.fullmatch(r"\s*(\d{1,2})[:.](\d\d)\s*", text) if kind == "time" else None
        if time:
            return self.time(int(time[1]), time[2]) or text
        if kind in KINDS:
            return text
        raise BadText(f"interpret-as is {interpret_as!r}; it can be {', '.join(KINDS)}.")

    @abstractmethod
    def letter(self, character: str) -> str:
        """Return the phones of the name of a letter; empty for what is none."""

    @abstractmethod
    def ordinal(self, number: int, mark: str) -> list[str]:
        """Return the words of an ordinal number with its mark."""

    @abstractmethod
    def time(self, hour: int, minute: str) -> str:
        """Return a time to read, empty if it is none."""

    @abstractmethod
    def date(self, day: int | None, month: int | None, year: int | None) -> list[str]:
        """Return the words of a date; raise ValueError if there is no such day."""

    def _spelled(self, text: str) -> str:
        """Return letters as the phones of their names, digits and signs as their names."""
        pieces = []
        for character in text:
            phones = self.letter(character)
            number = " ".join(self.numbers.digits(character))
            pieces.append(f"[[{phones}]]" if phones else number or self.names.get(character, character))
        return " ".join(piece for piece in pieces if piece.strip())

    def _number(self, text: str, kind: str) -> list[str]:
        """Read a cardinal or ordinal number."""
        plain = re.sub(r"[\s']|\.(?=\d{3})", "", text.strip())
        match = re.fullmatch(rf"([-\u2212+]?)(\d{{1,40}}){self.ordinal_mark}(?:[,.](\d{{1,40}}))?", plain)
        if not match or (match[3] and match[4]) or (kind == "ordinal" and (match[1] or match[4])):
            raise _mismatch(text, "a number such as 12")
        if kind == "ordinal":
            return self.ordinal(int(match[2]), match[3] or "")
        sign = [self.minus] if match[1] and match[1] != "+" else []
        numbers = self.numbers
        return [*sign, *(numbers.decimal(f"{match[2]},{match[4]}") if match[4] else numbers.cardinal(int(match[2])))]

    def _date(self, text: str, order: str) -> str:
        """Read a date whose numbers are in the order ``order``."""
        if order not in DATE_ORDERS:
            raise BadText(f"The format of a date is {order!r}; it can be {', '.join(DATE_ORDERS)}.")
        numbers = re.findall(r"\d{1,9}", text)
        given = dict(zip(order, map(int, numbers), strict=False))
        day, month, year = given.get("d"), given.get("m"), given.get("y")
        is_date = 1 <= (month or 1) <= 12 and 1 <= (1 if day is None else day) <= 31 and month != 0
        if len(numbers) != len(order) or not is_date or (year or 0) > LAST_YEAR:
            raise _mismatch(text, f"a date in the order {order}")
        try:
            return " ".join(self.date(day, month, year))
        except ValueError:
            raise _mismatch(text, f"a date in the order {order}") from None


def _mismatch(text: str, expected: str) -> BadText:
    """Return the error for a text that is not of its kind."""
    return BadText(f"The text is {text!r}, which is not {expected}.")
