"""The phones of German: signs of the International Phonetic Alphabet, vowels with a digit of stress."""

from __future__ import annotations

from ..ipa import IpaSigns
from ..sentence import BOUNDARY, PAUSES, SILENCE

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

_OTHER_SIGNS = {
    **{"e": ("eː",), "i": ("iː",), "o": ("oː",), "u": ("uː",), "ø": ("øː",), "y": ("yː",), "œː": ("øː",)},
    **{"ɔː": ("oː",), "ɑː": ("aː",), "ɑ": ("a",), "æ": ("ɛ",), "ʌ": ("a",), "ɒ": ("ɔ",), "ɜː": ("œ",), "ɜ": ("œ",)},
    **{"ɪː": ("iː",), "ʊː": ("uː",), "ʏː": ("yː",), "ə̯": ("ɐ̯",), "ɐː": ("aː",), "ɨ": ("ɪ",), "ɘ": ("ə",), "ɚ": ("ɐ",)},
    **{"ɔʏ": ("ɔɪ",), "oɪ": ("ɔɪ",), "ɔi": ("ɔɪ",), "ai": ("aɪ",), "au": ("aʊ",), "ɔø": ("ɔɪ",), "ae": ("aɪ",)},
    **{"eɪ": ("eː",), "ɛɪ": ("eː",), "oʊ": ("oː",), "ɔʊ": ("oː",), "əʊ": ("oː",), "ɑʊ": ("aʊ",), "ɑɪ": ("aɪ",)},
    **{"ã": ("ãː",), "ɑ̃": ("ãː",), "ɑ̃ː": ("ãː",), "ɛ̃": ("ɛ̃ː",), "æ̃": ("ɛ̃ː",), "æ̃ː": ("ɛ̃ː",)},
    **{"ɔ̃": ("ɔ̃ː",), "õ": ("ɔ̃ː",), "õː": ("ɔ̃ː",), "œ̃": ("ɛ̃ː",), "œ̃ː": ("ɛ̃ː",)},
    **{"i̯": ("j",), "ɪ̯": ("j",), "u̯": ("uː",), "ʊ̯": ("uː",), "o̯": ("oː",), "y̯": ("yː",), "ʏ̯": ("yː",)},
    **{"e̯": ("eː",), "ɥ": ("yː",), "w": ("v",), "ʝ": ("j",)},
    **{"n̩": ("ə", "n"), "m̩": ("ə", "m"), "l̩": ("ə", "l"), "ŋ̩": ("ə", "n"), "ʁ̩": ("ɐ",), "r̩": ("ɐ",)},
    **{"n̍": ("ə", "n"), "ŋ̍": ("ə", "n"), "s̩": ("s",), "ɐ̯ː": ("ɐ̯",)},
    **{"g": ("ɡ",), "r": ("ʁ",), "ʀ": ("ʁ",), "ɹ": ("ʁ",), "ɾ": ("ʁ",), "ʁ̥": ("ʁ",), "χ": ("x",), "ɣ": ("ɡ",)},
    **{"θ": ("s",), "ð": ("z",), "c": ("k",), "ɲ": ("n", "j"), "ʎ": ("l", "j"), "ɕ": ("ʃ",), "β": ("b",), "ɫ": ("l",)},
    **{"t͡s": ("ts",), "t͡ʃ": ("tʃ",), "d͡ʒ": ("dʒ",), "p͡f": ("pf",), "d͡z": ("d", "z"), "b̥": ("b",), "d̥": ("d",)},
    **{"z̥": ("z",), "ɡ̊": ("ɡ",), "ʒ̊": ("ʒ",), "v̥": ("v",), "ɡ̥": ("ɡ",), "ʒ̥": ("ʒ",), "ɪ̃": ("ɪ",)},
    **{"aɪ̯": ("aɪ",), "aʊ̯": ("aʊ",), "ɔɪ̯": ("ɔɪ",), "ɔʏ̯": ("ɔɪ",), "ɔi̯": ("ɔɪ",), "ai̯": ("aɪ",), "au̯": ("aʊ",)},
    **{"eɪ̯": ("eː",), "ɛɪ̯": ("eː",), "oʊ̯": ("oː",), "ɔʊ̯": ("oː",), "əʊ̯": ("oː",), "oɪ̯": ("ɔɪ",), "ɔø̯": ("ɔɪ",)},
    **{"uɪ̯": ("uː", "iː"), "ʊɪ̯": ("ʊ", "iː"), "ɛɐ̯": ("ɛ", "ɐ̯"), "œɐ̯": ("œ", "ɐ̯")},
}
"""Other signs of IPA and the phones that they become, vowels without stress."""

IPA = IpaSigns(
    "German",
    VOWELS,
    {**{phone: (phone,) for phone in (*VOWELS, *REDUCED, *CONSONANTS)}, **_OTHER_SIGNS},
    "ˈhaloː or h a1 l oː0",
)
phones_of_ipa = IPA.phones


def is_vowel(phone: str) -> bool:
    """Return True for a vowel, also a reduced one."""
    return phone[-1] in "012" or phone in REDUCED
