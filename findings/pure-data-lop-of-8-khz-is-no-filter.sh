#!/usr/bin/env bash
# Pure Data 0.53.1: lop~ 8000 is no filter at all, and bp~ at a Q of 1 makes everything up to 6 dB louder.
#
# Guess: lop~ and hip~ have -3 dB at their frequency from 100 Hz to 15 kHz, and bp~ has a gain of 1 at its centre.
# Seen: at 48 kHz lop~ has -3.0 dB at 100 Hz, -1.2 at 5 kHz and 0.0 at 8 kHz and above, where it leaves all frequencies
# as they are: "lop~ 8000" takes nothing off 20 kHz. hip~ has -6.0 dB at 7 and 8 kHz. bp~ with a Q of 1 has 5.0 dB at 1
# kHz, and "bp~ 12000 1" adds 6.0 dB at 1, 6, 12 and 18 kHz; with a Q of 10 it is 0.8 dB. The same patch sounds other at
# another sample rate: what lop~ 8000 dulls at 96 kHz it leaves alone at 48.
# (Debian's puredata-core 0.53.1+ds-2, in batch mode.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet puredata-core > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/gains.py" <<'PY'
import os
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])


def gain(frequency, box, rate=48_000):
    """Return what a box of a patch adds to a tone, in decibels, in the second half of a second."""
    soundfile.write("in.wav", 0.1 * np.sin(2 * np.pi * frequency * np.arange(rate) / rate), rate, subtype="FLOAT")
    boxes = ["obj 0 0 loadbang", "obj 0 0 t b b b b", f"obj 0 0 table in {rate}", f"obj 0 0 table out {rate}"]
    boxes += ["msg 0 0 read in.wav in", "obj 0 0 soundfiler", "obj 0 0 tabplay~ in", f"obj 0 0 {box}"]
    boxes += ["obj 0 0 tabwrite~ out", "obj 0 0 delay 1020", "msg 0 0 write -wave -bytes 4 out.wav out"]
    boxes += ["obj 0 0 t b b", r"msg 0 0 \; pd quit", r"msg 0 0 \; pd dsp 1"]
    wires = "0 0 1 0,1 3 4 0,4 0 5 0,1 2 13 0,1 1 8 0,1 1 6 0,1 0 9 0"
    wires += ",6 0 7 0,7 0 8 0,9 0 11 0,11 1 10 0,10 0 5 0,11 0 12 0"
    lines = ["#N canvas 0 0 400 400 12", *(f"#X {each}" for each in boxes)]
    lines += [f"#X connect {each}" for each in wires.split(",")]
    with open("patch.pd", "w") as file:
        file.writelines(line + ";\n" for line in lines)
    command = "root/usr/bin/puredata -nogui -batch -noprefs -nostdpath -r"
    subprocess.run([*command.split(), str(rate), "-open", "patch.pd"], check=True, capture_output=True)
    levels = [soundfile.read(name)[0][rate // 2 : rate * 9 // 10].std() for name in ("out.wav", "in.wav")]
    return f"{20 * np.log10(levels[0] / levels[1]):.1f}".replace("-0.0", "0.0")


for name in ("lop~", "hip~"):
    print(name, *(f"{f} Hz {gain(f, f'{name} {f}')}," for f in (100, 1000, 5000, 7000, 8000, 15_000)))
print("lop~ 8000 at 1, 12 and 20 kHz:", *(gain(f, "lop~ 8000") for f in (1000, 12_000, 20_000)))
print("lop~ 8000 at a rate of 96 kHz, at 8 and 20 kHz:", *(gain(f, "lop~ 8000", 96_000) for f in (8000, 20_000)))
print("bp~ 1000 with Q 1, 2, 10 at 1 kHz:", *(gain(1000, f"bp~ 1000 {q}") for q in (1, 2, 10)))
print("bp~ 12000 1 at 1, 6, 12, 18 kHz:", *(gain(f, "bp~ 12000 1") for f in (1000, 6000, 12_000, 18_000)))
PY
seen=$("$work/venv/bin/python" "$work/gains.py" "$work")
printf 'gains in decibels at the frequency of the filter:\n%s\n' "$seen"
[ "$seen" = 'lop~ 100 Hz -3.0, 1000 Hz -2.7, 5000 Hz -1.2, 7000 Hz -0.3, 8000 Hz 0.0, 15000 Hz 0.0,
hip~ 100 Hz -3.0, 1000 Hz -3.3, 5000 Hz -4.8, 7000 Hz -6.0, 8000 Hz -6.0, 15000 Hz -1.6,
lop~ 8000 at 1, 12 and 20 kHz: 0.0 0.0 0.0
lop~ 8000 at a rate of 96 kHz, at 8 and 20 kHz: -1.7 -5.5
bp~ 1000 with Q 1, 2, 10 at 1 kHz: 5.0 3.2 0.8
bp~ 12000 1 at 1, 6, 12, 18 kHz: 6.0 6.0 6.0 6.0' ]
