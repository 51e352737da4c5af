"""Read web and mail addresses and hashtags piece by piece."""

from __future__ import annotations

import re

from .numbers import digits, whole
from .rules import GermanAround, Reading, Rule, letters, reads
from .tables import of_kind, rows, word_list

SIGNS = of_kind(rows("signs", 3), "address")
AS_WORDS, SPELT = word_list("address-words"), word_list("spelt")
_TAIL = r"[^\s<>\"(){}\[\]]{0,400}?"
_END = r"(?=[.,;:!?'*]*(?:[\s<>\"(){}\[\]]|$))"
_DOMAINS = (
    "de|at|ch|eu|com|org|net|info|edu|gov|io|uk|fr|it|tv|app|dev|berlin|bayern|shop|html?|pdf|txt|docx?|jpe?g|png"
)


def spelled(text: str, around: GermanAround, is_tag: bool = False) -> list[str]:
    """Read an address as it is dictated: words as words, the rest letter by letter, signs by their names.

    In a tag, such as ``#MeToo``, all pieces in mixed case are words.
    """
    words: list[str] = []
    for piece in re.findall(r"[A-ZÄÖÜ]?[a-zäöüß]+|[A-ZÄÖÜ]+|\d+|[^\w\s]|_", text):
        low = piece.lower()
        if piece.isdigit():
            words += whole(piece) if len(piece) < 5 else digits(piece)
        elif piece[0].isalpha():
            words += [low] if _is_word(low, around) or (is_tag and not piece.isupper()) else letters(piece)
        else:
            words += SIGNS.get(piece, "").split()
    return words


def _is_word(low: str, around: GermanAround) -> bool:
    if low in SPELT or len(low) < 3:
        return False
    return low in AS_WORDS or around.knows(low) or (len(low) > 4 and re.search("[aeiouyäöü]", low) is not None)


@reads(rf"(?:https?|ftp)://(?P<rest>[^\s/]{_TAIL}){_END}", rf"(?P<rest>www\.\w{_TAIL}){_END}")
def _web(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``https://wetter.com`` without its scheme."""
    return spelled(match["rest"].rstrip("/"), around)


@reads(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
def _mail(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``max@example.de``."""
    return spelled(match[0], around)


@reads(rf"(?:[A-Za-z0-9-]{{1,63}}\.){{1,6}}(?:{_DOMAINS})(?![\w-])(?:[/?]{_TAIL})?{_END}")
def _bare(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``wetter.de/heute``."""
    return spelled(match[0].rstrip("/"), around)


@reads(r"#(?=\w*[A-Za-zÄÖÜäöüß])(\w{2,60})")
def _hashtag(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``#Energiewende``."""
    return ["hashtag", *spelled(match[1], around, is_tag=True)]


@reads(r"@(?=\w*[A-Za-z])(\w{2,60})")
def _handle(match: re.Match[str], around: GermanAround) -> Reading:
    """Read ``@tagesschau``."""
    return ["at", *spelled(match[1], around, is_tag=True)]


CHUNK_RULES: list[Rule] = [*_web, *_mail, *_bare]
SIGN_RULES: list[Rule] = [*_hashtag, *_handle]
