#!/usr/bin/env bash
# muspy 0.5.0: in MusicXML every change of tempo stands at the beginning, so that the last one is the tempo of it all.
#
# Guess: a piece at 120, from its fifth beat at 60, keeps that in MusicXML as it does in MIDI.
# Seen: the MIDI file is right. The MusicXML file has both marks before the first note: readers take the second, so that
# the first bar is twice as slow, and the change is gone. Write MIDI where a piece changes its tempo.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet muspy==0.5.0 mido==1.3.3 music21==10.5.1 2> "$work/log"
cat > "$work/tempo.py" <<'PY'
import sys

import mido
import music21
import muspy

notes = [muspy.Note(time=24 * beat, pitch=60 + beat, duration=24, velocity=80) for beat in range(8)]
piece = muspy.Music(
    resolution=24,
    tempos=[muspy.Tempo(0, 120.0), muspy.Tempo(4 * 24, 60.0)],
    time_signatures=[muspy.TimeSignature(0, 4, 4)],
    tracks=[muspy.Track(notes=notes)],
)
midi, xml = sys.argv[1:]
muspy.write_midi(midi, piece)
muspy.write_musicxml(xml, piece)
seconds, starts = 0.0, []
for message in mido.MidiFile(midi):
    seconds += message.time
    if message.type == "note_on" and message.velocity:
        starts.append(round(seconds, 3))
print("MIDI", *starts)
marks = music21.converter.parse(xml).flatten().getElementsByClass("MetronomeMark")
print("MusicXML", *(f"{mark.number} at beat {mark.offset:g}" for mark in marks))
PY
"$work/venv/bin/python" "$work/tempo.py" "$work/piece.mid" "$work/piece.xml" > "$work/seen" 2> "$work/log"
printf 'starts of eight quarters in seconds; tempo marks:\n%s\n' "$(cat "$work/seen")"
[ "$(cat "$work/seen")" = 'MIDI 0.0 0.5 1.0 1.5 2.0 3.0 4.0 5.0
MusicXML 120 at beat 0 60 at beat 0' ]
