#!/usr/bin/env bash
# node-web-audio-api 2.2.0: a fade with setTargetAtTime() that starts later is up to e^(wait / time constant) too loud.
#
# Guess: a gain of 1 that is to fall to 0 from 0.5 s on, setTargetAtTime(0, 0.5, 0.1), is 1 until 0.5 s.
# Seen: it is 1 for the first 128 samples and then 144.5 until 0.5 s, 43 dB too loud, and right from there on: the curve
# of the fade is followed backwards to before its start. With a time constant of 0.05 s it is 20,880. A setValueAtTime()
# at 0 or a ramp that ends earlier does not help: a note with an attack of 0.1 s and a release at 0.5 s is 54 times too
# loud between them. Every parameter has it, offsets and frequencies too; a rise from 0.2 to 1 is -114.6 before it.
# setValueAtTime() of the value at the time of the start helps. web-audio-api 1.5.6 keeps the value until the start.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" node-web-audio-api@2.2.0 web-audio-api@1.5.6 > "$work/log"

cat > "$work/fade.mjs" <<'JS'
import * as javascript from "web-audio-api";
import * as rust from "node-web-audio-api";
const RATE = 48000;

/** Return the gain at some times, as a constant of 1 shows it. */
async function gains(library, schedule, seconds) {
  const context = new library.OfflineAudioContext(1, RATE, RATE);
  const source = context.createConstantSource();
  const gain = context.createGain();
  schedule(gain.gain);
  source.connect(gain).connect(context.destination);
  source.start();
  const samples = (await context.startRendering()).getChannelData(0);
  return seconds.map((each) => samples[Math.round(each * RATE)].toPrecision(4)).join(" ");
}

const schedules = {
  "1 to 0": (gain) => gain.setTargetAtTime(0, 0.5, 0.1),
  "faster": (gain) => gain.setTargetAtTime(0, 0.5, 0.05),
  "set at 0": (gain) => gain.setValueAtTime(1, 0).setTargetAtTime(0, 0.5, 0.1),
  "attack": (gain) => gain.setValueAtTime(0, 0).linearRampToValueAtTime(1, 0.1).setTargetAtTime(0, 0.5, 0.1),
  "0.2 to 1": (gain) => gain.setValueAtTime(0.2, 0).setTargetAtTime(1, 0.5, 0.1),
  "set at 0.5": (gain) => gain.setValueAtTime(1, 0).setValueAtTime(1, 0.5).setTargetAtTime(0, 0.5, 0.1),
};
for (const [name, schedule] of Object.entries(schedules)) {
  for (const library of [rust, javascript]) {
    console.log(`${name}: ${await gains(library, schedule, [0.001, 0.2, 0.4, 0.49, 0.6])}`);
  }
}
process.exit(0);
JS
seen=$(node "$work/fade.mjs")
printf 'gain at 0.001, 0.2, 0.4, 0.49 and 0.6 s, of node-web-audio-api and of web-audio-api:\n%s\n' "$seen"
[ "$seen" = '1 to 0: 1.000 144.5 144.5 144.5 0.3679
1 to 0: 1.000 1.000 1.000 1.000 0.3679
faster: 1.000 2.088e+4 2.088e+4 2.088e+4 0.1353
faster: 1.000 1.000 1.000 1.000 0.1353
set at 0: 1.000 144.5 144.5 144.5 0.3679
set at 0: 1.000 1.000 1.000 1.000 0.3679
attack: 0.01000 53.88 53.88 53.88 0.3679
attack: 0.01000 1.000 1.000 1.000 0.3679
0.2 to 1: 0.2000 -114.6 -114.6 -114.6 0.7057
0.2 to 1: 0.2000 0.2000 0.2000 0.2000 0.7057
set at 0.5: 1.000 1.000 1.000 1.000 0.3679
set at 0.5: 1.000 1.000 1.000 1.000 0.3679' ]
