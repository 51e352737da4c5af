"""Read durations (``90s``, ``2h30m``, ``5m ago``) and rates of anything (``5 litres/day``)."""

from __future__ import annotations

import itertools
import re

from ..pattern import pattern
from .numbers import decimal, in_plural, whole
from .rules import NEAR, NOT_IN_WORD, Around, Reading, Rule, alternatives, reads, word_list
from .units import PER, UNITS, Unit, named

ORDER = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
"""Units of time, each longer than the next."""

WRITTEN = {
    **{written: Unit("year", "years") for written in ("y", "yr", "yrs")},
    **{written: Unit("month", "months") for written in ("mo", "mos")},
    **{written: Unit("week", "weeks") for written in ("w", "wk", "wks")},
    **{written: Unit("day", "days") for written in ("d",)},
    **{written: Unit("hour", "hours") for written in ("h", "hr", "hrs")},
    **{written: Unit("minute", "minutes") for written in ("m", "min", "mins")},
    **{written: Unit("second", "seconds") for written in ("s", "sec", "secs")},
    "ms": UNITS["ms"],
}
"""Units of time as they are written after a number."""

_UNIT = alternatives(WRITTEN)
_PART = rf"\d{{1,5}}(?:\.\d{{1,3}})?\s?(?:{_UNIT})"
PART = pattern(rf"(\d{{1,5}}(?:\.\d{{1,3}})?)\s?({_UNIT})")

BEFORE_SECONDS = word_list("duration-cues")
AFTER_SECONDS = word_list("duration-nouns")
BEFORE_DECADE = word_list("decade-cues")
AFTER_DECADE = word_list("decade-nouns")
AGO = word_list("duration-ends")
ALSO_DECADES = range(20, 100, 10)
"""Decades, and ages and temperatures by the ten; other tens are seconds."""


@reads(rf"{_PART}(?:,?\s?{_PART}){{1,5}}{NOT_IN_WORD}(?!['/])")
def _compound(match: re.Match[str], _around: Around) -> Reading:
    """Read ``2h30m``: units from long to short."""
    parts = PART.findall(match[0])
    ranks = [ORDER.index(WRITTEN[unit].one) for _, unit in parts]
    is_length = parts[0][1] == "m" and float(parts[0][0]) > 59  # ``100 m, 9.58 s``
    if is_length or any(before >= after for before, after in itertools.pairwise(ranks)):
        return None
    words: list[str] = []
    for number, unit in parts:
        words += [*decimal(number.lstrip("0") or "0"), *named(WRITTEN[unit], number.lstrip("0") == "1")]
    return words


@reads(rf"(\d{{1,2}})h([0-5]\d){NOT_IN_WORD}")
def _hours_and_minutes(match: re.Match[str], _around: Around) -> Reading:
    """Read ``5h45``."""
    minutes = str(int(match[2]))
    return [
        *decimal(match[1]),
        *named(WRITTEN["h"], match[1] == "1"),
        *([*decimal(minutes), *named(WRITTEN["m"], minutes == "1")] if minutes != "0" else []),
    ]


@reads(rf"(\d{{1,5}}(?:\.\d{{1,3}})?)(y|mo|w|d|m){NOT_IN_WORD}")
def _single(match: re.Match[str], around: Around) -> Reading:
    """Read ``5m ago`` and ``every 30d``, where the letter alone would be another unit."""
    before, after = around.word_before.lower(), around.word_after.lower()
    if not (after in AGO or before in ("every", "past", "eta", "x") or (before in ("last", "next") and after == "")):
        return None
    if match[2] == "m" and before == "last" and after not in AGO:
        return None  # the last 50 meters
    is_one = match[1] == "1" or (around.is_adjective and after not in ("ago", "left"))
    return [*decimal(match[1]), *named(WRITTEN[match[2]], is_one)]


@reads(rf"(\d{{1,4}})s{NOT_IN_WORD}(?!')")
def _several(match: re.Match[str], around: Around) -> Reading:
    """Read ``two 6s`` as ``two sixes``: dice, cards, grades and sizes, not seconds."""
    before = [word.lower() for word in re.findall(r"[A-Za-z']+|\d+", around.left(NEAR))]
    last = before[-1] if before else ""
    if len(match[1]) > 2 or match[1][0] == "0" or (around.word_after.lower() in AFTER_SECONDS and last != "pocket"):
        return None
    sentence = around.text[max(0, around.start - 80) : around.end + 60].lower()
    is_counted = last in COUNTS or last.isdecimal() or (last == "of" and before[-2:-1] in (["pair"], ["set"], ["run"]))
    is_listed = last not in (BEFORE_SECONDS | {"between", "from"}) - {"and", "in"} and _is_listed(around)
    is_skipped = last in ("by", "in") and bool({"count", "counted", "counting", "skip", "multiply"} & {*before})
    is_game = last not in BEFORE_SECONDS - {"and", "for", "up"} and GAMES.search(sentence) is not None
    if not (is_counted or is_listed or is_skipped or is_game):
        return None
    return in_plural(whole(match[1]))


def _is_listed(around: Around) -> bool:
    """Return True for ``2s and 3s``: numbers below 20 that others like them are joined to."""
    after = re.match(r",?\s(?:and|or|&)\s(\d{1,2})s\b|,\s(\d{1,2})s\b", around.right(12))
    before = re.search(r"(\w+)\s\d{1,2}s,?\s(?:and|or|&)\s$", around.left(24))
    is_timed = before is not None and before[1].lower() in (BEFORE_SECONDS | {"between", "from"}) - {"in", "and"}
    return (after is not None or before is not None) and not is_timed


@reads(rf"(\d{{1,4}})s{NOT_IN_WORD}(?!')")
def _seconds(match: re.Match[str], around: Around) -> Reading:
    """Read ``90s`` as seconds, unless it is a decade (``the 90s``), an age or a temperature."""
    number = int(match[1])
    if are_ages(around):
        return None
    if len(match[1]) == 4 and not (around.word_after in AFTER_SECONDS and around.word_before in ("a", "an")):
        return None  # the 1990s
    if number == 1 or match[1][0] == "0" or not match[0][:-1].isdecimal():
        return None
    if number not in ALSO_DECADES:
        is_plural = number % 10 != 0 or number in (100, 1000) or around.word_before.lower() in BEFORE_DECADE
        return None if is_plural else _of_seconds(match[1], around)
    return _of_seconds(match[1], around) if _are_seconds(around) else None


def are_ages(around: Around) -> bool:
    """Return True for the ages of ``under-35s``."""
    return around.left(6).lower().endswith(("under-", "over-"))


def _are_seconds(around: Around) -> bool:
    """Return True for a number that may be a decade, if the words around it speak of a time that passes."""
    before = [word.lower() for word in around.words_before]
    last = before[-1] if before else ""
    after = around.word_after.lower()
    sign = around.left(NEAR).rstrip(" ")[-1:]
    if last in BEFORE_DECADE and sign.isalnum() and after not in AFTER_SECONDS:
        return False
    if after in AFTER_DECADE or (last == "in" and around.word_after.istitle()):
        return False  # in 80s Britain
    is_timed = after in AFTER_SECONDS or (last in BEFORE_SECONDS and sign.isalnum())
    return is_timed or (sign in ":=<>~≤≥±(" and sign != "" and len(before) > 0)


def _of_seconds(number: str, around: Around) -> list[str]:
    return [*decimal(number), "second" if number == "1" or around.is_adjective else "seconds"]


RATES = rf"((?:\s?/\s?(?:{alternatives(PER)})(?:\^?[²³23](?!\d))?){{1,3}})"
"""Pattern of the units after slashes: ``/kg/day``."""

_RATE = pattern(rf"\s?/\s?({alternatives(PER)})(?:\^?([²³23])(?!\d))?")


@reads(rf"\s?/\s?({alternatives(PER)})(?:\^?[²³23](?!\d))?{NOT_IN_WORD}")
def _per(match: re.Match[str], around: Around) -> Reading:
    """Read the slash of ``5 litres/day``, ``3x/week`` and ``$2/kg/month``."""
    before = around.left(60)
    is_counted = re.search(
        r"(?:(?<![\w/])(?:[$€£¥₹]\s?)?\d[\d.,]*\s?-?(?:[A-Za-zµ²³°%.]+\s?){0,2}|\d[\d.,]*[x×%]?|/[a-z]{1,12})$", before
    )
    is_plural = len(match[1]) > 2 and around.word_before.islower() and re.search(r"[a-z]s$|people$", before)
    if not (is_counted or is_plural):
        return None
    return per(match[0])


@reads(r"/(?=[a-z]{3,})")
def _price(_match: re.Match[str], around: Around) -> Reading:
    """Read the slash of a price: ``£3.50/pint``."""
    before = around.left(20)
    return ["per"] if re.search(r"[$€£¥₹]\s?\d[\d.,]*$", before) else None


def per(written: str) -> list[str]:
    """Return the words of a text that ``RATES`` matches: ``per second squared``, ``per cubic meter per day``."""
    return [word for unit, power in _RATE.findall(written) for word in _per_unit(unit, power)]


def _per_unit(unit: str, power: str) -> list[str]:
    name = PER[unit].split()
    if not power:
        return ["per", *name]
    is_cube = power in "³3"
    if name in (["second"], ["hour"], ["minute"]):
        return ["per", *name, "cubed" if is_cube else "squared"]
    return ["per", "cubic" if is_cube else "square", *name]


COUNTS = word_list("letter-counts") - {"the", "his", "her", "my", "their"} | word_list("plural-counts")
GAMES = pattern(r"\b(?:roll(?:s|ed|ing)?|dice|die|poker|cards?|deck|go fish|grades?|size|sizes|digits?|jersey)\b")
DIGIT_RULES: list[Rule] = [*_compound, *_hours_and_minutes, *_single, *_several, *_seconds]
SIGN_RULES: list[Rule] = [*_per, *_price]
