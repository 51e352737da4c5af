#!/usr/bin/env bash
# @tonejs/midi 2.0.28: a channel that changes its program plays all of its notes with the last one in a copy.
#
# Guess: a track has one instrument, the first or the last of its program changes; or what changes is kept as an event.
# Seen: reading is cleverer: notes before and after a change become two tracks, each with its own instrument. But both
# keep channel 0, and toArray writes the program of each at tick 0, where it holds for the channel: the copy begins with
# programs 10 and 40 at once, and a player plays the first note, too, with 40. Each track needs a channel of its own
# before toArray.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @tonejs/midi@2.0.28 midi-file@1.2.4 > "$work/log"

cat > "$work/programs.cjs" <<'JS'
const { Midi } = require("@tonejs/midi");
const { parseMidi, writeMidi } = require("midi-file");
const note = (noteNumber) => [
  { deltaTime: 0, type: "noteOn", channel: 0, noteNumber, velocity: 80 },
  { deltaTime: 480, type: "noteOff", channel: 0, noteNumber, velocity: 0 },
];
const program = (programNumber) => ({ deltaTime: 0, type: "programChange", channel: 0, programNumber });
const end = { deltaTime: 0, meta: true, type: "endOfTrack" };
const track = [program(10), ...note(60), program(40), ...note(62), end];
const given = writeMidi({ header: { format: 0, numTracks: 1, ticksPerBeat: 480 }, tracks: [track] });
const midi = new Midi(Buffer.from(given));
function show(name, bytes) {
  for (const events of parseMidi(Buffer.from(bytes)).tracks) {
    let tick = 0;
    const shown = [];
    for (const { deltaTime, type, channel, programNumber, noteNumber } of events) {
      tick += deltaTime;
      if (type === "programChange") shown.push(`${tick}: channel ${channel} program ${programNumber}`);
      if (type === "noteOn") shown.push(`${tick}: channel ${channel} key ${noteNumber}`);
    }
    if (shown.length) console.log(`${name}: ${shown.join(", ")}`);
  }
}
show("given", given);
const named = ({ instrument, channel, notes }) => `program ${instrument.number} on ${channel}, ${notes.length} note`;
const tracks = midi.tracks.map(named);
console.log(`read: ${tracks.join("; ")}`);
show("written", midi.toArray());
JS
seen=$(node "$work/programs.cjs")
printf '%s\n' "$seen"
[ "$seen" = 'given: 0: channel 0 program 10, 0: channel 0 key 60, 480: channel 0 program 40, 480: channel 0 key 62
read: program 10 on 0, 1 note; program 40 on 0, 1 note
written: 0: channel 0 program 10, 0: channel 0 key 60
written: 0: channel 0 program 40, 480: channel 0 key 62' ]
