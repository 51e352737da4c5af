#!/usr/bin/env bash
# @tonejs/midi 2.0.28: the pitch wheel of a MIDI file is read rightly and written as no bend at all.
#
# Guess: a wheel that is read as a number from -1 to 1 is written as the 14 bits that it was.
# Seen: it is written as that number, of which no fraction is left: half and whole of the way up become 0, and the whole
# way down -1 of 8192. A copy of a file with slides or vibrato by the wheel plays plain notes, without a word. Values
# have to be multiplied by 8192 before toArray, which then writes them exactly.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @tonejs/midi@2.0.28 midi-file@1.2.4 > "$work/log"

cat > "$work/bends.cjs" <<'JS'
const { Midi } = require("@tonejs/midi");
const { parseMidi, writeMidi } = require("midi-file");
const bends = [8191, 4096, 1, 0, -8192];
const track = [
  { deltaTime: 0, type: "noteOn", channel: 0, noteNumber: 60, velocity: 80 },
  ...bends.map((value) => ({ deltaTime: 60, type: "pitchBend", channel: 0, value })),
  { deltaTime: 60, type: "noteOff", channel: 0, noteNumber: 60, velocity: 0 },
  { deltaTime: 0, meta: true, type: "endOfTrack" },
];
const given = writeMidi({ header: { format: 0, numTracks: 1, ticksPerBeat: 480 }, tracks: [track] });
const midi = new Midi(Buffer.from(given));
const written = () =>
  parseMidi(Buffer.from(midi.toArray()))
    .tracks.flat()
    .filter(({ type }) => type === "pitchBend")
    .map(({ value }) => value);
console.log(`given ${bends.join(" ")}`);
console.log(`read ${midi.tracks[0].pitchBends.map(({ value }) => value.toFixed(3)).join(" ")}`);
console.log(`written ${written().join(" ")}`);
for (const bend of midi.tracks[0].pitchBends) bend.value *= 8192;
console.log(`multiplied ${written().join(" ")}`);
JS
seen=$(node "$work/bends.cjs")
printf '%s\n' "$seen"
[ "$seen" = 'given 8191 4096 1 0 -8192
read 1.000 0.500 0.000 0.000 -1.000
written 0 0 0 0 -1
multiplied 8191 4096 1 0 -8192' ]
