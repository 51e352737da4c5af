#!/usr/bin/env bash
# Rubber Band 3.1.2: stretched or squeezed, noise gets 1 to 3 dB quieter and a drum 2 to 14 dB; a tone keeps its level.
#
# Guess: twice as long or half as long, a sound keeps its level within 0.5 dB, be it tone, noise or drum, with the
# faster engine and with the finer one.
# Seen: white noise loses 1.5 dB at double length and 2.7 dB at half, with the finer engine 1.0 and 2.2 dB. The peaks of
# hits lose 9.4 and 13.9 dB, with the finer engine 2.3 and 6.2. A tone loses nothing with the finer engine, with the
# faster one 0.6 and 1.4 dB. At the same length nothing is lost. Breath, cymbals and consonants sink against the notes,
# and drums below both.
# (Debian's package rubberband-cli, with the libraries that it needs.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet rubberband-cli=3.1.2+dfsg0-1 libsndfile1 libflac12 libogg0 libvorbis0a \
  libvorbisenc2 libopus0 libmp3lame0 libmpg123-0 libfftw3-double3 libsamplerate0 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/levels.py" <<'PY'
import os
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
RATE = 44_100
environment = {**os.environ, "LD_LIBRARY_PATH": os.path.abspath("root/usr/lib/x86_64-linux-gnu")}
time = np.arange(6 * RATE) / RATE
random = np.random.default_rng(0)
hits = np.zeros(len(time))
for place in range(RATE // 4, len(hits) - 1000, RATE // 2):
    hits[place : place + 1000] = 0.3 * np.exp(-np.arange(1000) / 150) * random.standard_normal(1000)
SOUNDS = {"noise": 0.1 * random.standard_normal(len(time)), "tone": 0.25 * np.sin(2 * np.pi * 440 * time), "hits": hits}


def change(sound, options):
    """Return the change of the level of the middle, in decibels, of the mean, or of the peaks of hits."""
    soundfile.write("in.wav", sound, RATE, subtype="FLOAT")
    command = ["root/usr/bin/rubberband", "-q", *options.split(), "in.wav", "out.wav"]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    levels = []
    for name in ("out.wav", "in.wav"):
        middle = soundfile.read(name)[0]
        middle = middle[len(middle) // 6 : -(len(middle) // 6)]
        half_second = np.abs(middle[: len(middle) // 8 * 8]).reshape(8, -1)
        levels.append(half_second.max(axis=1).mean() if sound is hits else middle.std())
    return 20 * np.log10(levels[0] / levels[1])


for options in ("-t1", "-t2", "-t0.5", "-3 -t1", "-3 -t2", "-3 -t0.5"):
    each = ", ".join(f"{name} {change(sound, options):.1f}" for name, sound in SOUNDS.items())
    print(f"{options}: {each}".replace("-0.0", "0.0"))
PY
seen=$("$work/venv/bin/python" "$work/levels.py" "$work")
printf 'change of the level in decibels, by length and engine (-3 is the finer):\n%s\n' "$seen"
[ "$seen" = '-t1: noise 0.0, tone 0.0, hits 0.0
-t2: noise -1.5, tone -0.6, hits -9.4
-t0.5: noise -2.7, tone -1.4, hits -13.9
-3 -t1: noise 0.0, tone 0.0, hits 0.0
-3 -t2: noise -1.0, tone 0.0, hits -2.3
-3 -t0.5: noise -2.2, tone 0.0, hits -6.2' ]
