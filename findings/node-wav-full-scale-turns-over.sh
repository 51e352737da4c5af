#!/usr/bin/env bash
# node-wav 0.0.2 (npm): the lowest value of a WAV file of 24 bits is read as the highest; silence of 8 bits is none.
#
# Guess: values from -1 to 1 that are encoded and decoded come back within a step of their depth, silence as silence.
# Seen: of 24 bits -1 comes back as +1.0000001, since the reader takes only what is above 0x800000 for negative: one
# sample of 0x800000, which each clipped recording has, becomes a click of twice full scale. The file itself is right.
# Of 8 bits, 0 is written as 127, one step below silence, so that a silent file holds a constant, and -0.5 as 63; the
# reader is right. 16 and 32 bits are right but for the last step of the positive side. A file of floats is clipped at 1
# as it is written.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" node-wav@0.0.2 > "$work/log"

cat > "$work/there-and-back.mjs" <<'JS'
import wav from "node-wav";
const values = [1, -1, -0.999, 0.5, -0.5, 0, 1.5];
for (const [bitDepth, float] of [[8, false], [16, false], [24, false], [32, false], [32, true]]) {
  const file = wav.encode([Float32Array.from(values)], { sampleRate: 48000, float, bitDepth });
  const [again] = wav.decode(file).channelData;
  console.log(bitDepth, float ? "float:" : "integer:", Array.from(again, (value) => value.toFixed(3)).join(" "));
}
const file = wav.encode([Float32Array.from([-1, 0])], { sampleRate: 48000, float: false, bitDepth: 24 });
console.log("bytes of -1 and 0 in 24 bits:", Buffer.from(file).subarray(44).toString("hex"));
JS
seen=$(node "$work/there-and-back.mjs")
printf '1, -1, -0.999, 0.5, -0.5, 0 and 1.5, there and back:\n%s\n' "$seen"
[ "$seen" = '8 integer: 1.000 -1.000 -1.000 0.496 -0.508 -0.008 1.000
16 integer: 1.000 -1.000 -0.999 0.500 -0.500 0.000 1.000
24 integer: 1.000 1.000 -0.999 0.500 -0.500 0.000 1.000
32 integer: 1.000 -1.000 -0.999 0.500 -0.500 0.000 1.000
32 float: 1.000 -1.000 -0.999 0.500 -0.500 0.000 1.000
bytes of -1 and 0 in 24 bits: 000080000000' ]
