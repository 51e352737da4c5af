"""The phones of French: signs of the International Phonetic Alphabet, vowels with a digit of stress."""

from __future__ import annotations

from ..ipa import IpaSigns, signs_of
from ..sentence import BOUNDARY, PAUSES, SILENCE
from .rules import rows

VOWELS = ("a", "e", "ɛ", "i", "o", "ɔ", "u", "y", "ø", "œ", "ɑ̃", "ɛ̃", "ɔ̃", "œ̃")
"""Full vowels; each has a stress: 1 at the end of a rhythmic group, 2 of another word with stress, 0 none."""

SCHWA = "ə"
"""The vowel that is never stressed."""

CONSONANTS = (
    *("p", "b", "t", "d", "k", "ɡ", "f", "v", "s", "z", "ʃ", "ʒ"),
    *("m", "n", "ɲ", "ŋ", "l", "ʁ", "j", "w", "ɥ"),
)

PHONES = (*(f"{vowel}{stress}" for vowel in VOWELS for stress in "012"), SCHWA, *CONSONANTS)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *PHONES)
"""Input symbols of acoustic models of French, in the order of their numbers."""

IPA = IpaSigns(
    "French",
    VOWELS,
    lambda: signs_of((*VOWELS, SCHWA, *CONSONANTS), rows("ipa", 2)),
    "bɔ̃ˈʒuʁ or b ɔ̃0 ʒ u1 ʁ",
    stressed=-1,
)
phones_of_ipa = IPA.phones


def is_vowel(phone: str) -> bool:
    """Return True for a vowel, with or without its digit of stress."""
    return phone == SCHWA or phone.rstrip("012") in VOWELS
