#!/usr/bin/env bash
# mediabunny 1.61.0: a copy of an Ogg Vorbis file has no samples for libsndfile, and begins later for FFmpeg.
#
# Guess: a conversion from Ogg to Ogg copies the packets, so that every reader returns the samples of the source.
# Seen: the packets are copied, and their positions counted anew: by the end of the first page there are more samples
# than its packets hold. libsndfile then returns none at all, without an error; FFmpeg leaves out the first ones, so that
# everything comes early. A copy of Opus made the same way is whole. In a browser, where mediabunny runs, the file plays.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" mediabunny@1.61.0 > "$work/log"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 soundfile==0.14.0 numpy==2.4.6

cat > "$work/copy.mjs" <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import { ALL_FORMATS, BufferSource, BufferTarget, Conversion, Input, OggOutputFormat, Output } from "mediabunny";
const folder = process.argv[2];
for (const codec of ["vorbis", "opus"]) {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(readFileSync(`${folder}/${codec}.ogg`)) });
  const output = new Output({ format: new OggOutputFormat(), target: new BufferTarget() });
  await (await Conversion.init({ input, output })).execute();
  writeFileSync(`${folder}/${codec}-copy.ogg`, Buffer.from(output.target.buffer));
}
JS
cat > "$work/lengths.py" <<'PY'
import sys

import av
import numpy as np
import soundfile

RATE = 48_000


def counts(path):
    """Return the samples that libsndfile and FFmpeg read."""
    with av.open(path) as sound:
        n_samples = sum(frame.samples for frame in sound.decode(sound.streams.audio[0]))
    return len(soundfile.read(path)[0]), n_samples


folder, what = sys.argv[1:]
if what == "write":
    noise = 0.1 * np.random.default_rng(0).normal(size=10 * RATE)
    for codec in ("vorbis", "opus"):
        soundfile.write(f"{folder}/{codec}.ogg", noise, RATE, format="OGG", subtype=codec.upper())
else:
    for codec in ("vorbis", "opus"):
        whole, copy = counts(f"{folder}/{codec}.ogg"), counts(f"{folder}/{codec}-copy.ogg")
        print(f"{codec}: libsndfile {whole[0]}, of the copy {copy[0]}; FFmpeg {copy[1] - whole[1]} of the copy")
PY
"$work/venv/bin/python" "$work/lengths.py" "$work" write
node "$work/copy.mjs" "$work"
seen=$("$work/venv/bin/python" "$work/lengths.py" "$work" read)
printf '%s\n' "$seen"
[ "$seen" = 'vorbis: libsndfile 480000, of the copy 0; FFmpeg -128 of the copy
opus: libsndfile 480000, of the copy 480000; FFmpeg 0 of the copy' ]
