#!/usr/bin/env bash
# SciPy 1.17.1: the delay between two recordings as scipy.io.wavfile reads them is wrong, as correlate() wraps in int16.
#
# Guess: scipy.signal computes in float64 where it is given integers, as resample, resample_poly, decimate and
# fftconvolve do; correlate, whose default may go through an FFT, sums products in nothing less than that.
# Seen: correlate and convolve return the type of what they get. Products of 16 bits wrap around, in the direct method
# by each sum, in the one by FFT when the right result is cast back at the end, so that the highest peak is somewhere.
# Of a noise 137 samples late the lag is -906 at the level of a recording, and 137 where samples are of one or two
# steps. There is no error, at most a warning about a cast; fftconvolve with the second signal reversed gives 137.
# Alignment of takes, positions of microphones and detectors of a known sound give plausible nonsense from int16 and are
# right from soundfile, whose samples are floats.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet scipy==1.17.1 numpy==2.4.6

cat > "$work/delay.py" <<'PY'
import io
import warnings

import numpy as np
from scipy import signal
from scipy.io import wavfile

warnings.simplefilter("ignore")
noise = np.random.default_rng(0).standard_normal(4000)
lags = signal.correlation_lags(4000, 4000)
for level in (6000, 1):
    files = io.BytesIO(), io.BytesIO()
    for file, sound in zip(files, (noise, np.concatenate([np.zeros(137), noise])[:4000])):
        wavfile.write(file, 16_000, np.clip(np.rint(level * sound), -32_768, 32_767).astype(np.int16))
    early, late = (wavfile.read(file)[1] for file in files)
    for kind in (np.int16, np.float64):
        for method in ("auto", "direct", "fft"):
            found = signal.correlate(late.astype(kind), early.astype(kind), method=method)
            print(f"{level} {np.dtype(kind).name} {method}: {found.dtype} {lags[found.argmax()]}")
    found = signal.fftconvolve(late, early[::-1])
    print(f"{level} fftconvolve: {found.dtype} {lags[found.argmax()]}")
others = signal.resample(late, 2000), signal.resample_poly(late, 1, 2), signal.decimate(late, 2)
print("resample, resample_poly, decimate, convolve:", *(each.dtype for each in (*others, signal.convolve(late, early))))
PY
seen=$("$work/venv/bin/python" "$work/delay.py")
printf 'level, type and method: type of the result and delay, where 137 is right:\n%s\n' "$seen"
for method in auto direct fft; do
  grep -q "^6000 int16 $method: int16 " <<< "$seen"
  if grep -qx "6000 int16 $method: int16 137" <<< "$seen"; then exit 1; fi
  grep -qx "6000 float64 $method: float64 137" <<< "$seen"
  grep -qx "1 int16 $method: int16 137" <<< "$seen"
done
grep -qx '6000 fftconvolve: float64 137' <<< "$seen"
grep -qx 'resample, resample_poly, decimate, convolve: float64 float64 float64 int16' <<< "$seen"
