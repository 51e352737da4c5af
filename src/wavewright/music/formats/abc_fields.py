"""Fields of ABC tunes: keys, metres, tempos, lengths and the order of sections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from ...base.errors import BadScore
from ..theory import FIFTHS, MODES, mode_named, sounding_sharps

PIPES = {"F": 1, "C": 1, "G": 0}
"""Accidentals of the key of Highland pipes."""

ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
"""Semitones."""

MAX_NUMBER = 1_024
MAX_SECTIONS = 500

_KEY = re.compile(r"([A-G])([#b]?)\s*([A-Za-z]*)")
_ADDED = re.compile(r"(?:\^\^?|__?|=)[A-Ga-g]")
_NO_KEY = re.compile(
    r"[a-z][a-z-]*=.*|(treble|bass|alto|tenor|soprano|mezzosoprano|baritone|perc)\d?([+^_-]\d+)?(va|vb)?"
)
"""Words of K: fields that are no key: a clef, a transposition."""

_SECTIONS = re.compile(r"([A-Za-z])(\d*)|(\()|\)(\d*)")


@dataclass(frozen=True)
class AbcKey:
    """A key signature: semitones for letters, and sharps (-7 to 7) with the mode if it is a usual one."""

    accidentals: dict[str, int]
    sharps: int | None = None
    mode: str = "major"


def key_of(text: str) -> AbcKey | None:
    """Read the key of a K: field; None if it has none, but a clef or a transposition.

    Raises BadScore if it is no key, or the mode is unknown.
    """
    words = [word for word in text.split() if not _NO_KEY.fullmatch(word)]
    if not words or words[0].lower() == "none":
        return AbcKey({}, None) if words or not text.strip() else None
    if words[0] in ("HP", "Hp"):
        return AbcKey(PIPES, 2)
    added = [found[0] for found in _ADDED.finditer(" ".join(words))]
    match = _KEY.match(_ADDED.sub(" ", " ".join(word for word in words if word != "exp")).strip())
    if match is None and not added:
        raise BadScore(f"{text[:40]!r} is no key.")
    if match is None:
        return AbcKey(_added({}, added))
    mode = mode_named(match[3])
    if mode is None:
        raise BadScore(f"{match[3]!r} is no mode; modes are maj, min, dor, phr, lyd, mix, aeo, loc and ion.")
    sharps = FIFTHS.index(match[1]) - 1 + 7 * {"": 0, "#": 1, "b": -1}[match[2]] + sounding_sharps(0, MODES[mode])
    accidentals = {} if "exp" in words else accidentals_of(sharps)
    usual = sharps if -7 <= sharps <= 7 and "exp" not in words else None
    return AbcKey(_added(accidentals, added), usual, mode)


def accidentals_of(sharps: int) -> dict[str, int]:
    """Return the semitones of the letters of a key signature, double ones beyond seven."""
    accidentals: dict[str, int] = {}
    for index in range(abs(sharps)):
        letter = FIFTHS[index % 7] if sharps > 0 else FIFTHS[6 - index % 7]
        accidentals[letter] = accidentals.get(letter, 0) + (1 if sharps > 0 else -1)
    return accidentals


def _added(accidentals: dict[str, int], words: list[str]) -> dict[str, int]:
    return accidentals | {word[-1].upper(): ACCIDENTALS[word[:-1]] for word in words}


def semitones_of(accidental: str) -> int:
    """Return the semitones of an accidental; parts of one, such as those of ``^3/2``, are left out."""
    if accidental in ACCIDENTALS:
        return ACCIDENTALS[accidental]
    numerator, _, denominator = accidental[1:].partition("/")
    return ACCIDENTALS[accidental[0]] * (int(numerator or 1) // max(int(denominator or 2), 1))


def metre_of(text: str) -> tuple[int, int] | None:
    """Read a metre: ``4/4``, ``C``, ``C|``, ``(2+3)/8``, the first of several; None for free metre or another text."""
    text = re.sub(r"(?<=\d)\s+[(\d].*", "", text.strip())
    if text in ("C", "C|"):
        return (4, 4) if text == "C" else (2, 2)
    match = re.fullmatch(r"\(?\s*(\d{1,3}(?:\s*\+\s*\d{1,3})*)\s*\)?\s*/\s*(\d{1,3})", text)
    if match is None:
        return None
    numerator, denominator = sum(map(int, match[1].split("+"))), int(match[2])
    is_metre = 1 <= numerator <= 255 and denominator in (1, 2, 4, 8, 16, 32, 64, 128)
    return (numerator, denominator) if is_metre else None


def unit_of_metre(metre: tuple[int, int] | None) -> Fraction:
    """Return the length of a note without a number, where no L: field says it."""
    return Fraction(1, 16) if metre is not None and Fraction(*metre) < Fraction(3, 4) else Fraction(1, 8)


def fraction_of(text: str) -> Fraction | None:
    """Read a fraction such as ``1/8`` of a whole note; None for another text."""
    match = re.fullmatch(r"\s*(\d{1,4})\s*(?:/\s*(\d{1,4}))?\s*", text)
    if match is None or not int(match[1]) or not int(match[2] or 1) or int(match[2] or 1) > MAX_NUMBER:
        return None
    return Fraction(int(match[1]), int(match[2] or 1))


def tempo_of(text: str, unit: Fraction) -> int | None:
    """Read a tempo as microseconds of a quarter: ``120``, ``1/4=120``, ``"Andante" 3/8=50``; None for another text.

    A number alone counts quarters in all metres, 6/8 too, as in abc2midi. The units of length that the old standard
    counts are those of ``C=120``.
    """
    text = re.sub(r'"[^"]*"', "", text).strip()
    match = re.fullmatch(r"(?:([^=]*)=)?\s*(\d{1,4}(?:\.\d{1,3})?)", text)
    if match is None or not float(match[2]):
        return None
    beats = [fraction_of(word) for word in (match[1] or "").split()]
    lengths = [beat for beat in beats if beat is not None]
    beat = sum(lengths, Fraction(0)) if lengths else Fraction(1, 4) if match[1] is None else unit
    us = round(60_000_000 / (Fraction(match[2]) * beat * 4))
    return us if 1 <= us < 2**24 else None


def length_of(text: str) -> Fraction | None:
    """Read the number after a note: ``2``, ``3/2``, ``/``, ``//``, ``/4``; None if it is 0 or too large."""
    match = re.fullmatch(r"(\d*)(/*)(\d*)", text)
    if match is None or len(text) > 12:
        return None
    numerator = int(match[1] or 1)
    denominator = int(match[3]) if match[3] else 2 ** len(match[2])
    denominator *= 2 ** max(0, len(match[2]) - 1) if match[3] else 1
    if not (0 < numerator <= MAX_NUMBER and 0 < denominator <= MAX_NUMBER):
        return None
    return Fraction(numerator, denominator)


def sections_of(text: str) -> str:
    """Return the order of sections of a P: field, such as ``AAB`` of ``A2B`` and ``ABAB`` of ``(AB)2``.

    Raises BadScore if it is longer than MAX_SECTIONS.
    """
    stack = [""]
    for match in _SECTIONS.finditer(text):
        letter, count, opening, group_count = match.groups()
        if opening:
            stack.append("")
            continue
        n_times = int((count or group_count or "1")[:4])
        if letter:
            stack[-1] += letter * n_times
        elif len(stack) > 1:
            group = stack.pop()
            stack[-1] += group * n_times
        if len(stack[-1]) > MAX_SECTIONS:
            raise BadScore(f"The sections {text!r} are more than {MAX_SECTIONS}.")
    return "".join(stack)
