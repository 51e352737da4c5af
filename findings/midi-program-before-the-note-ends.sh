#!/usr/bin/env bash
# pretty_midi 0.2.11.post0, miditoolkit 1.0.1: the last note before a change of instrument has the instrument after it.
#
# Guess: a note sounds in the program of the moment when it begins, as in a synthesizer, and all readers agree on that.
# Seen: both sort a note in when it ends. A piano note that still sounds when the program changes to violin, or ends at the
# very tick of the change, is a violin's from its beginning; symusic 0.6.0 has a piano. Files are made so: the program is
# sent while the last note rings, to be there for the next. Tracks by program, as collections for training are cut, have
# a stray note there, and a resynthesis plays it. A change that is sent once nothing sounds is read alike by all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pretty_midi==0.2.11.post0 miditoolkit==1.0.1 symusic==0.6.0 mido==1.3.3 2> "$work/log"

cat > "$work/programs.py" <<'PY'
import sys

import mido
import symusic
from miditoolkit import MidiFile
from pretty_midi import PrettyMIDI

for change in (480, 240, 720):
    track = mido.MidiTrack()
    events = [
        (0, mido.Message("program_change", program=0)),
        (0, mido.Message("note_on", note=60)),
        (change, mido.Message("program_change", program=40)),
        (480, mido.Message("note_off", note=60)),
        (960, mido.Message("note_on", note=62)),
        (1440, mido.Message("note_off", note=62)),
    ]
    now = 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    midi = mido.MidiFile(ticks_per_beat=480)
    midi.tracks.append(track)
    midi.save(sys.argv[1])
    readers = {
        "pretty_midi": [each.program for each in PrettyMIDI(sys.argv[1]).instruments for _ in each.notes],
        "miditoolkit": [each.program for each in MidiFile(sys.argv[1]).instruments for _ in each.notes],
        "symusic": [each.program for each in symusic.Score(sys.argv[1]).tracks for _ in each.notes],
    }
    for name, programs in readers.items():
        print(f"note to 480, change at {change}, {name}:", *(int(program) for program in programs))
PY
seen=$("$work/venv/bin/python" "$work/programs.py" "$work/notes.mid" 2>> "$work/log")
printf 'programs of the note before a change and of the note after it:\n%s\n' "$seen"
for change in 480 240; do
  for name in pretty_midi miditoolkit; do grep -qx "note to 480, change at $change, $name: 40 40" <<< "$seen"; done
  grep -qx "note to 480, change at $change, symusic: 0 40" <<< "$seen"
done
[ "$(grep -c 'change at 720, .*: 0 40$' <<< "$seen")" = 3 ]
