#!/usr/bin/env bash
# FFmpeg 7.0.2 (imageio-ffmpeg 0.6.0): the wet gain of asubboost is the volume of everything, so wet=0 is silence.
#
# Guess: dry=1 and wet=0 give back the sound as it is, because the manual calls dry the amount of the original that is
# kept, and wet that of the filtered signal.
# Seen: dry=1:wet=0 writes zeros, with every boost. With dry=1, a tone of 3 kHz, far above the filter, follows the wet
# gain alone: 0 dB at wet=1, -6 dB at 0.5, -20 dB at 0.1. The dry gain works within it: dry=0 removes the tone. So a
# fader from the filtered sound to the original fades out, and no setting adds a little bass without turning all down.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0 numpy==2.4.6

cat > "$work/boost.py" <<'PY'
import subprocess

import imageio_ffmpeg
import numpy as np

RATE = 48_000
time = np.arange(4 * RATE) / RATE
tone = 0.1 * np.sin(2 * np.pi * 3_000 * time)
for settings in ("dry=1:wet=0", "dry=1:wet=0:boost=6", "dry=1:wet=1", "dry=1:wet=0.5", "dry=1:wet=0.1", "dry=0:wet=1"):
    raw = ["-f", "f64le", "-ar", str(RATE), "-ac", "1"]
    chain = ["-af", f"asubboost={settings}"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *raw, "-i", "-", *chain, *raw, "-"]
    after = np.frombuffer(subprocess.run(command, input=tone.tobytes(), capture_output=True, check=True).stdout)
    ratio = np.std(after[2 * RATE :]) / np.std(tone)
    print(settings, f"{round(20 * np.log10(ratio))} dB" if ratio else "silence")
PY
seen=$("$work/venv/bin/python" "$work/boost.py")
printf 'level of a tone of 3 kHz:\n%s\n' "$seen"
[ "$seen" = 'dry=1:wet=0 silence
dry=1:wet=0:boost=6 silence
dry=1:wet=1 0 dB
dry=1:wet=0.5 -6 dB
dry=1:wet=0.1 -20 dB
dry=0:wet=1 -57 dB' ]
