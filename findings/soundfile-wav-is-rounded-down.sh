#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2): floats in WAV and AIFF of 16 bits are rounded down, in FLAC to the nearest.
#
# Guess: the conversion from float to 16 bits belongs to the library, not to the container, and rounds to the nearest.
# Seen: in WAV and AIFF each sample lies 0 to 1 steps too low, half a step on average, which is a constant offset and
# twice the error; the same array in FLAC has an error within half a step and no offset. Half of all samples differ by
# one. A comparison of the two files, or a hash of decoded samples, fails; dither that was added before is not centred.
# Samples that are rounded to int16 by the caller are the same in all three.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet soundfile==0.14.0 numpy==2.4.6

cat > "$work/rounding.py" <<'PY'
import io

import numpy as np
import soundfile

wave = np.random.default_rng(0).uniform(-0.9, 0.9, 100_000)
rounded = np.rint(wave * 32_768).astype(np.int16)


def stored(samples, name):
    """Return the 16-bit samples that a file holds."""
    file = io.BytesIO()
    soundfile.write(file, samples, 48_000, format=name, subtype="PCM_16")
    file.seek(0)
    return soundfile.read(file, dtype="int16")[0]


for name in ("WAV", "AIFF", "FLAC"):
    error = stored(wave, name) - wave * 32_768
    exact = np.array_equal(stored(rounded, name), rounded)
    print(name, *(f"{value:+.1f}" for value in (error.min(), error.mean() + 0.0, error.max())), exact)
print(f"{np.mean(stored(wave, 'WAV') != stored(wave, 'FLAC')):.1f}")
PY
seen=$("$work/venv/bin/python" "$work/rounding.py" | sed 's/-0\.0/+0.0/g')
printf 'error in steps (least, mean, most), int16 kept; part of the samples that differ between WAV and FLAC:\n%s\n' "$seen"
[ "$seen" = $'WAV -1.0 -0.5 +0.0 True\nAIFF -1.0 -0.5 +0.0 True\nFLAC -0.5 +0.0 +0.5 True\n0.5' ]
