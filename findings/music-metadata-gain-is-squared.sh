#!/usr/bin/env bash
# music-metadata 11.16.1 (12.1.0 alike): the ratio of a ReplayGain is squared, and a peak has half of its dB.
#
# Guess: replaygain_track_gain has the dB of the tag and, as its ratio, what a player multiplies samples by: 0.501 for -6
# dB. A peak of 0.5 is -6.02 dB.
# Seen: the ratio is 0.251, one of powers, and 0.01 for -20 dB. Samples times the ratio are 12 dB lower in place of 6, and
# 40 in place of 20: what was loud becomes the quietest of a list, and what is to be raised (3.98 for +6 dB) clips. The
# peak of 0.5, a ratio of amplitudes, comes with -3.01 dB, half of the room there is. So one pair of fields is a power in
# the gain and in the dB of the peak, an amplitude in the ratio of the peak. Take the dB of a gain and the ratio of a
# peak, and compute the other of each.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" music-metadata@11.16.1 > "$work/log"

cat > "$work/gains.mjs" <<'JS'
import { parseBuffer } from "music-metadata";

/** Return a number in four bytes, the lowest first. */
function four(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Return a FLAC file of no samples (44.1 kHz, one channel, 16 bits) with tags. */
function flacFile(...tags) {
  const comment = Buffer.concat([four(0), four(tags.length), ...tags.flatMap((tag) => [four(tag.length), Buffer.from(tag)])]);
  const info = Buffer.alloc(34);
  info.writeUInt16BE(4096, 0);
  info.writeUInt16BE(4096, 2);
  info.writeUInt32BE(((44100 << 12) | (15 << 4)) >>> 0, 10);
  return Buffer.concat([Buffer.from("fLaC"), Buffer.from([0, 0, 0, 34]), info, Buffer.from([132, 0, 0, comment.length]), comment]);
}

for (const tag of ["GAIN=-6.00 dB", "GAIN=+6.00 dB", "GAIN=-20.00 dB", "PEAK=0.5"]) {
  const { common } = await parseBuffer(flacFile(`REPLAYGAIN_TRACK_${tag}`), { mimeType: "audio/flac" });
  const { dB, ratio } = common.replaygain_track_gain ?? common.replaygain_track_peak;
  console.log(`${tag}: ${dB.toFixed(2)} dB, ratio ${ratio.toFixed(3)}`);
}
JS
seen=$(node "$work/gains.mjs")
printf 'gain or peak of a tag in dB and as a ratio:\n%s\n' "$seen"
[ "$seen" = 'GAIN=-6.00 dB: -6.00 dB, ratio 0.251
GAIN=+6.00 dB: 6.00 dB, ratio 3.981
GAIN=-20.00 dB: -20.00 dB, ratio 0.010
PEAK=0.5: -3.01 dB, ratio 0.500' ]
