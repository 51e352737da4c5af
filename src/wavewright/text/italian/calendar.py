"""Read dates, times of day, years, ordinals and Roman numerals."""

from __future__ import annotations

import re

from ..common.calendar import JOIN, Dates, is_day, is_time, name_rules, season_rules, short_year_rules, span_rules
from ..numerals import ROMAN, roman_value
from ..rules import AroundMatch, Reading, Rule, reads, reads_as, rule
from ..tables import alternatives
from .numbers import cardinal, letters, ordinal
from .rules import LETTERS, NAMES, NOT_IN_WORD, is_feminine, word_list

MONTH_NAMES, WEEKDAYS = NAMES.month_names, NAMES.weekdays
TIME_CUES, RANKED, RULERS = word_list("time-cues"), word_list("ranked"), word_list("rulers")

_MONTH = rf"(?P<month>{alternatives(MONTH_NAMES)}){NOT_IN_WORD}"


def day_words(day: int) -> list[str]:
    """Return the words of the day of a date: the first is an ordinal."""
    return ["primo"] if day == 1 else cardinal(day)


def time_words(hour: int, minute: int) -> list[str]:
    """Read ``14:30`` as ``quattordici e trenta``; the hour one is feminine."""
    words = ["una"] if hour == 1 else cardinal(hour)
    return [*words, *(["e", *cardinal(minute)] if minute else [])]


_dates = Dates(NAMES, lambda day, _around: day_words(day), cardinal)
_days = _dates.rules(rf"(?P<day>\d{{1,2}}){JOIN}(?P<last>\d{{1,2}})\s{_MONTH}")
_with_month = _dates.rules(rf"(?P<day>\d{{1,2}})[º°]?\s{_MONTH}(?:\s(?:del\s)?(?P<year>\d{{4}}))?(?!\d)")
_numeric = _dates.rules(r"(?P<day>\d{1,2})([/.-])(?P<month>\d{1,2})\2(?P<year>\d{4}|\d{2})(?![\d/]|[.,-]\d)")


_short_month = name_rules(
    MONTH_NAMES, rf"({alternatives(name for name in MONTH_NAMES if name.endswith('.'))})(?=\s?\d)"
)
_weekdays = span_rules(WEEKDAYS, "da", "a", NOT_IN_WORD)
_weekday = name_rules(
    WEEKDAYS, rf"({alternatives(day for day in WEEKDAYS if day.endswith('.'))})(?=,?\s\d|\s(?:e|o|mattina|sera)\b)"
)


@reads(r"(\d{1,2}):(\d\d)\s?[-–]\s?(\d{1,2}):(\d\d)(?![\d:])", r"(\d{1,2})\.(\d\d)\s?[-–]\s?(\d{1,2})\.(\d\d)(?![\d.])")
def _from_until(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``9:00-13:00``."""
    if not (is_time(match[1], match[2]) and is_time(match[3], match[4])):
        return None
    is_cued = around.word_before.lower() in ("dalle", "ore")
    words = [*time_words(int(match[1]), int(match[2])), "alle", *time_words(int(match[3]), int(match[4]))]
    return words if is_cued else ["dalle", *words]


@reads(r"(\d{1,2}):(\d\d)(?::(\d\d))?(?:\s?h)?(?![\d:]|[.,]\d)", r"(\d{1,2})\.(\d\d)(?!\d|[.,]\d)")
def _clock(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``14:30``, and ``20.45`` after a word such as ``ore``."""
    if not is_time(match[1], match[2]) or (match[0][len(match[1])] == "." and not _is_cued(around)):
        return None
    if around.right(3).strip().startswith(("%", "€", "=")):
        return None
    second = match[3] if len(match.groups()) > 2 else None
    seconds = ["e", *cardinal(int(second)), "secondi"] if second and int(second) else []
    return [*time_words(int(match[1]), int(match[2])), *seconds]


def _is_cued(around: AroundMatch) -> bool:
    return around.word_before.lower() in TIME_CUES


@reads(r"(\d{1,3})\s?h\s?(\d{1,2})(?:\s?(?:m|min|'))?(?![A-Za-z0-9])\.?")
def _duration(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``2h 30min``."""
    hours, minutes = int(match[1]), int(match[2])
    return [
        *(["un'ora"] if hours == 1 else [*cardinal(hours), "ore"]),
        *(["un", "minuto"] if minutes == 1 else [*cardinal(minutes), "minuti"]),
    ]


@reads(
    r"(\d{1,4})\s?([ºª°])(?=\s[a-zà-ùA-Z]|[,;.!?]|$)", r"(\d{1,3})([oa])(?=\s[a-zà-ù])", r"(\d{1,4})-?(esim)([oaie])"
)
def _ordinal(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``4º``, ``2ª``, ``5a classe`` and ``20esimo``; ``°`` is that of an ordinal before a noun only."""
    if int(match[1]) == 0:
        return None
    if match[2] == "esim":
        return ordinal(int(match[1]), match[3])
    noun = around.word_after
    if match[2] == "°":
        is_noun = re.match(r"\s[a-zà-ù]{3}", around.right(4)) is not None
        return ordinal(int(match[1]), "a" if is_feminine(noun) else "o") if is_noun else None
    return ordinal(int(match[1]), "a" if match[2] in "aª" else "o")


@reads(rf"({ROMAN})[º°ª]?{NOT_IN_WORD}(?!['.]\w)")
def _roman(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``XXI secolo``, ``Vittorio Emanuele II`` and ``capitolo IV``, as ordinals in the gender of their noun."""
    if not match[1] or not around.is_apart:
        return None
    before, after = around.word_before, around.word_after
    low, value = before.lower(), roman_value(match[1])
    is_single = len(match[1]) == 1 and match[0] == match[1]
    if low in RULERS or low in RANKED or low in ("sec", "cap", "vol", "art", "tit", "lib"):
        if is_single and match[1] not in "IVX":
            return None
        return ordinal(value, "a" if low not in ("sec", "papa") and is_feminine(low) else "o")
    if after in MONTH_NAMES and is_day(value):
        return day_words(value)
    follows = re.match(rf"\s([{LETTERS}]{{2,}})", around.right(40))
    is_counted = follows is not None and low in (
        *("il", "la", "nel", "nella", "del", "della", "al", "alla", "dal", "dalla", "sul", "sulla", "i", "le", "dei"),
        *("delle", "un", "una", "e", "tra", "fra", "questa", "questo", "sua", "suo", "lo"),
    )
    if is_counted and (not is_single or match[1] in "IVX"):
        return ordinal(value, "a" if is_feminine(after) else "o")
    if len(match[1]) > 1 and match[1] not in ("CD", "DC", "MC", "CV", "DVD", "MD", "CC", "MM", "DI", "MI", "CI", "VI"):
        return ordinal(value) if before[:1].isupper() and len(match[1]) < 6 else None
    return letters(match[1]) if match[1] in ("CD", "CV") else None


LETTER_RULES: list[Rule] = [
    *_weekdays,
    *_weekday,
    *_short_month,
    rule(rf"[hH]\s?(?=\d{{1,2}}(?:[:.]\d\d)?{NOT_IN_WORD})", "ore", is_apart=True),  # h 18
    *_roman,
]
DIGIT_RULES: list[Rule] = [
    *_dates.iso_rules(lambda hour, minute: ["ore", *time_words(hour, minute)]),
    *_days,
    *_with_month,
    *_numeric,
    *_duration,
    *_from_until,
    *_clock,
    *reads(r"(?<=ore )1(?![\d.,:/])", r"(?<=dalle )1(?![\d.,:/])", r"(?<=alle )1(?![\d.,:/])")(reads_as("una")),
    *season_rules(cardinal, r"(1[0-9]\d\d|20\d\d)/(\d\d|\d{4})(?![\d/])"),
    *_ordinal,
]
QUOTE_RULES: list[Rule] = short_year_rules(cardinal, r"'([2-9]00)(?![\d'])")
