#!/usr/bin/env bash
# pyrubberband 0.4.0 with Rubber Band 3.1.2: a tone near full scale comes back 2 dB quieter, one of 0.5 at its level.
#
# Guess: arrays of floating-point samples go in and come out, so that loud, quiet and above 1 are stretched alike.
# Seen: sounds go to the command line and back in files of 16 bits. What gets above 1 while it is stretched, if only at
# its attack, makes the program start again with all of it lowered: a tone of 0.7 played 1.25 times as long keeps its
# level, 0.9 is 1.3 dB and 1.0 is 2.3 dB quieter, so that pieces of one normalised song come out at different levels. A
# tone of 2 or 4 is cut to 1 and is no longer the tone. A fade's end goes the other way: below half a step of 16 bits
# all is rounded before it is stretched, and noise with peaks of 0.00002 comes back 11.6 dB louder. A rate of 1 gives
# the array itself, so that a test of it shows nothing. Give it peaks of 0.5 and put the gain back after.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --no-deps pyrubberband==0.4.0 soundfile==0.14.0 numpy==2.4.6 \
  cffi==2.1.1 pycparser==3.0 typing_extensions==4.16.0 2> "$work/log"
(cd "$work" && apt-get download --quiet rubberband-cli=3.1.2+dfsg0-1 libsndfile1 libflac12 libogg0 libvorbis0a \
  libvorbisenc2 libopus0 libmp3lame0 libmpg123-0 libfftw3-double3 libsamplerate0 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/deb"; done

cat > "$work/levels.py" <<'PY'
import os
import sys

import numpy as np
import pyrubberband

ROOT = f"{sys.argv[1]}/deb/usr"
os.environ["PATH"] = f"{ROOT}/bin:{os.environ['PATH']}"
os.environ["LD_LIBRARY_PATH"] = f"{ROOT}/lib/x86_64-linux-gnu"
RATE = 44_100


def change(wave, rate):
    """Return by how many dB time_stretch changes the level of the middle of a sound, and its highest peak."""
    played = pyrubberband.time_stretch(wave, RATE, rate)
    middles = [each[len(each) // 4 : -len(each) // 4] for each in (played, wave)]
    return 20 * np.log10(middles[0].std() / middles[1].std()), np.abs(played).max()


TONE = np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)
NOISE = np.random.default_rng(0).normal(size=2 * RATE)
NOISE /= np.abs(NOISE).max()
for peak in (0.5, 0.7, 0.9, 1, 2, 4):
    level, highest = change(peak * TONE, 0.8)
    print(f"tone of {peak}: {level:.1f} dB, peak {highest:.2f}".replace("-0.0 dB", "0.0 dB"))
for peak in (0.5, 0.00002):
    print(f"noise of {peak:.5f}: {change(peak * NOISE, 0.8)[0]:.0f} dB")
print("tone of 4 at a rate of 1:", np.array_equal(pyrubberband.time_stretch(4 * TONE, RATE, 1.0), 4 * TONE))
PY
seen=$("$work/venv/bin/python" "$work/levels.py" "$work")
printf 'level after stretching to 1.25 times the length:\n%s\n' "$seen"
[ "$seen" = 'tone of 0.5: -0.1 dB, peak 0.64
tone of 0.7: -0.1 dB, peak 0.89
tone of 0.9: -1.3 dB, peak 1.00
tone of 1: -2.3 dB, peak 1.00
tone of 2: -6.7 dB, peak 1.00
tone of 4: -12.1 dB, peak 1.00
noise of 0.50000: -2 dB
noise of 0.00002: 12 dB
tone of 4 at a rate of 1: True' ]
