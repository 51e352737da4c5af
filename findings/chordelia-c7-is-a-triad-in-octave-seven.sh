#!/usr/bin/env bash
# chordelia 0.5.0: the chord C7 is a C major triad in the seventh octave, and CmM7 a C minor triad.
#
# Guess: Chord.from_string() has the notes of each usual chord symbol: C7 is C E G B flat, Cm7b5 C E flat G flat B flat.
# Seen: a figure after the root is its octave, so that C7 is C7 E7 G7, three octaves above middle C and without a
# seventh, and so with C6, C9, C7sus4 and G7/B; Cm7 and Cmaj7 are right. Cm7b5 has the G beside the lowered one, Cdim7
# has B flat in place of B double flat, and CmM7, Cm(M7) and the half-diminished sign lose all but a triad. Nothing is
# refused. A sheet of dominant sevenths is played, or written down, as major triads at the top of the piano.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile chordelia==0.5.0 2> "$work/log"

cat > "$work/chords.py" <<'PY'
from chordelia import Chord

for symbol in ("C7", "Bb7", "C6", "C9", "G7/B", "C7sus4", "Cm7", "Cmaj7", "Cm7b5", "Cdim7", "CmM7", "Cm(M7)", "Cø"):
    chord = Chord.from_string(symbol)
    print(f"{symbol}: {' '.join(map(str, chord.notes))}, named {chord.name}")
PY
seen=$("$work/venv/bin/python" "$work/chords.py")
printf 'notes of chord symbols:\n%s\n' "$seen"
[ "$seen" = 'C7: C7 E7 G7, named C7
Bb7: Bb7 D8 F8, named Bb7
C6: C6 E6 G6, named C6
C9: C9 E9 G9, named C9
G7/B: G7 B7 D8, named G7/B
C7sus4: C7 F7 G7, named C7sus4
Cm7: C Eb G Bb, named Cm(7)
Cmaj7: C E G B, named C(maj7)
Cm7b5: C Eb F# G Bb, named Cm(7)(addb5)
Cdim7: C Eb Gb Bb, named C°(7)
CmM7: C Eb G, named Cm
Cm(M7): C Eb G, named Cm
Cø: C E G, named C' ]
