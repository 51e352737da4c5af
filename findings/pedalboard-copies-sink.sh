#!/usr/bin/env bash
# pedalboard 0.9.26: a FLAC or WAV file of 16 bits that is read and written again sinks with each copy.
#
# Guess: reading 16 bits as float32 and writing them as 16 bits gives them back, as 24 bits of mantissa hold them all.
# Seen: every negative sample but the lowest comes back one step lower, and another one with the next copy: after 20
# copies it is 20 steps lower, while positive samples stay. What is read is divided by 32,767, so that the lowest value
# is -1.00003, and what is written is rounded down. An editor that saves after each step builds up an offset and distorts
# quiet sounds; what must stay is copied as bytes, or rounded to int16, which is written as it is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pedalboard==0.9.26 soundfile==0.14.0 numpy==2.4.6

cat > "$work/copies.py" <<'PY'
import io

import numpy as np
import soundfile
from pedalboard.io import AudioFile

values = np.arange(-32_768, 32_768).astype(np.int16)


def stored(wave, name):
    """Return a file with the samples."""
    file = io.BytesIO()
    with AudioFile(file, "w", 48_000, 1, bit_depth=16, format=name) as target:
        target.write(wave)
    return file.getvalue()


def moved(data):
    """Return how far the positive samples (at most), -16384 and -1 are from what they were."""
    steps = soundfile.read(io.BytesIO(data), dtype="int16")[0].astype(int) - values
    return np.abs(steps[values >= 0]).max(), steps[values == -16_384][0], steps[values == -1][0]


for name in ("flac", "wav"):
    data = stored(values, name)
    print(name, 0, *moved(data))
    for copies in range(1, 21):
        with AudioFile(io.BytesIO(data)) as source:
            wave = source.read(source.frames)
        data = stored(wave, name)
        if copies in (1, 2, 20):
            print(name, copies, *moved(data), f"{wave.min():.5f}")
PY
seen=$("$work/venv/bin/python" "$work/copies.py")
printf 'copies, steps by which positive samples moved at most, -16384 and -1; lowest value that was read:\n%s\n' "$seen"
for name in flac wav; do
  grep -qx "$name 0 0 0 0" <<< "$seen"
  grep -qx "$name 1 0 -1 -1 -1.00003" <<< "$seen"
  grep -qx "$name 2 0 -2 -2 -1.00003" <<< "$seen"
  grep -qx "$name 20 0 -20 -20 -1.00003" <<< "$seen"
done
