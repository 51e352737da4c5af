"""The phones of English in ARPAbet, and the signs of the International Phonetic Alphabet that stand for them."""

from __future__ import annotations

from ...errors import BadText
from ..sentence import BOUNDARY, PAUSES, SILENCE

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = (
    *(
        "B",
        "CH",
        "D",
        "DH",
        "F",
        "G",
        "HH",
        "JH",
        "K",
        "L",
        "M",
        "N",
        "NG",
        "P",
        "R",
        "S",
        "SH",
        "T",
        "TH",
        "V",
        "W",
        "Y",
        "Z",
        "ZH",
    ),
)
PHONES = (*(f"{vowel}{stress}" for vowel in VOWELS for stress in "012"), *CONSONANTS)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *PHONES)
"""All that an acoustic model of English may read, in the order of its numbers."""

LETTERS = {
    **{
        "A": "EY1",
        "B": "B IY1",
        "C": "S IY1",
        "D": "D IY1",
        "E": "IY1",
        "F": "EH1 F",
        "G": "JH IY1",
        "H": "EY1 CH",
        "I": "AY1",
    },
    **{"J": "JH EY1", "K": "K EY1", "L": "EH1 L", "M": "EH1 M", "N": "EH1 N", "O": "OW1", "P": "P IY1", "Q": "K Y UW1"},
    **{
        "R": "AA1 R",
        "S": "EH1 S",
        "T": "T IY1",
        "U": "Y UW1",
        "V": "V IY1",
        "W": "D AH1 B AH0 L Y UW0",
        "X": "EH1 K S",
    },
    **{"Y": "W AY1", "Z": "Z IY1"},
}
"""The names of the letters."""

_IPA = {
    **{
        "p": "P",
        "b": "B",
        "t": "T",
        "d": "D",
        "k": "K",
        "ɡ": "G",
        "g": "G",
        "f": "F",
        "v": "V",
        "θ": "TH",
        "ð": "DH",
        "s": "S",
        "z": "Z",
    },
    **{
        "ʃ": "SH",
        "ʒ": "ZH",
        "h": "HH",
        "m": "M",
        "n": "N",
        "ŋ": "NG",
        "l": "L",
        "ɫ": "L",
        "r": "R",
        "ɹ": "R",
        "ɾ": "T",
        "w": "W",
    },
    **{"ʍ": "W", "j": "Y", "tʃ": "CH", "dʒ": "JH", "t͡ʃ": "CH", "d͡ʒ": "JH", "ʧ": "CH", "ʤ": "JH", "ʔ": "T", "x": "K"},
    **{
        "i": "IY",
        "iː": "IY",
        "ɪ": "IH",
        "e": "EH",
        "ɛ": "EH",
        "æ": "AE",
        "a": "AA",
        "aː": "AA",
        "ɑ": "AA",
        "ɑː": "AA",
        "ɒ": "AA",
    },
    **{
        "ɔ": "AO",
        "ɔː": "AO",
        "o": "OW",
        "oː": "OW",
        "ʊ": "UH",
        "u": "UW",
        "uː": "UW",
        "ʌ": "AH",
        "ɐ": "AH",
        "ə": "AH",
        "ɜ": "ER",
    },
    **{
        "ɜː": "ER",
        "ɝ": "ER",
        "ɚ": "ER",
        "əɹ": "ER",
        "ɜːɹ": "ER",
        "ɜɹ": "ER",
        "eɪ": "EY",
        "aɪ": "AY",
        "ɔɪ": "OY",
        "aʊ": "AW",
    },
    **{
        "oʊ": "OW",
        "əʊ": "OW",
        "ɪə": "IH R",
        "eə": "EH R",
        "ʊə": "UH R",
        "n̩": "AH N",
        "l̩": "AH L",
        "m̩": "AH M",
        "ɨ": "IH",
    },
    **{"ᵻ": "IH", "y": "Y UW", "ø": "ER", "œ": "ER", "ʁ": "R", "ç": "HH", "ʲ": "Y"},
}
_STRESS = {"ˈ": "1", "'": "1", "ˌ": "2", ",": "2"}
_UNHEARD = " .\u2016|‿͡ˑ/[]"
_ALWAYS_WEAK = ("ə", "ɚ", "ɨ", "ᵻ", "n̩", "l̩", "m̩", "əɹ")


def phones_of_arpabet(text: str, where: str) -> tuple[str, ...]:
    """``HH AH0 L OW1`` as phones; a vowel without a digit has the main stress where it is the only one, else none.

    Raises BadText, which begins with ``where``, for what is no phone.
    """
    names = text.upper().split()
    if not names:
        raise BadText(f"{where} has no phones; write them as in HH AH0 L OW1.")
    alone = "1" if sum(name.rstrip("012") in VOWELS for name in names) == 1 else "0"
    phones = [name + alone if name in VOWELS else name for name in names]
    strange = next((phone for phone in phones if phone not in PHONES), None)
    if strange is not None:
        known = ", ".join((*VOWELS, *CONSONANTS))
        raise BadText(f"{where} has {strange!r}, which is no phone; use {known}, vowels with a stress of 0, 1 or 2.")
    return tuple(phones)


def phones_of_ipa(text: str, where: str) -> tuple[str, ...]:
    """``həˈloʊ`` as ``HH AH0 L OW1``; raises BadText, which begins with ``where``, for signs that stand for no phone of English."""
    phones: list[str] = []
    stress, place = "0", 0
    while place < len(text):
        if text[place] in _STRESS:
            stress, place = _STRESS[text[place]], place + 1
            continue
        found = next((text[place : place + size] for size in (4, 3, 2, 1) if text[place : place + size] in _IPA), None)
        if found is None:
            if text[place] not in _UNHEARD + "ːʰ":
                raise BadText(
                    f"{where} has the sign {text[place]!r} (character {place + 1}), which stands for no phone of English."
                )
            place += 1
            continue
        for name in _IPA[found].split():
            if name in VOWELS:
                phones.append(name + ("0" if found in _ALWAYS_WEAK and stress != "1" else stress))
                stress = "0"
            else:
                phones.append(name)
        place += len(found)
    if not phones:
        raise BadText(f"{where} has no phones; write them as in həˈloʊ.")
    vowels = [number for number, phone in enumerate(phones) if phone[-1].isdigit()]
    if len(vowels) == 1 and phones[vowels[0]].endswith("0"):
        phones[vowels[0]] = phones[vowels[0]][:-1] + "1"
    return tuple(phones)
