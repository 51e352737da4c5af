#!/usr/bin/env bash
# music21 10.5.1, partitura 1.9.0: the MIDI file of a clarinet in B flat has the written pitch, two semitones too high.
#
# Guess: notes of a transposing instrument sound where <transpose> says, in MIDI and in arrays of notes as well, since
# both libraries read <transpose> and know that MIDI is sound.
# Seen: a written C is 60 in music21's MIDI file, in partitura's and in its note array, and 58 in Verovio's; music21 has
# the interval, a major second down, and leaves it to a call of toSoundingPitch(); partitura has it as an object beside
# the notes. A score with clarinets, horns and strings is therefore out of tune with itself, and pairs of score and
# recording for training are wrong for some parts of some scores. In concert pitch, without <transpose>, all agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 partitura==1.9.0 mido==1.3.3

cat > "$work/pitches.py" <<'PY'
import base64
import io
import sys
import warnings

import mido
import music21
import partitura
import verovio

warnings.simplefilter("ignore")
verovio.enableLog(verovio.LOG_OFF)
folder = sys.argv[1]
PART = """<part id="{}"><measure number="1"><attributes><divisions>1</divisions>
<time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef>{}</attributes>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration><type>whole</type></note></measure></part>"""
TRANSPOSE = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
path = f"{folder}/duet.musicxml"
with open(path, "w") as file:
    file.write(f"""<?xml version="1.0"?><score-partwise version="4.0"><part-list>
<score-part id="P1"><part-name>Flute</part-name></score-part>
<score-part id="P2"><part-name>Clarinet in B flat</part-name></score-part></part-list>
{PART.format("P1", "")}{PART.format("P2", TRANSPOSE)}</score-partwise>""")


def pitches(midi):
    return [each.note for track in midi.tracks for each in track if each.type == "note_on" and each.velocity]


toolkit = verovio.toolkit()
toolkit.loadFile(path)
print("Verovio", *pitches(mido.MidiFile(file=io.BytesIO(base64.b64decode(toolkit.renderToMIDI())))))
score = music21.converter.parse(path)
for name, stream in (("music21", score), ("toSoundingPitch", score.toSoundingPitch())):
    stream.write("midi", f"{folder}/duet.mid")
    print(name, *pitches(mido.MidiFile(f"{folder}/duet.mid")))
score = partitura.load_score(path)
partitura.save_score_midi(score, f"{folder}/duet.mid")
print("partitura", *pitches(mido.MidiFile(f"{folder}/duet.mid")))
print("note_array", *score.note_array()["pitch"])
PY
seen=$("$work/venv/bin/python" "$work/pitches.py" "$work" 2> "$work/log")
printf 'a written C of a flute and of a clarinet in B flat:\n%s\n' "$seen"
[ "$seen" = $'Verovio 60 58\nmusic21 60 60\ntoSoundingPitch 60 58\npartitura 60 60\nnote_array 60 60' ]
