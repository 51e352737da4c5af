"""Read dates, times of day, years and decades."""

from __future__ import annotations

import math
import re

from ..pattern import pattern
from ..region import is_british
from .numbers import cardinal, decade, ordinal, two_digits, year
from .rules import (
    NEAR,
    NOT_IN_WORD,
    Around,
    Reading,
    Rule,
    alternatives,
    by_value,
    named_in,
    reads,
    reads_as,
    rows,
    rule,
    word_list,
)

_ROWS = rows("calendar", 3)
MONTHS = tuple(name for kind, name, _ in _ROWS if kind == "month")
MONTH_NAMES = {
    written: name
    for kind, name, short in _ROWS
    if kind == "month"
    for written in (*short.split(), name.title(), name.upper())
}
"""Months by their written forms."""

_SHORT_MONTH = alternatives(written for kind, _, short in _ROWS if kind == "month" for written in short.split())
_ANY_MONTH = alternatives(MONTH_NAMES)
UNDOTTED_MONTHS = word_list("undotted-months")
MONTH = rf"({alternatives(MONTH_NAMES)})\b"
DAY_NAMES = tuple(name for kind, name, _ in _ROWS if kind == "weekday")
WEEKDAYS = {written.lower(): name for kind, name, short in _ROWS if kind == "weekday" for written in short.split()}
"""Days of the week by their short forms in lower case."""

DAY = r"(\d{1,2})(?:st|nd|rd|th)?"

FIRST_YEAR, LAST_YEAR = 1100, 2099
"""Range of the four-digit numbers that are years, unless they count something."""

YEAR_CUES = word_list("year-cues")
COUNTED_NOUNS = word_list("counted-nouns")
UNCOUNTED_S = word_list("uncounted-s")
RATIO_CUES = word_list("ratio-cues")
DATE_CUES = ("in", "since", "until", "till", "from", "dated", "released", "updated", "published")
CLOCK_CUES = word_list("clock-cues")
SLASHED_CUES = word_list("date-cues")
DAY_BEFORE = pattern(
    rf"\b(?:{alternatives([*WEEKDAYS, *DAY_NAMES])}|today|tomorrow|yesterday|tonight|(?:week|weekend|night) of)s?"
    r"[.,:]{0,2}\s(?:the\s)?\(?$",
    re.IGNORECASE,
)
"""A day before a date: ``Wed. 9/4``."""
TIME_AFTER = pattern(r"(?:\s?@|,|\sat|\sfrom)?\s?\d{1,2}(?::\d\d)?\s?[apAP]\.?[mM]\b")
"""A time after a date: ``9/4 @ 3pm``."""
DATE_AFTER = pattern(r"(?:\s?[-–]\s?|\s(?:to|through|thru|until|and)\s)(\d{1,2})/(\d{1,2})(?![\d/])")
DATE_BEFORE = pattern(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:\s?[-–]\s?|\s(?:to|through|thru|until|and)\s)$")
EXPIRY_CUES = ("exp", "valid", "thru", "through", "goodthru")


def _date(month: int, day: int, of_year: str, around: Around) -> Reading:
    """Read a date in the order of the dialect; None if there is no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    number = int(of_year) if of_year else 0
    number += (2000 if number < 40 else 1900) if len(of_year) == 2 else 0
    of_year_words = year(number) if of_year else []
    if is_british():
        return [*_article(around), *ordinal(day), "of", MONTHS[month - 1], *of_year_words]
    return [MONTHS[month - 1], *ordinal(day), *of_year_words]


def _article(around: Around) -> list[str]:
    """Return the article of a British date, unless it is written."""
    return [] if around.word_before.lower() == "the" else ["the"]


def _in_order(first: str, second: str, of_year: str, around: Around) -> Reading:
    """Read ``3/4`` month first in America and day first in Britain, in the other order if there is no such date."""
    month, day = (int(second), int(first)) if is_british() else (int(first), int(second))
    return _date(month, day, of_year, around) or _date(day, month, of_year, around)


@reads(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d-])")
def _iso(match: re.Match[str], around: Around) -> Reading:
    """Read ``2024-03-15``."""
    return _date(int(match[3]), int(match[4]), match[1], around)


@reads(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):?(\d\d)(?::?(\d\d)(?:\.\d{1,9})?)?(?:(Z)|([-−+])(\d\d):?(\d\d))?(?![\w:])")
def _iso_time(match: re.Match[str], around: Around) -> Reading:
    """Read ``2023-11-05T14:30:00Z``."""
    date, hour, minute = _date(int(match[2]), int(match[3]), match[1], around), int(match[4]), int(match[5])
    if date is None or hour > 24 or minute > 59:
        return None
    second = two_digits(int(match[6])) if match[6] and int(match[6]) else []
    of_minute = two_digits(minute) if minute or second else ["o'clock"] if 0 < hour <= 12 else ["hundred"]
    zone = ["U", "T", "C"] if match[7] == "Z" else []
    if match[8]:
        offset = [*cardinal(int(match[9])), *(cardinal(int(match[10])) if int(match[10]) else [])]
        zone = ["minus" if match[8] in "-−" else "plus", *offset]
    return [*date, *cardinal(hour), *of_minute, *second, *zone]


@reads(r"([12]\d{3})/(\d\d)(?![\d/])")
def _two_years(match: re.Match[str], _around: Around) -> Reading:
    """Read the season ``2023/24``."""
    first, second = int(match[1]), int(match[2])
    return [*year(first), *two_digits(second)] if first >= FIRST_YEAR and (first + 1) % 100 == second else None


@reads(r"(1[1-9]\d\d|20\d\d)\s?[-–]\s?(\d\d)(?![-–\d:%/]|[,.]\d)")
def _range_of_years(match: re.Match[str], _around: Around) -> Reading:
    """Read ``1990–95`` and ``2008-09``."""
    first, second = int(match[1]), int(match[2])
    return [*year(first), "to", *two_digits(second)] if second > first % 100 else None


@reads(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\d/])")
def _slashed(match: re.Match[str], around: Around) -> Reading:
    """Read ``12/25/2023``."""
    return _in_order(match[1], match[2], match[3], around)


@reads(r"(\d{1,2})/(\d{1,2})(?![\d/])")
def _slashed_without_year(match: re.Match[str], around: Around) -> Reading:
    """Read ``on 3/4`` as a date."""
    if match[0] == "9/11":
        return [*cardinal(9), *cardinal(11)]
    if _is_share(around):
        return None
    is_date = (
        around.word_before.lower() in SLASHED_CUES
        or DAY_BEFORE.search(around.text, max(0, around.start - NEAR), around.start)
        or TIME_AFTER.match(around.text, around.end)
        or _is_in_range(match, around)
    )
    return _in_order(match[1], match[2], "", around) if is_date else None


def _is_share(around: Around) -> bool:
    """Return True for ``on 3/4 of the days`` and ``by 1/2 cup``."""
    return around.word_after in ("of", "cup", "cups", "inch", "inches", "mile", "miles", "tsp", "tbsp")


def _is_in_range(match: re.Match[str], around: Around) -> bool:
    """Return True for a date of the range ``from 3/4 to 3/9``, one of whose dates is no usual fraction."""
    other = DATE_AFTER.match(around.text, around.end) or DATE_BEFORE.search(
        around.text, max(0, around.start - 12), around.start
    )
    if not other:
        return False
    pairs = [(int(match[1]), int(match[2])), (int(other[1]), int(other[2]))]
    are_dates = all(1 <= min(pair) <= 12 and max(pair) <= 31 and min(pair) > 0 for pair in pairs)
    return are_dates and any(
        math.gcd(*pair) > 1 or pair[0] > pair[1] or pair[1] not in (2, 3, 4, 5, 6, 8, 10, 12, 16) for pair in pairs
    )


@reads(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\d.]\d)")
def _dotted(match: re.Match[str], around: Around) -> Reading:
    """Read ``15.03.2024``, day first."""
    first, second = int(match[1]), int(match[2])
    return _date(second, first, match[3], around) or _date(first, second, match[3], around)


@reads(r"(\d\d)\.(\d\d)\.(\d\d)(?![\d.]\d|\d)")
def _dotted_short(match: re.Match[str], around: Around) -> Reading:
    """Read ``12.31.99``; a version has no leading zero and rarely a number above 12."""
    first, second = int(match[1]), int(match[2])
    is_date = "0" in (match[1][0], match[2][0]) or max(first, second) > 12
    is_version = around.word_before.lower() in ("version", "release", "build", "v", "update")
    return _in_order(match[1], match[2], match[3], around) if is_date and not is_version else None


@reads(rf"{DAY}(?:\s+of)?\s+{MONTH}\.?(?:,?\s+([12]\d{{3}})(?!\d))?")
def _day_first(match: re.Match[str], around: Around) -> Reading:
    """Read ``3 May 1999``."""
    day = int(match[1])
    if not 1 <= day <= 31:
        return None
    return [*_article(around), *ordinal(day), "of", MONTH_NAMES[match[2]], *(year(int(match[3])) if match[3] else [])]


@reads(rf"{MONTH}\.?\s+{DAY}(?:\s?[-–]\s?{DAY})?(?:,?\s+([12]\d{{3}})(?![\d,]))?(?![\d:%]|\.\d)")
def _month_first(match: re.Match[str], _around: Around) -> Reading:
    """Read ``Jan. 5-7, 2020``."""
    if not 1 <= int(match[2]) <= 31:
        return None
    article = ["the"] if is_british() else []
    until = ["to", *article, *ordinal(int(match[3]))] if match[3] else []
    return [
        MONTH_NAMES[match[1]],
        *article,
        *ordinal(int(match[2])),
        *until,
        *(year(int(match[4])) if match[4] else []),
    ]


_short_month = reads(
    rf"({_SHORT_MONTH})\.", rf"({_SHORT_MONTH})(?=\s+'?\d)", rf"({alternatives(UNDOTTED_MONTHS)})(?![A-Za-z0-9'.-])"
)(reads_as(named_in(MONTH_NAMES)))
"""Rules of ``Jan.`` alone, and ``Oct`` without a dot."""


@reads(rf"({_ANY_MONTH})\.?\s?([-–/])\s?({_ANY_MONTH})(?:\.(?!\s+[A-Z]|\s*$)|(?![A-Za-z]))")
def _months(match: re.Match[str], _around: Around) -> Reading:
    """Read ``Oct-Dec``, and ``Jan/Feb`` without a word for its slash."""
    first, second = (match[1], match[3])
    if "may" in (first, second) or (first == "March" and match[2] == "/"):
        return None
    return [MONTH_NAMES[first], *(["to"] if match[2] != "/" else []), MONTH_NAMES[second]]


@reads(r"((?:19|20)\d\d)(-)(0[1-9]|1[0-2])(?![\d/:]|-\d)", r"((?:19|20)\d\d)(/)(0[1-9]|1[0-2])(?![\d/:])")
def _year_month(match: re.Match[str], around: Around) -> Reading:
    """Read the month ``2021-06``, unless it may be the season or the range ``2011-12``."""
    of_century, month = int(match[1]) % 100, int(match[3])
    is_season = month == of_century + 1
    is_range = is_season or (month > of_century and match[3][0] != "0")
    is_cued = around.word_before.lower() in DATE_CUES and not (is_season and match[2] == "/")
    return None if is_range and not is_cued else _month_of(month, int(match[1]))


@reads(r"(0?[1-9]|1[0-2])/((?:19|20)\d\d)(?![\d/])")
def _month_year(match: re.Match[str], _around: Around) -> Reading:
    """Read ``12/2023``, but not the fraction ``1/2000``."""
    return None if match[0] in ("1/1900", "1/2000") else _month_of(int(match[1]), int(match[2]))


@reads(r"(0?[1-9]|1[0-2])\s?/\s?(\d\d)(?![\d/])")
def _expiry(match: re.Match[str], around: Around) -> Reading:
    """Read the month and the year of ``Exp. 08/27`` and ``Valid thru 05/28``."""
    near = [word.lower() for word in around.words_before]
    is_card = match[1][0] == "0" or near[-1:] not in (["thru"], ["through"]) or near[-2:-1] in (["valid"], ["good"])
    is_cued = is_card and any(word.startswith("expir") or word in EXPIRY_CUES for word in near[-2:])
    is_cued = is_cued or (near[-2:] in (["best", "before"], ["use", "by"], ["valid", "until"], ["good", "thru"]))
    return _month_of(int(match[1]), 2000 + int(match[2])) if is_cued and int(match[2]) > 12 else None


def _month_of(month: int, number: int) -> list[str]:
    """Return the words of a month and its year."""
    return [MONTHS[month - 1], *year(number)]


@reads(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s?([AaPp])\.?[Mm]\b\.?)?(?![\d:]|,\d{3})")
def _time(match: re.Match[str], around: Around) -> Reading:
    """Read ``7:05 a.m.`` and ``17:30``, but no ratio such as ``16:9``."""
    hour, minute, second, half = int(match[1]), int(match[2]), match[3], match[4]
    near = {word.lower() for word in [*around.words_before, around.word_after]}
    if hour > 24 or minute > 59 or (near & RATIO_CUES and not half):
        return None
    end = [half.upper(), "M"] if half else []
    if second:
        return [*cardinal(hour), *two_digits(minute), *two_digits(int(second)), *end]
    if minute:
        return [*cardinal(hour), *two_digits(minute), *end]
    if half:
        return [*cardinal(hour), *end]
    if around.left(4).lower() == "sub-":
        return [*cardinal(hour), "hour"]
    follows = re.match(r"\s*o'clock", around.right(12))
    return [*cardinal(hour), *([] if follows else ["o'clock"] if 0 < hour <= 12 else ["hundred"])]


@reads(
    r"(1[0-2]|[1-9])(?::([0-5]\d))?([ap])\s?[-–]\s?(1[0-2]|[1-9])(?::([0-5]\d))?([ap])\b(?!\.?m)",
    r"(1[0-2]|[1-9]):([0-5]\d)([ap])()()()\b(?!\.?m)",
)
def _short_time(match: re.Match[str], _around: Around) -> Reading:
    """Read ``3:15p`` and ``7a-3p``."""
    words: list[str] = []
    for hour, minute, half in (match.groups()[:3], match.groups()[3:]):
        of_minute = two_digits(int(minute)) if minute and int(minute) else []
        words += ["to", *cardinal(int(hour)), *of_minute, half.upper(), "M"] if hour else []
    return words[1:]


@reads(r"(\d{1,2})\.(\d{2})\s?([AaPp])(?:\.[Mm]\.|[Mm]\b)")
def _dotted_time(match: re.Match[str], _around: Around) -> Reading:
    """Read ``7.30 p.m.``."""
    hour, minute = int(match[1]), int(match[2])
    return (
        [*cardinal(hour), *(two_digits(minute) if minute else []), match[3].upper(), "M"]
        if hour < 13 and minute < 60
        else None
    )


@reads(r"(\d{4})(?= hours\b)", r"(\d{4})(?=\s?(?:hrs|h)\b)", r"(0\d[0-5]\d)(?![\w:/-]|[.,]\d)")
def _hours(match: re.Match[str], around: Around) -> Reading:
    """Read ``1730 hours``, ``0600 hrs`` and ``at 0600``."""
    is_time = around.word_after == "hours" or around.word_before.lower() in CLOCK_CUES
    is_time = is_time or (match[1][0] == "0" and around.word_after in ("hrs", "h"))
    return _of_clock(match[1]) if is_time else None


@reads(r"([0-2]\d[0-5]\d)\s?[-–]\s?([0-2]\d[0-5]\d)(?=\s?(?:hours|hrs|h)\b|(?![\w:/-]|[.,]\d))")
def _hours_until(match: re.Match[str], around: Around) -> Reading:
    """Read ``0900-1700 hrs``: hours of the clock by a word around or by their quarters."""
    is_cued = around.word_after in ("hours", "hrs", "h") or around.word_before.lower() in CLOCK_CUES
    are_quarters = (
        match[1][0] == "0" and match[1] < match[2] and {match[1][2:], match[2][2:]} <= {"00", "15", "30", "45"}
    )
    first, second = _of_clock(match[1]), _of_clock(match[2])
    return [*first, "to", *second] if first and second and (is_cued or are_quarters) else None


def _of_clock(written: str) -> Reading:
    """Read four digits of the clock: ``0600`` as ``oh six hundred``; None if there is no such time."""
    hour, minute = divmod(int(written), 100)
    if hour > 24 or minute > 59:
        return None
    of_hour = two_digits(hour) if written[0] == "0" and hour else cardinal(hour)
    return [*of_hour, *(two_digits(minute) if minute else ["hundred"])]


@reads(r"(\d{1,2})\s?([AaPp])(?:\.[Mm]\.|[Mm]\b)")
def _hour(match: re.Match[str], _around: Around) -> Reading:
    """Read ``7 p.m.``."""
    return [*cardinal(int(match[1])), match[2].upper(), "M"] if int(match[1]) <= 24 else None


def _decade(written: str) -> list[str]:
    """Return the words of ``1990s``, ``80s`` and ``'80s``."""
    words = decade(int(written))
    return words[1:] if written in ("100", "1000") else words


@reads(rf"(\d{{1,4}})\s?(B\.C\.E?\.?|A\.D\.|BCE|BC|CE|AD){NOT_IN_WORD}")
def _era(match: re.Match[str], _around: Around) -> Reading:
    """Read ``44 BC``."""
    number = int(match[1])
    era = [letter for letter in match[2] if letter != "."]
    return [*(year(number) if 1100 <= number <= LAST_YEAR else cardinal(number)), *era]


@reads(r"(\d{4})(?!\d|[A-Za-z,]\d|[.:/]\d|[A-Za-z%°'])")
def _year(match: re.Match[str], around: Around) -> Reading:
    """Read four digits as a year, unless they count something."""
    number, after = int(match[1]), around.word_after
    counts = after.islower() and after not in UNCOUNTED_S and (after in COUNTED_NOUNS or after.endswith("s"))
    if counts or not (1000 <= number <= 2999):
        return None
    is_plain = FIRST_YEAR <= number <= LAST_YEAR
    return year(number) if is_plain or around.word_before.lower() in YEAR_CUES else None


DIGIT_RULES: list[Rule] = [
    *_iso_time,
    *_year_month,
    *_range_of_years,
    *_two_years,
    *_iso,
    *_slashed,
    *_month_year,
    *_expiry,
    *_dotted,
    *_dotted_short,
    *_day_first,
    *_short_time,
    *_time,
    *_dotted_time,
    *_hours_until,
    *_hours,
    *_hour,
    rule(rf"(\d{{2,3}}0|\d0)'?s{NOT_IN_WORD}", _decade),
    *_era,
    *_slashed_without_year,
]
YEAR_RULES: list[Rule] = [*_year]
QUOTE_RULES: list[Rule] = [
    rule(rf"'(\d0)s{NOT_IN_WORD}", _decade),
    rule(rf"'(\d\d){NOT_IN_WORD}", by_value(two_digits)),  # '99
]
LETTER_RULES: list[Rule] = [*_months, *_month_first, *_short_month]
