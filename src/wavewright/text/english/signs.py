"""Signs: which are words, which are pauses, which are passed over."""

from __future__ import annotations

import re
import unicodedata

from ..pattern import pattern
from .numbers import digits, whole
from .rules import Around, Reading, Rule

WORDS = {
    **{
        "&": "and",
        "@": "at",
        "+": "plus",
        "=": "equals",
        "×": "times",
        "÷": "divided by",
        "%": "percent",
        "§": "section",
    },
    **{
        "<": "is less than",
        ">": "is greater than",
        "≤": "is at most",
        "≥": "is at least",
        "≠": "is not equal to",
        "≈": "is about",
    },
    **{"±": "plus or minus", "→": "to", "⇒": "implies", "↔": "and", "←": "from", "©": "copyright", "®": "registered"},
    **{
        "™": "trademark",
        "°": "degrees",
        "¶": "paragraph",
        "$": "dollars",
        "€": "euros",
        "£": "pounds",
        "¥": "yen",
        "¢": "cents",
    },
    **{
        "₹": "rupees",
        "#": "hash",
        "\\": "backslash",
        "²": "squared",
        "³": "cubed",
        "∞": "infinity",
        "√": "square root of",
        "♭": "flat",
        "♯": "sharp",
    },
    **{"∑": "sum of", "∆": "delta", "∂": "partial", "∫": "integral of", "∈": "in", "∀": "for all", "∃": "there exists"},
    **{
        "−": "minus",
        "№": "number",
        "†": "dagger",
        "¿": "",
        "¡": "",
        "№.": "number",
        "℃": "degrees celsius",
        "‰": "per mille",
    },
    **{
        "℉": "degrees fahrenheit",
        "µ": "micro",
        "¬": "not",
        "∅": "empty set",
        "∩": "intersection",
        "∪": "union",
        "ª": "",
        "º": "degrees",
    },
}
LOVE = "❤♥💕💖💗😍🖤💙💚💛💜🧡"


def _number_sign(match: re.Match[str], around: Around) -> Reading:
    number = match[1].replace(",", "")
    return ["number", *(digits(number) if len(number) > 4 and "," not in match[1] else whole(number))]


def _number(match: re.Match[str], around: Around) -> Reading:
    return ["number"]


def _factorial(match: re.Match[str], around: Around) -> Reading:
    return ["factorial"]


def _about(match: re.Match[str], around: Around) -> Reading:
    return ["about"]


def _sharp(match: re.Match[str], around: Around) -> Reading:
    return [match[1].upper(), "sharp"]


def _energy(match: re.Match[str], around: Around) -> Reading:
    return ["M", "C"]


def _plus_plus(match: re.Match[str], around: Around) -> Reading:
    return [match[1].upper(), "plus", "plus"]


def _power(match: re.Match[str], around: Around) -> Reading:
    minus = ["minus"] if match[1] else []
    if match[3]:
        return ["to", "the", "power", "of", *minus, match[3].upper()]
    named = {"2": ["squared"], "3": ["cubed"]}.get(match[2]) if not match[1] else None
    return named or ["to", "the", "power", "of", *minus, *whole(match[2])]


def _to_the_power(match: re.Match[str], around: Around) -> Reading:
    return ["to", "the", "power", "of"]


def _times(match: re.Match[str], around: Around) -> Reading:
    return ["times"]


def _divided(match: re.Match[str], around: Around) -> Reading:
    before = around.text[around.start - 1 : around.start]
    return (
        ["divided", "by"]
        if before == " " and around.text[around.end] == " "
        else ["slash"]
        if before.isdigit()
        else None
    )


def _and(match: re.Match[str], around: Around) -> Reading:
    return ["and"]


def _love(match: re.Match[str], around: Around) -> Reading:
    return ["love"] if around.word_before in ("I", "i", "We", "we", "You", "you", "They", "they") else None


def _word(match: re.Match[str], around: Around) -> Reading:
    before, behind = around.text[around.start - 1 : around.start], around.text[around.end : around.end + 1]
    if match[0] in "<>" and match[0] in (before, behind):
        return None  # ``>>>``
    if match[0] in "<>" and (behind if match[0] == "<" else before).isalpha():
        return None  # a bracket
    return WORDS[match[0]].split()


def _of_mathematics(match: re.Match[str], around: Around) -> Reading:
    """A sign of mathematics without a word of its own: as Unicode calls it."""
    return name_of(match[0])


def name_of(sign: str) -> list[str]:
    """What Unicode calls a sign, as words: ``grinning face``."""
    return re.findall("[a-z]+", unicodedata.name(sign, "").lower())


LETTER_RULES: list[Rule] = [
    (pattern(r"[Nn][º°]\s?(?=\d)"), _number),
    (pattern(r"mc(?=²|\^2)"), _energy),
    (pattern(r"([A-GJa-g])#(?![\w#])"), _sharp),
    (pattern(r"([A-Za-z])\+\+"), _plus_plus),
]
SIGN_RULES: list[Rule] = [
    (pattern(r"'n'|'n’|'n(?= r)"), _and),
    (pattern(r"[#№]\s?(\d[\d,]{0,20})(?![A-Za-z])"), _number_sign),
    (pattern(r"!(?=\s?[-−=+×÷*/^)])(?<=\d!|\bn!)"), _factorial),
    (pattern(r"[~≈](?=\s?[\d$€£.])"), _about),
    (pattern(r"\^(?:(-)?(\d{1,9})|([A-Za-z])(?![A-Za-z]))"), _power),
    (pattern(r"\^(?=\()"), _to_the_power),
    (pattern(r"[*·](?=\s?\d)(?<=[\d )][*·])"), _times),
    (pattern(r"(?<=\d )/(?= \d)|/(?=\d)"), _divided),
    (pattern(f"[{LOVE}]"), _love),
    (pattern(f"[{re.escape(''.join(sign for sign in WORDS if len(sign) == 1))}]"), _word),
    (
        pattern("[\u2200-\u2211\u2213\u2214\u221a-\u2222\u2226-\u222b\u2234-\u22bf\u22c0-\u22c3\u22c7-\u22ed]"),
        _of_mathematics,
    ),
]
