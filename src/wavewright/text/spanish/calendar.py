"""Read dates, times of day, years and decades."""

from __future__ import annotations

import re

from ..common.calendar import follows, full_year, is_day, is_time, iso_rules, name_rules, short_year_rules
from ..dialect import region
from ..rules import AroundMatch, Reading, Rule, reads
from ..tables import alternatives
from .numbers import cardinal
from .rules import FEMININE, LETTERS, NAMES, NOT_IN_WORD

MONTHS, _MONTH_NAMES, _WEEKDAYS = NAMES.months, NAMES.month_names, NAMES.weekdays

_MONTH = rf"({alternatives(_MONTH_NAMES)}){NOT_IN_WORD}"
_UNTIL = r"\s?[-–]\s?"
_HOURS = rf"(?:h(?:oras?|rs?)?\.?|hs\.?){NOT_IN_WORD}"


def day_of_month(day: int) -> list[str]:
    """Read the first day of a month as ``primero`` in America, and as ``uno`` in Spain; others as a number."""
    return ["primero"] if day == 1 and region() else cardinal(day)


def date(day: int, month: int, year: int | None = None, _around: AroundMatch | None = None) -> list[str]:
    """Return the words of a date: ``tres de mayo de dos mil veintiséis``."""
    words = [*day_of_month(day), "de", MONTHS[month - 1]]
    return words if year is None else [*words, "de", *cardinal(year)]


def time(hour: int, minute: int, has_hours: bool) -> list[str]:
    """Return the words of a time of day: ``catorce treinta``, ``nueve horas``, ``veintiuna cero cinco``."""
    words = cardinal(hour, FEMININE)
    if minute:
        words += [*(["cero"] if minute < 10 else []), *cardinal(minute)]
    return [*words, *(["hora" if hour == 1 and not minute else "horas"] if has_hours else [])]


@reads(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?!\d|[.,/-]\d)", r"(\d{1,2})(/)(\d{1,2})()(?![\d/]|[.,]\d)")
def _numeric(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``24/12/2025``, and ``5/6`` after ``el``."""
    day, month = int(match[1]), int(match[3])
    is_cued = bool(match[4]) or around.word_before.lower() in ("el", "del", "al", "día")
    if not is_day(day, month) or not is_cued:
        return None
    return date(day, month, full_year(match[4]) if match[4] else None)


@reads(rf"(\d{{1,2}})(?:\s?de)?\s{_MONTH}(?:\s+(?:del?\s)?(\d{{4}}))?(?!\d)")
def _with_month(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``1 de mayo`` and ``31 oct. 1956``."""
    if not is_day(int(match[1])):
        return None
    month = MONTHS.index(_MONTH_NAMES[match[2]]) + 1
    return date(int(match[1]), month, int(match[3]) if match[3] else None)


@reads(rf"(\d{{1,2}}){_UNTIL}(\d{{1,2}})(?:\s?de)?\s{_MONTH}")
def _days(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``3-5 de mayo``."""
    month = MONTHS.index(_MONTH_NAMES[match[3]]) + 1
    first, second = int(match[1]), int(match[2])
    if not (is_day(first) and is_day(second)):
        return None
    return [*day_of_month(first), "a", *date(second, month)]


_short_month = name_rules(
    _MONTH_NAMES, rf"({alternatives(name for name in _MONTH_NAMES if name.endswith('.'))})(?=\s\d|\s?de\s\d)"
)
_weekday = name_rules(
    _WEEKDAYS,
    r"(mar\.)(?=,?\s\d{1,2}(?!\d))",
    rf"({alternatives(name for name in _WEEKDAYS if name not in _MONTH_NAMES)})(?![{LETTERS}])",
)


@reads(
    rf"(\d{{1,2}})[:.](\d\d)(?:{_UNTIL}|\s(?:a|y)\s(?:las\s)?)(\d{{1,2}})[:.](\d\d)(?:\s?({_HOURS}))?(?![\d:])",
    rf"(\d{{1,2}})()(?:{_UNTIL}|\sa\s)(\d{{1,2}})()\s?({_HOURS})",
)
def _from_until(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``9:00 a 17:00 h`` and ``10-12 h``."""
    first, second = (int(match[1]), int(match[2] or 0)), (int(match[3]), int(match[4] or 0))
    if not (is_time(*first) and is_time(*second)) or (not match[5] and ":" not in match[0]):
        return None
    joining = re.findall(r"[a-z]+", match[0].removesuffix(match[5] or "")) or ["a"]
    return [*time(*first, has_hours=False), *joining, *time(*second, has_hours=bool(match[5]))]


@reads(
    rf"(\d{{1,2}})[:.](\d\d)(?::(\d\d))?\s?({_HOURS})",
    r"(\d{1,2}):(\d\d)(?::(\d\d))?()(?![\d:]|[.,]\d)",
    r"(\d{1,2})\.(\d\d)()()(?=\s?[ap]\.\s?m\.)",
)
def _clock(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``14:30``, ``8.15 h`` and ``12:30:05``."""
    hour, minute = int(match[1]), int(match[2])
    is_format = around.word_before.lower() in ("proporción", "formato", "escala", "relación")
    is_size = (hour, minute) in ((16, 10), (21, 9)) and around.word_before.lower() in ("de", "pantalla")
    if not is_time(hour, minute) or is_format or is_size:
        return None
    words = time(hour, minute, has_hours=bool(match[4]))
    return [*words, "y", *cardinal(int(match[3])), "segundos"] if match[3] else words


@reads(r"(1[0-9]\d\d|20\d\d)\s?[-–]\s?(1[0-9]\d\d|20\d\d)(?![\d.,:%]\d|\d|[-–]\d)")
def _range(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``1990-1995``."""
    return [*cardinal(int(match[1])), "a", *cardinal(int(match[2]))] if int(match[1]) < int(match[2]) else None


@reads(r"(1[1-9]\d\d|20\d\d)[/-](\d\d|\d{4})(?![\d/-])")
def _season(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``2023/24``."""
    return [*cardinal(int(match[1])), *cardinal(int(match[2]))] if follows(match) else None


LETTER_RULES: list[Rule] = [*_weekday, *_short_month]
DIGIT_RULES: list[Rule] = [
    *iso_rules(date, lambda hour, minute: time(hour, minute, has_hours=True)),
    *_days,
    *_with_month,
    *_numeric,
    *_from_until,
    *_clock,
    *_season,
    *_range,
]
QUOTE_RULES: list[Rule] = short_year_rules(cardinal)
