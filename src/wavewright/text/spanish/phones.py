"""The phones of Spanish: signs of the International Phonetic Alphabet, vowels with a digit of stress."""

from __future__ import annotations

from ..ipa import IpaSigns
from ..sentence import BOUNDARY, PAUSES, SILENCE

VOWELS = ("a", "e", "i", "o", "u")
"""Each has a stress: 1 main, 2 secondary, 0 none."""

CONSONANTS = (
    *("p", "b", "t", "d", "k", "ɡ", "tʃ", "f", "θ", "s", "ʃ", "x", "m", "n", "ɲ", "l", "r", "ɾ", "ʝ", "j", "w"),
)
"""Phonemes; ``j`` and ``w`` are also the second parts of diphthongs; ``ʃ`` is in loan words only."""

PHONES = (*(f"{vowel}{stress}" for vowel in VOWELS for stress in "012"), *CONSONANTS)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *PHONES)
"""Input symbols of acoustic models of Spanish, in the order of their numbers; those of all regions."""

_OTHER_SIGNS = {
    **{f"{vowel}ː": (vowel,) for vowel in VOWELS},
    **{"ɑ": ("a",), "ɑː": ("a",), "æ": ("a",), "ʌ": ("a",), "ɐ": ("a",), "ɐː": ("a",), "ɒ": ("o",), "ɔ": ("o",)},
    **{"ɔː": ("o",), "ɛ": ("e",), "ɛː": ("e",), "ə": ("e",), "ɘ": ("e",), "ɚ": ("e", "ɾ"), "ɜː": ("e",), "ɜ": ("e",)},
    **{"ɝ": ("e", "ɾ"), "ɪ": ("i",), "ɪː": ("i",), "ɨ": ("i",), "ʊ": ("u",), "ʊː": ("u",), "ø": ("e",), "øː": ("e",)},
    **{"œ": ("e",), "œː": ("e",), "y": ("i",), "yː": ("i",), "ʏ": ("i",), "ã": ("a", "n"), "ãː": ("a", "n")},
    **{"ɑ̃": ("a", "n"), "ɑ̃ː": ("a", "n"), "ɛ̃": ("e", "n"), "ɛ̃ː": ("e", "n"), "ɔ̃": ("o", "n"), "ɔ̃ː": ("o", "n")},
    **{"œ̃": ("e", "n"), "œ̃ː": ("e", "n"), "aɪ": ("a", "j"), "eɪ": ("e", "j"), "ɔɪ": ("o", "j"), "ɔʏ": ("o", "j")},
    **{"aʊ": ("a", "w"), "oʊ": ("o", "w"), "əʊ": ("o", "w"), "eʊ": ("e", "w"), "oɪ": ("o", "j")},
    **{"i̯": ("j",), "ɪ̯": ("j",), "u̯": ("w",), "ʊ̯": ("w",), "e̯": ("e",), "o̯": ("o",), "ɐ̯": ("ɾ",), "ɥ": ("w",)},
    **{"g": ("ɡ",), "ɡʷ": ("ɡ", "w"), "β": ("b",), "v": ("b",), "ð": ("d",), "ɣ": ("ɡ",), "ɣʷ": ("ɡ", "w")},
    **{"ʎ": ("ʝ",), "ɟ": ("ʝ",), "ɟʝ": ("ʝ",), "ɟ͡ʝ": ("ʝ",), "dʒ": ("ʝ",), "d͡ʒ": ("ʝ",), "ʒ": ("ʝ",), "jj": ("ʝ",)},
    **{"t͡ʃ": ("tʃ",), "ts": ("t", "s"), "t͡s": ("t", "s"), "dz": ("d", "s"), "z": ("s",), "ɕ": ("ʃ",), "ʂ": ("ʃ",)},
    **{
        "pf": ("p", "f"),
        "p͡f": ("p", "f"),
        "ŋ": ("n",),
        "ɱ": ("n",),
        "ɫ": ("l",),
        "ɹ": ("ɾ",),
        "ʁ": ("r",),
        "ʀ": ("r",),
    },
    **{
        "rr": ("r",),
        "χ": ("x",),
        "h": ("x",),
        "ç": ("x",),
        "ɦ": ("x",),
        "c": ("k",),
        "q": ("k",),
        "ʔ": (),
        "ʍ": ("w",),
    },
}
"""Other signs of IPA and the phones that they become, vowels without stress."""

IPA = IpaSigns(
    "Spanish", VOWELS, {**{phone: (phone,) for phone in (*VOWELS, *CONSONANTS)}, **_OTHER_SIGNS}, "ˈola or o1 l a0"
)
phones_of_ipa = IPA.phones
