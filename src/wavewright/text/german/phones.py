"""The phones of German: signs of the International Phonetic Alphabet, vowels with a digit of stress."""

from __future__ import annotations

from ..ipa import IpaSigns, signs_of
from ..sentence import BOUNDARY, PAUSES, SILENCE
from .rules import rows

VOWELS = (
    *("a", "aː", "ɛ", "ɛː", "eː", "ɪ", "iː", "ɔ", "oː", "ʊ", "uː", "œ", "øː", "ʏ", "yː"),
    *("aɪ", "aʊ", "ɔɪ"),
    *("ãː", "ɛ̃ː", "ɔ̃ː"),
)
"""Full vowels; each has a stress: 1 main, 2 secondary, 0 none. A tense vowel without stress is short."""

REDUCED = ("ə", "ɐ")
"""Vowels that are never stressed."""

CONSONANTS = (
    *("p", "b", "t", "d", "k", "ɡ", "ʔ", "pf", "ts", "tʃ", "dʒ"),
    *("f", "v", "s", "z", "ʃ", "ʒ", "ç", "x", "h", "m", "n", "ŋ", "l", "ʁ", "j", "ɐ̯"),
)
"""Consonants; ``ɐ̯`` is the vocalised r after a long vowel and in er-, ver-, zer-."""

PHONES = (*(f"{vowel}{stress}" for vowel in VOWELS for stress in "012"), *REDUCED, *CONSONANTS)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *PHONES)
"""Input symbols of acoustic models of German, in the order of their numbers."""

IPA = IpaSigns(
    "German", VOWELS, lambda: signs_of((*VOWELS, *REDUCED, *CONSONANTS), rows("ipa", 2)), "ˈhaloː or h a1 l oː0"
)
phones_of_ipa = IPA.phones


def is_vowel(phone: str) -> bool:
    """Return True for a vowel, also a reduced one."""
    return phone[-1] in "012" or phone in REDUCED
