#!/usr/bin/env bash
# lamejs 1.2.7 (@breezystack): stereo of 44,100 Hz at 64 kb/s, and mono at 40 kb/s, is an MP3 of pure silence.
#
# Guess: a tone at half of full scale is there at each bit rate, with a lower sampling rate at low ones, as by LAME.
# Seen: where lamejs lowers the rate to 24,000, 22,050 or 16,000 Hz and the ratio is not whole, the MP3 has the right
# length and no sound: a tone of any pitch is digital silence, and noise is 15 dB down. 44,100 to 24,000 Hz is what it
# does by itself with stereo at 56 and 64 kb/s and with mono at 40 kb/s, usual for speech. 44,100 to 22,050 (48 kb/s),
# 48,000 to 24,000 and 44,100 to 32,000 Hz (80 kb/s) are right, so that less and more than 64 kb/s work. LAME, of which
# it is a translation, has the tone in each. No error is given. Recorders in browsers store nothing on one machine and
# work on another, whose sound card has 48,000 Hz.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0 lameenc==1.9.0 numpy==2.4.6 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" @breezystack/lamejs@1.2.7 > "$work/log"

cat > "$work/encode.mjs" <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import lamejs from "@breezystack/lamejs";
const [channels, rate, kilobits] = process.argv.slice(2).map(Number);
const sound = new Int16Array(new Uint8Array(readFileSync("sound.raw")).buffer);
const encoder = new lamejs.Mp3Encoder(channels, rate, kilobits);
const parts = [];
for (let at = 0; at < sound.length; at += 1152) {
  const part = sound.subarray(at, at + 1152);
  parts.push(Buffer.from(encoder.encodeBuffer(...Array(channels).fill(part))));
}
writeFileSync("sound.mp3", Buffer.concat([...parts, Buffer.from(encoder.flush())]));
JS
cat > "$work/levels.py" <<'PY'
import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import lameenc
import numpy as np

PROGRAM = [imageio_ffmpeg.get_ffmpeg_exe(), "-y"]


def heard():
    """Return the sampling rate of the MP3 and the level of its middle in decibels of full scale."""
    ran = subprocess.run([*PROGRAM, "-i", "sound.mp3", "-f", "f32le", "-"], capture_output=True, check=True)
    middle = np.array_split(np.frombuffer(ran.stdout, np.float32), 3)[1]
    level = np.sqrt((middle.astype(float) ** 2).mean())
    rate = re.search(r"mp3.*?, (\d+) Hz", ran.stderr.decode())[1]
    return f"{rate} Hz {20 * np.log10(level):.0f} dB" if level else f"{rate} Hz silence"


def by_lameenc(sound, channels, rate, kilobits):
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(kilobits)
    encoder.set_in_sample_rate(rate)
    encoder.set_channels(channels)
    encoder.silence()
    data = np.repeat(sound, channels).tobytes()
    Path("sound.mp3").write_bytes(bytes(encoder.encode(data)) + bytes(encoder.flush()))
    return heard()


for case in ((2, 44_100, 80), (2, 44_100, 64), (2, 44_100, 56), (2, 44_100, 48), (1, 44_100, 40), (2, 48_000, 64),
             (2, 32_000, 64), (1, 22_050, 24)):
    channels, rate, kilobits = case
    sound = np.round(16_384 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)).astype("<i2")
    Path("sound.raw").write_bytes(sound.tobytes())
    subprocess.run(["node", "encode.mjs", *map(str, case)], check=True)
    print(f"{channels} x {rate} Hz at {kilobits}: {heard()}, by LAME {by_lameenc(sound, *case)}")
PY
seen=$(cd "$work" && venv/bin/python levels.py)
printf 'a tone of -9 dB by lamejs and by lameenc:\n%s\n' "$seen"
[ "$seen" = '2 x 44100 Hz at 80: 32000 Hz -9 dB, by LAME 32000 Hz -9 dB
2 x 44100 Hz at 64: 24000 Hz silence, by LAME 24000 Hz -9 dB
2 x 44100 Hz at 56: 24000 Hz silence, by LAME 24000 Hz -9 dB
2 x 44100 Hz at 48: 22050 Hz -9 dB, by LAME 22050 Hz -9 dB
1 x 44100 Hz at 40: 24000 Hz silence, by LAME 24000 Hz -9 dB
2 x 48000 Hz at 64: 24000 Hz -9 dB, by LAME 24000 Hz -9 dB
2 x 32000 Hz at 64: 24000 Hz silence, by LAME 24000 Hz -9 dB
1 x 22050 Hz at 24: 16000 Hz silence, by LAME 16000 Hz -9 dB' ]
