#!/usr/bin/env bash
# pychord 1.4.1: its Cb4 is the B above middle C, and its B#5 the C below that of B#5 elsewhere.
#
# Guess: components_with_pitch(root_pitch=4) gives scientific pitch notation, in which the octave goes with the letter:
# C flat major is Cb4 Eb4 Gb4, and G sharp major G#4 B#4 D#5, each note above the one before.
# Seen: the octave goes with the pitch class, Cb4 Eb5 Gb5 and G#4 B#5 D#5. A library that reads such names (music21,
# librosa, tonal) has C flat an octave too low and B sharp an octave too high: A flat minor has its third below its root,
# and G sharp major spans 16 semitones. Names without B# and Cb are right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pychord==1.4.1 2> "$work/log"
cat > "$work/triads.py" <<'PY'
from pychord import Chord

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
for name in ("C", "F#", "Abm", "A#m", "Cb", "G#"):
    notes = Chord(name).components_with_pitch(root_pitch=4)
    keys = [
        12 * (int(note[-1]) + 1) + LETTERS[note[0]] + note.count("#") - note.count("b") for note in notes
    ]
    print(name, *notes, "MIDI", *keys)
PY
"$work/venv/bin/python" "$work/triads.py" > "$work/seen"
cat "$work/seen"
[ "$(cat "$work/seen")" = 'C C4 E4 G4 MIDI 60 64 67
F# F#4 A#4 C#5 MIDI 66 70 73
Abm Ab4 Cb4 Eb5 MIDI 68 59 75
A#m A#4 C#5 E#5 MIDI 70 73 77
Cb Cb4 Eb5 Gb5 MIDI 59 75 78
G# G#4 B#5 D#5 MIDI 68 84 75' ]
