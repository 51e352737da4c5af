"""Read signs: arithmetic, musical sharps, numbers with a ``#``, hearts, and signs with a word of their own."""

from __future__ import annotations

import re
import unicodedata

from ..dialect import is_british
from ..pattern import pattern
from ..scripts import name_of_sign
from .numbers import digits, whole
from .rules import Around, Reading, Rule, reads, reads_as
from .tables import of_kind, rows

WORDS = of_kind(rows("signs", 3), "text")
"""Words for signs; empty where a sign is silent."""


@reads(r"[*#](\d{2,4})(#)(?![\d*#])", r"\*(\d{2,4})()(?![\d*])")
def _star(match: re.Match[str], around: Around) -> Reading:
    """Read the code of a telephone ``*69``."""
    before = around.text[max(0, around.start - 8) : around.start]
    is_apart = not before or before[-1] in " \n(\"'"
    is_factor = re.search(r"[\d)]\s*$", before)
    key = [_hash_key()] if match[2] else []
    first = "star" if match[0][0] == "*" else _hash_key()
    return [first, *digits(match[1]), *key] if is_apart and not is_factor else None


@reads(r"([*#])(?![\w*#])")
def _key(match: re.Match[str], around: Around) -> Reading:
    """Read a key of a telephone: ``press *``."""
    before = around.text[max(0, around.start - 24) : around.start]
    is_key = re.search(
        r"\b(?:press|hit|dial|push|then|the|or|and|by|with|enter)\s(?:the\s)?[\"']?$", before, re.IGNORECASE
    )
    is_dialled = re.search(
        r"press|dial|enter|\bkeys?\b|\bhit\b|phone",
        around.text[max(0, around.start - 60) : around.end + 20],
        re.IGNORECASE,
    )
    if not is_key or not is_dialled:
        return None
    return ["star"] if match[1] == "*" else [_hash_key()]


def _hash_key() -> str:
    """Return the name of the key ``#``."""
    return "hash" if is_british() else "pound"


@reads(r"([A-GJa-g])#(?![\w#])")
def _sharp(match: re.Match[str], _around: Around) -> Reading:
    """Read ``C#`` as ``C sharp``."""
    return [match[1].upper(), "sharp"]


@reads(r"([A-Za-z])\+\+")
def _plus_plus(match: re.Match[str], _around: Around) -> Reading:
    """Read ``C++`` as ``C plus plus``."""
    return [match[1].upper(), "plus", "plus"]


@reads(r"\^(-)?(?:(\d{1,9})|([A-Za-z])(?![A-Za-z]))")
def _power(match: re.Match[str], _around: Around) -> Reading:
    """Read ``^2`` as ``squared`` and ``^-7`` as ``to the power of minus seven``."""
    minus = ["minus"] if match[1] else []
    if match[3]:
        return ["to", "the", "power", "of", *minus, match[3].upper()]
    named = {"2": ["squared"], "3": ["cubed"]}.get(match[2]) if not match[1] else None
    return named or ["to", "the", "power", "of", *minus, *whole(match[2])]


@reads(r"(?<=\d )/(?= \d)|/(?=\d)|(?<=\b[A-Za-z0-9])/(?=[a-z]\b)|(?<=\))/(?=[a-z]\b|\()")
def _divided(_match: re.Match[str], around: Around) -> Reading:
    """Read ``6 / 2`` as ``six divided by two``, and ``v = d/t`` with ``over``."""
    before = around.text[around.start - 1 : around.start]
    if not around.text[around.end].isdigit() and before != " ":
        near = around.text[max(0, around.start - 14) : around.end + 6]
        return ["over"] if re.search(r"[=∝≤≥<>]|\d/[nxyzkrt]\b", near) else None
    return (
        ["divided", "by"]
        if before == " " and around.text[around.end] == " "
        else ["slash"]
        if before.isdigit()
        else None
    )


@reads(r"\*(?![\w*])")
def _asterisk(_match: re.Match[str], around: Around) -> Reading:
    """Read ``a * b`` as a product, and the star of ``SELECT * FROM``, ``*.txt`` and ``repeat from * to end``."""
    before, after = around.text[max(0, around.start - 8) : around.start], around.text[around.end : around.end + 3]
    if re.search(r"[A-Za-z]\($", before) and after[:1] == ")":
        return ["star"]
    if re.search(r"(?:\b[A-Za-z]|\d|\)) $", before) and re.match(r" (?:[A-Za-z]\b|\(|\d)", after):
        return ["times"]
    if before[-1:] in ("", " ", "\n", "(", "`", '"') and re.match(r"\.[A-Za-z]", after):
        return ["star"]  # *.txt
    is_star = re.search(r"[A-Za-z] $", before) and re.match(r" [A-Za-z]|;|$", after)
    return ["star"] if is_star else None


@reads(f"[{re.escape(''.join(sign for sign in WORDS if len(sign) == 1))}]")
def _word(match: re.Match[str], around: Around) -> Reading:
    """Read a sign with a word of its own, but no brackets or arrows made of ``<`` and ``>``."""
    before, after = around.text[around.start - 1 : around.start], around.text[around.end : around.end + 1]
    if match[0] in "†‡" and before.strip():
        return None  # the mark of a footnote
    if match[0] in "<>" and match[0] in (before, after):
        return None  # ``>>>``
    is_prompt = not before.strip() and after.isalpha() and len(around.word_after) > 1  # ``>reload``
    opens, closes = after.isalpha() or after == "/", before.isalpha() or before in "\"'/.!?" or is_prompt
    if match[0] in "<>" and (opens if match[0] == "<" else closes):
        return None  # a bracket
    return WORDS[match[0]].split()


@reads("[\u2200-\u2211\u2213\u2214\u221a-\u2222\u2226-\u222b\u2234-\u22bf\u22c0-\u22c3\u22c7-\u22ed]")
def _of_mathematics(match: re.Match[str], _around: Around) -> Reading:
    """Read another sign of mathematics by its Unicode name."""
    return name_of_sign(match[0])


@reads("[ᵢⱼₐₑₒₓₕₖₗₘₙₚₛₜᵣᵤᵥ]")
def _index(match: re.Match[str], _around: Around) -> Reading:
    """Read the index of ``xᵢ``."""
    return ["sub", unicodedata.normalize("NFKD", match[0]).upper()]


LETTER_RULES: list[Rule] = [
    *_index,
    (pattern(r"sin(?=\()"), reads_as("sine")),
    (pattern(r"cos(?=\()"), reads_as("cosine")),
    (pattern(r"tan(?=\()"), reads_as("tangent")),
    (pattern(r"lim(?=\s?[a-z]\s?(?:→|->))"), reads_as("limit")),
    (pattern(r"[Nn][º°]\s?(?=\d)"), reads_as("number")),
    (pattern(r"µ(?=[A-Za-z])"), reads_as("micro")),
    (pattern("µ"), reads_as("mu")),
    (pattern(r"mc(?=²|\^2)"), reads_as("M", "C")),
    *_sharp,
    *_plus_plus,
]
SIGN_RULES: list[Rule] = [
    (pattern(r"&c\."), reads_as("et", "cetera")),
    (pattern(r"\${2,5}"), reads_as("dollars")),
    (pattern(r"§§\s?"), reads_as("sections")),
    (pattern(r"¶¶\s?"), reads_as("paragraphs")),
    (pattern(r"'n'|'n’|'n(?= r)"), reads_as("and")),
    *_star,
    (pattern(r"[#№]\s?(?=\d[\d,]*(?![\d,]*[A-Za-z])|\d+-\d|[A-Z]{1,5}-[A-Z]{0,4}\d)"), reads_as("number")),
    *_key,
    (pattern(r"!(?=\s?[-−=+×÷*/^)])(?<=\d!|\bn!)|!(?<=[-−+]\d\)!)"), reads_as("factorial")),
    (pattern(r"~(?=\s?[\d$€£.])|≈(?=\s?[\d$€£.])(?<![\w)] ≈)(?<![\w)]≈)"), reads_as("about")),
    (pattern(r"-(?=[\s.,;:!?)]|$)(?<=[A-Za-z)]\d-)"), reads_as("minus")),  # ions
    *_power,
    (pattern(r"\^(?=\()"), reads_as("to", "the", "power", "of")),
    (pattern(r"[*·](?=\s?\d)(?<=[\d )][*·])"), reads_as("times")),
    *_asterisk,
    (pattern(r"#(?=:\s)(?<= #)"), reads_as("number")),
    (pattern(r"(?<=\d)/(?=[$€£]\s?\d)"), reads_as("for")),
    *_divided,
    *_word,
    *_of_mathematics,
]
