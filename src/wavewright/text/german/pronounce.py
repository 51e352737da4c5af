"""Pronounce single German words: by the dictionary, by words they are made of, or by the letter-to-sound model."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable

from ..dictionary import Dictionary
from ..ipa import has_stress
from ..letter_to_sound import LetterToSound, unpack
from ..tables import alternatives
from .composition import Phones, WordComposer
from .numbers import TENS, UNITS
from .phones import is_vowel
from .rules import data_bytes, entries, spoken, word_list

MAX_CACHED = 50_000
MAX_ANALYSES = 200_000
ALPHABET = "abcdefghijklmnopqrstuvwxyzäöüß"
UNSTRESSED = word_list("unstressed")

_KEYS = str.maketrans("äöüß", "{|}~")
_NOUN = "^"


def dictionary_key(word: str, is_noun: bool = False) -> str:
    """Return the ASCII key of a word in lower case in the dictionary; of a noun that sounds unlike the other word."""
    return (_NOUN if is_noun else "") + word.translate(_KEYS)


@functools.cache
def dictionary() -> Dictionary:
    """Return the dictionary of the package, opened once."""
    return Dictionary(data_bytes("wiktionary.wwdict"))


@functools.cache
def letter_to_sound() -> LetterToSound:
    """Return the model for unknown words, opened once."""
    return unpack(data_bytes("letter_to_sound.wwl2s"))


@functools.cache
def supplement() -> dict[str, str]:
    """Return the words that supplement or correct the dictionary."""
    return entries("supplement.txt")


@functools.lru_cache(MAX_ANALYSES)
def known(word: str, is_noun: bool = False) -> Phones | None:
    """Return the phones of a word in lower case in the dictionary or its supplement, or None."""
    noun = dictionary().get(dictionary_key(word, is_noun=True)) if is_noun else None
    return noun or tuple(supplement().get(word, "").split()) or dictionary().get(dictionary_key(word))


@functools.cache
def _composer() -> WordComposer:
    return WordComposer(known)


def is_known(word: str) -> bool:
    """Return True if a word is in the dictionary or made of words in it."""
    word = plain(word)
    return known(word) is not None or composed(word) is not None


def composed(word: str) -> Phones | None:
    """Return the phones of a word that is made of known words, or None."""
    composer = _composer()
    if composer.n_cached > MAX_ANALYSES:
        composer.clear()
    return composer.phones(word)


@functools.lru_cache(MAX_CACHED)
def phones_of(word: str, is_noun: bool = False) -> Phones:
    """Return the phones of a word.

    - ``word``: a word in lower case, or the name of a letter: a capital, which ``s`` may follow.
    - ``is_noun``: True if it is written with a capital within a sentence.
    - returns: phones; none for a word without Latin letters.
    """
    if re.fullmatch("[A-ZÄÖÜẞ]s?|ß", word):
        name = spoken("letters")[word[0].replace("ẞ", "ß")]
        return (*name, "s") if len(word) > 1 else name
    number = phones_of_number(word, lambda part: known(part) or composed(part))
    if number:
        return number
    word = plain(word)
    phones = _of_word(word, is_noun)
    if phones is None:
        pieces = re.findall(f"[{ALPHABET}]+", word)
        phones = tuple(phone for piece in pieces for phone in _of_word(piece, is_noun) or _guessed(piece))
    return _without_stress(phones) if word in UNSTRESSED else phones


def _of_word(word: str, is_noun: bool) -> Phones | None:
    return known(word, is_noun) or composed(word)


def _guessed(word: str) -> Phones:
    """Return the phones of an unknown word by the letter-to-sound model."""
    phones = letter_to_sound().phones(word)
    return ("ʔ", *phones) if phones and is_vowel(phones[0]) else phones


def _without_stress(phones: Phones) -> Phones:
    return tuple(f"{phone[:-1]}0" if has_stress(phone) else phone for phone in phones)


def plain(word: str) -> str:
    """Return a word in lower case with no accents but those of ä, ö and ü."""
    word = word.lower().replace("'", "")
    if all(letter in ALPHABET for letter in word):
        return word
    for written, replacement in (("æ", "ä"), ("œ", "ö"), ("ø", "ö"), ("å", "o"), ("ł", "l"), ("đ", "d"), ("ð", "d")):
        word = word.replace(written, replacement)
    kept = [letter if letter in ALPHABET else unicodedata.normalize("NFKD", letter) for letter in word]
    return "".join(letter for letter in "".join(kept) if not unicodedata.combining(letter))


_ENDINGS: dict[str, Phones] = {
    **{"e": ("ə",), "en": ("ə", "n"), "er": ("ɐ",), "es": ("ə", "s"), "em": ("ə", "m"), "el": ("ə", "l")},
    **{"ern": ("ɐ", "n"), "ers": ("ɐ", "s"), "mal": ("m", "aː2", "l"), "fach": ("f", "a2", "x"), "": ()},
}
_GROUPS = ("hundert", "tausend")
_IRREGULAR = ("ein", "eine", "einen", "einem", "einer", "eines", "erst", "dritt", "siebt", "halb", "und", *_GROUPS)


@functools.cache
def _part() -> re.Pattern[str]:
    """Return a pattern of the parts of number words."""
    return re.compile(alternatives([*UNITS, *filter(None, TENS), *_IRREGULAR]))


def phones_of_number(word: str, known: Callable[[str], Phones | None]) -> Phones | None:
    """Return the phones of a number word of at least two parts, or None for another word.

    Hundreds and tens have a main stress each: ``neunzehnhundertvierundachtzig`` on ``neun`` and ``vier``.
    """
    parts, ending = _parts(word)
    linking = next((link for link in ("st", "t") if ending.startswith(link) and ending != "t"), "")
    if len(parts) < 2 or ending.removeprefix(linking) not in _ENDINGS:
        return None
    phones: list[str] = []
    level = "1"
    for part in parts:
        spoken = known(part)
        if spoken is None:
            return None
        stress = "0" if part == "und" else "2" if part in _GROUPS and phones else level
        phones += [_stressed(phone, stress) for phone in spoken]
        level = "1" if part in _GROUPS else level if part == "und" and not phones else "2"
    phones += linking
    vowels = _ENDINGS[ending.removeprefix(linking)]
    if vowels[:1] in (("ə",), ("ɐ",)) and phones[-1] == "ç":
        phones[-1] = "ɡ"
    return (*phones, *vowels)


def _parts(word: str) -> tuple[list[str], str]:
    """Return the parts of a number word, and what is after them."""
    parts, position = [], 0
    while match := _part().match(word, position):
        parts.append(match[0])
        position = match.end()
    return parts, word[position:]


def _stressed(phone: str, stress: str) -> str:
    """Return a vowel with a main stress with another one."""
    return f"{phone[:-1]}{stress}" if has_stress(phone) and phone[-1] == "1" else phone
