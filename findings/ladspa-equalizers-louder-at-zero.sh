#!/usr/bin/env bash
# swh-plugins 0.4.17, CAPS 0.9.26: two equalizers with every slider at 0 dB make the sound 2.8 and 3.6 dB louder.
#
# Guess: the LADSPA plugins mbeq (15 bands) and Eq10 (10 bands) with all gains at 0 leave the sound as it was, within
# 0.3 dB, and +12 dB for one band is +12 dB at its frequency.
# Seen: mbeq is 2.8 dB up from 100 Hz to 16 kHz, and takes 1.5 dB off 30 Hz at 48 kHz, so that a peak of 0.73 clips in a
# file of integers; Eq10 is 3.6 dB up, 4 dB at 4 kHz and 1.6 dB at 16 kHz. The same is added to every setting: all
# sliders of mbeq at -12 dB are -9.2 dB. 12 dB for 1250 or 1000 Hz are 14.6 dB there with mbeq, and 10.9 with Eq10. The
# 31 bands of ZamGEQ31 (zam-plugins 4.1) are right. In a comparison with and without equalizer the louder one wins.
# (Debian's packages, with applyplugin of ladspa-sdk 1.17.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet ladspa-sdk=1.17-1+b1 swh-plugins=0.4.17-2 caps=0.9.26-1 zam-plugins=4.1+ds-1 \
  libfftw3-single3 > "$work/log" 2>&1)
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


def gain(frequency, file, label, controls):
    """Return what a plugin adds to a tone, in decibels, in the second of three seconds."""
    tone = 0.05 * np.sin(2 * np.pi * frequency * np.arange(3 * RATE) / RATE)
    soundfile.write("in.wav", tone, RATE)
    command = ["root/usr/bin/applyplugin", "in.wav", "out.wav", os.path.abspath(f"root/usr/lib/ladspa/{file}"), label]
    subprocess.run([*command, *map(str, controls)], check=True, env=environment, stdout=subprocess.DEVNULL)
    levels = [soundfile.read(name)[0][RATE : 2 * RATE].std() for name in ("out.wav", "in.wav")]
    return f"{20 * np.log10(levels[0] / levels[1]):.1f}".replace("-0.0", "0.0")


def one(size, band, decibels=12):
    return [decibels if number == band else 0 for number in range(size)]


MBEQ, EQ10, ZAM = ("mbeq_1197.so", "mbeq"), ("caps.so", "Eq10"), ("ZamGEQ31-ladspa.so", "ZamGEQ31")
for name, plugin, size, band in (("mbeq", MBEQ, 15, 8), ("Eq10", EQ10, 10, 5), ("ZamGEQ31", ZAM, 30, 16)):
    flat = " ".join(gain(frequency, *plugin, size * [0]) for frequency in (30, 100, 1000, 4000, 16_000))
    frequency = 1250 if name == "mbeq" else 1000
    print(f"{name}, 0 dB: {flat}; +12 dB at {frequency} Hz: {gain(frequency, *plugin, one(size, band))}")
print("all at -12 dB, 1 kHz:", gain(1000, *MBEQ, 15 * [-12]), gain(1000, *EQ10, 10 * [-12]))
PY
seen=$("$work/venv/bin/python" "$work/gains.py" "$work")
printf 'gains in decibels at 30, 100, 1000, 4000 and 16000 Hz:\n%s\n' "$seen"
[ "$seen" = 'mbeq, 0 dB: -1.5 2.8 2.8 2.8 2.8; +12 dB at 1250 Hz: 14.6
Eq10, 0 dB: 2.6 3.5 3.6 4.0 1.6; +12 dB at 1000 Hz: 10.9
ZamGEQ31, 0 dB: 0.0 0.0 0.0 0.0 0.0; +12 dB at 1000 Hz: 12.0
all at -12 dB, 1 kHz: -9.2 -8.4' ]
