#!/usr/bin/env bash
# wav-decoder 1.3.0: the lowest value of a WAV file with 24 bits is read as the highest.
#
# Guess: a decoder of integers is right for all of them or wrong for most, and what 16 and 32 bits do, 24 bits do too.
# Seen: -1, the three bytes 00 00 80, comes back as +1, and only from 24 bits. A loud recording that is clipped stays at
# the lowest value for some samples at each trough: there it jumps from the bottom to the top and back, and what was
# dull is a row of loud clicks. The top is right, so that a sound clicks and the same sound upside down does not. A
# sound that only comes close to full scale, as test tones do, is right; scaled to 0.99 before it is written it is safe.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" wav-decoder@1.3.0 wavefile@11.0.0 > "$work/log"

cat > "$work/clipped.cjs" <<'JS'
const decoder = require("wav-decoder");
const { WaveFile } = require("wavefile");
const RATE = 48000;
for (const bits of [16, 24, 32]) {
  const top = 2 ** (bits - 1);
  for (const gain of [0.9, 1.5, -1.5]) {
    const tone = Array.from({ length: RATE / 10 }, (_, i) => gain * Math.max(-0.2, Math.sin((2 * Math.PI * 100 * i) / RATE)));
    const file = new WaveFile();
    file.fromScratch(1, RATE, String(bits), tone.map((value) => Math.max(-top, Math.min(top - 1, Math.round(value * top)))));
    const [wave] = decoder.decode.sync(Buffer.from(file.toBuffer())).channelData;
    const jump = Math.max(...wave.slice(1).map((value, i) => Math.abs(value - wave[i])));
    console.log(`${bits} bits, gain ${gain}: ${Math.min(...wave).toFixed(3)} to ${Math.max(...wave).toFixed(3)}, ${jump.toFixed(3)}`);
  }
}
JS
seen=$(node "$work/clipped.cjs")
printf 'range and largest step of tones at 100 Hz, most of them clipped:\n%s\n' "$seen"
[ "$seen" = '16 bits, gain 0.9: -0.180 to 0.900, 0.012
16 bits, gain 1.5: -0.300 to 1.000, 0.020
16 bits, gain -1.5: -1.000 to 0.300, 0.020
24 bits, gain 0.9: -0.180 to 0.900, 0.012
24 bits, gain 1.5: -0.300 to 1.000, 0.020
24 bits, gain -1.5: -0.989 to 1.000, 1.989
32 bits, gain 0.9: -0.180 to 0.900, 0.012
32 bits, gain 1.5: -0.300 to 1.000, 0.020
32 bits, gain -1.5: -1.000 to 0.300, 0.020' ]
