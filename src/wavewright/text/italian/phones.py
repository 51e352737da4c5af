"""The phones of Italian: signs of the International Phonetic Alphabet, vowels with a digit of stress."""

from __future__ import annotations

from ..ipa import IpaSigns, signs_of
from ..sentence import BOUNDARY, PAUSES, SILENCE
from .rules import rows

VOWELS = ("a", "e", "ɛ", "i", "o", "ɔ", "u")
"""Each has a stress: 1 main, 2 secondary, 0 none. Italian has no contrast of length in vowels."""

CONSONANTS = (
    *("p", "b", "t", "d", "k", "ɡ", "ts", "dz", "tʃ", "dʒ"),
    *("f", "v", "s", "z", "ʃ", "ʒ", "m", "n", "ɲ", "ŋ", "l", "ʎ", "r", "j", "w"),
)
"""A long consonant is written twice, of a long affricate its stop comes first: ``t ts``, ``d dʒ``."""

PHONES = (*(f"{vowel}{stress}" for vowel in VOWELS for stress in "012"), *CONSONANTS)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *PHONES)
"""Input symbols of acoustic models of Italian, in the order of their numbers."""

STOPS = {"ts": "t", "dz": "d", "tʃ": "t", "dʒ": "d"}
"""The stop with which an affricate begins."""


def doubled(consonant: str) -> tuple[str, str]:
    """Return the phones of a long consonant."""
    return STOPS.get(consonant, consonant), consonant


def _signs() -> dict[str, tuple[str, ...]]:
    """Return the phones of each sign, those of long consonants too."""
    plain = signs_of((*VOWELS, *CONSONANTS), rows("ipa", 2))
    long = {
        f"{sign}ː": doubled(*phones) for sign, phones in plain.items() if len(phones) == 1 and phones[0] in CONSONANTS
    }
    return {**plain, **long, **{f"{stop}ː{affricate[1]}": (stop, affricate) for affricate, stop in STOPS.items()}}


IPA = IpaSigns("Italian", VOWELS, _signs, "ˈkaza or k a1 z a0")
phones_of_ipa = IPA.phones
