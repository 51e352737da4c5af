#!/usr/bin/env bash
# ogg-opus-decoder 1.7.5: the gain in the header of an Opus file is not applied, so files are as loud as before it.
#
# Guess: a player of Opus in Ogg applies the output gain of the header (RFC 7845, section 5.1, wants it of every
# player), so a file with -6 dB there is 6 dB quieter, as in libsndfile 1.2.2 (soundfile 0.14.0), FFmpeg (PyAV 18.1.0)
# and audio-decode 3.12.0.
# Seen: it is as loud as without. Tools for even loudness write their gain there, so that no player has to know of tags:
# what a program decodes with this package, in a browser or in Node, is as uneven as before, and thresholds and meters
# on its two sides disagree. The package does not give the gain away either: it has to be read from bytes 16 and 17 of
# the header, in 256ths of a decibel.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet soundfile==0.14.0 av==18.1.0 numpy==2.4.6 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" ogg-opus-decoder@1.7.5 audio-decode@3.12.0 >> "$work/log"

cat > "$work/gain.py" <<'PY'
import struct
import sys

import av
import numpy as np
import soundfile

RATE = 48_000


def checksum(page):
    """Return the checksum of a page of Ogg."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


sound = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
soundfile.write(sys.argv[1], sound, RATE, format="OGG", subtype="OPUS")
with open(sys.argv[1], "rb") as file:
    content = bytearray(file.read())
struct.pack_into("<h", content, content.index(b"OpusHead") + 16, -6 * 256)
size = 27 + content[26] + sum(content[27 : 27 + content[26]])
struct.pack_into("<I", content, 22, 0)
struct.pack_into("<I", content, 22, checksum(content[:size]))
with open(sys.argv[2], "wb") as file:
    file.write(content)
for name in sys.argv[1:]:
    with av.open(name) as container:
        ffmpeg = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)[0]
    for reader, sound in (("libsndfile", soundfile.read(name)[0]), ("FFmpeg", ffmpeg)):
        print(f"{name.rsplit('/', 1)[1]}: {reader}: {np.abs(sound[10_000:20_000]).max():.2f}")
PY
cat > "$work/gain.mjs" <<'JS'
import fs from "node:fs";
import decode from "audio-decode";
import { OggOpusDecoder } from "ogg-opus-decoder";
for (const path of process.argv.slice(2)) {
  const data = fs.readFileSync(path);
  const decoder = new OggOpusDecoder();
  await decoder.ready;
  const { channelData } = await decoder.decodeFile(new Uint8Array(data));
  decoder.free();
  for (const [reader, [sound]] of [
    ["ogg-opus-decoder", channelData],
    ["audio-decode", (await decode(data)).channelData],
  ]) {
    console.log(`${path.split("/").pop()}: ${reader}: ${Math.max(...sound.slice(10000, 20000)).toFixed(2)}`);
  }
}
JS
seen=$("$work/venv/bin/python" "$work/gain.py" "$work/plain" "$work/minus-6-dB" 2>> "$work/log")
seen+=$'\n'$(node "$work/gain.mjs" "$work/plain" "$work/minus-6-dB")
printf 'peaks of a tone of 0.25, plain and with a gain of -6 dB in the header:\n%s\n' "$seen"
[ "$seen" = 'plain: libsndfile: 0.25
plain: FFmpeg: 0.25
minus-6-dB: libsndfile: 0.13
minus-6-dB: FFmpeg: 0.13
plain: ogg-opus-decoder: 0.25
plain: audio-decode: 0.25
minus-6-dB: ogg-opus-decoder: 0.25
minus-6-dB: audio-decode: 0.13' ]
