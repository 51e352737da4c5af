#!/usr/bin/env bash
# SoX 14.4.2: bend makes all of a sound 3.5 dB louder, also before the bend, and each tone after it another level.
#
# Guess: "bend 1,100,1" leaves the first second as it was, slides up by 100 cents in the next and keeps the level, as
# "pitch 100" does.
# Seen: the first second is 3.52 dB louder, so that a sound with peaks above 0.67 clips before anything bends. After the
# bend tones are from 10 dB below to 3.5 dB above, by frequency and by -f and -o: of a chord one note is left 10 dB
# below the next. A bend of 1 cent keeps the 3.52 dB throughout. The pitch is right. pitch keeps the level within 0.1
# dB. (Debian's sox and libsox3, 14.4.2+git20190427-3.5, with the libraries that they need.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet sox libsox3 libgsm1 libltdl7 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/bend.py" <<'PY'
import os
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
RATE = 44_100
libraries = os.path.abspath("root/usr/lib/x86_64-linux-gnu")
environment = {**os.environ, "LD_LIBRARY_PATH": libraries}


def sox(*arguments):
    command = ["root/usr/bin/sox", *arguments]
    return subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout


def levels(frequency, *effect):
    """Return the gain in decibels in the first second and in the last two of five, and the pitch there."""
    time = np.arange(5 * RATE) / RATE
    sound = 0.25 * np.sin(2 * np.pi * frequency * time)
    soundfile.write("in.wav", sound, RATE, subtype="FLOAT")
    sox("-D", "in.wav", "-e", "float", "-b", "32", "out.wav", *effect)
    out = soundfile.read("out.wav")[0]
    parts = slice(RATE // 5, 4 * RATE // 5), slice(3 * RATE, 45 * RATE // 10)
    gains = [20 * np.log10(out[part].std() / sound[part].std()) for part in parts]
    rising = np.count_nonzero((out[parts[1]][:-1] < 0) & (out[parts[1]][1:] >= 0)) / 1.5
    return f"{gains[0]:.1f} dB, then {gains[1]:.1f} dB at {rising:.0f} Hz".replace("-0.0", "0.0")


print(sox("--version").split()[-1])
for frequency in (200, 440, 1000, 3000):
    for effect in ("bend 1,100,1", "bend -f 10 1,100,1", "bend 1,1,1", "pitch 100"):
        print(f"{frequency} Hz, {effect}: {levels(frequency, *effect.split())}")
PY
seen=$("$work/venv/bin/python" "$work/bend.py" "$work")
printf 'gain before and after a bend:\n%s\n' "$seen"
[ "$seen" = 'v14.4.2
200 Hz, bend 1,100,1: 3.5 dB, then 2.5 dB at 212 Hz
200 Hz, bend -f 10 1,100,1: 3.5 dB, then -10.4 dB at 211 Hz
200 Hz, bend 1,1,1: 3.5 dB, then 3.5 dB at 201 Hz
200 Hz, pitch 100: 0.0 dB, then 0.0 dB at 212 Hz
440 Hz, bend 1,100,1: 3.5 dB, then 2.7 dB at 466 Hz
440 Hz, bend -f 10 1,100,1: 3.5 dB, then -6.5 dB at 467 Hz
440 Hz, bend 1,1,1: 3.5 dB, then 3.5 dB at 441 Hz
440 Hz, pitch 100: 0.0 dB, then 0.0 dB at 466 Hz
1000 Hz, bend 1,100,1: 3.5 dB, then -7.0 dB at 1059 Hz
1000 Hz, bend -f 10 1,100,1: 3.5 dB, then -2.3 dB at 1059 Hz
1000 Hz, bend 1,1,1: 3.5 dB, then 3.5 dB at 1001 Hz
1000 Hz, pitch 100: 0.0 dB, then 0.0 dB at 1059 Hz
3000 Hz, bend 1,100,1: 3.5 dB, then 2.8 dB at 3179 Hz
3000 Hz, bend -f 10 1,100,1: 3.5 dB, then -3.4 dB at 3179 Hz
3000 Hz, bend 1,1,1: 3.5 dB, then 3.5 dB at 3001 Hz
3000 Hz, pitch 100: 0.0 dB, then 0.0 dB at 3178 Hz' ]
