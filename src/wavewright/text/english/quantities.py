"""Read amounts: measurements, fractions, ordinals, scores, plain numbers."""

from __future__ import annotations

import re
import unicodedata

from ..pattern import pattern
from .durations import RATES, per
from .numbers import MAGNITUDES, as_ordinal, cardinal, decimal, fraction, in_pairs, plural, whole
from .rules import NEAR, NOT_IN_WORD, NOT_NOUNS, NUMBER, Around, Reading, Rule, reads
from .tables import alternatives, word_list
from .units import ANY_CASE, NEEDS_NO_SPACE, UNITS, Unit, named

SIGN = r"([-−+±])?"
SIGNS = {"-": ["minus"], "−": ["minus"], "+": ["plus"], "±": ["plus", "or", "minus"]}
NUMBERED_NOUNS = word_list("numbered-nouns")
LETTERED_NOUNS = word_list("lettered-nouns") | NUMBERED_NOUNS
HALVES = "".join(chr(code) for code in [0xBC, 0xBD, 0xBE, *range(0x2150, 0x215F)])
POWERS = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}
LOWER_UNITS = {written.lower(): unit for written, unit in UNITS.items() if written.lower() in ANY_CASE}
_UNIT = alternatives([*UNITS, *(name for low in ANY_CASE for name in (low, low.upper(), low.title()))])
_SPACED = alternatives(name for name in UNITS if name not in NEEDS_NO_SPACE)
_SPACED_UNIT = rf"(?:\s?({_SPACED}){NOT_IN_WORD})?"


@reads(
    rf"{SIGN}(?:({NUMBER})(?:[eE]([-−+]?\d{{1,3}})|\s?[x×*·]\s?10\^\(?(?=[-−+\d]))|10\^\(?(?=[-−+\d]))"
    rf"((?<=[\^(])[-−+]?\d{{1,3}}\)?)?(?:\s?({_SPACED})"
    rf"{RATES}?(?![A-Za-z0-9²³^]))?{NOT_IN_WORD}"
)
def _scientific(match: re.Match[str], around: Around) -> Reading:
    """Read ``1.5e-3`` and ``6.02 x 10^23``, with a unit or without."""
    sign, number, small, raised, unit, rates = match.groups()
    if small and around.word_before.lower() in LETTERED_NOUNS:
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
    is_word = match[0] in ("m/f", "g/d") or around.text[around.start - 1 : around.start] == "/"
    is_clear = len(match[1]) > 1 or re.fullmatch(r"/(?:s|s[²2]|min|[mc]?m[²³23]|L|dL|kg|km|kWh)", match[2])
    return [*named(UNITS[match[1]], False), *per(match[2])] if is_clear and not is_word else None


def _is_kelvin_or_amp(match: re.Match[str], around: Around) -> bool:
    """Return True for ``300 K``, and for ``5 A`` if volts or a fuse are near."""
    if match[5] == "K":
        before = around.words_before[-1:]
        return (
            bool(match[4])
            and len(match[2]) > 1
            and around.word_after != "plan"
            and (not before or before[0].lower() in KELVIN_CUES)
        )
    return AMPS.search(around.text, max(0, around.start - NEAR), around.end + NEAR) is not None


@reads(
    rf"{SIGN}({NUMBER})(?:\s(million|billion|trillion))?(\s|-)?({_UNIT})(?:\^?([²³23])(?!\d))?"
    rf"{RATES}?{NOT_IN_WORD}"
)
def _measure(match: re.Match[str], around: Around) -> Reading:
    """Read a number with a unit: ``16 GB``, ``30 m²``, ``100 km/h``."""
    sign, number, size, gap, written, power, rates = match.groups()
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
    is_rate = written == "bps" and BASIS.search(around.text, max(0, around.start - 60), around.end + NEAR) is not None
    unit = Unit("basis point", "basis points") if is_rate else unit
    is_one = (number == "1" and size is None) or around.is_adjective or gap == "-"
    is_one = is_one or around.word_after.lower() in MEASURED
    words = [*(SIGNS[sign] if sign else []), *decimal(number), *([MAGNITUDES[size]] if size else [])]
    words += [POWERS[power]] if power else []
    return [*words, *named(unit, is_one), *per(rates or "")]


@reads(r"(\d+)['′]\s?(\d+(?:\.\d+)?)(?:\"|″|'')")
def _feet_and_inches(match: re.Match[str], _around: Around) -> Reading:
    """Read ``5'10″``."""
    return [*whole(match[1]), "foot", *decimal(match[2])]


@reads(rf"({NUMBER})['′](?![A-Za-z])")
def _feet(match: re.Match[str], around: Around) -> Reading:
    """Read ``6'``."""
    return [*decimal(match[1]), "foot" if match[1] == "1" or around.is_adjective else "feet"]


def _closes_quotation(around: Around) -> bool:
    """Return True if a quotation is open here; the signs of inches before open none."""
    before = around.text[max(0, around.start - 200) : around.start]
    is_open = False
    for index, sign in enumerate(before):
        is_inch = not is_open and index > 0 and before[index - 1].isnumeric()
        is_open = is_open != (sign == '"' and not is_inch)
    return is_open


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
    is_before_noun = around.word_after.islower() and around.word_after not in NOT_NOUNS | DIMENSIONS
    is_before_noun = is_before_noun and around.text[around.end : around.end + 1] in (" ", "-")
    if match[1]:
        return [*whole(match[1]), "and", *in_mixed_number(fractional), "inch" if is_before_noun else "inches"]
    return [*fractional, *(["inch"] if is_before_noun else ["of", "an", "inch"])]


@reads(rf"({NUMBER})[\"″]")
def _inches(match: re.Match[str], around: Around) -> Reading:
    """Read ``27″``."""
    if _closes_quotation(around):
        return None
    is_before_noun = around.word_after.islower() and around.word_after not in NOT_NOUNS | DIMENSIONS
    is_before_noun = is_before_noun and around.text[around.end : around.end + 1] in (" ", "-")
    is_one = match[1] == "1" or around.is_adjective or is_before_noun
    return [*decimal(match[1]), "inch" if is_one else "inches"]


@reads(r"(\d{1,15})\s(\d{1,9})/(\d{1,9})(?![\d/])" + _SPACED_UNIT)
def _mixed(match: re.Match[str], _around: Around) -> Reading:
    """Read ``2 1/2``."""
    fractional = _fraction(int(match[2]), int(match[3]))
    unit = named(UNITS[match[4]], False) if match[4] else []
    return [*whole(match[1]), "and", *in_mixed_number(fractional), *unit] if fractional else None


def in_mixed_number(fraction: list[str]) -> list[str]:
    """Return the words of a fraction after a whole number: ``a half`` for ``one half``, ``a quarter``."""
    return ["a", fraction[1]] if fraction in (["one", "half"], ["one", "quarter"]) else fraction


def _fraction(numerator: int, denominator: int) -> list[str] | None:
    """Read a fraction with a denominator up to 100; None for other numbers."""
    if numerator == denominator or not 2 <= denominator <= 100 or not numerator:
        return None
    return fraction(numerator, denominator)


@reads(r"[-−+±]?(\d{1,9})/(\d{1,9})(?![\d/]|\.\d)" + _SPACED_UNIT)
def _slashed(match: re.Match[str], around: Around) -> Reading:
    """Read a fraction, a rating, a blood pressure or a time signature."""
    is_metre = match[0] in TIME_SIGNATURES and around.word_after == "time"
    if is_metre or match[0] in ("24/7", "9/11", "7/11", "50/50", "20/20"):
        return [*cardinal(int(match[1])), *cardinal(int(match[2]))]
    if around.word_after in ("star", "stars"):
        return [*cardinal(int(match[1])), "out", "of", *cardinal(int(match[2]))]
    if 40 < int(match[2]) < int(match[1]) < 250 and {"pressure", "bp"} & {word.lower() for word in around.words_before}:
        return [*in_pairs(match[1]), "over", *in_pairs(match[2])]
    sign = SIGNS.get(around.text[around.start], [])
    fractional = _fraction(int(match[1]), int(match[2]))
    unit = named(UNITS[match[3]], True) if match[3] else []
    return [*sign, *fractional, *unit] if fractional else None


@reads(rf"(\d+)?\s?([{HALVES}])")
def _vulgar(match: re.Match[str], _around: Around) -> Reading:
    """Read ``2½``."""
    parts = unicodedata.normalize("NFKD", match[2]).split("\u2044")
    if len(parts) != 2 or not parts[1]:
        return None
    fractional = fraction(int(parts[0]), int(parts[1])) if parts[0] != "0" else ["zero", "thirds"]
    return [*whole(match[1]), "and", *in_mixed_number(fractional)] if match[1] else fractional


@reads(rf"({NUMBER})(?:st|nd|rd|th|ST|ND|RD|TH){NOT_IN_WORD}")
def _ordinal(match: re.Match[str], _around: Around) -> Reading:
    """Read ``22nd``."""
    *words, last = decimal(match[1]) if "." in match[1] else whole(match[1])
    return [*words, as_ordinal(last)]


@reads(r"\.(\d{3})(?![\dA-Za-z%])")
def _batting(match: re.Match[str], around: Around) -> Reading:
    """Read ``batting .325``: hits in a thousand times at bat."""
    return in_pairs(match[1]) if BATTING & {word.lower() for word in around.words_before[-1:]} else None


@reads(rf"{SIGN}({NUMBER})(M|B|bn|mn|tn){NOT_IN_WORD}")
def _sized(match: re.Match[str], around: Around) -> Reading:
    """Read ``5M`` as ``five million``."""
    is_section = around.word_before.lower() in NUMBERED_NOUNS or (match[3] == "B" and around.word_after[:1].isupper())
    if is_section:
        return None
    return [*(SIGNS[match[1]] if match[1] else []), *decimal(match[2]), MAGNITUDES[match[3]]]


@reads(r"([0-7])[-–]([0-7])(?:,\s(?:and\s)?([0-7])[-–]([0-7])){1,4}(?![-–\d/])")
def _sets(match: re.Match[str], _around: Around) -> Reading:
    """Read the sets of tennis ``6-4, 7-5``, where one of each pair is six or seven."""
    pairs = re.findall(r"([0-7])[-–]([0-7])", match[0])
    is_tennis = all(max(pair) in "67" for pair in pairs)
    return [word for pair in pairs for game in pair for word in whole(game)] if is_tennis else None


@reads(rf"(\d{{1,2}})\s?[x×]\s?(\d{{1,2}})'?s{NOT_IN_WORD}")
def _boards(match: re.Match[str], _around: Around) -> Reading:
    """Read ``2x4s``."""
    *words, last = whole(match[2])
    return [*whole(match[1]), "by", *words, plural(last)]


@reads(rf"({NUMBER})(?:\s?x\s?|×)(?=\d)({NUMBER})(?![\d.]*\s*=)(?!\s?(?:x|×)\s?\d){_SPACED_UNIT}")
def _by(match: re.Match[str], _around: Around) -> Reading:
    """Read ``4x4``."""
    return [*decimal(match[1]), "by", *decimal(match[2]), *(named(UNITS[match[3]], False) if match[3] else [])]


@reads(r"(\d{1,2})[-–](\d{1,2})(?![-–\d/:%]|\.\d)")
def _record(match: re.Match[str], around: Around) -> Reading:
    """Read games won and lost: ``finished 10-6``."""
    before = [word.lower() for word in around.words_before]
    is_record = bool(before) and (before[-1] in RECORD_VERBS or tuple(before[-2:]) in RECORD_PHRASES)
    after = re.match(
        r"\s(?:this|on the|for the|last|in the) (?:season|year)\b|\soverall\b",
        around.text[around.end : around.end + 20],
    )
    is_record = is_record or (after is not None and before[-1:] != ["won"] and before[-1:] != ["lost"])
    return [*whole(match[1]), "and", *whole(match[2])] if is_record else None


@reads(rf"({NUMBER})x(?=\s?[-+=−]\s?\d)")
def _unknown(match: re.Match[str], _around: Around) -> Reading:
    """Read ``5x - 3``: a multiple of an unknown."""
    return [*decimal(match[1]), "X"]


@reads(rf"({NUMBER})[x×]{NOT_IN_WORD}")
def _fold(match: re.Match[str], _around: Around) -> Reading:
    """Read ``10x``."""
    return [*decimal(match[1]), "times"]


@reads(rf"(\d+)'?s{NOT_IN_WORD}")
def _plural(match: re.Match[str], _around: Around) -> Reading:
    """Read ``5s``."""
    *words, last = whole(match[1])
    return [*(words if words != ["one"] else []), plural(last)]


@reads(rf"{SIGN}({NUMBER})(?![A-Za-z])")
def _plain(match: re.Match[str], _around: Around) -> Reading:
    """Read a number."""
    return [*(SIGNS[match[1]] if match[1] else []), *decimal(match[2])]


KELVIN_CUES = word_list("kelvin-cues")
BASIS = pattern(
    r"\b(?:rates?|yields?|spreads?|basis|hikes?d?|cut|cuts|raised?|lowered|tightened|Fed|bank|bonds?|margins?)\b",
    re.IGNORECASE,
)
AMPS = pattern(r"\d\s?(?:V|W)\b|\bdraw|\bfuse|\d\s?A (?:fuse|circuit|charger|breaker|current)")
RECORD_VERBS = word_list("record-verbs")
RECORD_PHRASES = {
    ("improved", "to"),
    ("fell", "to"),
    ("dropped", "to"),
    ("record", "of"),
    ("record", "is"),
    ("record", "was"),
}
TIME_SIGNATURES = word_list("time-signatures")
BATTING = word_list("batting-words")
MEASURED = word_list("measured-nouns")
DIMENSIONS = word_list("dimensions")
SCIENTIFIC_RULES: list[Rule] = [*_scientific]
LETTER_RULES: list[Rule] = [*_rate]
MEASURE_RULES: list[Rule] = [
    *_sets,
    *_feet_and_inches,
    *_feet_and_fraction,
    *_fraction_of_inch,
    *_inches,
    *_feet,
    *_mixed,
    *_slashed,
    *_vulgar,
    *_ordinal,
    *_boards,
    *_by,
    *_record,
    *_unknown,
    *_fold,
    *_measure,
    *_batting,
    *_sized,
    *_plural,
]
PLAIN_RULES: list[Rule] = [*_plain]
