"""Read dates, times of day, years, ordinals and Roman numerals."""

from __future__ import annotations

import re

from ..common.calendar import JOIN, Dates, is_time, name_rules, season_rules, short_year_rules, span_rules, years_rules
from ..numerals import ROMAN, roman_value
from ..rules import AroundMatch, Reading, Rule, by_value, reads, rule
from ..tables import alternatives
from .numbers import ORDINAL_ENDINGS, cardinal, ordinal, ordinal_with_ending
from .rules import NAMES, NOT_IN_WORD, word_list

MONTH_NAMES, WEEKDAYS = NAMES.month_names, NAMES.weekdays
ALSO_WORDS = frozenset(["CD", "DC", "MC", "CV", "MD", "CC", "MM", "DI", "MI", "CI", "DM", "CM", "LL", "DL", "LI"])
"""Numerals that are also abbreviations."""
NUMBERED, RULERS, SPELT = word_list("numbered"), word_list("rulers"), word_list("spelt")

_MONTH = rf"(?P<month>{alternatives(MONTH_NAMES)}){NOT_IN_WORD}"


def day_words(day: int) -> list[str]:
    """Return the words of the day of a date: the first is an ordinal."""
    return ["premier"] if day == 1 else cardinal(day)


def time_words(hour: int, minute: int = 0) -> list[str]:
    """Read ``14:30`` as ``quatorze heures trente``."""
    words = [*cardinal(hour, is_feminine=True), "heures" if hour > 1 else "heure"]
    return [*words, *(cardinal(minute) if minute else [])]


_dates = Dates(NAMES, lambda day, _around: day_words(day), cardinal)
_days = _dates.rules(rf"(?P<day>\d{{1,2}})(?:er)?(?P<until>{JOIN}|\s(?:et|au|ou)\s)(?P<last>\d{{1,2}})\s{_MONTH}")
_with_month = _dates.rules(rf"(?P<day>\d{{1,2}})(?:er)?\s{_MONTH}(?:\s(?P<year>\d{{4}}))?(?!\d)")
_numeric = _dates.rules(r"(?P<day>\d{1,2})(?:er)?([/.-])(?P<month>\d{1,2})\2(?P<year>\d{4}|\d{2})(?![\d/]|[.,-]\d)")
_day_month = _dates.rules(
    r"(?=\d\d/|\d/\d\d)(?P<day>\d{1,2})/(?P<month>\d{1,2})(?![\d/]|[.,]\d)",
    cues={"le", "du", "au", "jusqu'au", "dès", *WEEKDAYS.values()},
)


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
    words = [*time_words(int(match[1]), int(match[2] or 0)), "à", *time_words(int(match[3]), int(match[4] or 0))]
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
    if not is_time(match[1], match[2]) or around.right(3).strip().startswith(("%", "€", "=")):
        return None
    seconds = ["et", *cardinal(int(match[3]), is_feminine=True), "secondes"] if match[3] and int(match[3]) else []
    return [*time_words(int(match[1]), int(match[2])), *seconds]


_season = [
    *season_rules(cardinal, r"(1[0-9]\d\d|20\d\d)[/-](\d\d|\d{4})(?![\d/-])"),
    *years_rules(cardinal, "à", r"(1[0-9]\d\d|20\d\d)-(\d{4})(?![\d/-])"),
]


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
    if is_single or match[1] in ALSO_WORDS:
        return None
    return cardinal(value) if len(match[1]) < 7 else None


@reads(r"s\.(?!\w)")
def _century(_match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``XIXe s.``."""
    is_after = re.fullmatch("[IVX]+e", around.word_before) is not None and around.is_apart
    return ["siècle"] if is_after else None


LETTER_RULES: list[Rule] = [*_century, *_weekdays, *_weekday, *_short_month, *_roman]
DIGIT_RULES: list[Rule] = [
    *_dates.iso_rules(time_words),
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
