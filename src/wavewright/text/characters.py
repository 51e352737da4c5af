"""Characters as front ends read them: control characters, variants of quotes and spaces, joined accents; places are kept."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

VARIANTS = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u02b9\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2015\u2e3a\u2e3b", "\u2014"),
    **dict.fromkeys("\u2003\u2002\u00a0\u202f\u2007\u2009\u3000\u2028\u0085\u000b\u000c", " "),
    **{"\u2029": "\n", "\u037e": ";", "\u2044": "/", "\u2236": ":", "\u03bc": "\u00b5", "\u2126": "\u03a9", "\u22c5": "\u00b7"},
}
_TABLE = {ord(variant): plain for variant, plain in VARIANTS.items()}
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f\U000e0000-\U000e007f]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufff0-\ufffb\uffff]")
_JOINED = re.compile(r"[A-Za-z\u00c0-\u024f][\u0300-\u036f]+")
_WIDE = re.compile("[\uff01-\uff5e]|[\ufb00-\ufb06]")


@dataclass(frozen=True)
class Characters:
    """A text as it is read, and for each of its characters (and its end) the place in the text given; None where all are the same."""

    text: str
    places: tuple[int, ...] | None

    def place(self, index: int) -> int:
        """Where a character of the text that is read stands in the text given."""
        return index if self.places is None else self.places[index]


def readable(given: str) -> Characters:
    """The text without what is not seen: control characters become spaces, invisible ones go, variants become plain characters."""
    text = _CONTROL.sub(" ", given.translate(_TABLE)) if not given.isascii() or _CONTROL.search(given) else given
    if text.isascii():
        return Characters(text, None)
    parts, places, start = [], [], 0
    for match in re.finditer(f"{_UNSEEN.pattern}|{_JOINED.pattern}|{_WIDE.pattern}", text):
        instead = _instead(match[0])
        parts += [text[start : match.start()], instead]
        places += [*range(start, match.start()), *[match.start()] * len(instead)]
        start = match.end()
    if not start:
        return Characters(text, None)
    return Characters("".join([*parts, text[start:]]), (*places, *range(start, len(text) + 1)))


def _instead(found: str) -> str:
    if _UNSEEN.match(found):
        return ""
    return unicodedata.normalize("NFKC", found)


def script_of(character: str) -> str:
    """The script of a letter by the first word of its Unicode name: ``Cyrillic``, ``Greek``."""
    return unicodedata.name(character, "unknown").split()[0].capitalize()


def folded(word: str) -> str:
    """A word in lower case without its accents: ``café`` as ``cafe``."""
    low = word.lower()
    if low.isascii():
        return low
    for written, plain in (
        ("æ", "ae"),
        ("œ", "oe"),
        ("ø", "o"),
        ("ß", "ss"),
        ("ð", "th"),
        ("þ", "th"),
        ("ł", "l"),
        ("đ", "d"),
        ("ı", "i"),
    ):
        low = low.replace(written, plain)
    return "".join(letter for letter in unicodedata.normalize("NFKD", low) if not unicodedata.combining(letter))
