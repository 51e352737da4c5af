#!/usr/bin/env bash
# Meyda 5.6.3: rms and energy are those of the window, 4.3 dB low, and two frequencies of one sound have two units.
#
# Guess: rms is the root of the mean square of the samples that were given, 0.354 for a sine of 0.5; spectralCentroid and
# spectralRolloff are in one unit.
# Seen: the Hann window, which is meant for spectra, is applied before features of time too: 0.216, and energy 96 in place
# of 256. A meter reads 4.3 dB low, and a click counts fully in the middle of a block and not at all near its start.
# Of a tone at 1,000 Hz the centroid is 46.4, in bins, and the rolloff 1,056, in Hz. windowingFunction = "rect" is right
# for levels and wrong for spectra, so that it takes two calls.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" meyda@5.6.3 > "$work/log"

cat > "$work/features.cjs" <<'JS'
const Meyda = require("meyda");
const SIZE = 2048;
const RATE = 44100;
Meyda.bufferSize = SIZE;
Meyda.sampleRate = RATE;
const tone = Float32Array.from({ length: SIZE }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 1000 * i) / RATE));
const click = (position) => Float32Array.from({ length: SIZE }, (_, i) => (i === position ? 1 : 0));
const plain = (wave) => Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length);
for (const [name, wave] of [["tone", tone], ["click in the middle", click(SIZE / 2)], ["click near the start", click(20)]]) {
  console.log(name, Meyda.extract("rms", wave).toFixed(4), plain(wave).toFixed(4));
}
const { energy, spectralCentroid, spectralRolloff } = Meyda.extract(["energy", "spectralCentroid", "spectralRolloff"], tone);
console.log("energy", energy.toFixed(0), "centroid", spectralCentroid.toFixed(1), "rolloff", spectralRolloff.toFixed(0));
Meyda.windowingFunction = "rect";
console.log("rect", Meyda.extract("rms", tone).toFixed(4));
JS
seen=$(node "$work/features.cjs")
printf 'rms of Meyda and of the samples; other features of the tone; rms without a window:\n%s\n' "$seen"
[ "$seen" = $'tone 0.2165 0.3537\nclick in the middle 0.0221 0.0221\nclick near the start 0.0000 0.0221\nenergy 96 centroid 46.4 rolloff 1056\nrect 0.3537' ]
