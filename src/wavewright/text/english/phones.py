"""The phones of English in ARPAbet, and the conversion from the International Phonetic Alphabet."""

from __future__ import annotations

import functools

from ...base.errors import BadText
from ..sentence import BOUNDARY, PAUSES, SILENCE
from .rules import mapping, rows

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = (
    *("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG"),
    *("P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH"),
)
PHONES = (*(f"{vowel}{stress}" for vowel in VOWELS for stress in "012"), *CONSONANTS)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *PHONES)
"""Input symbols of acoustic models of English, in the order of their numbers."""

LETTERS = mapping("letters")
"""Names of the letters, as phones."""

_OWN_SIGNS = {
    **{"AA": "ɑː", "AH0": "ə", "AO": "ɔː", "EH": "ɛ", "ER0": "ɚ", "ER": "ɜː", "IH0": "ɪ", "IY": "iː", "OW": "oʊ"},
    **{"UW": "uː", "R": "ɹ"},
}
"""The usual sign of a phone where the table begins with a looser one."""

_STRESS = {"ˈ": "1", "'": "1", "ˌ": "2", ",": "2"}
_SILENT = " .\u2016|‿͡ˑ/[]ːʰ"


@functools.cache
def _ipa() -> dict[str, tuple[list[str], bool]]:
    """Return the phones of each IPA sign, and True for signs of vowels that have no stress."""
    return {sign: (phones.split(), flag == "weak") for sign, phones, flag in rows("ipa", 3)}


@functools.cache
def _signs() -> dict[str, str]:
    """Return the first IPA sign in the table of each phone, of vowels also the first weak one as that with stress 0."""
    signs = dict(_OWN_SIGNS)
    for sign, (phones, is_weak) in _ipa().items():
        if len(phones) == 1:
            signs.setdefault(phones[0] + "0" * is_weak, sign)
    return signs


def ipa_of(phone: str) -> str:
    """Return a phone in IPA, without its stress; another symbol stays as it is."""
    return _signs().get(phone) or _signs().get(phone.rstrip("012"), phone)


def phones_of_arpabet(text: str, where: str) -> tuple[str, ...]:
    """Parse ARPAbet: ``HH AH0 L OW1``; raise BadText, which begins with ``where``, for other names and for none.

    A vowel without a digit has the main stress if it is the only vowel, else none.
    """
    names = text.upper().split()
    if not names:
        raise BadText(f"{where} has no phones; write them as in HH AH0 L OW1.")
    alone = "1" if sum(name.rstrip("012") in VOWELS for name in names) == 1 else "0"
    phones = [name + alone if name in VOWELS else name for name in names]
    unknown = next((phone for phone in phones if phone not in PHONES), None)
    if unknown is not None:
        known = ", ".join((*VOWELS, *CONSONANTS))
        raise BadText(f"{where} has {unknown!r}, which is no phone; use {known}, vowels with a stress of 0, 1 or 2.")
    return tuple(phones)


def phones_of_ipa(text: str, where: str) -> tuple[str, ...]:
    """Convert IPA to ARPAbet: ``həˈloʊ`` to ``HH AH0 L OW1``; a stress mark applies to the next vowel.

    Raises BadText, which begins with ``where``, if a sign stands for no phone of English, or there is none.
    """
    phones: list[str] = []
    stress, position = "0", 0
    while position < len(text):
        if text[position] in _STRESS:
            stress, position = _STRESS[text[position]], position + 1
            continue
        candidates = (text[position : position + size] for size in (4, 3, 2, 1))
        sign = next((candidate for candidate in candidates if candidate in _ipa()), None)
        if sign is None:
            if text[position] not in _SILENT:
                raise BadText(
                    f"{where} has the sign {text[position]!r} (character {position + 1}), "
                    "which stands for no phone of English."
                )
            position += 1
            continue
        names, is_weak = _ipa()[sign]
        for name in names:
            if name in VOWELS:
                phones.append(name + ("0" if is_weak and stress != "1" else stress))
                stress = "0"
            else:
                phones.append(name)
        position += len(sign)
    if not phones:
        raise BadText(f"{where} has no phones; write them as in həˈloʊ.")
    return _with_main_stress(phones)


def _with_main_stress(phones: list[str]) -> tuple[str, ...]:
    """Stress the only vowel of a word."""
    vowels = [index for index, phone in enumerate(phones) if phone[-1].isdigit()]
    if len(vowels) == 1 and phones[vowels[0]].endswith("0"):
        phones[vowels[0]] = phones[vowels[0]][:-1] + "1"
    return tuple(phones)
