#!/usr/bin/env bash
# Invada Studio Plugins 0.3.1: a low-pass of 1000 Hz has its cutoff at 318 Hz, and so has the high-pass.
#
# Guess: the LADSPA filters of one pole have a gain of -3 dB at their "Frequency (Hz)", for all between 20 Hz and 20
# kHz.
# Seen: at the frequency the low-pass has -10 dB and the high-pass -0.4 to -1.1 dB; they have about -3 dB near the
# frequency over pi. A rumble filter of 100 Hz leaves all above 32 Hz, and a low-pass of 3 kHz dulls from 1 kHz on. The
# one-pole filters of CMT 1.18 have -3.0 and -3.6 dB at 1000 Hz. Nothing in the name or the range of the knob tells.
# (Debian's packages, with applyplugin of ladspa-sdk 1.17.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet ladspa-sdk=1.17-1+b1 invada-studio-plugins-ladspa=0.3.1-6+b1 cmt=1.18-1 \
  > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/gains.py" <<'PY'
import os
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
RATE = 48_000


def gain(frequency, file, label, *controls):
    """Return what a plugin adds to a tone, in decibels, in the second of three seconds."""
    tone = 0.25 * np.sin(2 * np.pi * frequency * np.arange(3 * RATE) / RATE)
    soundfile.write("in.wav", tone, RATE)
    command = ["root/usr/bin/applyplugin", "in.wav", "out.wav", os.path.abspath(f"root/usr/lib/ladspa/{file}"), label]
    subprocess.run([*command, *map(str, controls)], check=True, stdout=subprocess.DEVNULL)
    levels = [soundfile.read(name)[0][RATE : 2 * RATE].std() for name in ("out.wav", "in.wav")]
    return f"{20 * np.log10(levels[0] / levels[1]):.1f}".replace("-0.0", "0.0")


for kind in ("lp", "hp"):
    plugin = ("inv_filter.so", f"invada_{kind}_mono_filter_module_0_1")
    for cutoff in (100, 1000, 3000):
        gains = [gain(part * cutoff, *plugin, cutoff, 0, 0) for part in (1 / np.pi, 1)]
        print(f"{kind} {cutoff} Hz: {' '.join(gains)}")
print("CMT 1000 Hz:", *(gain(1000, "cmt.so", kind, 1000) for kind in ("lpf", "hpf")))
PY
seen=$("$work/venv/bin/python" "$work/gains.py" "$work")
printf 'gains in decibels at the frequency over pi and at the frequency:\n%s\n' "$seen"
[ "$seen" = 'lp 100 Hz: -3.0 -10.3
lp 1000 Hz: -2.9 -10.2
lp 3000 Hz: -2.7 -9.8
hp 100 Hz: -3.0 -0.4
hp 1000 Hz: -3.3 -0.6
hp 3000 Hz: -3.9 -1.1
CMT 1000 Hz: -3.0 -3.6' ]
