"""Read dates, times of day, years, ordinals and Roman numerals."""

from __future__ import annotations

import re

from ..common.calendar import (
    JOIN,
    follows,
    full_year,
    is_day,
    is_time,
    iso_rules,
    name_rules,
    short_year_rules,
    span_rules,
)
from ..numerals import ROMAN, roman_value
from ..rules import AroundMatch, Reading, Rule, by_value, reads, rule
from ..tables import alternatives
from .numbers import ORDINAL_ENDINGS, cardinal, ordinal, ordinal_with_ending
from .rules import NAMES, NOT_IN_WORD, word_list

MONTHS, MONTH_NAMES, WEEKDAYS = NAMES.months, NAMES.month_names, NAMES.weekdays
ALSO_WORDS = frozenset(["CD", "DC", "MC", "CV", "MD", "CC", "MM", "DI", "MI", "CI", "DM", "CM", "LL", "DL", "LI"])
"""Numerals that are also abbreviations."""
NUMBERED, RULERS, SPELT = word_list("numbered"), word_list("rulers"), word_list("spelt")

_MONTH = rf"({alternatives(MONTH_NAMES)}){NOT_IN_WORD}"


def day_words(day: int) -> list[str]:
    """Return the words of the day of a date: the first is an ordinal."""
    return ["premier"] if day == 1 else cardinal(day)


def time_words(hour: int, minute: int = 0) -> list[str]:
    """Read ``14:30`` as ``quatorze heures trente``."""
    words = [*cardinal(hour, is_feminine=True), "heures" if hour > 1 else "heure"]
    return [*words, *(cardinal(minute) if minute else [])]


def _date(day: int, month: int, year: int, _around: AroundMatch) -> list[str]:
    return [*day_words(day), MONTHS[month - 1], *cardinal(year)]


def _year_of(written: str | None) -> list[str]:
    return cardinal(full_year(written)) if written else []


@reads(r"(\d{1,2})(?:er)?([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/]|[.,-]\d)")
def _numeric(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``24/12/2025``, the day first."""
    day, month = int(match[1]), int(match[3])
    return [*day_words(day), MONTHS[month - 1], *_year_of(match[4])] if is_day(day, month) else None


@reads(rf"(\d{{1,2}})(?:er)?\s{_MONTH}(?:\s(\d{{4}}))?(?!\d)")
def _with_month(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``24 décembre 1999`` and ``1er mai``."""
    if not is_day(int(match[1])):
        return None
    return [*day_words(int(match[1])), MONTH_NAMES[match[2]], *_year_of(match[3])]


@reads(rf"(\d{{1,2}})(?:er)?({JOIN}|\s(?:et|au|ou)\s)(\d{{1,2}})\s{_MONTH}")
def _days(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``5-6 octobre`` and ``1er et 2 mai``."""
    if not (is_day(int(match[1])) and is_day(int(match[3]))):
        return None
    between = re.findall("[a-z]+", match[2])
    return [*day_words(int(match[1])), *between, *day_words(int(match[3])), MONTH_NAMES[match[4]]]


@reads(r"(\d{1,2})/(\d{1,2})(?![\d/]|[.,]\d)")
def _day_month(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``le 14/07``."""
    day, month = int(match[1]), int(match[2])
    is_cued = around.word_before.lower() in ("le", "du", "au", "jusqu'au", "dès", *WEEKDAYS.values())
    is_date = is_day(day, month) and (len(match[2]) == 2 or len(match[1]) == 2)
    return [*day_words(day), MONTHS[month - 1]] if is_date and is_cued else None


_short_month = name_rules(
    MONTH_NAMES, rf"({alternatives(name for name in MONTH_NAMES if name.endswith('.'))})(?=\s?\d)", is_apart=True
)
_weekdays = span_rules(WEEKDAYS, "du", "au", NOT_IN_WORD, is_apart=True)
_weekday = name_rules(
    WEEKDAYS,
    rf"({alternatives(day for day in WEEKDAYS if day.endswith('.'))})(?=,?\s\d|\s(?:et|matin|soir|au)\b)",
    is_apart=True,
)
_HOURS = r"(?:h|H|heures?)"


@reads(
    rf"(\d{{1,2}})\s?{_HOURS}\s?(\d\d)?{JOIN}(\d{{1,2}})\s?{_HOURS}\s?(\d\d)?(?![\dA-Za-zÀ-ÿ])",
    r"(\d{1,2}):(\d\d)\s?[-–]\s?(\d{1,2}):(\d\d)(?![\d:])",
)
def _from_until(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``9h-13h``."""
    if not (is_time(match[1], match[2]) and is_time(match[3], match[4])):
        return None
    words = [
        *time_words(int(match[1]), int(match[2] or 0)),
        "à",
        *time_words(int(match[3]), int(match[4] or 0)),
    ]
    return words if around.word_before.lower() in ("de", "entre") else ["de", *words]


@reads(r"(\d{1,2})\s?[hH]\s?(\d\d)(?:\s?(?:min|mn|m))?(?![\dA-Za-zÀ-ÿ])")
def _hours_minutes(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``14h30``, and ``2h 30min`` with ``minutes``."""
    if int(match[2]) > 59:
        return None
    words = time_words(int(match[1]), int(match[2]))
    has_minutes = re.search("m", match[0]) is not None and int(match[2])
    if not has_minutes:
        return words
    is_one = int(match[2]) == 1
    return [*words[:-1], "une", "minute"] if is_one else [*words, "minutes"]


@reads(r"(\d{1,2}):(\d\d)(?::(\d\d))?(?:\s?h)?(?![\d:]|[.,]\d)")
def _clock(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``14:30``."""
    if not is_time(match[1], match[2]) or around.text[around.end : around.end + 3].strip().startswith(("%", "€", "=")):
        return None
    seconds = ["et", *cardinal(int(match[3]), is_feminine=True), "secondes"] if match[3] and int(match[3]) else []
    return [*time_words(int(match[1]), int(match[2])), *seconds]


@reads(r"(1[0-9]\d\d|20\d\d)[/-](\d\d|\d{4})(?![\d/-])")
def _season(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``2023/24``, and ``1914-1918`` with ``à``."""
    first, second = int(match[1]), int(match[2])
    if follows(match):
        return [*cardinal(first), *cardinal(second)]
    is_span = len(match[2]) == 4 and first < second and "-" in match[0]
    return [*cardinal(first), "à", *cardinal(second)] if is_span else None


@reads(rf"(\d{{1,6}})\s?(?:º|({ORDINAL_ENDINGS}))(?![A-Za-zÀ-ÿ0-9])")
def _ordinal(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``1er``, ``2e`` and ``2nde``."""
    if int(match[1]) == 0 or (match[2] in ("d", "e", "es", "re") and " " in match[0]):
        return None
    return ordinal_with_ending(int(match[1]), match[2] or "e")


@reads(rf"({ROMAN})({ORDINAL_ENDINGS})?{NOT_IN_WORD}(?!['.]\w)")
def _roman(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``XXe siècle``, ``Louis XIV``, ``François Ier`` and ``chapitre IV``."""
    if not match[1] or not around.is_apart or match[0].lower() in SPELT:
        return None
    value, before, after = roman_value(match[1]), around.word_before, around.word_after
    low = before.lower()
    if match[2]:
        is_word = match[0] in ("Me", "Ce", "De", "Les", "Des", "Ces", "Mes", "Des", "Les", "Le", "Dère", "Cd")
        return None if is_word else ordinal_with_ending(value, match[2])
    if low in RULERS and before[:1].isupper():
        return cardinal(value) if value > 1 else ["premier"]
    is_single = len(match[1]) == 1
    if low.removesuffix("s") in NUMBERED or low in NUMBERED or low in ("chap", "vol", "art", "tome", "livre", "partie"):
        return cardinal(value)
    if after.lower() in ("siècle", "siècles"):
        return ordinal(value)
    if is_single or match[1] in [
        "CD",
        "DC",
        "MC",
        "CV",
        "MD",
        "CC",
        "MM",
        "DI",
        "MI",
        "CI",
        "DM",
        "CM",
        "LL",
        "DL",
        "LI",
    ]:
        return None
    return cardinal(value) if len(match[1]) < 7 else None


@reads(r"s\.(?!\w)")
def _century(_match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``XIXe s.``."""
    is_after = re.fullmatch("[IVX]+e", around.word_before) is not None and around.is_apart
    return ["siècle"] if is_after else None


LETTER_RULES: list[Rule] = [*_century, *_weekdays, *_weekday, *_short_month, *_roman]
DIGIT_RULES: list[Rule] = [
    *iso_rules(_date, time_words),
    *_days,
    *_with_month,
    *_numeric,
    *_day_month,
    *_from_until,
    *_hours_minutes,
    rule(r"(\d{1,3})\s?(?:h|H)(?![\dA-Za-zÀ-ÿ²/])", by_value(time_words)),  # 21h
    *_clock,
    *_season,
    *_ordinal,
]
QUOTE_RULES: list[Rule] = short_year_rules(cardinal)
