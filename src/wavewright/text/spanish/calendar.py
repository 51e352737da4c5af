"""Read dates, times of day, years and decades."""

from __future__ import annotations

import re

from ..common.calendar import Dates, is_time, name_rules, season_rules, short_year_rules, years_rules
from ..region import region
from ..rules import AroundMatch, Reading, Rule, reads
from ..tables import alternatives
from .numbers import cardinal
from .rules import FEMININE, LETTERS, NAMES, NOT_IN_WORD

_MONTH_NAMES, _WEEKDAYS = NAMES.month_names, NAMES.weekdays

_MONTH = rf"(?P<month>{alternatives(_MONTH_NAMES)}){NOT_IN_WORD}"
_UNTIL = r"\s?[-–]\s?"
_HOURS = rf"(?:h(?:oras?|rs?)?\.?|hs\.?){NOT_IN_WORD}"


def day_of_month(day: int) -> list[str]:
    """Read the first day of a month as ``primero`` in America, and as ``uno`` in Spain; others as a number."""
    return ["primero"] if day == 1 and region() else cardinal(day)


def time(hour: int, minute: int, has_hours: bool) -> list[str]:
    """Return the words of a time of day: ``catorce treinta``, ``nueve horas``, ``veintiuna cero cinco``."""
    words = cardinal(hour, FEMININE)
    if minute:
        words += [*(["cero"] if minute < 10 else []), *cardinal(minute)]
    return [*words, *(["hora" if hour == 1 and not minute else "horas"] if has_hours else [])]


_dates = Dates(NAMES, lambda day, _around: day_of_month(day), cardinal, "de")
_days = _dates.rules(rf"(?P<day>\d{{1,2}}){_UNTIL}(?P<last>\d{{1,2}})(?:\s?de)?\s{_MONTH}", until="a")
_with_month = _dates.rules(rf"(?P<day>\d{{1,2}})(?:\s?de)?\s{_MONTH}(?:\s+(?:del?\s)?(?P<year>\d{{4}}))?(?!\d)")
_numeric = [
    *_dates.rules(r"(?P<day>\d{1,2})([/.-])(?P<month>\d{1,2})\2(?P<year>\d{4}|\d{2})(?!\d|[.,/-]\d)"),
    *_dates.rules(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})(?![\d/]|[.,]\d)", cues=("el", "del", "al", "día")),
]


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


_season = season_rules(cardinal, r"(1[1-9]\d\d|20\d\d)[/-](\d\d|\d{4})(?![\d/-])")
_years = years_rules(cardinal, "a", r"(1[0-9]\d\d|20\d\d)\s?[-–]\s?(1[0-9]\d\d|20\d\d)(?![\d.,:%]\d|\d|[-–]\d)")


LETTER_RULES: list[Rule] = [*_weekday, *_short_month]
DIGIT_RULES: list[Rule] = [
    *_dates.iso_rules(lambda hour, minute: time(hour, minute, has_hours=True)),
    *_days,
    *_with_month,
    *_numeric,
    *_from_until,
    *_clock,
    *_season,
    *_years,
]
QUOTE_RULES: list[Rule] = short_year_rules(cardinal)
