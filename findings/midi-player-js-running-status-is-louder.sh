#!/usr/bin/env bash
# midi-player-js 2.0.17: velocities have two scales in one file, and notes in running status are the louder ones.
#
# Guess: an event has the velocity of the file, 0 to 127, or one scale of the library's own for all notes. Running
# status, the status byte left out where it is that of the event before, is a matter of bytes, and what is read is the
# same.
# Seen: with a status byte velocity is a percentage (64 is 50, 127 is 100), without one it is as in the file (64, 127).
# Of equal notes in a row the first is 2.1 dB softer than the rest if a gain is made of it, and 127 as a percentage
# clips a sampler that takes 100 for full. Where a sequencer writes running status, the soft notes are the first and
# each one after a controller, a pedal for instance: accents where nobody played any. The same music written by mido,
# with a status byte for each event, is even. Event.running tells which scale it is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" midi-player-js@2.0.17 > "$work/log"

cat > "$work/velocities.cjs" <<'JS'
const { Player } = require("midi-player-js");

/** Return the velocities of the notes in a track of events, each a delta time and bytes. */
function velocities(...events) {
  const track = Buffer.from([...events.flat(), 0, 0xff, 0x2f, 0]);
  const header = Buffer.from("4d546864000000060000000101e0", "hex");
  const size = Buffer.from([0, 0, 0, track.length]);
  const player = new Player();
  player.loadArrayBuffer(Uint8Array.from(Buffer.concat([header, Buffer.from("MTrk"), size, track])).buffer);
  const notes = player.getEvents()[0].filter((event) => event.name === "Note on" && event.velocity);
  return notes.map((event) => event.velocity).join(" ");
}

console.log("status bytes:", velocities(
  [0, 0x90, 60, 64], [96, 0x80, 60, 0], [0, 0x90, 62, 64], [96, 0x80, 62, 0], [0, 0x90, 64, 127], [96, 0x80, 64, 0],
));
console.log("running status:", velocities(
  [0, 0x90, 60, 64], [96, 60, 0], [0, 62, 64], [96, 62, 0], [0, 64, 127], [96, 64, 0],
));
console.log("with a pedal:", velocities(
  [0, 0x90, 60, 64], [96, 60, 0], [0, 62, 64], [96, 62, 0], [0, 0xb0, 64, 127], [0, 0x90, 64, 64], [96, 64, 0],
));
JS
seen=$(node "$work/velocities.cjs")
printf 'velocities of 64 64 127, and of 64 64 64 with a pedal before the last:\n%s\n' "$seen"
[ "$seen" = 'status bytes: 50 50 100
running status: 50 64 127
with a pedal: 50 64 50' ]
