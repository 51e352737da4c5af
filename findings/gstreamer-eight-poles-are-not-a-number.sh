#!/usr/bin/env bash
# GStreamer 1.22.0: audiocheblimit with 8 poles at 100 Hz gives no number at all, with 6 poles at 40 Hz it is 8 dB low.
#
# Guess: Chebyshev filters of audiofx pass their band within their ripple of 0.25 dB, with as many poles as they take.
# Seen: in both formats 8 poles at 20, 40 and 100 Hz give samples that are NaN or infinite, at 200 Hz they grow to 1e18,
# and at 500 Hz it is right. 6 poles lower the tone by 8 dB at 40 Hz and explode at 20 Hz; 4 poles are right at each. As
# a high-pass 8 poles are right from 100 Hz. "Too large a number of poles can produce noise", says the page; it is a
# file of NaN, with an exit status of 0, where a rumble filter or a subwoofer's low-pass was meant. Two elements of 4
# poles in a row do it.
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

cat > "$work/poles.py" <<'PY'
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
RATE = 48_000


def judged(mode, poles, cutoff, format_):
    """Return whether a filter leaves the level of a tone in its band, an octave from its cutoff, within 0.3 dB."""
    pitch = cutoff / 2 if mode == "low-pass" else cutoff * 2
    wave = 0.1 * np.sin(2 * np.pi * pitch * np.arange(2 * RATE) / RATE)
    soundfile.write("in.wav", wave, RATE, subtype="DOUBLE")
    chain = f"filesrc location=in.wav ! wavparse ! audioconvert ! audio/x-raw,format={format_}"
    chain += f" ! audiocheblimit mode={mode} cutoff={cutoff} poles={poles} ! wavenc ! filesink location=out.wav"
    command = ["root/usr/bin/gst-launch-1.0", "--quiet", *chain.split()]
    subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True, timeout=30)
    played = soundfile.read("out.wav")[0][RATE:]
    if not np.isfinite(played).all() or np.abs(played).max() > 1000:
        return "explodes"
    level = 20 * np.log10(played.std() / wave.std())
    return "right" if abs(level) < 0.3 else "wrong"


LOW_PASSES = [("low-pass", 8, "F32LE"), ("low-pass", 8, "F64LE"), ("low-pass", 6, "F64LE"), ("low-pass", 4, "F32LE")]
for mode, poles, format_ in [*LOW_PASSES, ("high-pass", 8, "F64LE")]:
    cutoffs = (20, 40, 100, 200, 500)
    print(f"{mode}, {poles} poles, {format_}:", ", ".join(judged(mode, poles, cutoff, format_) for cutoff in cutoffs))
PY
seen=$("$work/venv/bin/python" "$work/poles.py" "$work")
printf 'level of a tone an octave within the band, with a cutoff of 20, 40, 100, 200 and 500 Hz:\n%s\n' "$seen"
[ "$seen" = 'low-pass, 8 poles, F32LE: explodes, explodes, explodes, explodes, right
low-pass, 8 poles, F64LE: explodes, explodes, explodes, explodes, right
low-pass, 6 poles, F64LE: explodes, wrong, right, right, right
low-pass, 4 poles, F32LE: right, right, right, right, right
high-pass, 8 poles, F64LE: explodes, explodes, right, right, right' ]
