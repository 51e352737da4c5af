"""The phones of French: signs of the International Phonetic Alphabet, vowels with a digit of stress."""

from __future__ import annotations

from ..ipa import IpaSigns
from ..sentence import BOUNDARY, PAUSES, SILENCE

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

_OTHER_SIGNS = {
    **{"ɑ": ("a",), "ɐ": ("a",), "æ": ("a",), "ʌ": ("œ",), "ɒ": ("ɔ",), "ɪ": ("i",), "ɨ": ("i",), "ʊ": ("u",)},
    **{"ʏ": ("y",), "ɜ": ("œ",), "ɚ": ("œ", "ʁ"), "ɝ": ("œ", "ʁ"), "ɵ": ("ø",), "ɘ": ("ə",)},
    **{f"{vowel}ː": (vowel,) for vowel in ("a", "e", "ɛ", "i", "o", "ɔ", "u", "y", "ø", "œ")},
    **{"ɑː": ("a",), "ɜː": ("œ",), "ã": ("ɑ̃",), "ãː": ("ɑ̃",), "ɛ̃ː": ("ɛ̃",), "ɔ̃ː": ("ɔ̃",), "õ": ("ɔ̃",), "ẽ": ("ɛ̃",)},
    **{"æ̃": ("ɛ̃",), "œ̃ː": ("œ̃",), "ɑ̃ː": ("ɑ̃",)},
    **{"i̯": ("j",), "ɪ̯": ("j",), "u̯": ("w",), "ʊ̯": ("w",), "y̯": ("ɥ",), "ɐ̯": ("ʁ",), "ʝ": ("j",)},
    **{"g": ("ɡ",), "r": ("ʁ",), "ʀ": ("ʁ",), "ɹ": ("ʁ",), "ɾ": ("ʁ",), "χ": ("ʁ",), "x": ("ʁ",), "ɣ": ("ɡ",)},
    **{"ɫ": ("l",), "ɱ": ("m",), "ʎ": ("l", "j"), "ç": ("ʃ",), "ɕ": ("ʃ",), "ʑ": ("ʒ",), "c": ("k",), "ɟ": ("ɡ",)},
    **{"θ": ("s",), "ð": ("z",), "β": ("b",), "ʋ": ("v",), "pf": ("p", "f"), "h": (), "ʔ": (), "ɦ": ()},
    **{"t͡s": ("t", "s"), "d͡z": ("d", "z"), "t͡ʃ": ("t", "ʃ"), "d͡ʒ": ("d", "ʒ"), "ʦ": ("t", "s"), "ʧ": ("t", "ʃ")},
    **{"ʤ": ("d", "ʒ"), "n̩": ("ə", "n"), "m̩": ("ə", "m"), "l̩": ("ə", "l"), "r̩": ("ə", "ʁ")},
}
"""Other signs of IPA and the phones that they become, vowels without stress."""

IPA = IpaSigns(
    "French",
    VOWELS,
    {**{phone: (phone,) for phone in (*VOWELS, SCHWA, *CONSONANTS)}, **_OTHER_SIGNS},
    "bɔ̃ˈʒuʁ or b ɔ̃0 ʒ u1 ʁ",
    stressed=-1,
)
phones_of_ipa = IPA.phones


def is_vowel(phone: str) -> bool:
    """Return True for a vowel, with or without its digit of stress."""
    return phone == SCHWA or phone.rstrip("012") in VOWELS
