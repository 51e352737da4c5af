#!/usr/bin/env bash
# GStreamer 1.22.0: the compressor and expander of audiodynamic have no attack and bend every wave, sample by sample.
#
# Guess: audiodynamic is a compressor by the level, which leaves what is quiet as it is.
# Seen: each sample is taken by itself. A tone of 0.9 with a threshold of 0.1 and a ratio of 0.25 comes out with a third
# harmonic 20 dB below it and a fifth at 25 dB, that is 12 % of distortion; with a ratio of 0, "hard limiting", it is 10
# dB, a square wave. 1 kHz beside a loud 50 Hz falls from 0.050 to 0.017 and gets sidebands at 900 and 1100 Hz of a
# quarter of itself. The expander with a ratio of 2 makes silence of a tone of 0.05 and gives one of 0.2 a third
# harmonic of -25 dB. What is meant to hold loud places down is an effect of distortion.
# (Debian's packages, in a pipeline of gst-launch-1.0.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet "gstreamer1.0-tools=1.22.0-*" "libgstreamer1.0-0=1.22.0-*" \
  "gstreamer1.0-plugins-good=1.22.0-*" "gstreamer1.0-plugins-base=1.22.0-*" "libgstreamer-plugins-base1.0-0=1.22.0-*" \
  liborc-0.4-0 libglib2.0-0 libpcre2-8-0 libffi8 libdw1 libelf1 libunwind8 libcap2 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/bend.py" <<'PY'
import os
import shutil
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
RATE = 48_000
LIBRARIES = os.path.abspath("root/usr/lib/x86_64-linux-gnu")
os.mkdir("plugins")
for name in ("coreelements", "audioconvert", "audiofx", "wavparse", "wavenc"):
    shutil.copy(f"{LIBRARIES}/gstreamer-1.0/libgst{name}.so", "plugins")
PATHS = {"LD_LIBRARY_PATH": LIBRARIES, "GST_PLUGIN_SYSTEM_PATH_1_0": "plugins", "GST_REGISTRY_1_0": "registry"}
ENVIRONMENT = {**os.environ, **PATHS, "GST_REGISTRY_FORK": "no"}


def amplitudes(settings, tones, frequencies):
    """Return the amplitudes at frequencies in what audiodynamic makes of tones, {frequency: amplitude}."""
    time = np.arange(2 * RATE) / RATE
    wave = sum(amplitude * np.sin(2 * np.pi * frequency * time) for frequency, amplitude in tones.items())
    soundfile.write("in.wav", wave, RATE, subtype="FLOAT")
    chain = f"filesrc location=in.wav ! wavparse ! audioconvert ! audio/x-raw,format=F32LE ! audiodynamic {settings}"
    chain += " ! wavenc ! filesink location=out.wav"
    command = ["root/usr/bin/gst-launch-1.0", "--quiet", *chain.split()]
    subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True, timeout=30)
    spectrum = np.abs(np.fft.rfft(soundfile.read("out.wav")[0][RATE // 2 :][:RATE])) / (RATE / 2)
    return spectrum[list(frequencies)]


for settings in ("mode=compressor ratio=0.25", "mode=compressor ratio=0", "mode=expander ratio=2"):
    for amplitude in (0.05, 0.2, 0.9):
        first, *others = amplitudes(f"{settings} threshold=0.1", {1000: amplitude}, (1000, 3000, 5000))
        parts = [f"{20 * np.log10(other / first):.0f}" for other in others if other > 1e-4]
        print(f"{settings}, {amplitude}: {first:.3f}", *parts)
seen = amplitudes("mode=compressor ratio=0.25 threshold=0.1", {1000: 0.05, 50: 0.5}, (1000, 900, 1100))
print("0.050 at 1 kHz beside 0.5 at 50 Hz:", *(f"{each:.3f}" for each in seen))
PY
seen=$("$work/venv/bin/python" "$work/bend.py" "$work")
printf 'amplitude of 1 kHz, and its third and fifth harmonics in dB below it:\n%s\n' "$seen"
[ "$seen" = 'mode=compressor ratio=0.25, 0.05: 0.050
mode=compressor ratio=0.25, 0.2: 0.141 -17 -30
mode=compressor ratio=0.25, 0.9: 0.320 -20 -25
mode=compressor ratio=0, 0.05: 0.050
mode=compressor ratio=0, 0.2: 0.122 -13 -27
mode=compressor ratio=0, 0.9: 0.127 -10 -14
mode=expander ratio=2, 0.05: 0.000
mode=expander ratio=2, 0.2: 0.196 -25 -23
mode=expander ratio=2, 0.9: 0.900
0.050 at 1 kHz beside 0.5 at 50 Hz: 0.017 0.005 0.005' ]
