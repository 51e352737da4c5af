#!/usr/bin/env bash
# subsrt-ts 2.1.2: each line of an ASS file loses its first letter, and MicroDVD has a thousand times the frames.
#
# Guess: "Hello there" from 2 to 4 s comes back from ASS, SSA, MicroDVD and SAMI with its text, and 2 s at 25 frames a
# second are frame 50.
# Seen: a line of ASS or SSA is "ello there", whoever wrote the file: the text is cut one character after the comma,
# where a space is assumed that the format does not have (one that is there hides the error). Of "{\i1}Hello" the brace
# goes, and what was markup is shown: "\i1}Hello". MicroDVD counts milliseconds for seconds: 2 s are frame 50,000, half
# an hour in a player; its own reader divides by the same, so that a test of a copy passes, and a file of others has
# captions of milliseconds. SAMI that it wrote itself has no caption. Corpora that were converted with it lack a letter
# a line.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" subsrt-ts@2.1.2 > "$work/log"

cat > "$work/convert.mjs" <<'JS'
import subsrt from "subsrt-ts";
const read = (text, format, options) => subsrt.parse(text, { format, ...options }).filter((each) => each.type === "caption");
const shown = (captions) => captions.map((each) => `${each.start}-${each.end} ${each.text}`).join("; ") || "nothing";
const srt = "1\n00:00:02,000 --> 00:00:04,000\nHello there\n\n";
for (const format of ["vtt", "ass", "ssa", "smi", "sub"]) {
  console.log(`${format}: ${shown(read(subsrt.build(read(srt, "srt"), { format, fps: 25 }), format, { fps: 25 }))}`);
}
const ass = (text) => `[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, \
MarginR, MarginV, Effect, Text\nDialogue: 0,0:00:02.00,0:00:04.00,Default,,0,0,0,,${text}\n`;
for (const text of ["Hello there", "{\\i1}Hello{\\i0} there"]) {
  console.log(`ass of others: ${shown(read(ass(text), "ass"))}`);
}
console.log(`sub as written: ${subsrt.build(read(srt, "srt"), { format: "sub", fps: 25 }).trim()}`);
console.log(`sub of others: ${shown(read("{50}{100}Hello there\n", "sub", { fps: 25 }))}`);
JS
seen=$(node "$work/convert.mjs")
printf '"Hello there" from 2,000 to 4,000 ms:\n%s\n' "$seen"
[ "$seen" = 'vtt: 2000-4000 Hello there
ass: 2000-4000 ello there
ssa: 2000-4000 ello there
smi: nothing
sub: 2000-4000 Hello there
ass of others: 2000-4000 ello there
ass of others: 2000-4000 \i1}Hello there
sub as written: {50000}{100000}Hello there
sub of others: 2-4 Hello there' ]
