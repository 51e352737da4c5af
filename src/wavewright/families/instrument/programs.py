"""Labels of instruments and the programs of General MIDI that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PROGRAMS: Mapping[str, int] = {
    "piano": 0,
    "bright-piano": 1,
    "electric-piano": 4,
    "harpsichord": 6,
    "clavinet": 7,
    "celesta": 8,
    "music-box": 10,
    "vibraphone": 11,
    "marimba": 12,
    "xylophone": 13,
    "organ": 16,
    "rock-organ": 18,
    "church-organ": 19,
    "reed-organ": 20,
    "accordion": 21,
    "harmonica": 22,
    "nylon-guitar": 24,
    "steel-guitar": 25,
    "jazz-guitar": 26,
    "clean-guitar": 27,
    "overdriven-guitar": 29,
    "distorted-guitar": 30,
    "acoustic-bass": 32,
    "fingered-bass": 33,
    "picked-bass": 34,
    "fretless-bass": 35,
    "slap-bass": 36,
    "synth-bass": 38,
    "violin": 40,
    "viola": 41,
    "cello": 42,
    "contrabass": 43,
    "pizzicato": 45,
    "harp": 46,
    "strings": 48,
    "slow-strings": 49,
    "synth-strings": 50,
    "choir": 52,
    "voice": 53,
    "trumpet": 56,
    "trombone": 57,
    "tuba": 58,
    "muted-trumpet": 59,
    "french-horn": 60,
    "brass": 61,
    "synth-brass": 62,
    "soprano-saxophone": 64,
    "alto-saxophone": 65,
    "tenor-saxophone": 66,
    "baritone-saxophone": 67,
    "oboe": 68,
    "english-horn": 69,
    "bassoon": 70,
    "clarinet": 71,
    "piccolo": 72,
    "flute": 73,
    "recorder": 74,
    "pan-flute": 75,
    "bottle": 76,
    "shakuhachi": 77,
    "whistle": 78,
    "ocarina": 79,
    "square-lead": 80,
    "saw-lead": 81,
    "sitar": 104,
    "banjo": 105,
    "shamisen": 106,
    "koto": 107,
    "kalimba": 108,
    "bagpipe": 109,
    "shanai": 111,
    "steel-drum": 114,
}
"""Programs of General MIDI by label, counted from 0."""


def nearest_label(program: int, labels: Sequence[str]) -> str | None:
    """Return the label whose program is nearest, the first label if none is in PROGRAMS; None without labels."""
    known = [label for label in labels if label in PROGRAMS]
    if not known:
        return labels[0] if labels else None
    return min(known, key=lambda label: (abs(PROGRAMS[label] - program), PROGRAMS[label]))
