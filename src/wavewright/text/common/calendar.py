"""Names of months and days of the week, and what of dates and times languages read in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from ..rules import AroundMatch, Reading, Rule, by_value, named_in, reads, reads_as, rule
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


@dataclass(frozen=True)
class Dates:
    """Dates of a language, the day first.

    - ``names``: of the months.
    - ``day``: words of a day, by the text around.
    - ``year``: words of a year.
    - ``of``: word between day, month and year.
    """

    names: CalendarNames
    day: Callable[[int, AroundMatch], list[str]]
    year: Callable[[int], list[str]]
    of: str = ""

    def words(self, day: int, month: int, year: int | None, around: AroundMatch) -> list[str]:
        """Return the words of a date."""
        of = self.of.split()
        words = [*self.day(day, around), *of, self.names.months[month - 1]]
        return words if year is None else [*words, *of, *self.year(year)]

    def rules(self, *patterns: str, until: str = "", cues: Container[str] | None = None) -> list[Rule]:
        """Return the rules of ``24/12/2025``, ``24 décembre`` and ``5-6 octobre``, by the groups of their patterns.

        - ``patterns``: with the groups ``day`` and ``month``, and maybe ``year``, ``last`` (the last of several days)
          and ``until`` (with the words before it).
        - ``until``: words before the last day where no group has them.
        - ``cues``: words, one of which is before a date; without, any.
        """

        def read(match: re.Match[str], around: AroundMatch) -> Reading:
            group = match.groupdict()
            day, month, last = int(group["day"]), self._month(group["month"]), group.get("last")
            is_date = is_day(day, month) and (last is None or is_day(int(last)))
            if not is_date or (cues is not None and around.word_before.lower() not in cues):
                return None
            year = full_year(group["year"]) if group.get("year") else None
            if last is None:
                return self.words(day, month, year, around)
            between = re.findall("[a-z]+", group.get("until", until))
            return [*self.day(day, around), *between, *self.words(int(last), month, year, around)]

        return reads(*patterns)(read)

    def _month(self, written: str) -> int:
        """Return the number of a month."""
        return int(written) if written[0].isdigit() else self.names.months.index(self.names.month_names[written]) + 1

    def iso_rules(self, time: Callable[[int, int], list[str]]) -> list[Rule]:
        """Return the rules of ``2026-05-03`` and ``2026-05-03T14:30``, by the words of a time."""

        def read(match: re.Match[str], around: AroundMatch) -> Reading:
            day, month = int(match[3]), int(match[2])
            if not is_day(day, month):
                return None
            words = self.words(day, month, int(match[1]), around)
            return [*words, *time(int(match[4]), int(match[5]))] if match[4] else words

        return reads(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::\d\d)?Z?)?(?![\d-])")(read)


def season_rules(year: Callable[[int], list[str]], *patterns: str) -> list[Rule]:
    """Return the rules of ``2023/24``: a year and the next one, of which the last digits may be written alone."""

    def read(match: re.Match[str], _around: AroundMatch) -> Reading:
        size = 10 ** len(match[2])
        is_next = (int(match[1]) + 1) % size == int(match[2]) % size
        return [*year(int(match[1])), *year(int(match[2]))] if is_next else None

    return reads(*patterns)(read)


def years_rules(year: Callable[[int], list[str]], until: str, *patterns: str) -> list[Rule]:
    """Return the rules of ``1990–1995``, the later year last."""

    def read(match: re.Match[str], _around: AroundMatch) -> Reading:
        first, last = int(match[1]), int(match[2])
        return [*year(first), until, *year(last)] if first < last else None

    return reads(*patterns)(read)


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
