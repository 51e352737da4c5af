#!/usr/bin/env bash
# Verovio 6.4.1, music21 10.5.1, partitura 1.9.0: cue notes of MusicXML, silent by its rules, are played by all three.
#
# Guess: a note with <cue/>, which the specification calls "a silent note with no playback", is in no MIDI file; it
# shows a player what another instrument has before the own entry.
# Seen: all three write the cue notes into the MIDI file, as loud as the own notes, and music21 and partitura count them
# among the notes of the part. An oboe that rests for a bar plays the flute's melody, with the flute where both parts
# are in one file, and statistics of a part have notes that its player never plays. Notes with <cue/> have to become
# rests before a file is read.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 partitura==1.9.0 mido==1.3.3 \
    2> "$work/log"

cat > "$work/cue.py" <<'PY'
import sys
import warnings

import mido
import music21
import partitura
import verovio

warnings.simplefilter("ignore")
score, midi = sys.argv[1:]


def note(step, cue=""):
    """Return a quarter note of MusicXML."""
    pitch = f"<pitch><step>{step}</step><octave>5</octave></pitch>"
    return f"<note>{cue}{pitch}<duration>1</duration><voice>1</voice><type>quarter</type></note>"


ATTRIBUTES = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
with open(score, "w") as file:
    file.write(
        '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Oboe</part-name></score-part>'
        '</part-list><part id="P1"><measure number="1">'
        f'{ATTRIBUTES}{"".join(note(step, "<cue/>") for step in "GFED")}</measure>'
        f'<measure number="2">{"".join(note(step) for step in "CCCC")}</measure></part></score-partwise>'
    )


def played(name):
    """Print the pitches and velocities of the MIDI file."""
    notes = [message for message in mido.MidiFile(midi) if message.type == "note_on" and message.velocity]
    print(name, *(f"{message.note}:{message.velocity}" for message in notes))


toolkit = verovio.toolkit()
toolkit.loadFile(score)
toolkit.renderToMIDIFile(midi)
played("Verovio")
part = music21.converter.parse(score, forceSource=True)
part.write("midi", midi)
played("music21")
print("music21 notes", len(part.flatten().notes))
part = partitura.load_musicxml(score)
partitura.save_score_midi(part, midi)
played("partitura")
print("partitura notes", len(part.note_array()))
PY
seen=$("$work/venv/bin/python" "$work/cue.py" "$work/cue.musicxml" "$work/cue.mid" 2> "$work/log")
printf 'pitches and velocities of a bar of cues and a bar of own notes:\n%s\n' "$seen"
[ "$seen" = 'Verovio 79:90 77:90 76:90 74:90 72:90 72:90 72:90 72:90
music21 79:90 77:90 76:90 74:90 72:90 72:90 72:90 72:90
music21 notes 8
partitura 79:64 77:64 76:64 74:64 72:64 72:64 72:64 72:64
partitura notes 8' ]
