"""Read signs: operators of programs and comparisons, arithmetic, musical sharps, and signs with a word of their own."""

from __future__ import annotations

import re
import unicodedata

from ..pattern import pattern
from ..region import is_british
from ..scripts import name_of_sign
from .addresses import spelled
from .numbers import digits, letters, whole
from .rules import Around, Reading, Rule, alternatives, named_in, of_kind, reads, rows, rule

_ROWS = rows("signs", 3)

WORDS = of_kind(_ROWS, "text")
"""Words for signs; empty where a sign is silent."""

OPERATORS = of_kind(_ROWS, "operator")
"""Words for the operators of programs."""

COMPARISONS = of_kind(_ROWS, "comparison")
"""Words for signs before a number without a left side."""

NO_PROGRAM = pattern(r"(?:^|[=<>≤≥+*/×÷^(,\d]|\b(?:for|of|is|to|by|than|and|or|when|if))\s*\(?$")
"""Text before the minus of an unknown."""

SUFFIXES = frozenset(("-ed", "-er", "-es", "-ly", "-en", "-al", "-or", "-ic", "-s", "-y"))
_AMOUNT = r"(?=[$€£¥₹]?[\d.])"

OF_MATHEMATICS = "\u2200-\u2211\u2213\u2214\u221a-\u2222\u2226-\u222b\u2234-\u22bf\u22c0-\u22c3\u22c7-\u22ed"
"""Signs that are read by their Unicode names."""


@reads(r"[*#](\d{2,4})(#)(?![\d*#])", r"\*(\d{2,4})()(?![\d*])")
def _star(match: re.Match[str], around: Around) -> Reading:
    """Read the code of a telephone ``*69``."""
    before = around.left(8)
    is_apart = not before or before[-1] in " \n(\"'"
    is_factor = re.search(r"[\d)]\s*$", before)
    key = [_hash_key()] if match[2] else []
    first = "star" if match[0][0] == "*" else _hash_key()
    return [first, *digits(match[1]), *key] if is_apart and not is_factor else None


@reads(r"([*#])(?![\w*#])")
def _key(match: re.Match[str], around: Around) -> Reading:
    """Read a key of a telephone: ``press *``."""
    before = around.left(24)
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
    before = around.left(1)
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
    before, after = around.left(8), around.right(3)
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
    before, after = around.left(1), around.right(1)
    if match[0] in "†‡" and before.strip():
        return None  # the mark of a footnote
    if match[0] in "<>" and match[0] in (before, after):
        return None  # ``>>>``
    is_prompt = not before.strip() and after.isalpha() and len(around.word_after) > 1  # ``>reload``
    opens, closes = after.isalpha() or after == "/", before.isalpha() or before in "\"'/.!?" or is_prompt
    if match[0] in "<>" and (opens if match[0] == "<" else closes):
        return None  # a bracket
    return WORDS[match[0]].split()


@reads(rf"(<=|>=|[<>≤≥]){_AMOUNT}")
def _bare(match: re.Match[str], around: Around) -> Reading:
    """Read ``<5 left`` and ``>90%``, but not ``x <5`` and ``3 <5``, which have a left side."""
    before = around.left(12)
    is_operand = re.search(r"(?:^|[^\w.])(?:[A-Za-z]|[\d.]+)\s$", before)
    is_apart = not before or before[-1] in " \n\t([{\"'~"
    return COMPARISONS[match[1]].split() if is_apart and not is_operand else None


@reads(r"<3(?![\d.,%])", "[❤♥💕💖💗😍🖤💙💚💛💜🧡]")
def _love(_match: re.Match[str], around: Around) -> Reading:
    """Read ``I <3 you`` and ``I ❤ you``."""
    return ["love"] if around.word_before in ("I", "i", "We", "we", "You", "you", "They", "they") else None


@reads(r"<3(?=[\s.!?)]*(?:$|\n)|[.!?]\s)")
def _heart(_match: re.Match[str], around: Around) -> Reading:
    """Read ``miss you all <3``, the end of a message."""
    is_last = re.search(r"[a-z][a-z!.,)]+ $", around.left(8))
    return ["heart"] if is_last else None


@reads(r"!(?=[A-Za-z_(])")
def _not(_match: re.Match[str], around: Around) -> Reading:
    """Read ``!ready`` in a condition."""
    before = around.left(1) if around.start else ""
    return ["not"] if before in ("", " ", "(", "&", "|", "=") else None


@reads(r"(--?)([A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*)(?=[\s=,.;:)\"'`]|$)")
def _option(match: re.Match[str], around: Around) -> Reading:
    """Read the option of a program ``--verbose`` or ``-xzf``, and the unknown of ``= -x``."""
    text, name = around.text, match[2]
    before = text[around.start - 1 : around.start]
    if before not in ("", " ", "\n", "(", "[", "`", '"', "'"):
        return None
    if len(match[1]) == 1 and len(name) == 1 and NO_PROGRAM.search(text, *around.before):
        return ["minus", name.upper()]
    is_word = len(match[1]) == 1 and (len(name) > 4 or (len(name) > 2 and around.knows(name.lower())))
    return None if is_word or f"-{name}" in SUFFIXES else [*["dash"] * len(match[1]), *spelled(name, around)]


LETTER_RULES: list[Rule] = [
    rule("([ᵢⱼₐₑₒₓₕₖₗₘₙₚₛₜᵣᵤᵥ])", "sub", lambda index: [unicodedata.normalize("NFKD", index).upper()]),  # xᵢ
    rule(r"sin(?=\()", "sine"),
    rule(r"cos(?=\()", "cosine"),
    rule(r"tan(?=\()", "tangent"),
    rule(r"lim(?=\s?[a-z]\s?(?:→|->))", "limit"),
    rule(r"[Nn][º°]\s?(?=\d)", "number"),
    rule(r"µ(?=[A-Za-z])", "micro"),
    rule("µ", "mu"),
    rule(r"mc(?=²|\^2)", "M", "C"),
    rule(r"([A-GJa-g])#(?![\w#])", letters, "sharp"),  # C#
    rule(r"([A-Za-z])\+\+", letters, "plus", "plus"),  # C++
]
SIGN_RULES: list[Rule] = [
    *_love,
    *_heart,
    *_bare,
    rule(f"({alternatives(OPERATORS)})", named_in(OPERATORS)),  # !=
    *_not,
    *_option,
    rule(r"(?<=[\w)])\*\*(?=\d)|(?<=[\w)] )\*\*(?= \d)", "to", "the", "power", "of"),
    rule(r"&c\.", "et", "cetera"),
    rule(r"\${2,5}", "dollars"),
    rule(r"§§\s?", "sections"),
    rule(r"¶¶\s?", "paragraphs"),
    rule(r"'n'|'n’|'n(?= r)", "and"),
    *_star,
    rule(r"[#№]\s?(?=\d[\d,]*(?![\d,]*[A-Za-z])|\d+-\d|[A-Z]{1,5}-[A-Z]{0,4}\d)", "number"),
    *_key,
    rule(r"!(?=\s?[-−=+×÷*/^)])(?<=\d!|\bn!)|!(?<=[-−+]\d\)!)", "factorial"),
    rule(r"~(?=\s?[\d$€£.])|≈(?=\s?[\d$€£.])(?<![\w)] ≈)(?<![\w)]≈)", "about"),
    rule(r"-(?=[\s.,;:!?)]|$)(?<=[A-Za-z)]\d-)", "minus"),  # ions
    *_power,
    rule(r"\^(?=\()", "to", "the", "power", "of"),
    rule(r"[*·](?=\s?\d)(?<=[\d )][*·])", "times"),
    *_asterisk,
    rule(r"#(?=:\s)(?<= #)", "number"),
    rule(r"(?<=\d)/(?=[$€£]\s?\d)", "for"),
    *_divided,
    *_word,
    rule(f"([{OF_MATHEMATICS}])", name_of_sign),
]
