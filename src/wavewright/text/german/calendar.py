"""Read dates, times of day, years and decades, and ordinals with a dot."""

from __future__ import annotations

import re

from ..common.calendar import (
    JOIN,
    Dates,
    full_year,
    is_day,
    name_rules,
    season_rules,
    short_year_rules,
    span_rules,
    years_rules,
)
from ..rules import AroundMatch, Reading, Rule, reads
from ..tables import alternatives
from . import grammar
from .numbers import cardinal, decade, ordinal, year
from .rules import NAMES, NOT_IN_WORD, word_list

YEAR_CUES, COUNTED = word_list("year-cues"), word_list("counted")
FIRST_YEAR, LAST_YEAR = 1100, 2099
MONTH_NAMES, WEEKDAYS = NAMES.month_names, NAMES.weekdays
_NAME = alternatives(MONTH_NAMES)
_SHORT_DAYS = alternatives(day for day in WEEKDAYS if len(day) == 3)


def _day_ending(around: AroundMatch) -> str:
    """Return the ending of the day of a date: ``am dritten Mai``, ``der dritte Mai``, ``Montag, dritter Mai``."""
    return grammar.ending(around, "Mai") or grammar.free_ending(around, "Mai")


@reads(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})(?!\d|[.,]\d)", r"(\d{1,2})\.(\d{1,2})\.(?![\d])()")
def _numeric(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``3.5.2026`` and ``03.05.``, the month as an ordinal, too."""
    day, month = int(match[1]), int(match[2])
    if not is_day(day, month):
        return None
    end = _day_ending(around)
    return [*ordinal(day, end), *ordinal(month, end), *_year(match[3])]


_dates = Dates(NAMES, lambda day, around: ordinal(day, _day_ending(around)), year)
_with_month = _dates.rules(rf"(?P<day>\d{{1,2}})\.\s?(?P<month>{_NAME}){NOT_IN_WORD}(?:\s+(?P<year>\d{{4}}))?(?!\d)")


@reads(rf"(\d{{1,2}})\.{JOIN}(\d{{1,2}})\.(?:\s?(\d{{1,2}})\.(\d{{4}})?|\s?({_NAME}){NOT_IN_WORD})")
def _days(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``3.–5. Mai`` and ``3.-5.6.2026``."""
    if not (is_day(int(match[1])) and is_day(int(match[2]), int(match[3] or 1))):
        return None
    end = _day_ending(around)
    month = [MONTH_NAMES[match[5]]] if match[5] else ordinal(int(match[3]), end)
    return [*ordinal(int(match[1]), end), "bis", *ordinal(int(match[2]), end), *month, *_year(match[4])]


def _year(written: str | None) -> list[str]:
    return year(full_year(written)) if written else []


_short_month = name_rules(
    MONTH_NAMES, rf"({alternatives(name for name in MONTH_NAMES if name.endswith('.'))})(?=\s|\d|,|$)"
)
_weekdays = span_rules(WEEKDAYS, "", "bis", NOT_IN_WORD)
_weekday = name_rules(
    WEEKDAYS,
    rf"({_SHORT_DAYS})(?=[\s,]*\d|\s(?:und|bis|oder|ab|um)\b)(?<!Fr\.)",
    r"(Mo|Di|Mi|Do|Fr|Sa|So)\.(?=,?\s\d)",
    r"(Mo|Di|Mi|Do|Sa)\.(?!\w)",
    r"(Mo|Di|Mi|Do|Fr|Sa)(?=,\s?\d|\s\d{1,2}(?:[.:]|\s?[-–]))",
)


def _time(hour: int, minute: int, has_hours: bool = True) -> list[str]:
    """Return the words of a time of day."""
    words = ["ein"] if hour == 1 else cardinal(hour)
    return [*words, *(["uhr"] if has_hours else []), *(cardinal(minute) if minute else [])]


@reads(
    rf"(\d{{1,2}})[:.](\d\d){JOIN}(\d{{1,2}})[:.](\d\d)\s?(?:Uhr|h){NOT_IN_WORD}",
    rf"(\d{{1,2}})(){JOIN}(\d{{1,2}})()\s?Uhr{NOT_IN_WORD}",
    rf"(\d{{1,2}}):(\d\d){JOIN}(\d{{1,2}}):(\d\d)(?![\d:])",
)
def _from_until(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``10–12 Uhr`` and ``9.00–17.30 Uhr``."""
    first, second = (int(match[1]), int(match[2] or 0)), (int(match[3]), int(match[4] or 0))
    if max(first[0], second[0]) > 24 or max(first[1], second[1]) > 59:
        return None
    return [*_time(*first, has_hours=bool(first[1])), "bis", *_time(*second)]


@reads(
    rf"(\d{{1,2}})[:.](\d\d)(?::(\d\d))?\s?(?:Uhr|h){NOT_IN_WORD}",
    rf"(\d{{1,2}})()()\s?Uhr{NOT_IN_WORD}(?:\s(\d{{1,2}})(?![\d.,:%€]|\s?[{'A-Za-z'}°]))?",
    r"(\d{1,2}):(\d\d)(?::(\d\d))?(?![\d:]|[.,]\d)",
)
def _clock(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``14:30 Uhr``, ``14.30 Uhr``, ``8 Uhr 5`` and ``20:15``."""
    hour, minute = int(match[1]), int(match[2] or (match[4] if len(match.groups()) > 3 else 0) or 0)
    second = int(match[3]) if match[3] else None
    if hour > 24 or minute > 59 or (len(match[2] or "") == 1):
        return None
    if "Uhr" not in match[0] and re.match(r"\s?(?:für|gegen)\b", around.right(8)):
        return None
    is_until = re.match(r"\s(?:bis|und)\s\d{1,2}[:.]\d\d\s?Uhr", around.right(18))
    if is_until and not minute and "Uhr" not in match[0]:
        return _time(hour, 0, has_hours=False)
    words = _time(hour, minute)
    if second is not None:
        words += [*([] if minute else ["null"]), "minuten", "und", *cardinal(second), "sekunden"]
    return words


@reads(r"(\d{1,3}):(\d\d)(?::(\d\d))?\s?(Stunden|Std\.|Minuten|Min\.)(?![a-z])")
def _duration(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``2:05:30 Stunden`` and ``3:20 Minuten``."""
    names = ["stunde", "minute", "sekunde"][0 if match[4][0] == "S" else 1 :]
    words: list[str] = []
    for number, name in zip(filter(None, match.groups()[:3]), names, strict=False):
        value = int(number)
        words += [*cardinal(value, "eine"), name if value == 1 else f"{name}n"] if value else []
    return words


@reads(rf"(\d{{2,4}})(?:er|-er)([ns]?){NOT_IN_WORD}")
def _decade(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``1990er`` and ``80ern``."""
    return decade(int(match[1]), f"er{match[2]}")


_years = years_rules(year, "bis", r"(1[1-9]\d\d|20\d\d)\s?[-–]\s?(1[1-9]\d\d|20\d\d)(?![\d.,:%]\d|\d|[-–]\d)")


@reads(r"(1[1-9]\d\d)(?![\d/]|[.,:]\d|-\d)")
def _year_alone(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``1998`` as a year, unless it counts something."""
    if around.word_after.lower() in COUNTED and around.word_before.lower() not in YEAR_CUES:
        return None
    return year(int(match[1]))


@reads(r"(\d{1,3})\.(?=\s?[A-Za-zÄÖÜäöü(]|\s*$|\s*[,;)])(?![A-Za-z]\.)")
def _ordinal(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``am 2. Tag``, but no number at the end of a sentence."""
    after = around.word_after
    if re.match(r"[A-Za-zÄÖÜäöü]", around.right(1)) or int(match[1]) == 0:
        return None
    if not after or not around.right(1).isspace():
        end = grammar.ending(around, "")
        return ordinal(int(match[1]), end) if end and not _is_counted(around) else None
    noun = _noun_after(around, after)
    if after[0].isupper() and after.lower() in grammar.STARTERS:
        return None
    end = grammar.ending(around, noun)
    if end:
        return ordinal(int(match[1]), end)
    if after[0].islower():
        is_series = after in ("und", "bis", "oder", "sowie") and re.match(r"\s\w+\s\d", around.text[around.end :])
        return ordinal(int(match[1]), grammar.free_ending(around, "Mai")) if is_series or after != "und" else None
    low = noun.lower()
    is_ordinal = low in grammar.ORDINAL_NOUNS or any(low.endswith(name) for name in ("platz", "tag", "liga", "klasse"))
    return ordinal(int(match[1]), grammar.free_ending(around, noun)) if is_ordinal else None


def _is_counted(around: AroundMatch) -> bool:
    """Return True for a number that ends a sentence after a name: ``die Linie der U 2.``."""
    return around.word_before.lower() not in ("am", "zum", "vom", "der", "im", "den", "die", "das", "dem", "bis")


def _noun_after(around: AroundMatch, after: str) -> str:
    """Return the first noun after a match, behind adjectives and further ordinals."""
    match = re.match(r"(?:\s*(?:und|bis|oder|\d{1,3}\.|[a-zäöüß]+))*\s*([A-ZÄÖÜ][\wäöüß]+)", around.right(80))
    return match[1] if match else after


LETTER_RULES: list[Rule] = [*_weekdays, *_weekday, *_short_month]
DIGIT_RULES: list[Rule] = [
    *_dates.iso_rules(_time),
    *_days,
    *_with_month,
    *_numeric,
    *_duration,
    *_from_until,
    *_clock,
    *_decade,
    *season_rules(year, r"(1[1-9]\d\d|20\d\d)/(\d\d|\d{4})(?![\d/])"),  # 2023/24
    *_years,
    *_ordinal,
]
YEAR_RULES: list[Rule] = [*_year_alone]
QUOTE_RULES: list[Rule] = short_year_rules(cardinal)
