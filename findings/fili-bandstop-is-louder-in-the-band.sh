#!/usr/bin/env bash
# fili 2.0.3: an FIR band stop makes the band 6 dB louder, and one of an odd order is a band pass.
#
# Guess: bandstop({ order: 100, Fs: 8000, F1: 800, F2: 1200 }) leaves 100 and 3,500 Hz and removes 1,000 Hz, by 40 dB or
# more, as bandpass() with the same numbers keeps it.
# Seen: 1,000 Hz comes out doubled, the edges of 800 and 1,200 Hz by 3.5 dB up, whatever band and even order; with an
# odd order 1,000 Hz stays and all else is 46 dB down or more. The coefficients of the band are added to the unit pulse
# in place of taken away, and with an odd order there is no middle to put the pulse. Low pass, high pass and band pass
# are right, as are the band stops of IIR filters. A filter against hum or a howl makes it louder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" fili@2.0.3 > "$work/log"

cat > "$work/stop.cjs" <<'JS'
const { FirCoeffs, FirFilter } = require("fili");

/** Return the gain of a tone in decibels, from what the filter makes of it after one second. */
function gain(coefficients, frequency) {
  const filter = new FirFilter(coefficients);
  let [power, count] = [0, 0];
  for (let at = 0; at < 16000; at++) {
    const sample = filter.singleStep(Math.sin((2 * Math.PI * frequency * at) / 8000));
    if (at >= 8000) [power, count] = [power + 2 * sample ** 2, count + 1];
  }
  const level = 10 * Math.log10(power / count);
  return `${frequency} Hz ${level < -40 ? "silent" : level.toFixed(1).replace("-0.0", "0.0")}`;
}

for (const [name, order, F1, F2] of [
  ["bandpass", 100, 800, 1200],
  ["bandstop", 100, 800, 1200],
  ["bandstop", 400, 800, 1200],
  ["bandstop", 100, 500, 1500],
  ["bandstop", 101, 800, 1200],
]) {
  const coefficients = new FirCoeffs()[name]({ order, Fs: 8000, F1, F2 });
  const gains = [100, F1, 1000, F2, 3500].map((frequency) => gain(coefficients, frequency));
  console.log(`${name} of order ${order}: ${gains.join(", ")}`);
}
JS
seen=$(node "$work/stop.cjs")
printf 'decibels of tones:\n%s\n' "$seen"
[ "$seen" = 'bandpass of order 100: 100 Hz silent, 800 Hz -6.0, 1000 Hz 0.0, 1200 Hz -6.0, 3500 Hz silent
bandstop of order 100: 100 Hz 0.0, 800 Hz 3.5, 1000 Hz 6.0, 1200 Hz 3.5, 3500 Hz 0.0
bandstop of order 400: 100 Hz 0.0, 800 Hz 3.5, 1000 Hz 6.0, 1200 Hz 3.5, 3500 Hz 0.0
bandstop of order 100: 100 Hz 0.0, 500 Hz 3.5, 1000 Hz 6.0, 1500 Hz 3.5, 3500 Hz 0.0
bandstop of order 101: 100 Hz silent, 800 Hz -6.0, 1000 Hz 0.0, 1200 Hz -6.0, 3500 Hz silent' ]
