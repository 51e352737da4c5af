#!/usr/bin/env bash
# wavefile 11.0.0 (npm): 16-bit samples made 24 or 32 bits long and short again are one step nearer to zero.
#
# Guess: to 24 bits and back is the way without a loss, so that each of the 65,536 values comes back.
# Seen: 32,766 of them do not. Full scale is mapped on full scale (32767 to 8388607), a factor of 256.008, and both
# ways cut what lies behind the point: 1 becomes 256, and 256 becomes 0. Each round trip takes half of all values one
# step down; by 32-bit float it is a quarter of them, by 64-bit float none. Files that must stay as they are should not
# be widened by this library; a shift by eight bits is exact.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" wavefile@11.0.0 > "$work/log"
cat > "$work/there-and-back.mjs" <<'JS'
import wavefile from "wavefile";
const values = Int16Array.from({ length: 65536 }, (_, index) => index - 32768);
for (const depth of ["24", "32", "32f", "64"]) {
  const file = new wavefile.WaveFile();
  file.fromScratch(1, 48000, "16", values);
  file.toBitDepth(depth);
  file.toBitDepth("16");
  const again = file.getSamples(false, Int16Array);
  const changed = values.filter((value, index) => value !== again[index]);
  const nearer = changed.filter((value) => Math.abs(again[value + 32768]) === Math.abs(value) - 1);
  console.log(depth, changed.length, nearer.length);
}
JS
node "$work/there-and-back.mjs" > "$work/seen"
printf 'depth between, values changed, of these one step nearer to zero:\n%s\n' "$(cat "$work/seen")"
[ "$(cat "$work/seen")" = '24 32766 32766
32 32766 32766
32f 16639 16639
64 0 0' ]
