#!/usr/bin/env bash
# music21 10.5.1, pretty_midi 0.2.11, miditoolkit 1.0.1, mido 1.3.3: chord symbols in MIDI end where they begin.
#
# Guess: music21 plays a chord symbol for as long as it lasts, until the next one or the end of the bar, or it writes
# none of its notes, as it has no length in a lead sheet.
# Seen: the notes of a chord symbol are in the file, and their ends stand before their beginnings, at one tick: an end
# without a note, then a note without an end. pretty_midi drops the chord without a word, and so does miditoolkit; a
# reader that holds a note until something ends it has a drone to the end of the piece. A chord symbol that is given a
# length (quarterLength) is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile music21==10.5.1 pretty_midi==0.2.11 miditoolkit==1.0.1 mido==1.3.3 \
  'setuptools<81'

cat > "$work/chords.py" <<'PY'
import sys
import warnings

import mido
import miditoolkit
import music21
import pretty_midi

warnings.simplefilter("ignore")
path = sys.argv[1]
for length in ({}, {"quarterLength": 4}):
    quarters = length.get("quarterLength", "no")
    chord = music21.harmony.ChordSymbol("E-m7", **length)
    part = music21.stream.Part()
    part.insert(0, chord)
    part.insert(0, music21.note.Note("G4", quarterLength=4))
    part.write("midi", path)
    ticks, order = 0, []
    for message in mido.merge_tracks(mido.MidiFile(path).tracks):
        ticks += message.time
        if message.type in ("note_on", "note_off") and message.note != 67:
            is_start = message.type == "note_on" and message.velocity > 0
            order.append(f"{'on' if is_start else 'off'}@{ticks}")
    print(quarters, "mido", *order)
    for reader in (pretty_midi.PrettyMIDI, miditoolkit.MidiFile):
        notes = [note.pitch for each in reader(path).instruments for note in each.notes]
        print(quarters, reader.__module__.partition(".")[0], *sorted(notes))
PY
seen=$("$work/venv/bin/python" "$work/chords.py" "$work/chords.mid" 2> "$work/log")
printf 'E flat minor 7 without a length and of 4 quarters, with a G: events, notes of readers:\n%s\n' "$seen"
for line in 'no mido off@0 off@0 off@0 off@0 on@0 on@0 on@0 on@0' 'no pretty_midi 67' 'no miditoolkit 67'; do
  grep -qx "$line" <<< "$seen"
done
grep -Eqx '4 pretty_midi( [0-9]+){5}' <<< "$seen"
