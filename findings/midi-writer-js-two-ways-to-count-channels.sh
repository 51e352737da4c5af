#!/usr/bin/env bash
# midi-writer-js 3.2.1: notes count channels from 1, programs and bends from 0, and no grace note is in the file.
#
# Guess: channel: 2 is one channel in all events of a library, whichever it is, and `grace` of a note, "applied before
# the main note" by the table of options, gives a short note before it.
# Seen: notes and controllers go to the second channel, ProgramChangeEvent and PitchBendEvent to the third. A part on
# channel 2 is a piano without bends, and the part on channel 3 has its instrument and its bends; on 9 the next to change
# are the drums. A default is the first channel everywhere, so that a piece for one instrument is right. Grace notes are
# made and left out, without a word. Programs and bends need channel - 1, grace notes a note of their own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" midi-writer-js@3.2.1 midi-file@1.2.4 > "$work/log"

cat > "$work/events.cjs" <<'JS'
const writer = require("midi-writer-js");
const { parseMidi } = require("midi-file");
const track = new writer.Track();
const channel = 2;
track.addEvent(new writer.ProgramChangeEvent({ instrument: 40, channel }));
track.addEvent(new writer.ControllerChangeEvent({ controllerNumber: 7, controllerValue: 100, channel }));
track.addEvent(new writer.PitchBendEvent({ bend: 0.5, channel }));
track.addEvent(new writer.NoteEvent({ pitch: ["A4"], grace: ["G4"], duration: "4", channel }));
const events = parseMidi(new writer.Writer([track]).buildFile()).tracks.flat();
for (const { type, channel, noteNumber } of events) {
  if (channel !== undefined) console.log(type, `channel ${channel + 1}`, noteNumber ?? "");
}
JS
seen=$(node "$work/events.cjs" | sed 's/ *$//')
printf 'events for channel 2, counted from 1:\n%s\n' "$seen"
[ "$seen" = 'programChange channel 3
controller channel 2
pitchBend channel 3
noteOn channel 2 69
noteOff channel 2 69' ]
