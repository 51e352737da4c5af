#!/usr/bin/env bash
# audiobuffer-to-wav 1.0.0: a buffer of 5.1 becomes a WAV of 6 channels with the first one alone, 6 times as fast.
#
# Guess: each number of channels is written interleaved, as one and two are: 6 channels of 1 s are a file of 1 s with
# six tones, as WAV and AudioBuffer allow.
# Seen: with more than two channels the samples of the first alone are written, behind a header for all of them. The
# file of 6 lasts a sixth of a second, and each channel has a sixth of the samples of the left one: all sound as one
# tone, 6 times as high, that has lost its treble to aliases. 3 and 4 channels are the same with their numbers. No error
# is given, in 16 bits and in floats. The other channels are lost. wav-file-encoder 1.0.4 writes them all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" audiobuffer-to-wav@1.0.0 wav-file-encoder@1.0.4 > "$work/log"

cat > "$work/channels.cjs" <<'JS'
const toWav = require("audiobuffer-to-wav");
const { encodeWavFile } = require("wav-file-encoder");
const RATE = 8000;

/** Return a buffer of one second with 100 Hz in the first channel, 200 Hz in the second and so on. */
function tones(count) {
  const tone = (channel) =>
    Float32Array.from({ length: RATE }, (_, at) => 0.5 * Math.sin((200 * Math.PI * (channel + 1) * at) / RATE));
  const channels = Array.from({ length: count }, (_, channel) => tone(channel));
  const getChannelData = (channel) => channels[channel];
  return { numberOfChannels: count, sampleRate: RATE, length: RATE, duration: 1, getChannelData };
}

/** Return the length and the frequency of each channel of a WAV file of 16 bits. */
function heard(file) {
  const view = new DataView(file);
  const count = view.getUint16(22, true);
  const length = Math.floor(view.getUint32(40, true) / 2 / count);
  const frequencies = Array.from({ length: count }, (_, channel) => {
    const value = (at) => view.getInt16(44 + 2 * (at * count + channel), true);
    let rising = 0;
    for (let at = 1; at < length; at++) rising += value(at - 1) < 0 && value(at) >= 0;
    return Math.round((rising * RATE) / length / 100) * 100;
  });
  return `${(length / RATE).toFixed(3)} s, ${frequencies.join(" ")} Hz`;
}

for (const count of [1, 2, 3, 4, 6]) {
  const buffer = tones(count);
  console.log(`${count} channels: ${heard(toWav(buffer))}; wav-file-encoder: ${heard(encodeWavFile(buffer, 0))}`);
}
JS
seen=$(node "$work/channels.cjs")
printf 'length of a file of one second and the tones of its channels:\n%s\n' "$seen"
[ "$seen" = '1 channels: 1.000 s, 100 Hz; wav-file-encoder: 1.000 s, 100 Hz
2 channels: 1.000 s, 100 200 Hz; wav-file-encoder: 1.000 s, 100 200 Hz
3 channels: 0.333 s, 300 300 300 Hz; wav-file-encoder: 1.000 s, 100 200 300 Hz
4 channels: 0.250 s, 400 400 400 400 Hz; wav-file-encoder: 1.000 s, 100 200 300 400 Hz
6 channels: 0.167 s, 600 600 600 600 600 600 Hz; wav-file-encoder: 1.000 s, 100 200 300 400 500 600 Hz' ]
