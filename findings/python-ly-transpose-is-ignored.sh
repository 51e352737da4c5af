#!/usr/bin/env bash
# python-ly 0.9.10: from LilyPond to MusicXML a tune within \transpose or \fixed stays where it was typed.
#
# Guess: the converter, which reads \relative, \tuplet, \partial and variables, gives the notes that LilyPond prints: up
# a whole tone within \transpose c d, in the octave of \fixed c''.
# Seen: both are passed over, without a message: C major stays C major, in the key signature too, and \fixed c'' { c }
# is C3, two octaves low, as if its notes were absolute. In a score for a clarinet with \transpose bes c' around its
# part, this part alone is in another key than the others. Frescobaldi exports MusicXML with this library.
# ly.pitch.transpose of the same package, used on the text before, does it right; \fixed has to be turned into absolute
# pitches by hand.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile python-ly==0.9.10 2> "$work/log"

cat > "$work/convert.py" <<'PY'
import io
import xml.etree.ElementTree as ElementTree

import ly.document
import ly.musicxml
import ly.pitch.transpose
from ly.pitch import Pitch


def converted(text):
    """Return the pitches and the fifths of the key in the MusicXML file of some LilyPond."""
    writer = ly.musicxml.writer()
    writer.parse_text(text)
    file = io.BytesIO()
    writer.musicxml().write(file)
    root = ElementTree.fromstring(file.getvalue())
    pitches = []
    for pitch in root.iter("pitch"):
        alter = {"1": "#", "-1": "b"}.get(pitch.findtext("alter", ""), "")
        pitches.append(pitch.findtext("step") + alter + pitch.findtext("octave"))
    return " ".join(pitches) + f", key {root.findtext('.//fifths')}"


NOTES = "\\key c \\major c'4 d' e' f'"
for text in (
    f"{{ {NOTES} }}",
    f"\\transpose c d {{ {NOTES} }}",
    "\\transpose c d \\relative c' { \\key c \\major c4 d e f }",
    "\\relative c'' { \\key c \\major c4 d e f }",
    "\\fixed c'' { \\key c \\major c4 d e f }",
):
    print(f"{text}: {converted(text)}")
document = ly.document.Document(f"{{ {NOTES} }}")
transposer = ly.pitch.transpose.Transposer(Pitch(0, 0, 0), Pitch(1, 0, 0))
ly.pitch.transpose.transpose(ly.document.Cursor(document), transposer)
print(f"before: {converted(document.plaintext())}")
PY
seen=$("$work/venv/bin/python" "$work/convert.py" 2>> "$work/log")
printf 'pitches of LilyPond in MusicXML:\n%s\n' "$seen"
diff - <(echo "$seen") <<'TEXT'
{ \key c \major c'4 d' e' f' }: C4 D4 E4 F4, key 0
\transpose c d { \key c \major c'4 d' e' f' }: C4 D4 E4 F4, key 0
\transpose c d \relative c' { \key c \major c4 d e f }: C4 D4 E4 F4, key 0
\relative c'' { \key c \major c4 d e f }: C5 D5 E5 F5, key 0
\fixed c'' { \key c \major c4 d e f }: C3 D3 E3 F3, key 0
before: D4 E4 F#4 G4, key 2
TEXT
