"""Read amounts: measurements, fractions, ordinals, scores, plain numbers."""

from __future__ import annotations

import re
import unicodedata

from ..pattern import pattern
from .abbreviations import STREETS
from .durations import RATES, are_ages, per
from .numbers import MAGNITUDES, as_ordinal, cardinal, decimal, fraction, in_pairs, in_plural, several, whole
from .rules import (
    NEAR,
    NOT_IN_WORD,
    NOT_NOUNS,
    NUMBER,
    Around,
    Reading,
    Rule,
    alternatives,
    reads,
    reads_as,
    rule,
    word_list,
)
from .units import ANY_CASE, CURRENCIES, NEEDS_NO_SPACE, UNITS, Unit, named

SIGN = r"([-−+±])?"
SIGNS = {"-": ["minus"], "−": ["minus"], "+": ["plus"], "±": ["plus", "or", "minus"]}
NUMBERED_NOUNS = word_list("numbered-nouns")
LETTERED_NOUNS = word_list("lettered-nouns") | NUMBERED_NOUNS
LETTERED_PLACES = LETTERED_NOUNS | {"route", "rt", "rte", "hwy", "highway", "road"}
HALVES = "".join(chr(code) for code in [0xBC, 0xBD, 0xBE, *range(0x2150, 0x215F)])
POWERS = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}
LOWER_UNITS = {written.lower(): unit for written, unit in UNITS.items() if written.lower() in ANY_CASE}
_UNIT = alternatives([*UNITS, *(name for low in ANY_CASE for name in (low, low.upper(), low.title()))])
_SPACED = alternatives(name for name in UNITS if name not in NEEDS_NO_SPACE)
_SPACED_UNIT_OR_INCH = rf"(?:\s?({_SPACED}|in(?=\.(?:\s[a-z]|\)))){NOT_IN_WORD})?"
_COUNTED = (
    "users|people|views|downloads|followers|subscribers|visitors|customers|viewers|players|copies|jobs|homes|deaths"
)
_NAMES = alternatives(name.several for named in (UNITS, CURRENCIES) for name in named.values())
_SPACED_UNIT = rf"(?:\s?({_SPACED}){NOT_IN_WORD})?"


@reads(
    rf"{SIGN}(?:({NUMBER})(?:[eE]([-−+]?\d{{1,3}})|\s?[x×*·]\s?10\^\(?(?=[-−+\d]))|10\^\(?(?=[-−+\d]))"
    rf"((?<=[\^(])[-−+]?\d{{1,3}}\)?)?(?:\s?({_SPACED})"
    rf"{RATES}?(?![A-Za-z0-9²³^]))?{NOT_IN_WORD}"
)
def _scientific(match: re.Match[str], around: Around) -> Reading:
    """Read ``1.5e-3`` and ``6.02 x 10^23``, with a unit or without."""
    sign, number, small, raised, unit, rates = match.groups()
    if small and (around.word_before.lower() in LETTERED_NOUNS or re.fullmatch(r"\d+E(?:\d{2,}|\d[A-Z])", match[0])):
        return None
    exponent = small or raised
    minus = ["minus"] if exponent[0] in "-−" else []
    power = ["to", "the", *(["power", "of"] if raised else []), *minus, *cardinal(int(exponent.lstrip("+-−")))]
    of_unit = named(UNITS[unit], False) if unit else []
    words = [*decimal(number), "times", "ten"] if number else ["ten"]
    return [*(SIGNS[sign] if sign else []), *words, *power, *of_unit, *per(rates or "")]


@reads(rf"(km|mi|kg|mg|µg|g|[kMG]B|[kMG]b|m?L|ml|[kM]?W|ft|m|cm|mm)({RATES}){NOT_IN_WORD}")
def _rate(match: re.Match[str], around: Around) -> Reading:
    """Read ``km/h`` without a number."""
    is_word = match[0] in ("m/f", "g/d") or around.left(1) == "/"
    is_clear = len(match[1]) > 1 or re.fullmatch(r"/(?:s|s[²2]|min|[mc]?m[²³23]|L|dL|kg|km|kWh)", match[2])
    return [*named(UNITS[match[1]], False), *per(match[2])] if is_clear and not is_word else None


def _is_kelvin_or_amp(match: re.Match[str], around: Around) -> bool:
    """Return True for ``300 K``, and for ``5 A`` if volts or a fuse are near."""
    if match[5] == "K":
        before = around.words_before[-1:]
        if KELVIN_BEFORE.search(around.text, *around.before):
            return True
        return (
            bool(match[4])
            and len(match[2]) > 1
            and around.word_after != "plan"
            and (not before or before[0].lower() in KELVIN_CUES)
        )
    return AMPS.search(around.text, max(0, around.start - NEAR), around.end + NEAR) is not None


def _after_dot(around: Around) -> Around:
    """Return what is around a unit with its dot, if the sentence goes on after it."""
    goes_on = around.text.startswith(". ", around.end) and around.text[around.end + 2 : around.end + 3].islower()
    return Around(around.text, around.start, around.end + 1, around.knows) if goes_on else around


def _is_before_noun(around: Around) -> bool:
    """Return True if a measure modifies what follows: ``a 16 GB card``, ``10 lb. bag``, ``12 oz. can of soda``."""
    around = _after_dot(around)
    after = around.word_after.lower()
    if after == "can":
        return re.match(r"[\s-]can (?:of|and|or)\b|[\s-]can\W?$", around.right(8)) is not None
    enclosed = re.match(r"\.?\)\s([a-z]+)", around.right(20))  # ``1 (14 oz.) can``
    is_joined = re.match("-[a-z]", around.right(2))  # ``60W-equivalent``
    return (
        is_joined is not None
        or around.is_adjective
        or after in MEASURED
        or (enclosed is not None and enclosed[1] in {*MEASURED, "can"})
    )


@reads(
    rf"{SIGN}({NUMBER})(?:\s(million|billion|trillion))?(\s|-)?({_UNIT})(?:\^?([²³23])(?!\d))?"
    rf"{RATES}?{NOT_IN_WORD}"
)
def _measure(match: re.Match[str], around: Around) -> Reading:
    """Read a number with a unit: ``16 GB``, ``30 m²``, ``100 km/h``."""
    sign, number, size, gap, written, power, rates = match.groups()
    unit = UNITS.get(written) or LOWER_UNITS.get(written.lower())
    if written == "m" and re.search(r"\dh\s?$", around.left(3)):
        unit = UNITS["min"]
    is_height = written == "in" and around.word_before in ("ft", "feet", "foot")
    if written in "KA" and not _is_kelvin_or_amp(match, around):
        return None
    if unit is None or (
        gap and written in NEEDS_NO_SPACE and not is_height and not around.text.startswith(".", around.end)
    ):
        return None
    if not gap and len(written) == 1 and written.isupper() and around.word_before.lower() in LETTERED_PLACES:
        return None  # route 9W
    if (written == "W" and WEST.match(around.text, around.end)) or around.text.endswith("f/", 0, around.start):
        return None  # 11 W. 53rd St., f/2.8L
    if (written == "s" and are_ages(around)) or (written == "m" and around.word_after in _COUNTED.split("|")):
        return None
    if written in ("s", "h", "m") and around.text[around.end - 1 : around.end + 1] in ("s'", "h'", "m'"):
        return None
    if written == "pt" and _after_dot(around).word_after in POINTS:
        unit = Unit("point", "point")
    if written == "ct" and CARATS.search(around.text, max(0, around.start - NEAR), around.end + NEAR):
        unit = Unit("carat", "carats")
    is_rate = (
        written in ("bps", "bp") and BASIS.search(around.text, max(0, around.start - 60), around.end + NEAR) is not None
    )
    unit = Unit("basis point", "basis points") if is_rate else unit
    is_one = (number == "1" and size is None) or _is_before_noun(around) or gap == "-"
    words = [*(SIGNS[sign] if sign else []), *decimal(number), *([MAGNITUDES[size]] if size else [])]
    words += [POWERS[power]] if power else []
    return [*words, *named(unit, is_one), *per(rates or "")]


@reads(rf"({NUMBER})(?:\s?([KMGT]i?B))?\s?/\s?({NUMBER})\s?([KMGT]i?B){NOT_IN_WORD}")
def _share_of_memory(match: re.Match[str], _around: Around) -> Reading:
    """Read ``3.2/16 GB`` and ``45MB/120MB``."""
    unit = named(UNITS[match[2]], match[1] == "1") if match[2] else []
    return [*decimal(match[1]), *unit, "of", *decimal(match[3]), *named(UNITS[match[4]], match[3] == "1")]


_prime = reads(
    r"([35])['′](?=-[ACGTUN]{2,}|\s?(?:UTR|end|cap|to [35]['′]))",
    r"(?<=[ACGTUN]-)([35])['′]",
    r"(?<=['′] to )([35])['′]",
)(reads_as(whole, "prime"))
"""Rules of the ends of DNA ``5'-ATG-3'``."""


@reads(rf"({NUMBER})['′](?![A-Za-z]|\d{{3}}(?!\d))")
def _feet(match: re.Match[str], around: Around) -> Reading:
    """Read ``6'``, and the minute of a goal: ``Rashford 34', 78'``."""
    is_minute = re.search(r"(?:[a-z]|\d['′],)\s$", around.left(4)) and re.match(r"[,)]|\s?\(|$", around.right(2))
    if is_minute and SCORED.search(around.text, max(0, around.start - 2 * NEAR), around.start):
        return [*decimal(match[1]), "minute" if match[1] == "1" else "minutes"]
    return [*decimal(match[1]), "foot" if match[1] == "1" or around.is_adjective else "feet"]


def _closes_quotation(around: Around) -> bool:
    """Return True if a quotation is open here; the signs of inches before open none."""
    before = around.left(200)
    is_open = False
    for index, sign in enumerate(before):
        is_inch = not is_open and index > 0 and before[index - 1].isnumeric()
        is_open = is_open != (sign == '"' and not is_inch)
    return is_open


def _is_before_thing(around: Around) -> bool:
    """Return True if inches are those of what follows: ``8" pan``, ``55" 4K TV``, ``15" MacBook``."""
    if around.right(1) not in (" ", "-"):
        return False
    if re.match("-[a-z]", around.right(2)):
        return True
    after = around.word_after
    is_word = WORD_NEXT.match(around.text, around.end) is not None
    if is_word and (after.islower() or after.istitle()):
        return after.lower() not in NOT_NOUNS | DIMENSIONS and (after.islower() or after.lower() not in STARTERS)
    return ATTRIBUTE.match(around.text, around.end) is not None


def fraction_words(numerator: str, denominator: str, sign: str) -> list[str] | None:
    """Read ``3/4`` or ``¾``; None if it is no fraction."""
    if sign:
        numerator, _, denominator = unicodedata.normalize("NFKD", sign).partition("\u2044")
    return _fraction(int(numerator), int(denominator)) if denominator else None


@reads(rf"(\d+)['′]\s?(\d+)(?:[\s-](\d)/(\d{{1,2}})|\s?([{HALVES}]))(?:\"|″|'')")
def _feet_and_fraction(match: re.Match[str], _around: Around) -> Reading:
    """Read ``5' 10 1/2″``."""
    fractional = fraction_words(match[3] or "", match[4] or "", match[5] or "")
    return [*whole(match[1]), "foot", *whole(match[2]), "and", *in_mixed_number(fractional)] if fractional else None


@reads(r"(?:(\d{1,9})[\s-])?(\d{1,9})/(\d{1,9})()[\"″]", rf"(\d{{1,9}})?()()\s?([{HALVES}])[\"″]")
def _fraction_of_inch(match: re.Match[str], around: Around) -> Reading:
    """Read ``7/8"`` and ``2½"``."""
    fractional = fraction_words(match[2], match[3], match[4])
    if not fractional or _closes_quotation(around):
        return None
    is_before_noun = _is_before_thing(around)
    if match[1]:
        return [*whole(match[1]), "and", *in_mixed_number(fractional), "inch" if is_before_noun else "inches"]
    if is_before_noun:
        return [*("quarter" if word == "quarters" else word for word in fractional), "inch"]
    return [*fractional, "of", "an", "inch"]


@reads(rf"({NUMBER})[\"″]")
def _inches(match: re.Match[str], around: Around) -> Reading:
    """Read ``27″``."""
    if _closes_quotation(around):
        return None
    is_one = match[1] == "1" or around.is_adjective or _is_before_thing(around)
    return [*decimal(match[1]), "inch" if is_one else "inches"]


@reads(
    r"(\d{1,15})\s(\d{1,9})/(\d{1,9})(?![\d/])" + _SPACED_UNIT_OR_INCH,
    r"(\d{1,4})-(\d{1,2})/([2-9]|10|12|16|32|64)(?![\d/]|-\d)" + _SPACED_UNIT_OR_INCH,
)
def _mixed(match: re.Match[str], around: Around) -> Reading:
    """Read ``2 1/2`` and ``2-1/2``."""
    if match[0][len(match[1])] == "-" and int(match[2]) >= int(match[3]):
        return None
    fractional = _fraction(int(match[2]), int(match[3]))
    is_one = _is_before_noun(around) or match[0].endswith("in")
    unit = named(UNITS[match[4]], is_one) if match[4] else []
    return [*whole(match[1]), "and", *in_mixed_number(fractional), *unit] if fractional else None


def in_mixed_number(fraction: list[str]) -> list[str]:
    """Return the words of a fraction after a whole number: ``a half`` for ``one half``, ``a quarter``."""
    return ["a", fraction[1]] if fraction in (["one", "half"], ["one", "quarter"]) else fraction


def _fraction(numerator: int, denominator: int) -> list[str] | None:
    """Read a fraction: up to hundredths, and one part or thousandths of a larger whole; None for other numbers."""
    is_small = 2 <= denominator <= 100 or (numerator == 1 and denominator > 100) or denominator in (1000, 10000)
    if numerator == denominator or not numerator or not is_small:
        return None
    return fraction(numerator, denominator)


def _joining(total: str, around: Around) -> list[str]:
    """Return the words for the slash of a count (``page 3/10``) or of a mark (``an 8/10``); none for a fraction."""
    text, before = around.text, [word.lower() for word in around.words_before]
    if around.word_after in ("of", "cup", "cups") or text[around.end : around.end + 1] == "-":
        return []
    between = re.search(r"(\w+)\W{1,3}$", text[max(0, around.start - 24) : around.start])
    last = between[1].lower() if between else ""
    is_apart = between is not None and not {*between[0][len(between[1]) :]} & {*".!?+=*^"}
    is_marked = (
        bool({*before} & MARKS) or last in ("a", "an", "solid") or around.word_after in ("stars", "rating", "score")
    )
    if text[around.start : around.end] in ("10/10", "5/5", "100/100"):
        return ["out", "of"]
    is_long = int(total) > 12 and total not in ("16", "24", "32", "64")
    if is_marked and (is_apart or total in ("10", "100")) and (total in ("5", "10") or is_long):
        return ["out", "of"]
    is_alone = (
        total == "10"
        and text[: around.start].rstrip()[-1:] in ("", ".", "!", "?")
        and text[around.end : around.end + 1] in (",", ".", "!")
    )
    if is_alone or around.word_after in PERSONS:
        return ["out", "of"]
    if is_apart and last in COUNTED_PARTS:
        return ["of"]
    is_counted = any(word in COUNTED_ENDS for word in re.findall(r"[a-z]+", text[around.end : around.end + 24])[:2])
    is_counted = is_counted and around.word_after.islower()
    opens, closes = text[around.start - 1 : around.start], text[around.end : around.end + 1]
    is_enclosed = (opens, closes) in (("[", "]"), ("(", ")")) and not re.search(
        r"[\w^*+=)-]\s?$" if opens == "(" and total in "2348" else r"[\d^*+=)-]\s?$",
        text[max(0, around.start - 3) : around.start - 1],
    )
    is_enclosed = is_enclosed and not re.match(
        r".\s?(?:\d|cups?|inch|in\b|of\b|tsp|tbsp|[*^+=])", text[around.end :][:8]
    )
    passed = re.match(r",\s\d+\s?(?:yds?|yards?|TDs?|passing|INTs?)\b", text[around.end : around.end + 12])
    return ["of"] if is_counted or is_enclosed or passed else []


@reads(r"[-−+±]?(\d{1,9})/(\d{1,9})(?![\d/]|\.\d)" + _SPACED_UNIT_OR_INCH)
def _slashed(match: re.Match[str], around: Around) -> Reading:
    """Read a fraction, a rating, a blood pressure or a time signature."""
    near = [word.lower() for word in around.words_before[-1:]]
    is_terms = around.word_after.lower() == "net" and not match[3]  # 2/10 net 30
    is_metre = match[0] in TIME_SIGNATURES and (
        around.word_after in ("time", "meter", "metre", "bars", "groove", "signature")
        or near in (["time"], ["signature"], ["meter"], ["metre"])
        or (match[0] in NO_FRACTIONS and around.word_before in ("in", "a"))
    )
    is_split = int(match[1]) + int(match[2]) == 100 and not match[3]  # 80/20
    if is_metre or is_split or is_terms or match[0] in ("24/7", "9/11", "7/11", "20/20"):
        return [*cardinal(int(match[1])), *cardinal(int(match[2]))]
    if match[3] == "mpg":
        return [*whole(match[1]), *whole(match[2]), *named(UNITS["mpg"], False)]
    if around.word_after in ("star", "stars"):
        return [*cardinal(int(match[1])), "out", "of", *cardinal(int(match[2]))]
    if 40 < int(match[2]) < int(match[1]) < 250 and (
        {"pressure", "bp"} & {word.lower() for word in around.words_before} or match[3] == "mmHg"
    ):
        return [*in_pairs(match[1]), "over", *in_pairs(match[2]), *(named(UNITS["mmHg"], False) if match[3] else [])]
    if match[0][0].isdigit() and not match[3] and int(match[1]) <= int(match[2]):
        joining = _joining(match[2], around)
        if joining:
            return [*whole(match[1]), *joining, *whole(match[2])]
    is_pair = (
        int(match[1]) > int(match[2]) > 12 and not match[3] and not CALCULATION.search(around.text, *around.before)
    )
    if is_pair and match[0][0].isdigit():
        return [*in_pairs(match[1]), *whole(match[2])]  # a high and a low: Mon 72/55
    if 8 < int(match[1]) == int(match[2]) - 1 and around.word_before.istitle() and not match[3]:
        return [*whole(match[1]), "slash", *whole(match[2])]  # Windows 10/11
    sign = SIGNS.get(around.text[around.start], [])
    fractional = _fraction(int(match[1]), int(match[2]))
    unit = named(UNITS[match[3]], True) if match[3] else []
    of_whole = ["of", "a"] if unit and int(match[2]) > 100 else []  # 1/250 s
    return [*sign, *fractional, *of_whole, *unit] if fractional else None


@reads(rf"(\d+)?\s?([{HALVES}])" + _SPACED_UNIT_OR_INCH)
def _vulgar(match: re.Match[str], around: Around) -> Reading:
    """Read ``2½`` and ``½ tsp``."""
    parts = unicodedata.normalize("NFKD", match[2]).split("\u2044")
    if len(parts) != 2 or not parts[1]:
        return None
    fractional = fraction(int(parts[0]), int(parts[1])) if parts[0] != "0" else ["zero", "thirds"]
    unit = named(UNITS[match[3]], not match[1] or _is_before_noun(around)) if match[3] else []
    return [*whole(match[1]), "and", *in_mixed_number(fractional), *unit] if match[1] else [*fractional, *unit]


@reads(rf"({NUMBER})(?:st|nd|rd|th|ST|ND|RD|TH){NOT_IN_WORD}", r"(\d?[23])d(?=\s(?:Cir|Dist|Sess|Cong|Lt|ed)\b)")
def _ordinal(match: re.Match[str], _around: Around) -> Reading:
    """Read ``22nd``."""
    *words, last = decimal(match[1]) if "." in match[1] else whole(match[1])
    return [*words, as_ordinal(last)]


@reads(r"\.(\d{3})(?![\dA-Za-z%])")
def _batting(match: re.Match[str], around: Around) -> Reading:
    """Read ``batting .325``: hits in a thousand times at bat."""
    return in_pairs(match[1]) if BATTING & {word.lower() for word in around.words_before[-1:]} else None


@reads(rf"({NUMBER})([kKMB])\s({_SPACED})(?:\.(?=\s[a-z])|{NOT_IN_WORD})")
def _thousand_units(match: re.Match[str], around: Around) -> Reading:
    """Read ``62k mi``."""
    return [*decimal(match[1]), MAGNITUDES[match[2]], *named(UNITS[match[3]], _is_before_noun(around))]


@reads(
    rf"(\d{{1,3}}),(\d{{1,2}})(?:\s?({_SPACED}){NOT_IN_WORD}|"
    rf"(?=[\s-](?:{_NAMES}|times|fold|points|million|billion|trillion)\b))"
)
def _comma(match: re.Match[str], around: Around) -> Reading:
    """Read ``1,5 km`` and ``12,5 degrees``, with the comma of the continent."""
    unit = named(UNITS[match[3]], _is_before_noun(around)) if match[3] else []
    return [*decimal(f"{match[1]}.{match[2]}"), *unit]


@reads(r"(\d{1,3})/(\d{1,3})(?:ths?|rds?|nds?)\b")
def _fraction_of(match: re.Match[str], _around: Around) -> Reading:
    """Read ``9/10ths``."""
    return _fraction(int(match[1]), int(match[2]))


@reads(rf"({NUMBER})[kK]{NOT_IN_WORD}")
def _thousands(match: re.Match[str], around: Around) -> Reading:
    """Read ``5k followers``; ``a 5k`` and ``5k races`` are distances."""
    after = around.word_after
    is_counted = around.right(1) == " " and after.islower() and after not in NOT_NOUNS
    is_counted = is_counted and (after in COUNTED_NOUNS or (after.endswith("s") and after not in UNCOUNTED_S))
    is_run = around.word_before.lower() in ("a", "an", "my", "the") or after in (
        "races",
        "runs",
        "runners",
        "videos",
        "screens",
    )
    return [*decimal(match[1]), "thousand"] if is_counted and not is_run else None


@reads(rf"{SIGN}({NUMBER})(M|B|bn|mn|tn|m(?=\s(?:{_COUNTED})\b)){NOT_IN_WORD}")
def _sized(match: re.Match[str], around: Around) -> Reading:
    """Read ``5M`` as ``five million``."""
    is_section = around.word_before.lower() in NUMBERED_NOUNS | {"no", "nos", "number"} or (
        match[3] == "B" and around.word_after[:1].isupper()
    )
    if is_section or re.search("[A-Z]-$", around.left(2)):
        return None
    return [*(SIGNS[match[1]] if match[1] else []), *decimal(match[2]), MAGNITUDES.get(match[3], "million")]


@reads(rf"({NUMBER})(?:\s?x\s?|×)(?=\d)({NUMBER})(?![\d.]*\s*=)(?!\s?(?:x|×)\s?\d){_SPACED_UNIT}")
def _by(match: re.Match[str], around: Around) -> Reading:
    """Read ``4x4``."""
    return [
        *decimal(match[1]),
        "by",
        *decimal(match[2]),
        *(named(UNITS[match[3]], _is_before_noun(around)) if match[3] else []),
    ]


@reads(rf"({NUMBER})x(?=\s?[-+=−]\s?\d)()", rf"({NUMBER})(x){NOT_IN_WORD}")
def _unknown(match: re.Match[str], around: Around) -> Reading:
    """Read ``5x - 3`` and ``y = 2x``: a multiple of an unknown."""
    before = around.left(5)
    if match[2] and not re.search(r"(?:(?<![A-Za-z])[a-z]|\))\s?[-+−=<>≤≥]\s?$", before):
        return None
    return [*decimal(match[1]), "X"]


STARTERS = word_list("sentence-starters")
WORD_NEXT = pattern(r"[\s-]{1,2}[A-Za-z]")
ATTRIBUTE = pattern(r"[\s-](?:\d{1,4}[A-Za-z]|\d-in-\d|\d{1,3}:\d|[A-Z][A-Z0-9]|[A-Za-z]+[A-Z])")
"""A number with a letter, a ratio or capitals after a size: ``4K``, ``OLED``, ``MacBook``."""
POINTS = word_list("point-nouns")
KELVIN_BEFORE = pattern(r"°[CFK]?\s?[(=]\s?$|\btemperatures? (?:of|at|is|was|near|above|below|to) $")
KELVIN_CUES = word_list("kelvin-cues")
BASIS = pattern(
    r"\b(?:rates?|yields?|spreads?|basis|hikes?d?|cut|cuts|raised?|lowered|tightened|Fed|bank|bonds?|margins?)\b",
    re.IGNORECASE,
)
AMPS = pattern(r"\d\s?(?:V|W)\b|\bdraw|\bfuse|\d\s?A (?:fuse|circuit|charger|breaker|current)")
CALCULATION = pattern(r"[=+*×÷^(−-]\s?$|\b(?:times|is|equals|of|to|ratio|fraction)\s$")
WEST = pattern(rf"\.?\s(?:[A-Z][a-z]+|\d+[a-z]{{2}})\.?\s(?:{STREETS})\b")
CARATS = pattern(
    r"\b(?:diamonds?|ring|rings|gold|gem|stone|ruby|sapphire|emerald|necklace|earrings?|pendant|tw)\b", re.I
)
SCORED = pattern(r"\d[-–]\d|\b(?:goals?|scor|pen\b|penalty|header|minute|subbed|kick)", re.IGNORECASE)
NO_FRACTIONS = ("6/8", "12/8", "9/8", "4/4", "2/2", "5/4", "7/4")
TIME_SIGNATURES = word_list("time-signatures")
BATTING = word_list("batting-words")
COUNTED_NOUNS = word_list("counted-nouns")
UNCOUNTED_S = word_list("uncounted-s")
PERSONS = word_list("persons")
MARKS = word_list("mark-cues")
COUNTED_PARTS = word_list("counted-parts")
COUNTED_ENDS = word_list("counted-ends")
MEASURED = word_list("measured-nouns")
DIMENSIONS = word_list("dimensions")
SCIENTIFIC_RULES: list[Rule] = [*_scientific]
LETTER_RULES: list[Rule] = [*_rate]
MEASURE_RULES: list[Rule] = [
    *_comma,
    *_fraction_of,
    *_thousand_units,
    *_share_of_memory,
    rule(r"(\d+)['′]\s?(\d+(?:\.\d+)?)(?:\"|″|'')", whole, "foot", decimal),  # 5'10″
    *_feet_and_fraction,
    *_fraction_of_inch,
    *_inches,
    *_prime,
    *_feet,
    *_mixed,
    *_slashed,
    *_vulgar,
    *_ordinal,
    rule(rf"(\d{{1,2}})\s?[x×]\s?(\d{{1,2}})'?s{NOT_IN_WORD}", whole, "by", lambda n: in_plural(whole(n))),  # 2x4s
    *_by,
    *_unknown,
    rule(rf"({NUMBER})[x×]{NOT_IN_WORD}", decimal, "times"),  # 10x
    *_measure,
    *_batting,
    *_thousands,
    *_sized,
    rule(rf"(\d+)'?s{NOT_IN_WORD}", several),  # 5s
]
PLAIN_RULES: list[Rule] = [rule(rf"{SIGN}({NUMBER})(?![A-Za-z])", SIGNS.__getitem__, decimal)]
