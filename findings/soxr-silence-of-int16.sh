#!/usr/bin/env bash
# soxr 1.1.0: digital silence in int16 is noise after resampling, and only in int16.
#
# Guess: a resampler is linear, so that zeros stay zeros; int16 comes back as the rounded result of float32.
# Seen: an array of int16 is dithered, which has no option: zeros become -1, 0 and 1, and the error of a tone is 0.50
# steps in place of the 0.29 of rounding. Zeros in float32 and int32 stay zeros. Tests for silence by `any()`, trimming,
# discontinuous transmission and the size of a compressed file change for speech in int16, the usual type of voice
# servers. It repeats: the same input gives the same noise. Resample float32 and round.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet soxr==1.1.0 numpy==2.4.6

cat > "$work/silence.py" <<'PY'
import numpy as np
import soxr

silence = np.zeros(44_100)
tone = np.round(1_000 * np.sin(0.05 * np.arange(44_100)))
for kind in (np.int16, np.int32, np.float32):
    print(np.dtype(kind).name, *np.unique(soxr.resample(silence.astype(kind), 44_100, 48_000)))
exact = soxr.resample(tone, 44_100, 48_000)
once, again = (soxr.resample(tone.astype(np.int16), 44_100, 48_000) for _ in range(2))
print(f"{np.std(once - exact):.2f} {np.std(np.rint(exact) - exact):.2f}", np.array_equal(once, again))
PY
seen=$("$work/venv/bin/python" "$work/silence.py")
printf 'values that zeros become; error of a tone in int16 and of rounding, the same twice:\n%s\n' "$seen"
[ "$seen" = $'int16 -1 0 1\nint32 0\nfloat32 0.0\n0.50 0.29 True' ]
