#!/usr/bin/env bash
# imaadpcm 5.0.0 and wavefile 11.0.0: IMA ADPCM loses two samples in each 505, the end, and grows when it is decoded.
#
# Guess: a sound of 2 s by wavefile's toIMAADPCM() is one of 2 s in FFmpeg, with a signal to noise ratio of 25 dB or
# more from the first to the last block, and imaadpcm decodes a file of FFmpeg to the same samples as FFmpeg does.
# Seen: a block is a first sample and 504 differences. The encoder leaves out the second and third sample of each, so
# that the rest comes 2 samples early, with a jump 16 times a second at 8 kHz. The last block is not encoded at all: up
# to 63 ms of the end are zeros, and 1,027 samples of nothing follow. The decoder doubles each first sample: a block has
# 506 samples, a late one comes 29 samples late, and a minute is 0.12 s longer and flat by 3 cents; the last block of a
# file of FFmpeg is silence too. A ratio of 46 dB is there only at a lag of -2. Prompts for telephones that end on a
# spoken digit lose its end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" imaadpcm@5.0.0 wavefile@11.0.0 > "$work/log"

cat > "$work/blocks.cjs" <<'JS'
const { execFileSync } = require("node:child_process");
const { readFileSync, writeFileSync } = require("node:fs");
const imaadpcm = require("imaadpcm");
const { WaveFile } = require("wavefile");
const [BLOCK, BLOCKS] = [505, 32];
const sound = Int16Array.from({ length: BLOCK * BLOCKS }, (_, at) => 8000 * Math.sin(at * 0.05));

/** Run FFmpeg on a file and return what it writes. */
const ffmpeg = (...options) => execFileSync(process.argv[2], ["-v", "error", "-y", ...options]);
const decoded = (name) => new Int16Array(new Uint8Array(ffmpeg("-i", name, "-f", "s16le", "-")).buffer);

/** Return the decibels of the sound of some blocks above the error, of samples that come later by a lag. */
function ratio(samples, first, last, lag) {
  let [power, error] = [0, 0];
  for (let at = first * BLOCK + 3; at < last * BLOCK; at++) {
    power += sound[at] ** 2;
    error += ((samples[at + lag] ?? 0) - sound[at]) ** 2;
  }
  return Math.round(10 * Math.log10(power / error));
}

const blocks = (samples, lag) => [0, 29, 31].map((block) => ratio(samples, block, block + 1, lag)).join(" ");
const ratios = (samples) => [-2, 0, 2, 29].map((lag) => blocks(samples, lag));
const plain = new WaveFile();
plain.fromScratch(1, 8000, "16", sound);
writeFileSync("plain.wav", plain.toBuffer());
ffmpeg("-i", "plain.wav", "-c:a", "adpcm_ima_wav", "-block_size", "256", "ffmpeg.wav");
plain.toIMAADPCM();
writeFileSync("wavefile.wav", plain.toBuffer());
for (const name of ["ffmpeg.wav", "wavefile.wav"]) {
  const file = readFileSync(name);
  const at = file.indexOf("data") + 8;
  const bytes = new Uint8Array(file.subarray(at, at + file.readUInt32LE(at - 4)));
  for (const [by, samples] of [["ffmpeg", decoded(name)], ["imaadpcm", imaadpcm.decode(bytes)]]) {
    console.log(`${name} by ${by}: ${samples.length} samples; ${ratios(samples).join(", ")}`);
  }
}
JS
seen=$(cd "$work" && node blocks.cjs "$(venv/bin/python -c 'import imageio_ffmpeg as it; print(it.get_ffmpeg_exe())')")
printf '16160 samples; decibels of the first, a late and the last block at lags of -2, 0, 2, 29:\n%s\n' "$seen"
[ "$seen" = 'ffmpeg.wav by ffmpeg: 16160 samples; 20 20 20, 34 48 48, 20 20 19, -2 -2 -2
ffmpeg.wav by imaadpcm: 16384 samples; 16 -3 0, 25 -3 0, 26 -2 0, -2 26 0
wavefile.wav by ffmpeg: 17187 samples; 29 46 0, 20 20 0, 14 14 0, -3 -3 0
wavefile.wav by imaadpcm: 17432 samples; 23 -3 0, 25 -2 0, 17 -2 0, -3 26 0' ]
