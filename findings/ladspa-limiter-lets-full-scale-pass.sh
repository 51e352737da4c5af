#!/usr/bin/env bash
# CMT 1.18: its limiters with a threshold of 0.1 let a tone of full scale pass whole for most of the time.
#
# Guess: limit_peak with a threshold of 0.1 and an attack of 0 holds a tone of 1.0 at 0.1, but for the attack; with
# limit_rms it is some 3 dB more.
# Seen: with limit_peak a tone of 1 kHz is at full scale for 70 % of the time, as long as it lasts, and falls to 0.14 in
# between, 8 times a second. limit_rms lets 1 kHz pass too, and 50 Hz at 0.5. Attacks of 0 and 0.1 s make no difference;
# with a decay of 10 ms limit_peak holds 50 Hz at 0.33 and 1 kHz at 0.99. The compressor of the same library with a
# ratio of 0 holds the tone at 0.1. Speakers and files behind such a limiter get the peaks, and a flutter besides.
# (Debian's packages, with applyplugin of ladspa-sdk 1.17.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet ladspa-sdk=1.17-1+b1 cmt=1.18-1 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/peaks.py" <<'PY'
import os
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
RATE = 48_000


def peaks(frequency, label, *controls):
    """Return the peaks of the milliseconds of the second half of two seconds of a tone of full scale."""
    soundfile.write("in.wav", 0.999 * np.sin(2 * np.pi * frequency * np.arange(2 * RATE) / RATE), RATE)
    command = ["root/usr/bin/applyplugin", "in.wav", "out.wav", os.path.abspath("root/usr/lib/ladspa/cmt.so"), label]
    subprocess.run([*command, *map(str, controls)], check=True, stdout=subprocess.DEVNULL)
    return np.abs(soundfile.read("out.wav")[0][RATE:]).reshape(-1, RATE // 1000).max(axis=1)


for label in ("limit_peak", "limit_rms"):
    for attack, decay in ((0, 0.1), (0.1, 0.1), (0, 0.01)):
        highest = [f"{peaks(frequency, label, 0.1, attack, decay).max():.2f}" for frequency in (50, 200, 1000, 3000)]
        print(f"{label}, attack {attack} s, decay {decay} s: {' '.join(highest)}")
each = peaks(1000, "limit_peak", 0.1, 0, 0.1)
starts = np.count_nonzero((each[1:] > 0.9) & (each[:-1] < 0.9))
print(f"1 kHz: {np.mean(each > 0.9):.0%} of the time above 0.9, {starts} times a second, lowest {each.min():.2f}")
print(f"compress_peak: {peaks(1000, 'compress_peak', 0.1, 0, 0, 0.1).max():.2f}")
PY
seen=$("$work/venv/bin/python" "$work/peaks.py" "$work")
printf 'highest peaks at 50, 200, 1000 and 3000 Hz with a threshold of 0.1:\n%s\n' "$seen"
[ "$seen" = 'limit_peak, attack 0 s, decay 0.1 s: 0.86 1.00 1.00 1.00
limit_peak, attack 0.1 s, decay 0.1 s: 0.86 1.00 1.00 1.00
limit_peak, attack 0 s, decay 0.01 s: 0.33 0.59 0.99 1.00
limit_rms, attack 0 s, decay 0.1 s: 0.50 0.74 1.00 1.00
limit_rms, attack 0.1 s, decay 0.1 s: 0.50 0.74 1.00 1.00
limit_rms, attack 0 s, decay 0.01 s: 0.24 0.36 0.56 0.71
1 kHz: 70% of the time above 0.9, 8 times a second, lowest 0.14
compress_peak: 0.10' ]
