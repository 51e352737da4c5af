"""The phones of Spanish: signs of the International Phonetic Alphabet, vowels with a digit of stress."""

from __future__ import annotations

from ..ipa import IpaSigns, signs_of
from ..sentence import BOUNDARY, PAUSES, SILENCE
from .rules import rows

VOWELS = ("a", "e", "i", "o", "u")
"""Each has a stress: 1 main, 2 secondary, 0 none."""

CONSONANTS = (
    *("p", "b", "t", "d", "k", "ɡ", "tʃ", "f", "θ", "s", "ʃ", "x", "m", "n", "ɲ", "l", "r", "ɾ", "ʝ", "j", "w"),
)
"""Phonemes; ``j`` and ``w`` are also the second parts of diphthongs; ``ʃ`` is in loan words only."""

PHONES = (*(f"{vowel}{stress}" for vowel in VOWELS for stress in "012"), *CONSONANTS)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *PHONES)
"""Input symbols of acoustic models of Spanish, in the order of their numbers; those of all regions."""

IPA = IpaSigns("Spanish", VOWELS, lambda: signs_of((*VOWELS, *CONSONANTS), rows("ipa", 2)), "ˈola or o1 l a0")
phones_of_ipa = IPA.phones
