#!/usr/bin/env bash
# @elemaudio/core 4.0.3: its band-limited triangle goes from 0 to 2 in place of -1 to 1, with an offset of full scale.
#
# Guess: el.bleptriangle() is el.triangle() without aliases, as el.blepsaw() and el.blepsquare() are to el.saw() and
# el.square(): from -1 to 1 about zero. What is rendered offline (@elemaudio/offline-renderer 3.2.2) begins at its full
# level.
# Seen: at each pitch and sample rate it swings about 1, from 0 to 2 in the bass: 4 dB of headroom are gone in the
# offset alone, a mix clips on one side, and a click is in each start and stop. At 7 kHz it swings from -0.15 to 1.5.
# The square from which it is made is right. By the way, the offline renderer fades each graph in over 20 ms, with no
# option against it, so that the attack of a drum at time zero is lost: an impulse there is silence.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @elemaudio/core@4.0.3 @elemaudio/offline-renderer@3.2.2 \
    > "$work/log"

cat > "$work/waves.mjs" <<'JS'
// the renderer sets `crypto`, which is read-only in Node 20
Object.defineProperty(globalThis, "crypto", { value: globalThis.crypto, writable: true });
const { el } = await import("@elemaudio/core");
const { default: OfflineRenderer } = await import("@elemaudio/offline-renderer");

/** Return two seconds of a graph, with an impulse at time zero as its input. */
async function render(node, sampleRate = 48000) {
  const core = new OfflineRenderer();
  await core.initialize({ numInputChannels: 1, numOutputChannels: 1, sampleRate });
  await core.render(node);
  const [input, output] = [new Float32Array(2 * sampleRate), new Float32Array(2 * sampleRate)];
  input[0] = 1;
  core.process([input], [output]);
  return output;
}

for (const wave of ["triangle", "bleptriangle", "blepsaw", "blepsquare"]) {
  for (const [frequency, sampleRate] of [[55, 48000], [440, 48000], [440, 44100], [7040, 48000]]) {
    const last = (await render(el[wave](frequency), sampleRate)).slice(sampleRate);
    const mean = last.reduce((sum, value) => sum + value, 0) / sampleRate;
    const numbers = [Math.min(...last), Math.max(...last), mean].map((value) => (value + 1e-9).toFixed(1));
    console.log(`${wave} of ${frequency} Hz at ${sampleRate}: ${numbers[0]} to ${numbers[1]}, mean ${numbers[2]}`);
  }
}
const one = await render(el.const({ value: 1 }));
const impulse = await render(el.in({ channel: 0 }));
console.log(`a constant 1 after 0, 5, 10, 25 ms: ${[0, 240, 480, 1200].map((at) => one[at].toFixed(2)).join(" ")}`);
console.log(`highest value of an impulse: ${Math.max(...impulse)}`);
JS
seen=$(cd "$work" && node waves.mjs | sed 's/-0\.0/0.0/g')
printf 'lowest and highest value and mean:\n%s\n' "$seen"
[ "$seen" = 'triangle of 55 Hz at 48000: -1.0 to 1.0, mean 0.0
triangle of 440 Hz at 48000: -1.0 to 1.0, mean 0.0
triangle of 440 Hz at 44100: -1.0 to 1.0, mean 0.0
triangle of 7040 Hz at 48000: -1.0 to 1.0, mean 0.0
bleptriangle of 55 Hz at 48000: 0.0 to 2.0, mean 1.0
bleptriangle of 440 Hz at 48000: 0.0 to 2.0, mean 1.0
bleptriangle of 440 Hz at 44100: 0.0 to 2.0, mean 1.0
bleptriangle of 7040 Hz at 48000: -0.1 to 1.6, mean 0.7
blepsaw of 55 Hz at 48000: -1.0 to 1.0, mean 0.0
blepsaw of 440 Hz at 48000: -1.0 to 1.0, mean 0.0
blepsaw of 440 Hz at 44100: -1.0 to 1.0, mean 0.0
blepsaw of 7040 Hz at 48000: -0.7 to 0.7, mean 0.0
blepsquare of 55 Hz at 48000: -1.0 to 1.0, mean 0.0
blepsquare of 440 Hz at 48000: -1.0 to 1.0, mean 0.0
blepsquare of 440 Hz at 44100: -1.0 to 1.0, mean 0.0
blepsquare of 7040 Hz at 48000: -1.0 to 1.0, mean 0.0
a constant 1 after 0, 5, 10, 25 ms: 0.00 0.10 0.20 0.50
highest value of an impulse: 0' ]
