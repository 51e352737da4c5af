"""Normalise characters for front ends (control characters, quotes, spaces, accents) and keep their positions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from .pattern import pattern

VARIANTS = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u02b9\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2015\u2e3a\u2e3b", "\u2014"),
    **dict.fromkeys("\u2003\u2002\u00a0\u202f\u2007\u2009\u3000\u2028\u0085\u000b\u000c", " "),
    **dict(zip("\u2029\u3010\u3011\u037e\u2044\u2215\u2236", "\n[];//:", strict=True)),
    **dict(zip("\u03bc\u2126\u22c5", "\u00b5\u03a9\u00b7", strict=True)),
}
"""Variants of a character, each with the plain character that replaces it."""

_TABLE = {ord(variant): plain for variant, plain in VARIANTS.items()}
_INVISIBLE = pattern("[\u2139\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f\U000e0000-\U000e007f]")
_CONTROL = pattern("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufff0-\ufffc\uffff]")
_DECOMPOSED = pattern(r"[A-Za-z\u00c0-\u024f][\u0300-\u036f]+")
_SUPERSCRIPT = pattern(
    "[\u00b2\u00b3\u00b9\u2070\u2071\u2074-\u207f\u02b0-\u02b8\u02e1-\u02e3\u1d2c-\u1d61\u1d9c-\u1dbf]+"
)
_CIRCLED_NUMBERS = "\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3251-\u325f\u32b1-\u32bf"
_COMPATIBILITY = pattern(
    f"[{_CIRCLED_NUMBERS}"
    "\u203c\u2025\u2047-\u2049\u2080-\u208e\u2090-\u209c\u2100-\u2102\u2105-\u2115\u2118-\u211d\u2120\u2121\u2124"
    "\u2128\u212a-\u2131\u2133\u2134\u213b-\u214e\u215f-\u217f\u2189\u249c-\u24e9\u3200-\u3250\u3260-\u3296"
    "\u3298\u329a-\u32b0\u32c0-\u33ff\ufb00-\ufb06\ufe50-\ufe6b\uff01-\uff5e\U0001d400-\U0001d7ff"
    "\U0001f100-\U0001f16a]"
)
"""Compatibility characters: circled numbers, roman numerals, squared units, mathematical letters."""
ROMAN_NUMERALS = frozenset(chr(code) for code in range(0x2160, 0x2180))
STANDS_ALONE = pattern(r"(?:^|[^\w\s]\s?|\b(?:and|or|to)\s)$")
"""Text before a roman numeral that is not part of a name."""
_NOTED = pattern(
    r"[.,;:!?\"'\u201d\u2019]$|\b(?!sin$|cos$|tan$|log$|mol$|sec$|mils$)[a-z]{4,}$|\b(?:the|his|her|its|who|war)$",
    re.IGNORECASE,
)
"""Text before a superscript that marks a footnote: a stop or a word."""
_ENTITY = pattern("&(?:amp;)*(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_OTHER_DIGIT = pattern(r"(?![0-9])\d")


@dataclass(frozen=True)
class Characters:
    """A normalised text and the position of each of its characters in the text that it was made from.

    ``positions`` holds that of each character and of the end, ``len(text) + 1`` numbers; None if none changed.
    """

    text: str
    positions: tuple[int, ...] | None

    def position(self, index: int) -> int:
        """Return the position of a character in the original text."""
        return index if self.positions is None else self.positions[index]


PARAGRAPH = "\n\n"


class TextBuilder:
    """Collects pieces of a text in the order of their positions.

    - ``length``: number of characters of the original text.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._pieces: list[str] = []
        self._positions: list[int] = []

    def add(self, text: str, positions: Iterable[int]) -> None:
        """Append characters of the original text and their positions."""
        self._pieces.append(text)
        self._positions += positions

    def insert(self, text: str, position: int) -> None:
        """Append characters that the original text does not have, all at one position."""
        self._pieces.append(text)
        self._positions += [min(position, max(self._length - 1, 0))] * len(text)

    def characters(self) -> Characters:
        """Return the text and the position of each character."""
        return Characters("".join(self._pieces), (*self._positions, self._length))


def normalize_characters(text: str) -> Characters:
    """Replace entities and variants by plain characters and control characters by spaces; remove invisible ones."""
    if "&" in text and _ENTITY.search(text):
        return _without_entities(text)
    return _plain(text)


def _without_entities(text: str) -> Characters:
    """Replace entities such as ``&amp;``, also those whose ``&`` is escaped."""
    from html import unescape

    pieces: list[str] = []
    positions: list[int] = []
    start = 0
    for match in _ENTITY.finditer(text):
        character = unescape(f"&{match[1]};")
        if len(character) > 2:
            continue  # no entity
        pieces += [text[start : match.start()], character]
        positions += [*range(start, match.start()), *[match.start()] * len(character)]
        start = match.end()
    positions += range(start, len(text) + 1)
    plain = _plain("".join([*pieces, text[start:]]))
    return Characters(plain.text, tuple(positions[plain.position(index)] for index in range(len(plain.text) + 1)))


def _plain(text: str) -> Characters:
    """Replace variants and control characters; remove invisible characters."""
    if not text.isascii() or _CONTROL.search(text):
        text = _CONTROL.sub(" ", text.translate(_TABLE))
    if text.isascii():
        return Characters(text, None)
    pieces: list[str] = []
    positions: list[int] = []
    start = 0
    for match in _REPLACED.finditer(text):
        replacement = _replacement(match)
        pieces += [text[start : match.start()], replacement]
        positions += [*range(start, match.start()), *[match.start()] * len(replacement)]
        start = match.end()
    if not start:
        return Characters(text, None)
    return Characters("".join([*pieces, text[start:]]), (*positions, *range(start, len(text) + 1)))


_REPLACED = pattern(
    "|".join(kind.pattern for kind in (_INVISIBLE, _DECOMPOSED, _SUPERSCRIPT, _COMPATIBILITY, _OTHER_DIGIT))
)


def _replacement(match: re.Match[str]) -> str:
    written = match[0]
    if _INVISIBLE.match(written):
        return ""
    if _SUPERSCRIPT.match(written):
        return _lower_superscript(written, match.string[max(0, match.start() - 24) : match.start()])
    if re.match(f"[{_CIRCLED_NUMBERS}]", written):
        value = unicodedata.normalize("NFKC", written)
        return f" {value if value != written else int(unicodedata.numeric(written))} "
    if written in ROMAN_NUMERALS and STANDS_ALONE.search(match.string[max(0, match.start() - 4) : match.start()]):
        return str(int(unicodedata.numeric(written)))
    if written.isdecimal():
        return str(unicodedata.decimal(written))
    return unicodedata.normalize("NFKC", written).translate(_TABLE)


def _lower_superscript(superscript: str, before: str) -> str:
    """Return a superscript as ``^`` and an exponent after a base, otherwise as plain characters."""
    plain = re.sub("\u2212(?=.)", "-", unicodedata.normalize("NFKC", superscript))  # at the end, it is of a charge
    if plain.isdigit() and _NOTED.search(before):
        return ""  # the mark of a footnote
    if superscript in ("\u00b2", "\u00b3"):
        return superscript  # they have readings of their own
    if re.fullmatch(r"\d[+\u2212]", plain) and re.search("[A-Za-z)][\\d\u2080-\u2089]+$", before):
        return f" {plain}"  # the charge of an ion after a lowered number
    is_base = before[-1:].isdigit() or before[-1:] == ")" or (before[-1:].isalpha() and not before[-2:-1].isalpha())
    is_power = re.fullmatch(r"[+-]?\d+|[a-z]", plain)
    return f"^{plain.lstrip('+')}" if is_base and is_power else plain


def fold_accents(word: str) -> str:
    """Return a word in lower case without accents: ``café`` as ``cafe``."""
    lower = word.lower()
    if lower.isascii():
        return lower
    for written, plain in _LIGATURES:
        lower = lower.replace(written, plain)
    return "".join(letter for letter in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(letter))


_LIGATURES = (*zip("æœøßðþłđı", ("ae", "oe", "o", "ss", "th", "th", "l", "d", "i"), strict=True),)
"""Letters that Unicode does not decompose."""
