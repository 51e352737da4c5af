"""The phones of Italian: signs of the International Phonetic Alphabet, vowels with a digit of stress."""

from __future__ import annotations

from ..ipa import IpaSigns
from ..sentence import BOUNDARY, PAUSES, SILENCE

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


_OTHER_SIGNS = {
    **{"ɪ": ("i",), "ʊ": ("u",), "ɑ": ("a",), "ɐ": ("a",), "æ": ("a",), "ʌ": ("a",), "ɒ": ("ɔ",), "ɨ": ("i",)},
    **{"ə": ("e",), "ɜ": ("e",), "ɚ": ("e", "r"), "ɝ": ("e", "r"), "ø": ("e",), "œ": ("ɛ",), "y": ("u",), "ʏ": ("u",)},
    **{"i̯": ("i",), "ɪ̯": ("i",), "u̯": ("u",), "ʊ̯": ("u",), "ɥ": ("w",), "ɐ̯": ("r",)},
    **{"ã": ("a", "n"), "ɑ̃": ("a", "n"), "ɛ̃": ("ɛ", "n"), "ɔ̃": ("o", "n"), "œ̃": ("ɛ", "n"), "õ": ("o", "n")},
    **{"g": ("ɡ",), "ɾ": ("r",), "ʁ": ("r",), "ʀ": ("r",), "ɹ": ("r",), "ɫ": ("l",), "ɱ": ("n",), "ɣ": ("ɡ",)},
    **{"x": ("k",), "χ": ("k",), "ç": ("ʃ",), "θ": ("t",), "ð": ("d",), "β": ("b",), "ʋ": ("v",), "c": ("k",)},
    **{"ɕ": ("ʃ",), "ʑ": ("ʒ",), "ɟ": ("ɡ",), "ʝ": ("j",), "pf": ("p", "f"), "h": (), "ʔ": (), "ɦ": ()},
    **{"t͡s": ("ts",), "d͡z": ("dz",), "t͡ʃ": ("tʃ",), "d͡ʒ": ("dʒ",), "ʦ": ("ts",), "ʣ": ("dz",), "ʧ": ("tʃ",)},
    **{"ʤ": ("dʒ",), "n̩": ("e", "n"), "m̩": ("e", "m"), "l̩": ("e", "l"), "r̩": ("e", "r")},
}
"""Other signs of IPA and the phones that they become, vowels without stress."""

_PLAIN = {**{phone: (phone,) for phone in (*VOWELS, *CONSONANTS)}, **_OTHER_SIGNS}
_LONG = {
    f"{sign}ː": doubled(phones[0]) for sign, phones in _PLAIN.items() if len(phones) == 1 and phones[0] in CONSONANTS
}
_LONG_STOPS = {
    f"{stop}ː{fricative}": (stop, stop + fricative)
    for stop, fricative in (("t", "s"), ("d", "z"), ("t", "ʃ"), ("d", "ʒ"))
}

IPA = IpaSigns("Italian", VOWELS, {**_PLAIN, **_LONG, **_LONG_STOPS}, "ˈkaza or k a1 z a0")
phones_of_ipa = IPA.phones
