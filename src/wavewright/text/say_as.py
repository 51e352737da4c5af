"""Texts of SSML's ``say-as``, rewritten so that they are read as the element asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..base.errors import BadText
from .numerals import NumberWords

KINDS = (
    *("characters", "spell-out", "verbatim"),
    *("cardinal", "number", "ordinal", "digits", "telephone", "fraction"),
    *("date", "time", "currency", "unit", "address", "name", "text"),
)
DATE_ORDERS = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "y", "m", "d")
LAST_YEAR = 9_999
_DIGITS_OF_DATE = {"y": 4, "m": 2, "d": 2}


@dataclass(frozen=True, kw_only=True)
class SayAs:
    """The texts of a language, read in the dialect that is set.

    - ``numbers``: words of numbers.
    - ``names``: of signs.
    - ``months``: names of the months.
    - ``plus``, ``minus``: words before a number.
    - ``of``: word between the parts of a date.
    - ``letter``: returns the phones of the name of a letter; empty for what is none.
    - ``ordinal``: returns the words of an ordinal number with its mark.
    - ``ordinal_mark``: pattern with one group of what stands after an ordinal number, such as ``º``.
    - ``time``: returns a time to read, by hours and minutes; empty if it is none.
    - ``day``, ``year``: return the words of a part of a date; without ``year``, those of the number.
    """

    numbers: NumberWords
    names: Mapping[str, str]
    months: Sequence[str]
    plus: str
    minus: str
    of: str = ""
    letter: Callable[[str], str]
    ordinal: Callable[[int, str], list[str]]
    ordinal_mark: str = r"\.?()"
    time: Callable[[int, str], str]
    day: Callable[[int], list[str]]
    year: Callable[[int], list[str]] | None = None

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
            read = self._telephone if kind == "telephone" else self.numbers.digits
            return " ".join([*plus, *(read(text) or [text])])
        if kind in ("cardinal", "number", "ordinal"):
            return " ".join(self._number(text, kind))
        if kind == "fraction":
            return " ".join(self._fraction(text))
        if kind == "date" and (order := order.strip().lower()):
            return " ".join(self._date(text, order))
        time = re.fullmatch(r"\s*(\d{1,2})[:.](\d\d)\s*", text) if kind == "time" else None
        if time:
            return self.time(int(time[1]), time[2]) or text
        if kind in KINDS:
            return text
        raise BadText(f"interpret-as is {interpret_as!r}; it can be {', '.join(KINDS)}.")

    def date(self, day: int | None, month: int | None, year: int | None) -> list[str]:
        """Return the words of a date."""
        parts = [
            *([self.day(day)] if day is not None else []),
            *([[self.months[month - 1]]] if month is not None else []),
            *([(self.year or self.numbers.cardinal)(year)] if year is not None else []),
        ]
        return [word for number, part in enumerate(parts) for word in (*(self.of.split() if number else ()), *part)]

    def _spelled(self, text: str) -> str:
        """Return letters as the phones of their names, digits and signs as their names."""
        pieces = []
        for character in text:
            phones = self.letter(character)
            number = " ".join(self.numbers.digits(character))
            pieces.append(f"[[{phones}]]" if phones else number or self.names.get(character, character))
        return " ".join(piece for piece in pieces if piece.strip())

    def _telephone(self, text: str) -> list[str]:
        return self.numbers.digits(text)

    def _fraction(self, text: str) -> list[str]:
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
        if not match or int(match[2]) < 2:
            raise mismatch(text, "a fraction such as 3/4")
        return self.numbers.fraction(int(match[1]), int(match[2]))

    def _number(self, text: str, kind: str) -> list[str]:
        """Read a cardinal or ordinal number."""
        plain = re.sub(r"[\s']|\.(?=\d{3})", "", text.strip())
        match = re.fullmatch(rf"([-\u2212+]?)(\d{{1,40}}){self.ordinal_mark}(?:[,.](\d{{1,40}}))?", plain)
        if not match or (match[3] and match[4]) or (kind == "ordinal" and (match[1] or match[4])):
            raise mismatch(text, "a number such as 12")
        if kind == "ordinal":
            return self.ordinal(int(match[2]), match[3] or "")
        sign = [self.minus] if match[1] and match[1] != "+" else []
        numbers = self.numbers
        return [*sign, *(numbers.decimal(f"{match[2]},{match[4]}") if match[4] else numbers.cardinal(int(match[2])))]

    def _date(self, text: str, order: str) -> list[str]:
        """Read a date whose numbers are in the order ``order``; eight digits need no separators."""
        if order not in DATE_ORDERS:
            raise BadText(f"The format of a date is {order!r}; it can be {', '.join(DATE_ORDERS)}.")
        numbers, plain = re.findall(r"\d{1,9}", text), text.strip()
        if len(order) == 3 and re.fullmatch(r"\d{8}", plain):
            ends = [sum(_DIGITS_OF_DATE[letter] for letter in order[: index + 1]) for index in range(3)]
            numbers = [plain[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        given = dict(zip(order, map(int, numbers), strict=False))
        day, month, year = given.get("d"), given.get("m"), given.get("y")
        is_date = 1 <= (month or 1) <= 12 and 1 <= (1 if day is None else day) <= 31 and month != 0
        if len(numbers) != len(order) or not is_date or (year or 0) > LAST_YEAR:
            raise mismatch(text, f"a date in the order {order}")
        return self.date(day, month, year)


def mismatch(text: str, expected: str) -> BadText:
    """Return the error for a text that is not of its kind."""
    return BadText(f"The text is {text!r}, which is not {expected}.")
