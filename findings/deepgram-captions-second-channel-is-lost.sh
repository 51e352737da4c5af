#!/usr/bin/env bash
# @deepgram/captions 1.2.0: captions of a call with a channel for each speaker have the words of the first alone.
#
# Guess: the words of all channels of a transcript become captions, in the order of time.
# Seen: of a transcript with multichannel, as calls and interviews are recorded, only the first channel is read: what
# the caller says is in no caption, and no error is given, though the header of the WebVTT says "Channels: 2". A caption
# runs on through the time of the other, here from 0 to 11.5 s. With the option utterances of the service both are
# there. The page of the package names no such limit.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @deepgram/captions@1.2.0 > "$work/log"

cat > "$work/call.cjs" <<'JS'
const { srt, webvtt } = require("@deepgram/captions");
const words = (text, start, channel) =>
  text.split(" ").map((word, at) => ({ word, start: start + at, end: start + at + 0.5, confidence: 1, channel }));
const turns = [["how may I help", 0, 0], ["my line is dead", 5, 1], ["since when", 10, 0], ["since Monday", 15, 1]];
const channels = [0, 1].map((channel) => ({
  alternatives: [{ words: turns.filter((turn) => turn[2] === channel).flatMap((turn) => words(...turn)) }],
}));
const utterances = turns.map((turn) => ({ start: turn[1], end: turn[1] + 4, channel: turn[2], words: words(...turn) }));
const metadata = { request_id: "1", created: "", duration: 20, channels: 2 };
const lines = (text) => text.split("\n").filter((line) => /[a-z]/.test(line)).join(" / ");
console.log("channels:", lines(srt({ metadata, results: { channels } })));
console.log("WebVTT:", webvtt({ metadata, results: { channels } }).split("\n").slice(-3).filter(Boolean).join(" "));
console.log("utterances:", lines(srt({ metadata, results: { channels, utterances } })));
JS
seen=$(node "$work/call.cjs")
printf 'captions of a call of two channels:\n%s\n' "$seen"
[ "$seen" = 'channels: how may I help since when
WebVTT: 00:00:00.000 --> 00:00:11.500 how may I help since when
utterances: how may I help / my line is dead / since when / since Monday' ]
