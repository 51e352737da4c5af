"""Names of months and days of the week, and what of dates and times languages read in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..rules import A, Reading, Rule, RuleOf, by_value, named_in, reads, reads_as, rule
from ..tables import alternatives

JOIN = r"\s?[-–/]\s?"
"""Joins two days or hours."""


class CalendarNames:
    """Names of the months, in their order, and of months and days of the week by their written forms."""

    def __init__(self, rows: list[list[str]]) -> None:
        self.months = tuple(name for kind, name, _ in rows if kind == "month")
        self.month_names, self.weekdays = (
            {written: name for of_kind, name, short in rows if of_kind == kind for written in short.split()}
            for kind in ("month", "weekday")
        )


def is_day(day: int, month: int = 1) -> bool:
    """Return True for a day of a month, both by their numbers."""
    return 1 <= day <= 31 and 1 <= month <= 12


def is_time(hour: int | str, minute: int | str | None) -> bool:
    """Return True for a time of day."""
    return int(hour) <= 24 and int(minute or 0) <= 59


def full_year(written: str) -> int:
    """Return the year of two or four digits: ``89`` is 1989."""
    year = int(written)
    return year + (2000 if year < 50 else 1900) if len(written) == 2 else year


def iso_rules(date: Callable[[int, int, int, A], list[str]], time: Callable[[int, int], list[str]]) -> list[RuleOf[A]]:
    """Return the rules of ``2026-05-03`` and ``2026-05-03T14:30``, by the words of a date and of a time."""

    def read(match: re.Match[str], around: A) -> Reading:
        day, month = int(match[3]), int(match[2])
        if not is_day(day, month):
            return None
        words = date(day, month, int(match[1]), around)
        return [*words, *time(int(match[4]), int(match[5]))] if match[4] else words

    return reads(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::\d\d)?Z?)?(?![\d-])")(read)


def follows(match: re.Match[str]) -> bool:
    """Return True for ``2023/24``: a year and the next one, of which the last digits may be written alone."""
    size = 10 ** len(match[2])
    return bool((int(match[1]) + 1) % size == int(match[2]) % size)


def name_rules(names: Mapping[str, str], *patterns: str, is_apart: bool = False) -> list[Rule]:
    """Return rules whose first group is a written form of a name; with ``is_apart`` no letter or digit is before it."""
    return reads(*patterns)(reads_as(named_in(names), is_apart=is_apart))


def span_rules(names: Mapping[str, str], first: str, until: str, end: str, is_apart: bool = False) -> list[Rule]:
    """Return the rules of ``Mo.–Fr.``, by the words before the first name and between the two."""
    name, read = alternatives(names), named_in(names)
    return [rule(rf"({name}){JOIN}({name}){end}", *first.split(), read, until, read, is_apart=is_apart)]


def short_year_rules(cardinal: Callable[[int], list[str]], *others: str) -> list[Rule]:
    """Return the rules of ``'89`` and of other patterns of short years."""
    return reads(r"'(\d\d)(?![\d'])", *others)(reads_as(by_value(cardinal), is_apart=True))
