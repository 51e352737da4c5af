#!/usr/bin/env bash
# @tonejs/midi 2.0.28: A minor is read as C minor, and a copy of a MIDI file has 7 sharps more than it had.
#
# Guess: a key signature without sharps and in minor is read as key "A" and scale "minor", and a file that is read and
# written again has the key that it had.
# Seen: the names are those of the major keys, so that A minor is "C" "minor" and B flat minor "Db" "minor": what is built
# on key and scale, the chords of an accompaniment for example, is a minor third too high in each minor piece. Written is
# the place in a table that begins with Cb, 7 more than the number of sharps: the copy of a file in C major has 14, a key
# that MIDI has not, and C flat major becomes C sharp. A minor key has to be counted down by three semitones, and
# header.keySignatures to be emptied before toArray.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @tonejs/midi@2.0.28 midi-file@1.2.4 > "$work/log"

cat > "$work/keys.cjs" <<'JS'
const { Midi } = require("@tonejs/midi");
const { parseMidi, writeMidi } = require("midi-file");
for (const [key, scale] of [[0, 0], [0, 1], [-5, 1], [3, 1], [-7, 0]]) {
  const track = [
    { deltaTime: 0, meta: true, type: "keySignature", key, scale },
    { deltaTime: 0, type: "noteOn", channel: 0, noteNumber: 60, velocity: 64 },
    { deltaTime: 480, type: "noteOff", channel: 0, noteNumber: 60, velocity: 0 },
    { deltaTime: 0, meta: true, type: "endOfTrack" },
  ];
  const midi = new Midi(Buffer.from(writeMidi({ header: { format: 1, numTracks: 1, ticksPerBeat: 480 }, tracks: [track] })));
  const written = parseMidi(Buffer.from(midi.toArray())).tracks.flat().find(({ type }) => type === "keySignature");
  const read = midi.header.keySignatures[0];
  console.log(`${key} ${["major", "minor"][scale]}: ${read.key} ${read.scale}, written ${written.key}`);
}
JS
seen=$(node "$work/keys.cjs")
printf 'sharps and mode: as read, as written again:\n%s\n' "$seen"
[ "$seen" = '0 major: C major, written 14
0 minor: C minor, written 14
-5 minor: Db minor, written 9
3 minor: A minor, written 17
-7 major: Cb major, written 7' ]
