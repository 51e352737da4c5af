"""Amounts: money, measurements, fractions, ordinals, plain numbers."""

from __future__ import annotations

import re
import unicodedata

from .numbers import as_ordinal, cardinal, decimal, fraction, in_pairs, plural, whole, word_set
from .rules import NOT_IN_WORD, NUMBER, Around, Reading, Rule
from .units import ANY_CASE, CODES, CURRENCIES, MAGNITUDES, NEEDS_NO_SPACE, UNITS, Currency, Unit

SIGN = r"([-−+±])?"
SIGNS = {"-": ["minus"], "−": ["minus"], "+": ["plus"], "±": ["plus", "or", "minus"]}
NUMBERED_PLACES = (
    "exit",
    "apt",
    "apartment",
    "room",
    "gate",
    "suite",
    "unit",
    "seat",
    "row",
    "line",
    "platform",
    "section",
    "grade",
    "flat",
)
HALVES = "".join(chr(code) for code in [0xBC, 0xBD, 0xBE, *range(0x2150, 0x215F)])
PER = {
    **{
        "h": "hour",
        "hr": "hour",
        "s": "second",
        "sec": "second",
        "min": "minute",
        "day": "day",
        "week": "week",
        "year": "year",
    },
    **{"yr": "year", "mo": "month", "month": "month", "kg": "kilogram", "g": "gram", "l": "liter", "L": "liter", "lb": "pound"},
    **{"m": "meter", "m²": "square meter", "m³": "cubic meter", "km": "kilometer", "mL": "milliliter", "dL": "deciliter"},
    **{"cm": "centimeter", "gal": "gallon", "sq ft": "square foot", "dl": "deciliter", "night": "night", "person": "person"},
}
POWERS = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}
LOWER_UNITS = {written.lower(): unit for written, unit in UNITS.items() if written.lower() in ANY_CASE}


def _one_of(words: object) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))  # type: ignore[call-overload]


_MAGNITUDE = rf"(?:\s?-?({_one_of([name for name in MAGNITUDES if len(name) > 3])})\b|({_one_of([n for n in MAGNITUDES if len(n) < 4])})\b)?"
_CURRENCY = f"({_one_of(CURRENCIES)})"


def _money(sign: str | None, number: str, size: str | None, currency: Currency, around: Around) -> list[str]:
    before, _, after = number.partition(".")
    words = SIGNS[sign] if sign else []
    if size is None and len(after) == 2 and currency.cent:
        is_none = not before.strip("0,")
        cents = int(after)
        of_cents = [*cardinal(cents), currency.cent if cents == 1 else currency.cents] if cents else []
        whole_part = [*whole(before or "0"), *_named(currency, before == "1")] if not is_none or not cents else []
        return [*words, *whole_part, *(["and"] if whole_part and of_cents else []), *of_cents]
    is_one = (number == "1" and size is None) or around.is_adjective
    return [*words, *decimal(number), *([MAGNITUDES[size]] if size else []), *_named(currency, is_one)]


def _named(unit: Currency | Unit, is_one: bool) -> list[str]:
    return [word.upper() if len(word) == 1 else word for word in (unit.one if is_one else unit.several).split()]


def _sign_first(match: re.Match[str], around: Around) -> Reading:
    per = ["per", *PER[match[6]].split()] if match[6] else []
    return [*_money(match[1], match[3], match[4] or match[5], CURRENCIES[match[2]], around), *per]


def _money_range(match: re.Match[str], around: Around) -> Reading:
    return [*decimal(match[2]), "to", *_money(None, match[3], match[4] or match[5], CURRENCIES[match[1]], around)]


def _code_first(match: re.Match[str], around: Around) -> Reading:
    return _money(None, match[2], match[3] or match[4], CODES[match[1]], around)


def _code_last(match: re.Match[str], around: Around) -> Reading:
    currency = CODES.get(match[5]) or CURRENCIES[match[5]]
    return _money(match[1], match[2], match[3] or match[4], currency, around)


def _cents(match: re.Match[str], around: Around) -> Reading:
    return [*decimal(match[1]), "cent" if match[1] == "1" or around.is_adjective else "cents"]


def _measure(match: re.Match[str], around: Around) -> Reading:
    sign, number, size, gap, written, power, per = match.groups()
    unit = UNITS.get(written) or LOWER_UNITS.get(written.lower())
    if written == "m" and re.search(r"\dh\s?$", around.text[max(0, around.start - 3) : around.start]):
        unit = UNITS["min"]
    is_height = written == "in" and around.word_before in ("ft", "feet", "foot")
    if unit is None or (gap and written in NEEDS_NO_SPACE and not is_height and not around.text.startswith(".", around.end)):
        return None
    if written in ("s", "h", "m") and around.text[around.end - 1 : around.end + 1] in ("s'", "h'", "m'"):
        return None
    is_one = (number == "1" and size is None) or around.is_adjective or gap == "-"
    is_one = is_one or (not gap and around.word_after in MEASURED)
    words = [*(SIGNS[sign] if sign else []), *decimal(number), *([MAGNITUDES[size]] if size else [])]
    words += [POWERS[power]] if power else []
    return [*words, *_named(unit, is_one), *(["per", *PER[per].split()] if per else [])]


def _feet_and_inches(match: re.Match[str], around: Around) -> Reading:
    return [*whole(match[1]), "foot", *decimal(match[2])]


def _feet(match: re.Match[str], around: Around) -> Reading:
    return [*decimal(match[1]), "foot" if match[1] == "1" or around.is_adjective else "feet"]


def _inches(match: re.Match[str], around: Around) -> Reading:
    if around.text.count('"', max(0, around.start - 200), around.start) % 2:
        return None  # it closes a quotation
    return [*decimal(match[1]), "inch" if match[1] == "1" or around.is_adjective else "inches"]


def _mixed(match: re.Match[str], around: Around) -> Reading:
    part = _fraction(int(match[2]), int(match[3]))
    unit = _named(UNITS[match[4]], False) if match[4] else []
    return [*whole(match[1]), "and", *_of_mixed(part), *unit] if part else None


def _of_mixed(part: list[str]) -> list[str]:
    return ["a", "half"] if part == ["one", "half"] else part


def _fraction(numerator: int, denominator: int) -> list[str] | None:
    if numerator == denominator or not 2 <= denominator <= 100 or not numerator:
        return None
    return fraction(numerator, denominator)


def _slashed(match: re.Match[str], around: Around) -> Reading:
    is_metre = match[0] in METRES and around.word_after == "time"
    if is_metre or match[0] in ("24/7", "9/11", "7/11", "50/50", "20/20"):
        return [*cardinal(int(match[1])), *cardinal(int(match[2]))]
    if around.word_after in ("star", "stars"):
        return [*cardinal(int(match[1])), "out", "of", *cardinal(int(match[2]))]
    if 40 < int(match[2]) < int(match[1]) < 250 and {"pressure", "bp"} & {word.lower() for word in around.words_before}:
        return [*in_pairs(match[1]), "over", *in_pairs(match[2])]
    sign = SIGNS.get(around.text[around.start], [])
    part = _fraction(int(match[1]), int(match[2]))
    unit = _named(UNITS[match[3]], True) if match[3] else []
    return [*sign, *part, *unit] if part else None


def _vulgar(match: re.Match[str], around: Around) -> Reading:
    parts = unicodedata.normalize("NFKD", match[2]).split("\u2044")
    if len(parts) != 2 or not parts[1]:
        return None
    part = fraction(int(parts[0]), int(parts[1])) if parts[0] != "0" else ["zero", "thirds"]
    return [*whole(match[1]), "and", *_of_mixed(part)] if match[1] else part


def _ordinal(match: re.Match[str], around: Around) -> Reading:
    *words, last = decimal(match[1]) if "." in match[1] else whole(match[1])
    return [*words, as_ordinal(last)]


def _batting(match: re.Match[str], around: Around) -> Reading:
    """``batting .325``: of a thousand times at bat."""
    return in_pairs(match[1]) if BATTING & {word.lower() for word in around.words_before[-1:]} else None


def _sized(match: re.Match[str], around: Around) -> Reading:
    is_place = around.word_before.lower() in NUMBERED_PLACES or (match[3] == "B" and around.word_after[:1].isupper())
    if is_place:
        return None
    return [*(SIGNS[match[1]] if match[1] else []), *decimal(match[2]), MAGNITUDES[match[3]]]


def _sets(match: re.Match[str], around: Around) -> Reading:
    """``6-4, 7-5``: tennis, where one of each pair has six or seven."""
    pairs = re.findall(r"([0-7])[-–]([0-7])", match[0])
    is_tennis = all(max(pair) in "67" for pair in pairs)
    return [word for pair in pairs for game in pair for word in whole(game)] if is_tennis else None


def _by(match: re.Match[str], around: Around) -> Reading:
    return [*decimal(match[1]), "by", *decimal(match[2])]


def _record(match: re.Match[str], around: Around) -> Reading:
    """``finished 10-6``: games won and lost."""
    before = [word.lower() for word in around.words_before]
    is_record = bool(before) and (before[-1] in RECORDS or tuple(before[-2:]) in TOLD_RECORDS)
    return [*whole(match[1]), "and", *whole(match[2])] if is_record else None


def _unknown(match: re.Match[str], around: Around) -> Reading:
    """``5x - 3``: a number of what is to be found."""
    return [*decimal(match[1]), "X"]


def _fold(match: re.Match[str], around: Around) -> Reading:
    return [*decimal(match[1]), "times"]


def _plural(match: re.Match[str], around: Around) -> Reading:
    *words, last = whole(match[1])
    return [*words, plural(last)]


def _plain(match: re.Match[str], around: Around) -> Reading:
    return [*(SIGNS[match[1]] if match[1] else []), *decimal(match[2])]


RECORDS = word_set("season went finished")
TOLD_RECORDS = {("improved", "to"), ("fell", "to"), ("dropped", "to"), ("record", "of"), ("record", "is"), ("record", "was")}
METRES = ("2/2", "2/4", "3/4", "4/4", "5/4", "3/8", "6/8", "7/8", "9/8", "12/8")
BATTING = word_set("bats batting batted bat hit hits hitting slugging")
MEASURED = word_set(
    "film lens lenses camera cameras bolt bolts bullet bullets pistol cable cables bottle bottles bag bags drill jack"
)
"""Things that have a size in front of them: ``35mm film``."""

_UNIT = _one_of([*UNITS, *(name for low in ANY_CASE for name in (low, low.upper(), low.title()))])
_SPACED_UNIT = rf"(?:\s?({_one_of(name for name in UNITS if name not in NEEDS_NO_SPACE)}){NOT_IN_WORD})?"
MONEY_RULES: list[Rule] = [
    (re.compile(rf"{_CURRENCY}({NUMBER})\s?[-–]\s?(?:\1)?(?=\d)({NUMBER}){_MAGNITUDE}{NOT_IN_WORD}"), _money_range),
    (re.compile(rf"{SIGN}{_CURRENCY}\s?({NUMBER}){_MAGNITUDE}(?:\s?/\s?({_one_of(PER)}){NOT_IN_WORD})?"), _sign_first),
    (re.compile(rf"{SIGN}({NUMBER}){_MAGNITUDE}\s?({_one_of(CODES)}|[€£¥₹]){NOT_IN_WORD}"), _code_last),
    (re.compile(rf"({NUMBER})\s?¢"), _cents),
]
CODE_RULES: list[Rule] = [(re.compile(rf"({_one_of(CODES)})\s?({NUMBER}){_MAGNITUDE}"), _code_first)]
MEASURE_RULES: list[Rule] = [
    (re.compile(r"([0-7])[-–]([0-7])(?:,\s(?:and\s)?([0-7])[-–]([0-7])){1,4}(?![-–\d/])"), _sets),
    (re.compile(r"(\d+)['′]\s?(\d+(?:\.\d+)?)(?:\"|″|'')"), _feet_and_inches),
    (re.compile(rf"({NUMBER})[\"″]"), _inches),
    (re.compile(rf"({NUMBER})['′](?![A-Za-z])"), _feet),
    (re.compile(r"(\d{1,15})\s(\d{1,9})/(\d{1,9})(?![\d/])" + _SPACED_UNIT), _mixed),
    (re.compile(r"[-−+±]?(\d{1,9})/(\d{1,9})(?![\d/]|\.\d)" + _SPACED_UNIT), _slashed),
    (re.compile(rf"(\d+)?\s?([{HALVES}])"), _vulgar),
    (re.compile(rf"({NUMBER})(?:st|nd|rd|th|ST|ND|RD|TH){NOT_IN_WORD}"), _ordinal),
    (re.compile(rf"({NUMBER})(?:\s?x\s?|×)(?=\d)({NUMBER})(?![\d.]*\s*=)"), _by),
    (re.compile(r"(\d{1,2})[-–](\d{1,2})(?![-–\d/:%]|\.\d)"), _record),
    (re.compile(rf"({NUMBER})x(?=\s?[-+=−]\s?\d)"), _unknown),
    (re.compile(rf"({NUMBER})[x×]{NOT_IN_WORD}"), _fold),
    (
        re.compile(
            rf"{SIGN}({NUMBER})(?:\s(million|billion|trillion))?(\s|-)?({_UNIT})(?:\^?([²³23])(?!\d))?"
            rf"(?:\s?/\s?({_one_of(PER)}))?{NOT_IN_WORD}"
        ),
        _measure,
    ),
    (re.compile(r"\.(\d{3})(?![\dA-Za-z%])"), _batting),
    (re.compile(rf"{SIGN}({NUMBER})(M|B|bn|mn|tn){NOT_IN_WORD}"), _sized),
    (re.compile(rf"(\d+)'?s{NOT_IN_WORD}"), _plural),
]
PLAIN_RULES: list[Rule] = [(re.compile(rf"{SIGN}({NUMBER})(?![A-Za-z])"), _plain)]
