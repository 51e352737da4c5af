#!/usr/bin/env bash
# @purinton/resampler 1.0.4: from 48 to 24 kHz everything above 12 kHz stays, folded down at its full level.
#
# Guess: a resampler of windowed sincs, for streams of speech and with 48 to 24 kHz as its first example, takes out what
# the lower rate cannot hold, 40 dB down at least, and does it better with a larger filterWindow.
# Seen: the sinc has the width of the input's rate in both directions, so that a whole ratio takes every second or third
# sample as it is: 13 kHz is a tone at 11 kHz, 20 kHz one at 4 kHz and, to 8 kHz, 7 kHz one at 1 kHz, no decibel softer,
# with filterWindow 64 too. The s of speech and cymbals come back as noise in the middle of the voice, for listeners and
# for the recogniser behind the stream. Up from 24 kHz it filters, as it should. Put a low-pass before it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @purinton/resampler@1.0.4 > "$work/log"

cat > "$work/folded.mjs" <<'JS'
import { Readable } from "node:stream";
import { Resampler } from "@purinton/resampler";

/** Return the level in dB of a frequency in a wave, without both ends. */
function level(wave, rate, pitch) {
  const part = wave.slice(rate / 4, (3 * rate) / 4);
  let [real, imaginary, total] = [0, 0, 0];
  part.forEach((value, i) => {
    const weight = 1 - Math.cos((2 * Math.PI * (i + 0.5)) / part.length);
    real += weight * value * Math.cos((2 * Math.PI * pitch * i) / rate);
    imaginary += weight * value * Math.sin((2 * Math.PI * pitch * i) / rate);
    total += weight;
  });
  return (20 * Math.log10((2 * Math.hypot(real, imaginary)) / total)).toFixed(0);
}

/** Return a tone of a second, half of full scale, at another rate. */
async function resampled(pitch, inRate, outRate, filterWindow) {
  const tone = Buffer.alloc(2 * inRate);
  for (let i = 0; i < inRate; i++) {
    tone.writeInt16LE(Math.round(16384 * Math.sin((2 * Math.PI * pitch * i) / inRate)), 2 * i);
  }
  const pieces = [];
  const stream = Readable.from([tone]).pipe(new Resampler({ inRate, outRate, filterWindow }));
  for await (const piece of stream) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i) / 32768);
}

for (const [pitch, inRate, outRate, folded] of [
  [1000, 48000, 24000, 1000],
  [13000, 48000, 24000, 11000],
  [20000, 48000, 24000, 4000],
  [7000, 48000, 8000, 1000],
  [5000, 24000, 48000, 19000],
]) {
  const levels = [];
  for (const filterWindow of [8, 64]) {
    levels.push(level(await resampled(pitch, inRate, outRate, filterWindow), outRate, folded));
  }
  console.log(`${pitch} Hz, ${inRate} to ${outRate}: ${folded} Hz at ${levels.join(" and ")}`);
}
JS
seen=$(node "$work/folded.mjs")
printf 'levels in dB of what comes out, -6 being the input, with filterWindow 8 and 64:\n%s\n' "$seen"
[ "$seen" = '1000 Hz, 48000 to 24000: 1000 Hz at -6 and -6
13000 Hz, 48000 to 24000: 11000 Hz at -6 and -6
20000 Hz, 48000 to 24000: 4000 Hz at -6 and -6
7000 Hz, 48000 to 8000: 1000 Hz at -6 and -6
5000 Hz, 24000 to 48000: 19000 Hz at -64 and -120' ]
