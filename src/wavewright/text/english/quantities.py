"""Amounts: money, measurements, fractions, ordinals, plain numbers."""

from __future__ import annotations

import re
import unicodedata

from ..pattern import pattern
from .dialect import is_british
from .numbers import as_ordinal, cardinal, decimal, fraction, in_pairs, plural, whole, word_set
from .rules import NEAR, NO_NOUNS, NOT_IN_WORD, NUMBER, Around, Reading, Rule
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
LETTERED_PLACES = word_set(
    "flight train bus page pages p pp chapter article figure fig table question exercise step part paragraph level size class type model form rule item "
    "note option appendix clause problem no number act verse bus track hall block lot version"
) | {*NUMBERED_PLACES}
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
    **{
        "yr": "year",
        "mo": "month",
        "month": "month",
        "kg": "kilogram",
        "g": "gram",
        "l": "liter",
        "L": "liter",
        "lb": "pound",
    },
    **{
        "m": "meter",
        "m²": "square meter",
        "m³": "cubic meter",
        "km": "kilometer",
        "mL": "milliliter",
        "dL": "deciliter",
    },
    **{
        "cm": "centimeter",
        "gal": "gallon",
        "sq ft": "square foot",
        "dl": "deciliter",
        "night": "night",
        "person": "person",
    },
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
        whole_part = [*whole(before or "0"), *named(currency, before == "1")] if not is_none or not cents else []
        if whole_part and cents > 9 and currency is CURRENCIES["£"] and is_british():
            return [*words, *whole_part, *cardinal(cents)]  # ``three pounds fifty``
        return [*words, *whole_part, *(["and"] if whole_part and of_cents else []), *of_cents]
    is_before_noun = around.word_after in PRICED and around.text[around.end : around.end + 1] in (" ", "-")
    is_one = (number == "1" and size is None) or around.is_adjective or is_before_noun
    return [*words, *decimal(number), *([MAGNITUDES[size]] if size else []), *named(currency, is_one)]


def named(unit: Currency | Unit, is_one: bool) -> list[str]:
    return [word.upper() if len(word) == 1 else word for word in (unit.one if is_one else unit.several).split()]


def _sign_first(match: re.Match[str], around: Around) -> Reading:
    per = ["per", *PER[match[7]].split()] if match[7] else []
    return [*_money(match[1] or match[3], match[4], match[5] or match[6], CURRENCIES[match[2]], around), *per]


def _notes(match: re.Match[str], around: Around) -> Reading:
    """``$20s``: notes of a value."""
    *words, last = whole(match[2])
    return [*(words if words != ["one"] else []), plural(last)]


def _rupees(match: re.Match[str], around: Around) -> Reading:
    return _money(None, match[1], match[2] or match[3], CURRENCIES["₹"], around)


def _small_money(match: re.Match[str], around: Around) -> Reading:
    """``50c``, ``50p``: cents and pence, but not the letter of a page, a form or a model."""
    word, is_start = around.word_before, len(around.words_before) == 1
    if word.lower() in LETTERED_PLACES or (word and not word.islower() and not (is_start and word.istitle())):
        return None
    if match[2] == "c":
        return _cents(match, around)
    return [*whole(match[1]), "penny" if match[1] == "1" else "pence"]


def _money_range(match: re.Match[str], around: Around) -> Reading:
    size = match[5] or match[6]
    if match[3] and match[3] != size:
        return None
    return [*decimal(match[2]), "to", *_money(None, match[4], size, CURRENCIES[match[1]], around)]


def _code_first(match: re.Match[str], around: Around) -> Reading:
    return _money(None, match[2], match[3] or match[4], CODES[match[1]], around)


def _code_last(match: re.Match[str], around: Around) -> Reading:
    currency = CODES.get(match[5]) or CURRENCIES[match[5]]
    return _money(match[1], match[2], match[3] or match[4], currency, around)


def _scientific(match: re.Match[str], around: Around) -> Reading:
    """``1.5e-3``, ``6.02 x 10^23``, each with a unit behind it or without."""
    sign, number, small, raised, unit, per = match.groups()
    if small and around.word_before.lower() in LETTERED_PLACES:
        return None
    exponent = small or raised
    minus = ["minus"] if exponent[0] in "-−" else []
    power = ["to", "the", *(["power", "of"] if raised else []), *minus, *cardinal(int(exponent.lstrip("+-−")))]
    of_unit = named(UNITS[unit], False) if unit else []
    words = [*decimal(number), "times", "ten"] if number else ["ten"]
    return [*(SIGNS[sign] if sign else []), *words, *power, *of_unit, *(["per", *PER[per].split()] if per else [])]


def _cents(match: re.Match[str], around: Around) -> Reading:
    return [*decimal(match[1]), "cent" if match[1] == "1" or around.is_adjective else "cents"]


def _is_kelvin_or_amp(match: re.Match[str], around: Around) -> bool:
    """``300 K``, and amps where volts or a fuse are near: otherwise these letters belong to something else."""
    if match[5] == "K":
        before = around.words_before[-1:]
        return (
            bool(match[4])
            and len(match[2]) > 1
            and around.word_after != "plan"
            and (not before or before[0].lower() in AT)
        )
    return AMPS.search(around.text, max(0, around.start - NEAR), around.end + NEAR) is not None


def _measure(match: re.Match[str], around: Around) -> Reading:
    sign, number, size, gap, written, power, per = match.groups()
    unit = UNITS.get(written) or LOWER_UNITS.get(written.lower())
    if written == "m" and re.search(r"\dh\s?$", around.text[max(0, around.start - 3) : around.start]):
        unit = UNITS["min"]
    is_height = written == "in" and around.word_before in ("ft", "feet", "foot")
    if written in "KA" and not _is_kelvin_or_amp(match, around):
        return None
    if unit is None or (
        gap and written in NEEDS_NO_SPACE and not is_height and not around.text.startswith(".", around.end)
    ):
        return None
    if written in ("s", "h", "m") and around.text[around.end - 1 : around.end + 1] in ("s'", "h'", "m'"):
        return None
    is_one = (number == "1" and size is None) or around.is_adjective or gap == "-"
    is_one = is_one or around.word_after.lower() in MEASURED
    words = [*(SIGNS[sign] if sign else []), *decimal(number), *([MAGNITUDES[size]] if size else [])]
    words += [POWERS[power]] if power else []
    return [*words, *named(unit, is_one), *(["per", *PER[per].split()] if per else [])]


def _feet_and_inches(match: re.Match[str], around: Around) -> Reading:
    return [*whole(match[1]), "foot", *decimal(match[2])]


def _feet(match: re.Match[str], around: Around) -> Reading:
    return [*decimal(match[1]), "foot" if match[1] == "1" or around.is_adjective else "feet"]


def _closes_quotation(around: Around) -> bool:
    """Whether a quotation is open here; the signs of inches before open none."""
    before = around.text[max(0, around.start - 200) : around.start]
    is_open = False
    for place, sign in enumerate(before):
        is_inch = not is_open and place > 0 and before[place - 1].isnumeric()
        is_open = is_open != (sign == '"' and not is_inch)
    return is_open


def part_of(numerator: str, denominator: str, sign: str) -> list[str] | None:
    """The words of ``3/4`` or ``¾``."""
    if sign:
        numerator, _, denominator = unicodedata.normalize("NFKD", sign).partition("\u2044")
    return _fraction(int(numerator), int(denominator)) if denominator else None


def _feet_and_part(match: re.Match[str], around: Around) -> Reading:
    part = part_of(match[3] or "", match[4] or "", match[5] or "")
    return [*whole(match[1]), "foot", *whole(match[2]), "and", *of_mixed(part)] if part else None


def _part_of_inch(match: re.Match[str], around: Around) -> Reading:
    """``7/8"``, ``2½"``."""
    part = part_of(match[2], match[3], match[4])
    if not part or _closes_quotation(around):
        return None
    is_before_noun = around.word_after.islower() and around.word_after not in NO_NOUNS | ACROSS
    is_before_noun = is_before_noun and around.text[around.end : around.end + 1] in (" ", "-")
    if match[1]:
        return [*whole(match[1]), "and", *of_mixed(part), "inch" if is_before_noun else "inches"]
    return [*part, *(["inch"] if is_before_noun else ["of", "an", "inch"])]


def _inches(match: re.Match[str], around: Around) -> Reading:
    if _closes_quotation(around):
        return None
    return [*decimal(match[1]), "inch" if match[1] == "1" or around.is_adjective else "inches"]


def _mixed(match: re.Match[str], around: Around) -> Reading:
    part = _fraction(int(match[2]), int(match[3]))
    unit = named(UNITS[match[4]], False) if match[4] else []
    return [*whole(match[1]), "and", *of_mixed(part), *unit] if part else None


def of_mixed(part: list[str]) -> list[str]:
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
    unit = named(UNITS[match[3]], True) if match[3] else []
    return [*sign, *part, *unit] if part else None


def _vulgar(match: re.Match[str], around: Around) -> Reading:
    parts = unicodedata.normalize("NFKD", match[2]).split("\u2044")
    if len(parts) != 2 or not parts[1]:
        return None
    part = fraction(int(parts[0]), int(parts[1])) if parts[0] != "0" else ["zero", "thirds"]
    return [*whole(match[1]), "and", *of_mixed(part)] if match[1] else part


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
    return [*decimal(match[1]), "by", *decimal(match[2]), *(named(UNITS[match[3]], False) if match[3] else [])]


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
    return [*(words if words != ["one"] else []), plural(last)]


def _plain(match: re.Match[str], around: Around) -> Reading:
    return [*(SIGNS[match[1]] if match[1] else []), *decimal(match[2])]


AT = word_set("at to below above about around approximately near nearly is was temperature and than")
AMPS = pattern(r"\d\s?(?:V|W)\b|\bdraw|\bfuse|\d\s?A (?:fuse|circuit|charger|breaker|current)")
RECORDS = word_set("season went finished")
TOLD_RECORDS = {
    ("improved", "to"),
    ("fell", "to"),
    ("dropped", "to"),
    ("record", "of"),
    ("record", "is"),
    ("record", "was"),
}
METRES = ("2/2", "2/4", "3/4", "4/4", "5/4", "3/8", "6/8", "7/8", "9/8", "12/8")
BATTING = word_set("bats batting batted bat hit hits hitting slugging")
MEASURED = word_set(
    "dash sprint hurdles freestyle winds gusts battery batteries bulb bulbs outlet outlets adapter adapters charger chargers motor motors drive drives monitor "
    "monitors screen screens card cards film lens lenses camera cameras bolt bolts bullet bullets pistol cable cables "
    "bottle bottles bag bags drill jack ssd ssds hdd hdds nvme disk disks usb flash memory ram storage laptop laptops "
    "phone phones tablet tablets iphone ipad model models ethernet broadband fiber fibre link links connection "
    "connections network download upload stick sticks switch port ports paper"
)
"""Things that have a size in front of them: ``35mm film``."""

PRICED = word_set(
    "deal contract fund loan grant budget investment project program plan package bill note coin fine fee ticket prize "
    "reward donation gift bonus bond offer bid takeover acquisition merger buyout settlement lawsuit company firm "
    "business industry market valuation startup stake bailout order discount coupon voucher deposit house home mansion "
    "car yacht menu meal steak gap deficit surplus debt facility plant factory campus upgrade expansion campaign "
    "initiative scheme scandal fraud heist lottery jackpot empire fortune"
)
PRICED |= {plural(word) for word in PRICED}
"""Things that have a price in front of them: ``$1 billion deal``."""

ACROSS = word_set("thick thin across apart broad round around diameter below beyond and or")
"""Behind a length that stands alone, as in ``1/2" thick``."""

_UNIT = _one_of([*UNITS, *(name for low in ANY_CASE for name in (low, low.upper(), low.title()))])
_SPACED_UNIT = rf"(?:\s?({_one_of(name for name in UNITS if name not in NEEDS_NO_SPACE)}){NOT_IN_WORD})?"
MONEY_RULES: list[Rule] = [
    (pattern(rf"{_CURRENCY}(\d{{1,4}})'?s{NOT_IN_WORD}"), _notes),
    (
        pattern(rf"{_CURRENCY}({NUMBER})([kKmMbB]?)\s?[-–]\s?(?:\1)?(?=\d)({NUMBER}){_MAGNITUDE}{NOT_IN_WORD}"),
        _money_range,
    ),
    (
        pattern(rf"{SIGN}{_CURRENCY}\s?{SIGN}({NUMBER}){_MAGNITUDE}(?:\s?/\s?({_one_of(PER)}){NOT_IN_WORD})?"),
        _sign_first,
    ),
    (pattern(rf"{SIGN}({NUMBER}){_MAGNITUDE}\s?({_one_of(CODES)}|[€£¥₹]){NOT_IN_WORD}"), _code_last),
    (pattern(rf"({NUMBER})\s?¢"), _cents),
    (pattern(rf"([1-9]\d?)([cp]){NOT_IN_WORD}(?!')"), _small_money),
]
CODE_RULES: list[Rule] = [
    (pattern(rf"({_one_of(CODES)})\s?({NUMBER}){_MAGNITUDE}"), _code_first),
    (pattern(rf"(?:Rs\.?|Re\.)\s?({NUMBER}){_MAGNITUDE}"), _rupees),
]
SCIENTIFIC_RULES: list[Rule] = [
    (
        pattern(
            rf"{SIGN}(?:({NUMBER})(?:[eE]([-−+]?\d{{1,3}})|\s?[x×*·]\s?10\^\(?(?=[-−+\d]))|10\^\(?(?=[-−+\d]))"
            rf"((?<=[\^(])[-−+]?\d{{1,3}}\)?)?(?:\s?({_one_of(name for name in UNITS if name not in NEEDS_NO_SPACE)})"
            rf"(?:/({_one_of(PER)}))?(?![A-Za-z0-9²³^]))?{NOT_IN_WORD}"
        ),
        _scientific,
    ),
]
MEASURE_RULES: list[Rule] = [
    (pattern(r"([0-7])[-–]([0-7])(?:,\s(?:and\s)?([0-7])[-–]([0-7])){1,4}(?![-–\d/])"), _sets),
    (pattern(r"(\d+)['′]\s?(\d+(?:\.\d+)?)(?:\"|″|'')"), _feet_and_inches),
    (pattern(rf"(\d+)['′]\s?(\d+)(?:[\s-](\d)/(\d{{1,2}})|\s?([{HALVES}]))(?:\"|″|'')"), _feet_and_part),
    (pattern(r"(?:(\d{1,9})[\s-])?(\d{1,9})/(\d{1,9})()[\"″]"), _part_of_inch),
    (pattern(rf"(\d{{1,9}})?()()\s?([{HALVES}])[\"″]"), _part_of_inch),
    (pattern(rf"({NUMBER})[\"″]"), _inches),
    (pattern(rf"({NUMBER})['′](?![A-Za-z])"), _feet),
    (pattern(r"(\d{1,15})\s(\d{1,9})/(\d{1,9})(?![\d/])" + _SPACED_UNIT), _mixed),
    (pattern(r"[-−+±]?(\d{1,9})/(\d{1,9})(?![\d/]|\.\d)" + _SPACED_UNIT), _slashed),
    (pattern(rf"(\d+)?\s?([{HALVES}])"), _vulgar),
    (pattern(rf"({NUMBER})(?:st|nd|rd|th|ST|ND|RD|TH){NOT_IN_WORD}"), _ordinal),
    (pattern(rf"({NUMBER})(?:\s?x\s?|×)(?=\d)({NUMBER})(?![\d.]*\s*=)(?!\s?(?:x|×)\s?\d){_SPACED_UNIT}"), _by),
    (pattern(r"(\d{1,2})[-–](\d{1,2})(?![-–\d/:%]|\.\d)"), _record),
    (pattern(rf"({NUMBER})x(?=\s?[-+=−]\s?\d)"), _unknown),
    (pattern(rf"({NUMBER})[x×]{NOT_IN_WORD}"), _fold),
    (
        pattern(
            rf"{SIGN}({NUMBER})(?:\s(million|billion|trillion))?(\s|-)?({_UNIT})(?:\^?([²³23])(?!\d))?"
            rf"(?:\s?/\s?({_one_of(PER)}))?{NOT_IN_WORD}"
        ),
        _measure,
    ),
    (pattern(r"\.(\d{3})(?![\dA-Za-z%])"), _batting),
    (pattern(rf"{SIGN}({NUMBER})(M|B|bn|mn|tn){NOT_IN_WORD}"), _sized),
    (pattern(rf"(\d+)'?s{NOT_IN_WORD}"), _plural),
]
PLAIN_RULES: list[Rule] = [(pattern(rf"{SIGN}({NUMBER})(?![A-Za-z])"), _plain)]
