#!/usr/bin/env bash
# web-audio-api 1.5.6: a louder tone leaves its compressor quieter, and each echo of a feedback is a block later.
#
# Guess: a library that passes the tests of the W3C renders as node-web-audio-api 2.2.0 does, within 0.1 dB: the curve
# of a compressor never falls, and an echo of 0.1 s that is fed back comes every 4,800 samples at 48 kHz.
# Seen: with the values that a new node has, a tone of -10 dB leaves the compressor at -16.0 dB and one of
# 0 dB at -21.2: a crescendo comes out as a decrescendo. The gain that the standard adds afterwards is missing, so that
# quiet sounds stay as they were; node-web-audio-api has -7.9 and -3.6 dB, and 5 dB more for quiet ones. Echoes come
# after 4,800 samples and then every 4,928, as each turn waits for one more block of 128; at 10 ms that is a quarter too
# slow, a plucked string four semitones flat. Reverbs of noise in a Convolver are 12 dB louder than there at 1 s, 22 dB
# at 0.1 s. A page that is rendered or tested with it has another balance than in a browser.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" web-audio-api@1.5.6 node-web-audio-api@2.2.0 > "$work/log"

cat > "$work/render.mjs" <<'JS'
import * as javascript from "web-audio-api";
import * as rust from "node-web-audio-api";
const RATE = 48000;

/** Return the samples of a graph that ends in the node that is returned. */
async function render(library, build, length = RATE) {
  const context = new library.OfflineAudioContext(1, length, RATE);
  build(context).connect(context.destination);
  return (await context.startRendering()).getChannelData(0);
}

/** Return a source that plays some samples. */
function player(context, samples) {
  const source = context.createBufferSource();
  const buffer = context.createBuffer(1, samples.length, RATE);
  buffer.copyToChannel(Float32Array.from(samples), 0);
  source.buffer = buffer;
  source.start();
  return source;
}

/** Return noise, the same each time. */
function noise(length) {
  let state = 1;
  return Array.from({ length }, () => (state = (state * 16807) % 2147483647) / 1073741824 - 1);
}

for (const [name, library] of Object.entries({ javascript, rust })) {
  const levels = [];
  for (const level of [-40, -30, -20, -10, 0]) {
    const tone = Array.from({ length: 2 * RATE }, (_, i) => 10 ** (level / 20) * Math.sin((i * Math.PI) / 24));
    const build = (context) => player(context, tone).connect(context.createDynamicsCompressor());
    const steady = (await render(library, build, 2 * RATE)).subarray(RATE);
    levels.push((20 * Math.log10(steady.reduce((most, each) => Math.max(most, each), 0))).toFixed(1));
  }
  console.log(`${name}, compressor: ${levels.join(" ")}`);
  for (const seconds of [0.1, 0.01]) {
    const echoes = await render(library, (context) => {
      const delay = context.createDelay(1);
      delay.delayTime.value = seconds;
      const gain = context.createGain();
      gain.gain.value = 0.5;
      player(context, [1]).connect(delay).connect(gain).connect(delay);
      return delay;
    });
    const times = Array.from(echoes.keys()).filter((i) => echoes[i] > 0.05);
    console.log(`${name}, echoes of ${seconds} s: ${times.slice(0, 4).join(" ")}`);
  }
  for (const length of [RATE, RATE / 10]) {
    const response = noise(length).map((each, i) => each * Math.exp((-6 * i) / length));
    const wet = await render(library, (context) => {
      const convolver = context.createConvolver();
      convolver.buffer = player(context, response).buffer;
      return player(context, noise(2 * RATE).slice(RATE)).connect(convolver);
    });
    const tail = wet.subarray(RATE / 2);
    const power = tail.reduce((sum, each) => sum + each ** 2, 0) / tail.length;
    console.log(`${name}, response of ${length / RATE} s: ${(10 * Math.log10(power)).toFixed(0)}`);
  }
}
process.exit(0);
JS
seen=$(node "$work/render.mjs")
printf 'dB after the compressor for -40 to 0 dB, samples of the first echoes, dB of noise in a reverb:\n%s\n' "$seen"
[ "$seen" = 'javascript, compressor: -40.0 -30.5 -22.5 -16.0 -21.2
javascript, echoes of 0.1 s: 4800 9728 14656 19584
javascript, echoes of 0.01 s: 480 1088 1696 2304
javascript, response of 1 s: -5
javascript, response of 0.1 s: -5
rust, compressor: -35.1 -25.1 -15.3 -7.9 -3.6
rust, echoes of 0.1 s: 4800 9600 14400 19200
rust, echoes of 0.01 s: 480 960 1440 1920
rust, response of 1 s: -17
rust, response of 0.1 s: -27' ]
