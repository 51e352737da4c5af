#!/usr/bin/env bash
# LAME of FFmpeg 7.0.2, lameenc 1.9.0, lamejs 1.2.7: MP3 of constant bit rates up to 160 kb/s is 0.45 dB too quiet.
#
# Guess: a tone of 1 kHz at half of full scale comes back from MP3 at any usual bit rate with its level, within 0.05 dB,
# as it does from AAC.
# Seen: up to 160 kb/s the tone is 0.45 dB down, at 192 kb/s 0.26 dB, at 224 kb/s 0.18 dB, from 256 kb/s on it has its
# level, as with every variable bit rate (V0 to V9): LAME multiplies the sound before it encodes, by 0.95 at low rates,
# against clipping, and neither FFmpeg nor lamejs says so. It is the same at each pitch and in stereo. A podcast of -16
# LUFS measures -16.45 LUFS, a null test of 128 against 320 kb/s leaves a copy at -26 dB, and a signal to noise ratio of
# codecs is at most 26 dB unless the levels are matched first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet lameenc==1.9.0 imageio-ffmpeg==0.6.0 numpy==2.4.6 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" @breezystack/lamejs@1.2.7 > "$work/log"

cat > "$work/encode.mjs" <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import lamejs from "@breezystack/lamejs";
const sound = new Int16Array(new Uint8Array(readFileSync("tone.raw")).buffer);
const encoder = new lamejs.Mp3Encoder(1, 44100, Number(process.argv[2]));
const parts = [];
for (let at = 0; at < sound.length; at += 1152) {
  parts.push(Buffer.from(encoder.encodeBuffer(sound.subarray(at, at + 1152))));
}
writeFileSync("lamejs.mp3", Buffer.concat([...parts, Buffer.from(encoder.flush())]));
JS
cat > "$work/levels.py" <<'PY'
import subprocess
from pathlib import Path

import imageio_ffmpeg
import lameenc
import numpy as np

PROGRAM = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
RAW = ["-f", "s16le", "-ar", "44100", "-ac", "1", "-i", "tone.raw"]
tone = np.round(16_384 * np.sin(2 * np.pi * 1000 * np.arange(4 * 44_100) / 44_100)).astype("<i2")
Path("tone.raw").write_bytes(tone.tobytes())


def level(name):
    """Return the decibels of the middle of a file above that of the tone."""
    out = subprocess.run([*PROGRAM, "-i", name, "-f", "f32le", "-"], capture_output=True, check=True).stdout
    middle = np.frombuffer(out, np.float32)[44_100:132_300]
    return f"{20 * np.log10(np.sqrt((middle**2).mean()) / np.sqrt(1 / 8)):+.2f}".replace("-0.00", "+0.00")


def by_ffmpeg(name, *options):
    subprocess.run([*PROGRAM, *RAW, *options, name], check=True)
    return level(name)


def by_lameenc(rate):
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(rate)
    encoder.set_in_sample_rate(44_100)
    encoder.set_channels(1)
    encoder.silence()
    Path("lameenc.mp3").write_bytes(bytes(encoder.encode(tone.tobytes())) + bytes(encoder.flush()))
    return level("lameenc.mp3")


for rate in (64, 128, 160, 192, 224, 256, 320):
    subprocess.run(["node", "encode.mjs", str(rate)], check=True)
    print(rate, by_ffmpeg("ffmpeg.mp3", "-b:a", f"{rate}k"), by_lameenc(rate), level("lamejs.mp3"))
print("variable:", *(by_ffmpeg("ffmpeg.mp3", "-q:a", str(quality)) for quality in (0, 2, 4)))
print("AAC:", by_ffmpeg("ffmpeg.m4a", "-b:a", "128k"))
PY
seen=$(cd "$work" && venv/bin/python levels.py)
printf 'decibels of a tone at a bit rate, by FFmpeg, lameenc and lamejs:\n%s\n' "$seen"
[ "$seen" = '64 -0.45 -0.45 -0.45
128 -0.45 -0.45 -0.45
160 -0.45 -0.45 -0.45
192 -0.26 -0.26 -0.26
224 -0.18 -0.18 -0.18
256 +0.00 +0.00 +0.00
320 +0.00 +0.00 +0.00
variable: +0.00 +0.00 -0.01
AAC: +0.00' ]
