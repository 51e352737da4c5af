#!/usr/bin/env bash
# spessasynth_core 4.3.22: a copy of a MIDI file ends with its last note, though its tracks go on.
#
# Guess: what is read from a MIDI file and written again without a change has the ends of tracks that it had.
# Seen: each end of track is written with a time of 0. The rest of the last bar, or bars of silence for an echo, are gone,
# and a loop of four bars that ends in a rest comes in early when it is repeated. The duration that the library reports
# is that of the last note, too, so nothing shows it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" spessasynth_core@4.3.22 midi-file@1.2.4 > "$work/log"

cat > "$work/ends.mjs" <<'JS'
import { BasicMIDI } from "spessasynth_core";
import midiFile from "midi-file";
const { parseMidi, writeMidi } = midiFile;
const loop = [
  { deltaTime: 0, meta: true, type: "setTempo", microsecondsPerBeat: 500000 },
  { deltaTime: 0, type: "noteOn", channel: 0, noteNumber: 60, velocity: 80 },
  { deltaTime: 480, type: "noteOff", channel: 0, noteNumber: 60, velocity: 0 },
  { deltaTime: 1440, meta: true, type: "endOfTrack" },
];
const given = Uint8Array.from(writeMidi({ header: { format: 0, numTracks: 1, ticksPerBeat: 480 }, tracks: [loop] }));
const midi = BasicMIDI.fromArrayBuffer(given.buffer);
const ticks = (bytes) =>
  parseMidi(new Uint8Array(bytes)).tracks[0].reduce((sum, { deltaTime }) => sum + deltaTime, 0);
console.log(`given ${ticks(given)} ticks, written ${ticks(midi.writeMIDI())}, duration ${midi.duration} s`);
JS
seen=$(node "$work/ends.mjs")
printf '%s\n' "$seen"
[ "$seen" = 'given 1920 ticks, written 480, duration 0.5 s' ]
