"""Convert the letters of French words to phones by the rules of ``spelling.tsv``."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from .phones import SCHWA, is_vowel
from .rules import rows, word_list

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
        for letters, start, end, spoken in _rules().get(word[position], ()):
            after = position + len(letters)
            if word.startswith(letters, position) and start.search(before) and end.match(word, after):
                phones += spoken
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
