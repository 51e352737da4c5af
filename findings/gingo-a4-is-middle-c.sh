#!/usr/bin/env bash
# gingo 1.1.0: Note("A4") is middle C, 261.6 Hz, and so is every name with an octave or a small letter.
#
# Guess: Note("A4").frequency() is 440 Hz, as Note("A").frequency() is, or the name is refused.
# Seen: A4, G5, Bb3, C#4, H and a small a are all kept as names and sound as C: semitone 0, 261.63 Hz, enharmonic with
# C. Note("A4") transposed by two semitones is D. The major scale of A4 begins with "A###". Only bare capital names,
# with the octave given to frequency(), are right: Note("A") in octave 5 is 880 Hz. The package writes A3 and A4 itself,
# as names of the keys of its piano. A tune that is read from such names is one note over and over.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile gingo==1.1.0 2> "$work/log"

cat > "$work/notes.py" <<'PY'
from gingo import Note, Piano, Scale

for name in ("A", "A4", "G5", "Bb3", "C#4", "H", "a"):
    note = Note(name)
    print(f"{note}: semitone {note.semitone()}, {note.frequency():.2f} Hz, two up {note.transpose(2)}")
print("A in octave 5:", Note("A").frequency(5), "Hz")
print("A4 sounds as C:", Note("A4").is_enharmonic(Note("C")))
print("A4 major:", *(str(each) for each in Scale("A4", "major").notes()))
print("a key of its piano:", Piano(88).keys(Note("A"))[3])
PY
seen=$("$work/venv/bin/python" "$work/notes.py")
printf 'names, semitones and frequencies:\n%s\n' "$seen"
[ "$seen" = 'A: semitone 9, 440.00 Hz, two up B
A4: semitone 0, 261.63 Hz, two up D
G5: semitone 0, 261.63 Hz, two up D
Bb3: semitone 0, 261.63 Hz, two up D
C#4: semitone 0, 261.63 Hz, two up D
H: semitone 0, 261.63 Hz, two up D
a: semitone 0, 261.63 Hz, two up D
A in octave 5: 880.0 Hz
A4 sounds as C: True
A4 major: A### B### C#### D### E### F#### G####
a key of its piano: A3' ]
