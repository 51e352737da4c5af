#!/usr/bin/env bash
# FFmpeg 7.0.2: highpass=f=1, against an offset, gives full scale of 16 bits and floats without end at 44,100 Hz.
#
# Guess: highpass=f=1 keeps a tone of 1 kHz with its level and takes an offset away, at each sampling rate; the option
# has a range from 0 Hz on.
# Seen: the filter works in the format of the input, and its numbers for 1 Hz do not fit into 32 bits of floats: with
# floats the sound grows to infinity, with 16 bits it sticks to full scale, without a warning. At 48,000 Hz 16 bits keep
# the offset, doubled, and at 192,000 Hz with 4 Hz as well; 2 Hz at 44,100 Hz is right. Input of 32 bits or doubles is
# filtered in doubles and right, so that the same command works on one file and not on another. The option r=f64 helps;
# its default is called auto. FFmpeg 8 in PyAV 18.1.0 does the same.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0 numpy==2.4.6 2> "$work/log"

cat > "$work/offsets.py" <<'PY'
import subprocess

import imageio_ffmpeg
import numpy as np

KINDS = {"s16le": ("<i2", 32_768), "f32le": ("<f4", 1), "s32le": ("<i4", 2**31), "f64le": ("<f8", 1)}


def filtered(kind, rate, frequency, options=""):
    """Return the peak and the mean of the second half of a tone of 0.1 on an offset of 0.05."""
    sound = 0.05 + 0.1 * np.sin(2 * np.pi * 1000 * np.arange(20 * rate) / rate)
    type_, scale = KINDS[kind]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", kind, "-ar", str(rate), "-ac", "1", "-i", "-"]
    command += ["-af", f"highpass=f={frequency}{options}", "-f", "f64le", "-"]
    out = subprocess.run(command, input=(sound * scale).astype(type_).tobytes(), capture_output=True, check=True).stdout
    half = np.frombuffer(out, "<f8")[10 * rate :]
    if not abs(half).max() < 10:
        return "explodes"
    return f"{abs(half).max():.1f} {half.mean():+.1f}".replace("-0.0", "+0.0")


for rate, frequency in ((44_100, 1), (48_000, 1), (48_000, 2), (96_000, 2), (192_000, 4), (192_000, 10)):
    print(f"{rate} Hz, {frequency} Hz:", ", ".join(f"{kind} {filtered(kind, rate, frequency)}" for kind in KINDS))
print("44100 Hz, 1 Hz, r=f64:", ", ".join(f"{kind} {filtered(kind, 44_100, 1, ':r=f64')}" for kind in KINDS))
PY
seen=$("$work/venv/bin/python" "$work/offsets.py")
printf 'peak and mean of a tone of 0.1 on an offset of 0.05, after highpass:\n%s\n' "$seen"
[ "$seen" = '44100 Hz, 1 Hz: s16le 1.0 +0.1, f32le explodes, s32le 0.1 +0.0, f64le 0.1 +0.0
48000 Hz, 1 Hz: s16le 0.2 +0.1, f32le 0.1 +0.0, s32le 0.1 +0.0, f64le 0.1 +0.0
48000 Hz, 2 Hz: s16le 0.1 +0.0, f32le 0.1 +0.0, s32le 0.1 +0.0, f64le 0.1 +0.0
96000 Hz, 2 Hz: s16le 0.1 +0.0, f32le 0.1 +0.0, s32le 0.1 +0.0, f64le 0.1 +0.0
192000 Hz, 4 Hz: s16le 0.2 -0.1, f32le 0.1 +0.0, s32le 0.1 +0.0, f64le 0.1 +0.0
192000 Hz, 10 Hz: s16le 0.1 +0.0, f32le 0.1 +0.0, s32le 0.1 +0.0, f64le 0.1 +0.0
44100 Hz, 1 Hz, r=f64: s16le 0.1 +0.0, f32le 0.1 +0.0, s32le 0.1 +0.0, f64le 0.1 +0.0' ]
