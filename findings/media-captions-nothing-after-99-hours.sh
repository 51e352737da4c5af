#!/usr/bin/env bash
# media-captions 1.0.4: cues of WebVTT and SRT after 99 hours are dropped, and the one across them, with no error.
#
# Guess: 100:00:01.000 in WebVTT is 360,001 s: the standard has two or more digits for the hours.
# Seen: the parser takes hours of two digits alone and drops each cue with a later start or end; errors are collected
# only where they were asked for (errors: true), so the list is empty. node-webvtt reads all three. Streams that have
# run for four days count their captions on from the start, as do logs of a room: players that use the package show no
# more captions from then on, with a list of cues that is empty and not wrong.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" media-captions@1.0.4 node-webvtt@2.0.0 > "$work/log"

cat > "$work/hours.mjs" <<'JS'
import { parseText } from "media-captions";
import webvtt from "node-webvtt";
globalThis.VTTCue ??= class {};
const cues = [["99:59:57", "99:59:58", "a"], ["99:59:59", "100:00:01", "b"], ["100:00:01", "100:00:02", "c"]];
const block = (mark) => cues.map(([start, end, text]) => `${start}${mark}000 --> ${end}${mark}000\n${text}`);
const files = {
  vtt: `WEBVTT\n\n${block(".").join("\n\n")}\n`,
  srt: block(",").map((cue, at) => `${at + 1}\n${cue}\n\n`).join(""),
};
const times = (cue) => `${cue.startTime ?? cue.start}-${cue.endTime ?? cue.end}`;
const shown = (cues) => cues.map((cue) => `${times(cue)} ${cue.text}`).join(", ");
for (const type of ["vtt", "srt"]) {
  const { cues, errors } = await parseText(files[type], { type });
  console.log(`${type}: ${shown(cues)}; ${errors.length} errors`);
}
console.log(`by node-webvtt: ${shown(webvtt.parse(files.vtt).cues)}`);
JS
seen=$(node "$work/hours.mjs")
printf 'cues around the hundredth hour:\n%s\n' "$seen"
[ "$seen" = 'vtt: 359997-359998 a; 0 errors
srt: 359997-359998 a; 0 errors
by node-webvtt: 359997-359998 a, 359999-360001 b, 360001-360002 c' ]
