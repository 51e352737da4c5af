"""What SSML's ``say-as`` makes of a text: another text that is read as was asked."""

from __future__ import annotations

import re

from ...errors import BadText
from .addresses import SIGNS
from .calendar import MONTHS
from .dialect import is_british
from .numbers import cardinal, digits, fraction, ordinal, telephone, whole, year
from .signs import WORDS

KINDS = (
    *(
        "characters",
        "spell-out",
        "verbatim",
        "cardinal",
        "number",
        "ordinal",
        "digits",
        "telephone",
        "fraction",
        "date",
        "time",
    ),
    *("currency", "unit", "address", "name", "text"),
)
DATE_ORDERS = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "y", "m", "d")


def say_as(text: str, interpret_as: str, order: str = "") -> str:
    """The text to read; ``order`` is the format of a date. Raises BadText for a kind that is not known or a text that is none of it."""
    kind = interpret_as.strip().lower()
    if kind in ("characters", "spell-out", "verbatim"):
        return _spelled(text)
    if kind in ("digits", "telephone"):
        plus = "plus " if kind == "telephone" and text.lstrip().startswith("+") else ""
        return plus + " ".join((telephone if kind == "telephone" else digits)(text) or [text])
    if kind in ("cardinal", "number", "ordinal"):
        return " ".join(_number(text, kind))
    if kind == "fraction":
        found = re.fullmatch(r"(?:(\d{1,9})[\s+])?(\d{1,9})/(\d{1,9})", text.strip())
        if not found or int(found[3]) < 2:
            raise _not_so(text, "a fraction such as 3/4")
        return " ".join([*([*whole(found[1]), "and"] if found[1] else []), *fraction(int(found[2]), int(found[3]))])
    if kind == "date":
        return _date(text, order.strip().lower())
    if kind in KINDS:
        return text
    raise BadText(f"interpret-as is {interpret_as!r}; it can be {', '.join(KINDS)}.")


def _spelled(text: str) -> str:
    """Letters as initials, digits and signs by their names."""
    parts = re.findall(r"[A-Za-z]+|\d|\S", text)
    names = {**SIGNS, **WORDS}
    return " ".join(
        _initials(part) if part.isalpha() and part.isascii() else " ".join(digits(part)) or names.get(part) or part
        for part in parts
    )


def _initials(part: str) -> str:
    from .phones import LETTERS

    if len(part) == 1:
        return f"[[{LETTERS[part.upper()]}]]"
    return "".join(f"{letter.upper()}." for letter in part)


def _number(text: str, kind: str) -> list[str]:
    plain = text.strip().replace(",", "").replace(" ", "")
    found = re.fullmatch(r"([-\u2212+]?)(\d{1,40})(?:st|nd|rd|th)?(?:\.(\d{1,40}))?", plain)
    if not found or (kind == "ordinal" and (found[1] or found[3])):
        raise _not_so(text, "a number such as 12")
    sign = ["minus"] if found[1] and found[1] != "+" else []
    after = ["point", *digits(found[3])] if found[3] else []
    return [*sign, *(ordinal if kind == "ordinal" else cardinal)(int(found[2])), *after]


def _date(text: str, order: str) -> str:
    if not order:
        return text
    if order not in DATE_ORDERS:
        raise BadText(f"The format of a date is {order!r}; it can be {', '.join(DATE_ORDERS)}.")
    numbers = re.findall(r"\d{1,9}", text)
    if len(numbers) != len(order) and re.fullmatch(r"\d{8}", text.strip()) and len(order) == 3:
        sizes, place, numbers = {"y": 4, "m": 2, "d": 2}, 0, []
        for part in order:
            numbers.append(text.strip()[place : place + sizes[part]])
            place += sizes[part]
    if len(numbers) != len(order):
        raise _not_so(text, f"a date in the order {order}")
    found = dict(zip(order, map(int, numbers), strict=True))
    if not (1 <= found.get("m", 1) <= 12 and 1 <= found.get("d", 1) <= 31 and found.get("y", 1) < 10_000):
        raise _not_so(text, f"a date in the order {order}")
    words = [MONTHS[found["m"] - 1]] if "m" in found else []
    day = ordinal(found["d"]) if "d" in found else []
    words = ["the", *day, "of", *words] if words and day and is_british() else [*words, *day]
    return " ".join([*words, *(year(found["y"]) if "y" in found else [])])


def _not_so(text: str, what: str) -> BadText:
    return BadText(f"The text is {text!r}, which is not {what}.")
