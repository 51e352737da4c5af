#!/usr/bin/env bash
# web-audio-engine 0.13.4, @descript/web-audio-js 0.15.3: a saw of 50 Hz ends at 750 Hz, and a square peaks at 1.4.
#
# Guess: a sawtooth or square has all harmonics below half the sample rate, as the Web Audio API says, a square is at 1
# and -1 but for the overshoot at its edges, and a custom wave is scaled so that its highest value is 1.
# Seen: waves have 15 harmonics at every frequency, so that a bass of 50 Hz has nothing above 750 Hz. The fundamental of
# a square is 1.5 in place of 1.27, its peak 1.4 and its level 1.16: it clips in any file. That of a saw is 0.71 in
# place of 0.64. A custom wave of two equal harmonics reaches 3.1. All is the same in both packages.
# Sounds that are made on a server are duller and louder than the same graph in a browser.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" web-audio-engine@0.13.4 @descript/web-audio-js@0.15.3 \
    > "$work/log"

cat > "$work/waves.cjs" <<'JS'
const RATE = 44100;

/** Return one second of a wave, the second one. */
async function wave({ OfflineAudioContext }, set, frequency) {
  const context = new OfflineAudioContext(1, 2 * RATE, RATE);
  const oscillator = context.createOscillator();
  set(oscillator, context);
  oscillator.frequency.value = frequency;
  oscillator.connect(context.destination);
  oscillator.start(0);
  return (await context.startRendering()).getChannelData(0).slice(RATE);
}

/** Return the amplitude of a frequency in one second. */
function amplitude(sound, frequency) {
  let [sine, cosine] = [0, 0];
  sound.forEach((value, at) => {
    sine += value * Math.sin((2 * Math.PI * frequency * at) / RATE);
    cosine += value * Math.cos((2 * Math.PI * frequency * at) / RATE);
  });
  return (2 * Math.hypot(sine, cosine)) / RATE;
}

async function main() {
  for (const name of ["web-audio-engine", "@descript/web-audio-js"]) {
    const library = require(name);
    for (const type of ["sawtooth", "square"]) {
      for (const frequency of [50, 200, 441]) {
        const sound = await wave(library, (oscillator) => (oscillator.type = type), frequency);
        let last = 0;
        for (let each = frequency; each < RATE / 2; each += frequency) if (amplitude(sound, each) > 1e-3) last = each;
        const level = Math.sqrt(sound.reduce((sum, value) => sum + value ** 2, 0) / RATE);
        const numbers = [amplitude(sound, frequency), Math.max(...sound), level].map((value) => value.toFixed(2));
        console.log(`${name}, ${type} of ${frequency} Hz: up to ${last} Hz, ${numbers.join(" ")}`);
      }
    }
    const parts = [new Float32Array([0, 0, 0]), new Float32Array([0, 1, 1])];
    const custom = (oscillator, context) => oscillator.setPeriodicWave(context.createPeriodicWave(...parts));
    console.log(`${name}, custom wave: ${Math.max(...(await wave(library, custom, 100))).toFixed(2)}`);
  }
}
main();
JS
seen=$(node "$work/waves.cjs")
printf 'highest harmonic, amplitude of the first one, peak and level:\n%s\n' "$seen"
[ "$seen" = 'web-audio-engine, sawtooth of 50 Hz: up to 750 Hz, 0.71 1.24 0.63
web-audio-engine, sawtooth of 200 Hz: up to 3000 Hz, 0.71 1.24 0.63
web-audio-engine, sawtooth of 441 Hz: up to 6615 Hz, 0.71 1.24 0.63
web-audio-engine, square of 50 Hz: up to 750 Hz, 1.50 1.39 1.17
web-audio-engine, square of 200 Hz: up to 3000 Hz, 1.50 1.39 1.17
web-audio-engine, square of 441 Hz: up to 6615 Hz, 1.50 1.39 1.17
web-audio-engine, custom wave: 3.10
@descript/web-audio-js, sawtooth of 50 Hz: up to 750 Hz, 0.71 1.24 0.63
@descript/web-audio-js, sawtooth of 200 Hz: up to 3000 Hz, 0.71 1.24 0.63
@descript/web-audio-js, sawtooth of 441 Hz: up to 6615 Hz, 0.71 1.24 0.63
@descript/web-audio-js, square of 50 Hz: up to 750 Hz, 1.50 1.39 1.17
@descript/web-audio-js, square of 200 Hz: up to 3000 Hz, 1.50 1.39 1.17
@descript/web-audio-js, square of 441 Hz: up to 6615 Hz, 1.50 1.39 1.17
@descript/web-audio-js, custom wave: 3.10' ]
