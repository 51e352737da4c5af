"""Pronounce single French words: by a list of words, or by the rules of spelling."""

from __future__ import annotations

import functools
import re
import unicodedata

from ..characters import fold_accents
from .phones import SCHWA, is_vowel
from .rules import spoken
from .spelling import phones_of_letters

Phones = tuple[str, ...]

MAX_CACHED = 50_000
FRENCH_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzàâäçéèêëîïôöùûüÿœæñáíóú'-")
ELIDED = re.compile("[cçdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu|entr")
"""What stands before an apostrophe, for which an e is left out."""


def is_known(word: str) -> bool:
    """Return True for a word of the list."""
    return word.lower() in spoken("words")


@functools.lru_cache(MAX_CACHED)
def phones_of(word: str) -> Phones:
    """Return the phones of a word by itself, vowels without stress.

    - ``word``: a word in lower case, or the name of a letter: a capital.
    - returns: phones; none for a word without Latin letters.
    """
    if re.fullmatch("[A-Z]", word):
        return spoken("letters")[word]
    word = _folded(word)
    listed = spoken("words").get(word) or spoken("words").get(word[:-1] if word[-1:] in ("s", "x") else word)
    if listed:
        return listed
    for joint in ("'", "-"):
        first, _, rest = word.partition(joint)
        if rest or joint in word:
            start = _elided(first) if ELIDED.fullmatch(first) else phones_of(first) if first else ()
            return (*start, *(phones_of(rest) if rest else ()))
    return phones_of_letters(word)


def _elided(written: str) -> Phones:
    """Return the phones of a word whose last e is left out: ``qu'``."""
    phones = phones_of(f"{written}e")
    return phones[:-1] if phones[-1:] == (SCHWA,) else phones


def _folded(word: str) -> str:
    """Return a word with letters of French only, ``oe`` of ``oeil`` as ``œ``."""
    word = re.sub("oe(?=u|il)", "œ", unicodedata.normalize("NFC", word.lower()))
    return "".join(letter if letter in FRENCH_LETTERS else fold_accents(letter) for letter in word)


def stressed(phones: Phones, stress: str) -> Phones:
    """Return phones with digits of stress: ``stress`` on the last full vowel, none on the others."""
    full = [index for index, phone in enumerate(phones) if is_vowel(phone) and phone != SCHWA]
    return tuple(
        f"{phone}{stress if index == full[-1] else '0'}" if is_vowel(phone) and phone != SCHWA else phone
        for index, phone in enumerate(phones)
    )
