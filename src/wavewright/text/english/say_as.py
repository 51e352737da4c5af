"""Rewrite the text of an SSML ``say-as`` element so that it is read as the element asks."""

from __future__ import annotations

import re

from ...base.errors import BadText
from .addresses import SIGNS
from .calendar import MONTHS
from .dialect import is_british
from .numbers import cardinal, digits, fraction, ordinal, telephone, whole, year
from .phones import LETTERS
from .signs import WORDS

KINDS = (
    *("characters", "spell-out", "verbatim"),
    *("cardinal", "number", "ordinal", "digits", "telephone", "fraction"),
    *("date", "time", "currency", "unit", "address", "name", "text"),
)
DATE_ORDERS = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "y", "m", "d")


def say_as(text: str, interpret_as: str, order: str = "") -> str:
    """Return the text to read.

    - ``text``: text of the element.
    - ``interpret_as``: one of ``KINDS``.
    - ``order``: format of a date, one of ``DATE_ORDERS``.

    Raises BadText if the kind is unknown or the text does not fit it.
    """
    kind = interpret_as.strip().lower()
    if kind in ("characters", "spell-out", "verbatim"):
        return _spelled(text)
    if kind in ("digits", "telephone"):
        plus = "plus " if kind == "telephone" and text.lstrip().startswith("+") else ""
        return plus + " ".join((telephone if kind == "telephone" else digits)(text) or [text])
    if kind in ("cardinal", "number", "ordinal"):
        return " ".join(_number(text, kind))
    if kind == "fraction":
        return " ".join(_fraction(text))
    if kind == "date":
        return _date(text, order.strip().lower())
    if kind in KINDS:
        return text
    raise BadText(f"interpret-as is {interpret_as!r}; it can be {', '.join(KINDS)}.")


def _spelled(text: str) -> str:
    """Rewrite letters as initials, digits and signs as their names."""
    pieces = re.findall(r"[A-Za-z]+|\d|\S", text)
    names = {**SIGNS, **WORDS}
    return " ".join(
        _initials(piece)
        if piece.isalpha() and piece.isascii()
        else " ".join(digits(piece)) or names.get(piece) or piece
        for piece in pieces
    )


def _initials(letters: str) -> str:
    """Rewrite a word as initials, a single letter as its phones."""
    if len(letters) == 1:
        return f"[[{LETTERS[letters.upper()]}]]"
    return "".join(f"{letter.upper()}." for letter in letters)


def _fraction(text: str) -> list[str]:
    """Read ``3/4`` and ``2 3/4``."""
    match = re.fullmatch(r"(?:(\d{1,9})[\s+])?(\d{1,9})/(\d{1,9})", text.strip())
    if not match or int(match[3]) < 2:
        raise _mismatch(text, "a fraction such as 3/4")
    return [*([*whole(match[1]), "and"] if match[1] else []), *fraction(int(match[2]), int(match[3]))]


def _number(text: str, kind: str) -> list[str]:
    """Read a cardinal or ordinal number."""
    plain = text.strip().replace(",", "").replace(" ", "")
    match = re.fullmatch(r"([-\u2212+]?)(\d{1,40})(?:st|nd|rd|th)?(?:\.(\d{1,40}))?", plain)
    if not match or (kind == "ordinal" and (match[1] or match[3])):
        raise _mismatch(text, "a number such as 12")
    sign = ["minus"] if match[1] and match[1] != "+" else []
    after = ["point", *digits(match[3])] if match[3] else []
    return [*sign, *(ordinal if kind == "ordinal" else cardinal)(int(match[2])), *after]


def _date(text: str, order: str) -> str:
    """Read a date whose numbers are in the order ``order``."""
    if not order:
        return text
    if order not in DATE_ORDERS:
        raise BadText(f"The format of a date is {order!r}; it can be {', '.join(DATE_ORDERS)}.")
    date = _date_fields(text, order)
    words = [MONTHS[date["m"] - 1]] if "m" in date else []
    day = ordinal(date["d"]) if "d" in date else []
    words = ["the", *day, "of", *words] if words and day and is_british() else [*words, *day]
    return " ".join([*words, *(year(date["y"]) if "y" in date else [])])


def _date_fields(text: str, order: str) -> dict[str, int]:
    """Return the numbers of a date by the letters of ``order``; eight digits need no separators."""
    numbers = re.findall(r"\d{1,9}", text)
    if len(numbers) != len(order) and re.fullmatch(r"\d{8}", text.strip()) and len(order) == 3:
        sizes, start, numbers = {"y": 4, "m": 2, "d": 2}, 0, []
        for letter in order:
            numbers.append(text.strip()[start : start + sizes[letter]])
            start += sizes[letter]
    if len(numbers) != len(order):
        raise _mismatch(text, f"a date in the order {order}")
    date = dict(zip(order, map(int, numbers), strict=True))
    if not (1 <= date.get("m", 1) <= 12 and 1 <= date.get("d", 1) <= 31 and date.get("y", 1) < 10_000):
        raise _mismatch(text, f"a date in the order {order}")
    return date


def _mismatch(text: str, expected: str) -> BadText:
    """Return the error for a text that is not of its kind."""
    return BadText(f"The text is {text!r}, which is not {expected}.")
