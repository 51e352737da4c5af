#!/usr/bin/env bash
# midi-parser-js 4.0.4: after a meta event that it does not know, the next bytes are skipped: notes vanish or are late.
#
# Guess: a meta event of another kind, as a channel prefix (20), a program name (08) or one of a sequencer (7F), is
# handed over or left out, and the notes behind it are read: the length of each is in the file for this.
# Seen: the parser reads the length of such an event twice, first the event and then as many bytes behind it, which it
# hands over as its data. What follows is out of step: of three notes after a channel prefix none is left, after a
# program name the first is gone and the rest late, and after 3 bytes of a sequencer one is left, 4.6 quarters late. No
# error is given. Sequencers write these events into most files, at the begin of a track. midi-file reads all four
# notes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" midi-parser-js@4.0.4 midi-file@1.2.4 > "$work/log"

cat > "$work/events.cjs" <<'JS'
const { parseMidi } = require("midi-file");
const midiParser = require("midi-parser-js");

/** Return a file of one track of four quarter notes with other bytes between the first and the second. */
function file(between) {
  const note = (key) => [0, 0x90, key, 64, 0x83, 0x60, 0x80, key, 0];
  const track = [...note(60), ...between, ...note(62), ...note(64), ...note(65), 0, 0xff, 0x2f, 0];
  const head = [...Buffer.from("MThd"), 0, 0, 0, 6, 0, 0, 0, 1, 1, 0xe0, ...Buffer.from("MTrk")];
  return new Uint8Array([...head, 0, 0, 0, track.length, ...track]);
}

/** Return "key at tick" of each start of a note. */
function notes(events, isNote) {
  let tick = 0;
  return events.flatMap((event) => {
    tick += event.deltaTime;
    return isNote(event) ? `${isNote(event)} at ${tick}` : [];
  });
}

for (const [name, between] of [
  ["nothing", []],
  ["text", [0, 0xff, 1, 2, 0x41, 0x42]],
  ["channel prefix", [0, 0xff, 0x20, 1, 0]],
  ["program name", [0, 0xff, 8, 5, 0x50, 0x69, 0x61, 0x6e, 0x6f]],
  ["sequencer", [0, 0xff, 0x7f, 3, 0, 0, 0x41]],
]) {
  const bytes = file(between);
  const right = notes(parseMidi(bytes).tracks[0], (event) => event.type === "noteOn" && event.noteNumber);
  const seen = notes(midiParser.parse(bytes).track[0].event, (event) => event.type === 9 && event.data[0]);
  console.log(`${name}: ${seen.join(", ")} (midi-file: ${right.join(", ")})`);
}
JS
seen=$(node "$work/events.cjs" 2> "$work/log")
printf 'keys and ticks of the notes:\n%s\n' "$seen"
[ "$seen" = 'nothing: 60 at 0, 62 at 480, 64 at 960, 65 at 1440 (midi-file: 60 at 0, 62 at 480, 64 at 960, 65 at 1440)
text: 60 at 0, 62 at 480, 64 at 960, 65 at 1440 (midi-file: 60 at 0, 62 at 480, 64 at 960, 65 at 1440)
channel prefix: 60 at 0 (midi-file: 60 at 0, 62 at 480, 64 at 960, 65 at 1440)
program name: 60 at 0, 64 at 576, 65 at 1056 (midi-file: 60 at 0, 62 at 480, 64 at 960, 65 at 1440)
sequencer: 60 at 0, 65 at 2814 (midi-file: 60 at 0, 62 at 480, 64 at 960, 65 at 1440)' ]
