#!/usr/bin/env bash
# FFmpeg in PyAV 18.1.0: the flag `nobuffer`, which guides to low latency recommend, takes the beginning off a sound.
#
# Guess: `fflags=nobuffer` changes when samples come, not which; clients of voice agents set it for streams of speech.
# Seen: what FFmpeg reads to find out the format is thrown away. Of a second of FLAC the first block is lost (4,096
# samples, 85 ms), of Ogg Vorbis the first packets, and of WAV and MP3 the whole second. With a `probesize` of 32 bytes a
# block of WAV and of FLAC is lost still. A server that cannot choose its clients begins FLAC with a very short block.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6 soundfile==0.14.0

cat > "$work/beginning.py" <<'PY'
import io

import av
import numpy as np
import soundfile

RATE = 48_000
OPTIONS = {"usual": {}, "nobuffer": {"fflags": "nobuffer"}, "both": {"fflags": "nobuffer", "probesize": "32"}}
wave = (0.3 * np.sin(0.05 * np.arange(RATE))).astype(np.float32)
for name in ("FLAC", "WAV", "MP3"):
    file = io.BytesIO()
    soundfile.write(file, wave, RATE, format=name)
    counts = []
    for options in OPTIONS.values():
        with av.open(io.BytesIO(file.getvalue()), options=options) as sound:
            counts.append(sum(frame.samples for frame in sound.decode(audio=0)))
    print(name, *(f"{key}={count}" for key, count in zip(OPTIONS, counts)))
PY
seen=$("$work/venv/bin/python" "$work/beginning.py")
printf 'of 48000 samples come back:\n%s\n' "$seen"
[ "$seen" = $'FLAC usual=48000 nobuffer=43904 both=43904\nWAV usual=48000 nobuffer=0 both=43904\nMP3 usual=48000 nobuffer=0 both=47953' ]
