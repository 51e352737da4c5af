#!/usr/bin/env bash
# FFmpeg in PyAV 18.1.0: a decoded M4A file is longer than the file says and than what was encoded.
#
# Guess: an M4A file has a length and an edit list, so that AAC in it comes back as long as it was; a raw stream of AAC
# would not. FFmpeg drops the encoder's 1,024 samples at the beginning, and MP3 comes back exact.
# Seen: 44,100 samples become 45,056 in M4A, the whole of the last block. The duration of the stream is not theirs either:
# 44,112, since the edit list counts milliseconds. A loop, a gapless album or a cut at the end needs another length.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6

cat > "$work/lengths.py" <<'PY'
import io
from fractions import Fraction

import av
import numpy as np

RATE, N_SAMPLES = 48_000, 44_100


def lengths(container, codec, n_block):
    """Return how many samples come back, and the duration that the stream has."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as written:
        stream = written.add_stream(codec, rate=RATE, layout="mono")
        fifo = av.AudioFifo()
        wave = (0.3 * np.sin(0.05 * np.arange(N_SAMPLES))).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        fifo.write(frame)
        while (block := fifo.read(n_block, partial=True)) is not None:
            written.mux(stream.encode(block))
        written.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as read:
        stream = read.streams.audio[0]
        duration = stream.duration and round(stream.duration * stream.time_base * RATE)
        return sum(block.samples for block in read.decode(stream)), duration


print("m4a", *lengths("ipod", "aac", 1_024))
print("mp3", lengths("mp3", "libmp3lame", 1_152)[0])
PY
seen=$("$work/venv/bin/python" "$work/lengths.py")
printf 'of 44100 samples come back, and the duration of the stream:\n%s\n' "$seen"
[ "$seen" = $'m4a 45056 44112\nmp3 44100' ]
