"""Read web and mail addresses, file names, hashtags and handles sign by sign."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .names import is_spelled
from .numbers import digits, in_pairs, letters, whole
from .rules import Around, Reading, Rule, alternatives, of_kind, reads, rows, word_list

SIGNS = of_kind(rows("signs", 3), "address")
AS_WORDS = word_list("address-words")
AS_LETTERS = word_list("address-initialisms")
ALSO_WORDS = word_list("address-ambiguous")
"""Ends of addresses that are words where a hyphen joins them to others."""
JOINING = ("-", "_")
EXTENSION_WORDS = frozenset(
    ("zip", "log", "json", "gif", "jpeg", "bat", "java", "doc", "docx", "wav", "yaml", "tar", "ini")
)
ROOTS = word_list("root-folders")
DOMAINS = alternatives(word_list("top-level-domains"))
EXTENSIONS = alternatives(word_list("file-extensions"))


_TAIL = r"[^\s<>\"\u201c\u201d(){}\[\]]{0,400}?"
_END = r"(?=[.,;:!?'*]*(?:[\s<>\"\u201c\u201d(){}\[\]]|$))"


def spelled(text: str, around: Around, is_tag: bool = False) -> list[str]:
    """Read an address as it is dictated: words as words, the rest letter by letter, signs by their names.

    In a tag, such as ``#MeToo``, ends of addresses that are also words are words.
    """
    words: list[str] = []
    pieces = re.findall(r"[A-Z]?[a-z']+|[A-Z]+|\d+|[^\w\s]|_", text)
    for before, piece, after in zip(["", *pieces], pieces, [*pieces[1:], ""], strict=False):
        low = piece.lower()
        if piece.isdigit():
            words += in_pairs(piece) if len(piece) == 4 else whole(piece) if len(piece) < 5 else digits(piece)
        elif piece[0].isalpha():
            is_joined = before in JOINING or after in JOINING or (is_tag and not piece.isupper())
            words += [low] if (is_joined and low in ALSO_WORDS) or _is_word(low, around) else letters(piece)
        else:
            words += SIGNS.get(piece, "").split()
    return words


def _is_word(low: str, around: Around) -> bool:
    """Return True for a piece, in lower case, that is read as a word."""
    if low in AS_LETTERS or is_spelled(low):
        return False
    return (
        low in AS_WORDS
        or (around.knows(low) and len(low) > 1)
        or (len(low) > 4 and re.search("[aeiouy]", low) is not None)
    )


def _spells(*patterns: str, words: Sequence[str] = (), flags: int = 0) -> list[Rule]:
    """Return the rules of patterns whose groups are an address, which is spelled after words."""

    def read(match: re.Match[str], around: Around) -> Reading:
        return [*words, *spelled("".join(match.groups("")).rstrip("/"), around)]

    return reads(*patterns, flags=flags)(read)


_USER, _HOST = r"[\w.+-]{1,64}", r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}"
_web = _spells(rf"(?:https?|ftp)://([^\s/]{_TAIL}){_END}", rf"(www\.\w{_TAIL}){_END}", flags=re.IGNORECASE)
_mail = _spells(rf"({_USER}@(?!v?\d[\d.]*(?![\w-])){_HOST})")
_mail_to = _spells(f"mailto:({_USER}@{_HOST})", words=["mail", "to"])
_bare = _spells(
    rf"((?:[A-Za-z0-9-]{{1,63}}\.){{1,6}}(?:{DOMAINS})(?![\w-])(?:[/?]{_TAIL})?){_END}",
    rf"([\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{0,3}}\.(?:{EXTENSIONS})(?![\w-]))",
)
_handle = _spells(r"@([A-Za-z_]\w{0,60})", words=["at"])
_variable = _spells(r"\$\{?([A-Za-z_]\w{0,40})\}?((?:/[\w.-]{1,40}){0,10})", words=["dollar"])  # $HOME/bin


@reads(rf"\.({EXTENSIONS})(?![\w.-])")
def _extension(match: re.Match[str], around: Around) -> Reading:
    """Read ``.txt`` letter by letter."""
    before = around.left(1) if around.start else ""
    return (
        ["dot", *letters(match[1])] if before in ("", " ", "\n", *"(\"'*") and match[1] not in EXTENSION_WORDS else None
    )


@reads(r"#(?![A-Z]{1,5}-[A-Z]{0,4}\d)([A-Za-z]\w{0,100})")
def _hashtag(match: re.Match[str], around: Around) -> Reading:
    """Read ``#ThrowbackThursday``."""
    return ["hashtag", *spelled(match[1].replace("_", " "), around, is_tag=True)]


_PART = r"[\w+@%=,-](?:[\w.+@%=,-]*[\w+@%=-])?"


@reads(
    rf"(?:~|\.{{1,2}})?(?:/(?:{_PART}|\.[\w-]+)){{2,20}}/?(?:\?[\w=&%.-]{{1,100}})?{_END}",
    rf"(?:~|\.{{1,2}})(?:/(?:{_PART}|\.[\w-]+))/?{_END}",
    rf"/(?:{alternatives(ROOTS)})/?{_END}",
)
def _path(match: re.Match[str], around: Around) -> Reading:
    """Read ``/usr/local/bin``, ``~/Downloads`` and ``/etc``."""
    before = around.left(1) if around.start else ""
    return spelled(match[0], around) if before in ("", " ", "\n", "\t", *"(\"'=:[`") else None


@reads(rf"([A-Za-z]):((?:\\[\w.+ -]{{1,60}}(?=\\)|\\{_PART}){{1,20}}\\?|\\){_END}")
def _drive(match: re.Match[str], around: Around) -> Reading:
    r"""Read ``C:\Users\Ann``."""
    return [match[1].upper(), "colon", *spelled(match[2], around)]


_relative = _spells(rf"({_PART}(?:/{_PART}){{1,20}}\.(?:{EXTENSIONS})(?![\w-])){_END}")


@reads(rf"(?:(doi):)?(10\.\d{{4,9}}/{_TAIL}){_END}", flags=re.IGNORECASE)
def _doi(match: re.Match[str], around: Around) -> Reading:
    """Read ``doi:10.1000/182``."""
    name, _, number = match[2].partition("/")
    spoken_name = ["ten", "point", *in_pairs(name[3:])] if len(name) == 7 else ["ten", "point", *digits(name[3:])]
    return [*(letters(match[1]) if match[1] else []), *spoken_name, "slash", *spelled(number, around)]


CHUNK_RULES: list[Rule] = [*_mail_to, *_mail, *_doi, *_web, *_drive, *_relative, *_bare]
"""Rules that are tried once, at the start of a run of characters without a space."""

SIGN_RULES: list[Rule] = [*_path, *_variable, *_extension, *_hashtag, *_handle]
