#!/usr/bin/env bash
# GStreamer 1.22.0: audioinvert makes silence of every sound in 32-bit floats, at any degree above zero.
#
# Guess: with a degree of 1 the sound is upside down, with 0.25 half as loud, as its page says, whatever the format.
# Seen: in 16 bits it is: 1, 0.5, 0, -0.5 and -1 times the sound at degrees of 0, 0.25, 0.5, 0.75 and 1. In floats,
# which decoders of MP3, Vorbis and Opus and most effects hand on, it is 1, and then 0 from 0.25 to 1. A chain that
# turns one microphone or one channel upside down loses it, with no word, and whether it does depends on what stands
# before audioinvert: audioconvert picks the format that costs least. "audio/x-raw,format=S16LE" before it brings the
# sound back; audioamplify with an amplification of -1 is right in both formats.
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

cat > "$work/invert.py" <<'PY'
import os
import shutil
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
LIBRARIES = os.path.abspath("root/usr/lib/x86_64-linux-gnu")
os.mkdir("plugins")
for name in ("coreelements", "audioconvert", "audiofx", "wavparse", "wavenc"):
    shutil.copy(f"{LIBRARIES}/gstreamer-1.0/libgst{name}.so", "plugins")
PATHS = {"LD_LIBRARY_PATH": LIBRARIES, "GST_PLUGIN_SYSTEM_PATH_1_0": "plugins", "GST_REGISTRY_1_0": "registry"}
ENVIRONMENT = {**os.environ, **PATHS, "GST_REGISTRY_FORK": "no"}
WAVE = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)


def factor(format_, element):
    """Return what an element multiplies a tone by."""
    soundfile.write("in.wav", WAVE, 48_000, subtype="FLOAT")
    chain = f"filesrc location=in.wav ! wavparse ! audioconvert ! audio/x-raw,format={format_} ! {element}"
    chain += " ! audioconvert ! audio/x-raw,format=F32LE ! wavenc ! filesink location=out.wav"
    command = ["root/usr/bin/gst-launch-1.0", "--quiet", *chain.split()]
    subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True, timeout=30)
    return f"{soundfile.read('out.wav')[0] @ WAVE / (WAVE @ WAVE):.2f}".replace("-0.00", "0.00")


ELEMENTS = [f"audioinvert degree={degree}" for degree in (0, 0.25, 0.5, 0.75, 1)] + ["audioamplify amplification=-1"]
for format_ in ("S16LE", "F32LE"):
    for element in ELEMENTS:
        print(f"{format_} {element}: {factor(format_, element)}")
PY
seen=$("$work/venv/bin/python" "$work/invert.py" "$work")
printf 'factors by which a tone is multiplied:\n%s\n' "$seen"
[ "$seen" = 'S16LE audioinvert degree=0: 1.00
S16LE audioinvert degree=0.25: 0.50
S16LE audioinvert degree=0.5: 0.00
S16LE audioinvert degree=0.75: -0.50
S16LE audioinvert degree=1: -1.00
S16LE audioamplify amplification=-1: -1.00
F32LE audioinvert degree=0: 1.00
F32LE audioinvert degree=0.25: 0.00
F32LE audioinvert degree=0.5: 0.00
F32LE audioinvert degree=0.75: 0.00
F32LE audioinvert degree=1: 0.00
F32LE audioamplify amplification=-1: -1.00' ]
