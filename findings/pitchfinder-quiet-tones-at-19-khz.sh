#!/usr/bin/env bash
# pitchfinder 2.3.4: YIN hears quiet and low tones at 0.4 of the sample rate; the dynamic wavelet hears A6 as D6.
#
# Guess: the pitch of a steady sine does not depend on its level, and is null where a block is too short for it.
# Seen: at 48 kHz A5 is 880 Hz with a peak of 0.1 and 19,248 Hz with 0.01 (-40 dB); A2 needs 0.5, and the low E of a
# guitar is 20,069 Hz even then, in the usual block of 2,048 samples. The normalised difference of YIN is divided by a sum
# that begins with 1 in place of the first difference, so what is small beside 1 passes the threshold at the second lag;
# nothing is null. Louder input helps: scale each block to its peak. The dynamic wavelet does not depend on the level, but
# A6 (1,760 Hz) is 1,176 and C7 (2,093) is 1,398 Hz, a fifth lower, where a tuner shows another note.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" pitchfinder@2.3.4 > "$work/log"

cat > "$work/pitches.cjs" <<'JS'
const { YIN, DynamicWavelet } = require("pitchfinder");
const NOTES = { E2: 82.4, A2: 110, A3: 220, A4: 440, A5: 880, A6: 1760, C7: 2093 };
const RATE = 48000;
const sine = (pitch, level, rate) =>
  Float32Array.from({ length: 2048 }, (_, i) => level * Math.sin((2 * Math.PI * pitch * i) / rate));
for (const [note, pitch] of Object.entries(NOTES)) {
  const found = [0.5, 0.1, 0.01].map((level) => YIN({ sampleRate: RATE })(sine(pitch, level, RATE)));
  found.push(DynamicWavelet({ sampleRate: 44100 })(sine(pitch, 0.5, 44100)));
  console.log(`${note}: ${found.map((value) => (value === null ? "null" : value.toFixed(0))).join(" ")}`);
}
JS
seen=$(node "$work/pitches.cjs")
printf 'pitches by YIN of sines with peaks of 0.5, 0.1 and 0.01, and by the dynamic wavelet:\n%s\n' "$seen"
[ "$seen" = 'E2: 20069 19239 19200 82
A2: 110 19281 19201 110
A3: 220 19487 19203 220
A4: 440 20265 19212 440
A5: 880 880 19248 880
A6: 1761 1761 19383 1176
C7: 2095 2095 19451 1398' ]
