"""Pronounce single Spanish words: by the rules of the spelling, and a table of words of other languages."""

from __future__ import annotations

import functools
import re
import unicodedata

from ..ipa import has_stress
from .rules import mapping, rows, word_list

Phones = tuple[str, ...]

MAX_CACHED = 50_000
ALPHABET = "abcdefghijklmnopqrstuvwxyzáéíóúüñ"
UNSTRESSED, NO_ADVERBS = word_list("unstressed"), word_list("no-adverbs")

_ACCENTS = dict(zip("áéíóúü", "aeiouu", strict=True))
_STRONG, _WEAK, _ACUTE = "aeoáéó", "iuü", "áéíóú"
_VOWELS = f"{_STRONG}{_WEAK}íú"
_FINAL = re.compile(f"[{_VOWELS}][ns]?$|[^{_VOWELS}]y$")
_ADVERB = re.compile(f"(.*[{_VOWELS}].*[aelnrsz])(mente)")

_SPELLING = [(letters, tuple(phones.split())) for letters, phones in rows("spelling", 2)]
_CONSONANT = re.compile("|".join(f"({letters})" for letters, _ in _SPELLING))


@functools.cache
def _letters() -> dict[str, str]:
    """Return the names of the letters as they are written."""
    return mapping("letters")


@functools.cache
def _respelled() -> tuple[dict[str, str], re.Pattern[str]]:
    """Return the words of other languages as Spanish would write them, and a pattern of their beginnings."""
    table = mapping("loans")
    beginnings = {written[:-1]: spelled for written, spelled in table.items() if written.endswith("-")}
    return table | beginnings, re.compile("|".join(sorted(beginnings, key=len, reverse=True)))


def is_known(word: str) -> bool:
    """Return True for a word in lower case that looks like one of Spanish: its syllables are those of the language."""
    return word in UNSTRESSED or word in _respelled()[0] or _SPEAKABLE.fullmatch(word) is not None


_ONSET = "(?:[pbcfgt]r|dr|[pbcfg]l|ch|ll|rr|qu|gu|[bcdfghjklmnñpqrstvwxyz])"
_SPEAKABLE = re.compile(f"(?:{_ONSET}?[{_VOWELS}y]{{1,3}}(?:[bdglmnrsxzycpt]s?(?!$)|[dlnrsyz]$|)){{1,12}}")
"""Syllables of Spanish, with the consonants that may begin and end them."""


@functools.lru_cache(MAX_CACHED)
def phones_of(word: str, has_theta: bool = True) -> Phones:
    """Return the phones of a word.

    - ``word``: a word in lower case, or the name of a letter: a capital.
    - ``has_theta``: True for Castilian θ, False where c and z are s.
    - returns: phones; none for a word without Latin letters.
    """
    is_letter = len(word) == 1 and word.isupper()
    written = _letters().get(word, word.lower()) if is_letter else plain(word)
    phones = [phone for piece in re.findall(f"[{ALPHABET}ç]+", written) for phone in _of_word(piece)]
    if word in UNSTRESSED:
        phones = [f"{phone[:-1]}0" if has_stress(phone) else phone for phone in phones]
    return tuple(phones) if has_theta else tuple(_with_seseo(phones))


def _with_seseo(phones: list[str]) -> list[str]:
    """Return phones with s for θ, one s for two."""
    spoken = ["s" if phone == "θ" else phone for phone in phones]
    return [phone for index, phone in enumerate(spoken) if spoken[index : index + 2] != ["s", "s"]]


def _of_word(word: str) -> list[str]:
    """Return the phones of a word of Spanish letters: of a loan word as it is respelled, of an adverb in two parts."""
    table, beginnings = _respelled()
    stem = word.removesuffix("s")
    if word in table or stem in table:
        word = table.get(word) or f"{table[stem]}s"
    elif start := beginnings.match(word):
        word = table[start[0]] + word[start.end() :]
    adverb = None if word in NO_ADVERBS else _ADVERB.fullmatch(word)
    if adverb:
        first = [f"{phone[:-1]}2" if phone[-1] == "1" else phone for phone in _spelled(adverb[1])]
        return first + _spelled(adverb[2])
    return [phone for part in word.split("-") for phone in _spelled(part)]


def _spelled(word: str) -> list[str]:
    """Return the phones of a word by the rules of the spelling."""
    sounds = _sounds(word)
    nuclei = [index for index, sound in enumerate(sounds) if sound[0] in _VOWELS]
    accented = [index for index in nuclei if sounds[index] in _ACUTE]
    if accented:
        stressed = accented[-1]
    elif len(nuclei) > 1 and _FINAL.search(word):
        stressed = nuclei[-2]
    else:
        stressed = nuclei[-1] if nuclei else -1
    phones = []
    for index, sound in enumerate(sounds):
        is_nucleus = sound[0] in _VOWELS
        phones.append(f"{_ACCENTS.get(sound, sound)}{int(index == stressed)}" if is_nucleus else sound)
    return phones


def _sounds(word: str) -> list[str]:
    """Return consonants and semivowels as phones, and vowels as letters with their accents."""
    has_glide = re.search("(?:^|[^gq])uy$", word) is not None  # muy
    word = word if has_glide else re.sub(f"y(?![{_VOWELS}])", "i", word)
    sounds: list[str] = []
    position = 0
    while position < len(word):
        letter = word[position]
        if letter in _VOWELS:
            end = position + 1
            while end < len(word) and (
                word[end] in _VOWELS or (word[end] == "h" and word[end + 1 : end + 2] in tuple(_VOWELS))
            ):
                end += 1
            sounds += _of_vowels(word[position:end], starts=position == 0 or word[:position] == "h")
            position = end
            continue
        match = _CONSONANT.match(word, position)
        if match is None:
            sounds += ["j" if has_glide and position == len(word) - 1 else "ʝ"] if letter == "y" else []
            position += 1
            continue
        sounds += _SPELLING[(match.lastindex or 0) - 1][1]
        position = match.end()
    return sounds


def _of_vowels(run: str, starts: bool) -> list[str]:
    """Return a run of vowels as syllables: vowels, and the semivowels before and after them."""
    sounds: list[str] = []
    letters = run.replace("h", "")
    for index, letter in enumerate(letters):
        following = letters[index + 1 : index + 2]
        is_vowel_before = bool(sounds) and sounds[-1][0] in _VOWELS
        glide = "j" if letter == "i" else "w"
        if letter in _WEAK and following and following != letter:
            is_first = starts and index == 0
            sounds.append("ʝ" if is_first and letter == "i" and following in "eé" else glide)
        elif letter in _WEAK and is_vowel_before and sounds[-1] not in "íúiu":
            sounds.append(glide)
        else:
            sounds.append(letter)
    return sounds


def plain(word: str) -> str:
    """Return a word in lower case with no accents but those of Spanish."""
    word = word.lower().replace("'", "")
    if all(letter in ALPHABET for letter in word):
        return word
    for written, replacement in (("æ", "e"), ("œ", "e"), ("ß", "ss"), ("ø", "o"), ("ł", "l"), ("đ", "d"), ("ð", "d")):
        word = word.replace(written, replacement)
    kept = [
        letter if letter in f"{ALPHABET}ç" else unicodedata.normalize("NFKD", letter)
        for letter in unicodedata.normalize("NFC", word)
    ]
    return "".join(letter for letter in "".join(kept) if not unicodedata.combining(letter))
