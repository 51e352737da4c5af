"""Pronounce single French words: by a list of words, or by the rules of spelling, which are here."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

from ..characters import fold_accents
from .phones import SCHWA, is_vowel
from .rules import rows, spoken, word_list

_VOWELS, _CONSONANTS = "aeiouyàâäéèêëîïôöûùüÿœæáíóú", "bcdfghjklmnpqrstvwxzçñ"
_CLASSES = {
    "V": f"[{_VOWELS}]",
    "C": f"[{_CONSONANTS}]",
    "E": "[eéèêëiîïyæ]",
    "N": f"(?![{_VOWELS}nh])",
    "M": "(?=[bp])",
}
_Rule = tuple[str, re.Pattern[str], re.Pattern[str], tuple[str, ...]]

ENT_NOUNS = word_list("ent-nouns")
"""Words in -ent that are no verbs."""
MENT_VERBS = word_list("ment-verbs")
"""Verbs in -ment without the ending."""


_COMES_OR_HOLDS = re.compile(
    "(?:re|de|par|sur|sou|pro|inter|con|pré|main|ob|appar|dé|entre|sub|contre|ad|abs|circon|disconv|ressou)?[tv]ient"
)
"""Singular forms of ``venir`` and ``tenir``."""


@functools.cache
def _rules() -> dict[str, list[_Rule]]:
    """Return the rules by their first letter, in their order."""
    rules: dict[str, list[_Rule]] = {}
    for letters, before, after, phones in rows("spelling", 4):
        spoken = () if phones == "-" else tuple(phones.split())
        rule = (letters, re.compile(f"(?:{_with_classes(before)})$"), re.compile(_with_classes(after)), spoken)
        rules.setdefault(letters[0], []).append(rule)
    return rules


def _with_classes(expression: str) -> str:
    """Return a regular expression with the classes of letters for their capitals."""
    expression = expression.replace("[Vh]", f"[{_VOWELS}h]")
    return re.sub("[VCENM]", lambda match: _CLASSES[match[0]], expression)


def phones_of_letters(word: str) -> tuple[str, ...]:
    """Return the phones of a word in small letters, vowels without stress; unknown letters are left out."""
    word = written_end(word)
    phones: list[str] = []
    position = 0
    while position < len(word):
        before, length = word[:position], 1
        for letters, start, end, phones_of_rule in _rules().get(word[position], ()):
            after = position + len(letters)
            if word.startswith(letters, position) and start.search(before) and end.match(word, after):
                phones += phones_of_rule
                length = len(letters)
                break
        position += length
    return without_schwas(phones)


def written_end(word: str) -> str:
    """Return a word without the silent s of its end, the -ent of a verb as -e."""
    if is_verb_in_ent(word):
        return f"{word[:-3]}e"
    is_silent = word.endswith("s") and not word.endswith(("ss", "ais")) and len(word) > 2
    return word[:-1] if is_silent and (not word.endswith("us") or word.endswith(("ous", "aus", "eus"))) else word


def is_verb_in_ent(word: str) -> bool:
    """Return True for a word whose -ent is that of a third person plural, as far as the word alone tells."""
    if not word.endswith("ent") or len(word) < 5 or word in ENT_NOUNS or _COMES_OR_HOLDS.fullmatch(word):
        return False
    return not word.endswith("ment") or word[:-3] in MENT_VERBS


def without_schwas(phones: Sequence[str]) -> tuple[str, ...]:
    """Leave out each ə between one consonant and a consonant with a vowel, but for the first syllable's."""
    spoken: list[str] = []
    for index, phone in enumerate(phones):
        if phone == SCHWA and any(map(is_vowel, spoken)) and _is_mute(spoken, phones[index + 1 :]):
            continue
        spoken.append(phone)
    return tuple(spoken)


def _is_mute(before: list[str], after: Sequence[str]) -> bool:
    """Return True for a ə that is not spoken between these phones."""
    n_before = next((count for count, phone in enumerate(reversed(before)) if is_vowel(phone)), 0)
    n_after = next((count for count, phone in enumerate(after) if is_vowel(phone)), len(after))
    return n_before < 2 and n_after < 3 and not (n_after == 2 and after[1] in ("j", "w", "ɥ") and n_before == 1)


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
