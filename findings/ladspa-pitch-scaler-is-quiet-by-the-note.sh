#!/usr/bin/env bash
# swh-plugins 0.4.17: the "Higher Quality Pitch Scaler" at 1 leaves a tone of 440 Hz 41 dB down, and noise 9 dB.
#
# Guess: pitchScaleHQ and pitchScale with a coefficient of 1 give the sound as it was, late by their latency, and with
# 1.2 or 0.8 the same level within 0.5 dB; the plainer amPitchshift rather more.
# Seen: at 1 noise is 9 dB down with the one of higher quality, and tones between 5 and 41 dB: 100 Hz 10 dB, 440 Hz 41,
# 1 kHz 35, 3 kHz 16 dB. With 1.2 noise is 15 dB down and with 2 26 dB. pitchScale differs by a few dB. The pitch is
# right. Each part of a chord gets another level. amPitchshift at 1 changes nothing, and at 0.8 or 1.2 noise by 2 dB.
# (Debian's packages, with applyplugin of ladspa-sdk 1.17.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet ladspa-sdk=1.17-1+b1 swh-plugins=0.4.17-2 libfftw3-single3 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/gains.py" <<'PY'
import os
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
RATE = 48_000
environment = {**os.environ, "LD_LIBRARY_PATH": os.path.abspath("root/usr/lib/x86_64-linux-gnu")}
PLUGINS = {"pitchScaleHQ": "pitch_scale_1194.so", "pitchScale": "pitch_scale_1193.so"}
PLUGINS["amPitchshift"] = "am_pitchshift_1433.so"


def gain(sound, label, *controls):
    """Return what a plugin adds in decibels, and the strongest frequency, in the second and third of four seconds."""
    soundfile.write("in.wav", sound, RATE)
    file = os.path.abspath(f"root/usr/lib/ladspa/{PLUGINS[label]}")
    command = ["root/usr/bin/applyplugin", "in.wav", "out.wav", file, label, *map(str, controls)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    out = soundfile.read("out.wav")[0][RATE : 3 * RATE]
    top = np.abs(np.fft.rfft(out * np.hanning(len(out)))).argmax() / 2
    return 20 * np.log10(out.std() / sound[RATE : 3 * RATE].std()), top


time = np.arange(4 * RATE) / RATE
noise = 0.05 * np.random.default_rng(0).standard_normal(len(time))
for label in PLUGINS:
    extra = (4,) if label == "amPitchshift" else ()
    levels = [f"{gain(noise, label, factor, *extra)[0]:.0f}" for factor in (0.8, 1, 1.2, 2)]
    print(f"{label}, noise by 0.8, 1, 1.2, 2: {' '.join(levels)}".replace("-0", "0"))
    for factor in (1, 1.2):
        tones = [gain(0.5 * np.sin(2 * np.pi * f * time), label, factor, *extra) for f in (100, 440, 1000, 3000)]
        each = ", ".join(f"{level:.0f} ({top:.0f} Hz)" for level, top in tones)
        print(f" tones by {factor}: {each}".replace("-0", "0"))
PY
seen=$("$work/venv/bin/python" "$work/gains.py" "$work")
printf 'gains in decibels:\n%s\n' "$seen"
[ "$seen" = 'pitchScaleHQ, noise by 0.8, 1, 1.2, 2: -14 -9 -15 -26
 tones by 1: -10 (100 Hz), -41 (440 Hz), -35 (1000 Hz), -16 (3000 Hz)
 tones by 1.2: -17 (120 Hz), -33 (528 Hz), -36 (1200 Hz), -25 (3600 Hz)
pitchScale, noise by 0.8, 1, 1.2, 2: -14 -9 -15 -23
 tones by 1: -11 (100 Hz), -5 (440 Hz), -5 (1000 Hz), -16 (3000 Hz)
 tones by 1.2: -13 (120 Hz), -9 (528 Hz), -6 (1200 Hz), -20 (3600 Hz)
amPitchshift, noise by 0.8, 1, 1.2, 2: -2 0 -2 -1
 tones by 1: 0 (100 Hz), 0 (440 Hz), 0 (1000 Hz), 0 (3000 Hz)
 tones by 1.2: 0 (118 Hz), -2 (534 Hz), -2 (1206 Hz), 0 (3600 Hz)' ]
