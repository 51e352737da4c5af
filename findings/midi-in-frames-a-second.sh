#!/usr/bin/env bash
# mido 1.3.3, miditoolkit 1.0.1, @tonejs/midi 2.0.28: MIDI files that count frames a second have times before zero.
#
# Guess: the second kind of time that a MIDI file may have since 1988, frames of a second times ticks of a frame instead
# of ticks of a quarter, is read or refused; 25 times 40, a millisecond a tick, is an example in the specification.
# Seen: mido reads both bytes as one number, -6,360 ticks a quarter, and puts a note of 1.0 s at -0.08 s and the end
# before zero; miditoolkit, which is built on it, has the same number. @tonejs/midi gives NaN. None raises or warns. Only
# symusic of these says what is wrong. Programs that take files of others look at the sign of the division themselves.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet mido==1.3.3 miditoolkit==1.0.1 symusic==0.6.0
npm install --silent --no-audit --no-fund --prefix "$work" @tonejs/midi@2.0.28 > "$work/log"

cat > "$work/times.py" <<'PY'
import struct
import sys

import mido
import miditoolkit
import symusic

events = bytes([0x87, 0x68, 0x90, 60, 64, 0x83, 0x74, 0x80, 60, 64, 0, 0xFF, 0x2F, 0])  # on at 1,000, off at 1,500 ticks
header = struct.pack(">4sIHHbB", b"MThd", 6, 0, 1, -25, 40)
with open(sys.argv[1], "wb") as file:
    file.write(header + struct.pack(">4sI", b"MTrk", len(events)) + events)

read = mido.MidiFile(sys.argv[1])
start = next(message.time for message in read if message.type == "note_on")
print(f"mido {read.ticks_per_beat} {start:.3f} {read.length:.3f}")
print("miditoolkit", miditoolkit.MidiFile(sys.argv[1]).ticks_per_beat)
try:
    symusic.Score(sys.argv[1])
    print("symusic reads it")
except RuntimeError as error:
    print("symusic", error)
PY
cat > "$work/times.cjs" <<'JS'
const { Midi } = require("@tonejs/midi");
const midi = new Midi(require("fs").readFileSync(process.argv[2]));
console.log("tonejs", midi.header.ppq, midi.tracks[0].notes[0].time);
JS
seen=$("$work/venv/bin/python" "$work/times.py" "$work/frames.mid"; node "$work/times.cjs" "$work/frames.mid")
printf 'ticks a quarter, seconds of the start of a note of 1.0 s, length:\n%s\n' "$seen"
grep -q '^mido -6360 -0.079 -0.118$' <<< "$seen"
grep -q '^miditoolkit -6360$' <<< "$seen"
grep -q '^symusic .*not ticks per quarter' <<< "$seen"
grep -q '^tonejs undefined NaN$' <<< "$seen"
