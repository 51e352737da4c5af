"""Pronounce single words: from the lexicon, from known words they are made of, or by the letter-to-sound model."""

from __future__ import annotations

import functools
import re

from ..characters import fold_accents
from ..dictionary import Dictionary
from ..letter_to_sound import LetterToSound, unpack
from .phones import LETTERS
from .rules import data_bytes, entries, rows

MAX_CACHED = 50_000
SUPPLEMENTS = ("supplement.txt", "names.txt")
VOICELESS = ("P", "T", "K", "F", "TH")
HISSING = ("S", "Z", "SH", "ZH", "CH", "JH")

MIN_HALF_LENGTH = 4
"""Fewest letters of each word of a compound."""

CONTRACTIONS = {"'ll": ("AH0", "L"), "'d": ("D",), "'ve": ("V",), "'re": ("ER0",), "n't": ("AH0", "N", "T")}


def with_s(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Return the phones of a plural, possessive or third person."""
    if phones[-1] in HISSING:
        return (*phones, "IH0", "Z")
    return (*phones, "S" if phones[-1] in VOICELESS else "Z")


def with_ed(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Return the phones of a past form."""
    if phones[-1] in ("T", "D"):
        return (*phones, "IH0", "D")
    return (*phones, "T" if phones[-1] in (*VOICELESS, "S", "SH", "CH") else "D")


@functools.cache
def dictionary() -> Dictionary:
    """Return the lexicon of the package, opened once."""
    return Dictionary(data_bytes("cmudict.wwdict"))


@functools.cache
def supplement() -> dict[str, str]:
    """Return the words and names that supplement or correct the lexicon."""
    return entries(*SUPPLEMENTS)


@functools.cache
def letter_to_sound() -> LetterToSound:
    """Return the model for unknown words, opened once."""
    return unpack(data_bytes("letter_to_sound.wwl2s"))


@functools.cache
def suffixes() -> list[tuple[str, tuple[str, ...], bool]]:
    """Return suffixes, the longest first, their phones, and True if the stem may drop an e or double a letter."""
    table = [
        (suffix, tuple(phones.split()), flag == "change")
        for suffix, kind, phones, flag in _affixes()
        if kind == "suffix"
    ]
    return sorted(table, key=lambda row: -len(row[0]))


@functools.cache
def prefixes() -> list[tuple[str, tuple[str, ...]]]:
    """Return prefixes, the longest first, and their phones."""
    table = [(prefix, tuple(phones.split())) for prefix, kind, phones, _ in _affixes() if kind == "prefix"]
    return sorted(table, key=lambda row: -len(row[0]))


def _affixes() -> list[list[str]]:
    return rows("affixes", 4)


def known(word: str) -> tuple[str, ...] | None:
    """Return the phones of a word of the lexicon or its supplements, or None."""
    return tuple(supplement().get(word, "").split()) or dictionary().get(word)


@functools.lru_cache(MAX_CACHED)
def phones_of(word: str) -> tuple[str, ...]:
    """Return the phones of a word.

    - ``word``: a word in lower case, or the name of a letter: a capital, which ``s`` or ``'s`` may follow.
    - returns: phones; none for a word without Latin letters.
    """
    if re.fullmatch("[A-Z](?:'?s)?", word):
        name = tuple(LETTERS[word[0]].split())
        return with_s(name) if len(word) > 1 else name
    accented, word = supplement().get(word, ""), fold_accents(word)
    phones = tuple(accented.split()) or known(word) or _derived(word, 2)
    if phones:
        return phones
    pieces = re.findall("[a-z]+(?:'[a-z]+)*", word)
    if pieces and pieces != [word]:
        return tuple(phone for piece in pieces for phone in phones_of(piece))
    return letter_to_sound().phones(word) if pieces else ()


def _derived(word: str, depth: int) -> tuple[str, ...] | None:
    """Pronounce a word by the words it is made of, with at most ``depth`` affixes."""
    if depth == 0 or len(word) > 40:
        return None
    return _inflected(word, depth) or _with_suffix(word, depth) or _with_prefix(word, depth) or _joined(word)


def _inner(word: str, depth: int) -> tuple[str, ...] | None:
    """Pronounce the stem of a word; None if it is not known."""
    return None if len(word) < 2 else known(word) or (_derived(word, depth - 1) if len(word) > 3 else None)


def _inflected(word: str, depth: int) -> tuple[str, ...] | None:
    """Pronounce a possessive, a contraction, a plural or a past form by its stem."""
    if word.endswith(("'s", "s'")) or (word.endswith("'") and len(word) > 2):
        stem = word[:-2] if word.endswith("'s") else word[:-1]
        base = _inner(stem, depth) or (letter_to_sound().phones(stem) if len(stem) > 1 else None)
        return with_s(base) if base and word.endswith("'s") else base
    for ending, phones in CONTRACTIONS.items():
        if word.endswith(ending) and len(word) > len(ending):
            base = _inner(word[: -len(ending)], depth)
            return (*base, *phones) if base else None
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        base = next((base for stem in _singulars(word) if (base := _inner(stem, depth))), None)
        if base:
            return with_s(base)
    if word.endswith("ed") and len(word) > 4:
        base = _stem(word[:-2], depth) or (_inner(f"{word[:-3]}y", depth) if word.endswith("ied") else None)
        return with_ed(base) if base else None
    return None


def _singulars(word: str) -> list[str]:
    """Return the words that a plural may belong to."""
    without_es = [word[:-2]] if word.endswith("es") else []
    return [word[:-1], *without_es, *([f"{word[:-3]}y"] if word.endswith("ies") else [])]


def _stem(stem: str, depth: int) -> tuple[str, ...] | None:
    """Pronounce a stem that may have dropped an e or doubled a letter."""
    candidates = [f"{stem}e", stem] if re.search("[^aeiouwxy][aeiou][^aeiouwxy]$", stem) else [stem, f"{stem}e"]
    if len(stem) > 3 and stem[-1] == stem[-2]:
        candidates.insert(0, stem[:-1])
    return next((base for base in (_inner(candidate, depth) for candidate in candidates) if base), None)


def _with_suffix(word: str, depth: int) -> tuple[str, ...] | None:
    """Pronounce a stem and a suffix."""
    for suffix, phones, changes_stem in suffixes():
        stem = word[: -len(suffix)]
        if not word.endswith(suffix) or len(stem) < 3:
            continue
        base = _stem(stem, depth) if changes_stem else _inner(stem, depth)
        if not base and suffix in ("ier", "iest", "ily", "iness"):
            base = _inner(f"{stem}y", depth)
            base = base[:-1] if base else None
        if base:
            return (*base, *phones)
    return None


def _with_prefix(word: str, depth: int) -> tuple[str, ...] | None:
    """Pronounce a prefix and a word of at least four letters."""
    for prefix, phones in prefixes():
        rest = word.removeprefix(prefix)
        base = _inner(rest, depth) if rest != word and len(rest) > 3 else None
        if base:
            return (*phones, *base)
    return None


def _joined(word: str) -> tuple[str, ...] | None:
    """Pronounce a compound of two known words, cut nearest to its middle; the second has secondary stress."""
    for cut in sorted(
        range(MIN_HALF_LENGTH, len(word) - MIN_HALF_LENGTH + 1), key=lambda cut: abs(2 * cut - len(word))
    ):
        first, second = known(word[:cut]), known(word[cut:])
        if first and second:
            return (*first, *(phone.replace("1", "2") for phone in second))
    return None
