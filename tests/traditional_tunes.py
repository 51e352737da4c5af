"""Traditional and other tunes in the public domain, written down for the tests with their usual chords."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wavewright.music.score import METRE, Score, Track, notes_of
from wavewright.music.theory import pitch_of


@dataclass(frozen=True)
class Tune:
    """A tune: metre, key, notes with their lengths in eighths, and the chords of its bars."""

    metre: str
    key: str
    notes: str
    chords: str

    def score(self, ticks_per_quarter=480):
        rows, tick = [], 0
        for word in self.notes.replace("|", " ").split():
            name, _, eighths = word.partition(":")
            length = round(float(eighths or 2) * ticks_per_quarter / 2)
            if name != "r":
                rows.append((tick, length, pitch_of(name), 80))
            tick += length
        numerator, denominator = (int(number) for number in self.metre.split("/"))
        metres = np.array([(0, numerator, denominator, 24, 8)], METRE)
        return Score((Track(notes_of(rows), "melody"),), ticks_per_quarter, metres=metres)


TUNES = {
    "Twinkle, twinkle, little star": Tune(
        "4/4",
        "C major",
        "C4 C4 G4 G4 | A4 A4 G4:4 | F4 F4 E4 E4 | D4 D4 C4:4 | G4 G4 F4 F4 | E4 E4 D4:4 | G4 G4 F4 F4 | E4 E4 D4:4 |"
        "C4 C4 G4 G4 | A4 A4 G4:4 | F4 F4 E4 E4 | D4 D4 C4:4",
        "C F,C C,F G,C C C,G C C,G C F,C C,F G,C",
    ),
    "Ode to joy": Tune(
        "4/4",
        "D major",
        "F#4 F#4 G4 A4 | A4 G4 F#4 E4 | D4 D4 E4 F#4 | F#4:3 E4:1 E4:4 | F#4 F#4 G4 A4 | A4 G4 F#4 E4 |"
        "D4 D4 E4 F#4 | E4:3 D4:1 D4:4",
        "D A D A D A D D,A",
    ),
    "Amazing grace": Tune(
        "3/4",
        "G major",
        "G4:4 B4:1 G4:1 | B4:4 A4 | G4:4 E4 | D4:4 D4 | G4:4 B4:1 G4:1 | B4:4 A4 | D5:6 | D5:4 B4 |"
        "D5:4 B4:1 G4:1 | B4:4 A4 | G4:4 E4 | D4:4 D4 | G4:4 B4:1 G4:1 | B4:4 A4 | G4:6 | G4:6",
        "G G C G G G D D G G C G G D G G",
    ),
    "Silent night": Tune(
        "6/8",
        "Bb major",
        "F4:3 G4:1 F4:2 | D4:6 | F4:3 G4:1 F4:2 | D4:6 | C5:4 C5:2 | A4:6 | Bb4:4 Bb4:2 | F4:6 |"
        "G4:4 G4:2 | Bb4:3 A4:1 G4:2 | F4:3 G4:1 F4:2 | D4:6 | G4:4 G4:2 | Bb4:3 A4:1 G4:2 | F4:3 G4:1 F4:2 | D4:6 |"
        "C5:4 C5:2 | Eb5:3 C5:1 A4:2 | Bb4:6 | D5:6 | Bb4:2 F4:2 D4:2 | F4:3 Eb4:1 C4:2 | Bb3:6 | Bb3:6",
        "Bb Bb Bb Bb F F Bb Bb Eb Eb Bb Bb Eb Eb Bb Bb F F Bb Bb Bb F Bb Bb",
    ),
    "Greensleeves": Tune(
        "6/8",
        "A minor",
        "C5:2 D5:1 E5:1.5 F5:0.5 E5:1 | D5:2 B4:1 G4:1.5 A4:0.5 B4:1 | C5:2 A4:1 A4:1.5 G#4:0.5 A4:1 |"
        "B4:2 G#4:1 E4:3 | C5:2 D5:1 E5:1.5 F5:0.5 E5:1 | D5:2 B4:1 G4:1.5 A4:0.5 B4:1 |"
        "C5:1.5 B4:0.5 A4:1 G#4:1.5 F#4:0.5 G#4:1 | A4:3 A4:3",
        "Am G Am E Am G Am,E Am",
    ),
    "When the saints go marching in": Tune(
        "4/4",
        "F major",
        "r F4 A4 Bb4 | C5:8 | r F4 A4 Bb4 | C5:8 | r F4 A4 Bb4 | C5:4 A4:4 | F4:4 A4:4 | G4:8 | A4 A4 G4 F4 |"
        "F4:4 A4:4 | C5:4 C5 Bb4 | Bb4:8 | r:2 A4 Bb4 C5 | C5:4 A4:4 | F4:4 G4:4 | F4:8",
        "F F F F F F F C F F F Bb F F C F",
    ),
    "London Bridge": Tune(
        "4/4",
        "D major",
        "A4:3 B4:1 A4 G4 | F#4 G4 A4:4 | E4 F#4 G4:4 | F#4 G4 A4:4 | A4:3 B4:1 A4 G4 | F#4 G4 A4:4 | E4:4 A4:4 |"
        "F#4 D4:6",
        "D D A D D D A D",
    ),
    "Jingle bells": Tune(
        "4/4",
        "G major",
        "B4 B4 B4:4 | B4 B4 B4:4 | B4 D5 G4:3 A4:1 | B4:8 | C5 C5 C5:3 C5:1 | C5 B4 B4 B4 | B4 A4 A4 B4 | A4:4 D5:4 |"
        "B4 B4 B4:4 | B4 B4 B4:4 | B4 D5 G4:3 A4:1 | B4:8 | C5 C5 C5:3 C5:1 | C5 B4 B4 B4 | D5 D5 C5 A4 | G4:8",
        "G G G G C G A D G G G G C G D G",
    ),
    "Auld lang syne": Tune(
        "4/4",
        "F major",
        "F4:3 F4:1 F4 A4 | G4:3 F4:1 G4 A4 | F4:3 F4:1 A4 C5 | D5:6 D5 | C5:3 A4:1 A4 F4 | G4:3 F4:1 G4 A4 |"
        "F4:3 D4:1 D4 C4 | F4:8",
        "F C F Bb F C Bb,C F",
    ),
}
