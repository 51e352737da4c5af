#!/usr/bin/env bash
# FFmpeg 7.0.2 (imageio-ffmpeg 0.6.0): adeclick and adeclip fade in the first 41 ms of any sound, clicks or not.
#
# Guess: a filter that repairs clicks leaves a clean tone as it is, or changes some samples by little.
# Seen: with a threshold that finds no click at all (t=100) the first 41 ms of a file, three quarters of a window, rise
# from nothing to full level, and all that follows is kept to the last bit. A steady tone is 25, 17 and 12 dB too quiet
# in the first three stretches of 4 ms; a hit 2 ms after the beginning is 26 dB down, the same hit a second later is
# untouched. The windows overlap by 75 %, and the first has none before it to be added to. A longer window makes the
# fade longer (w=100: 75 ms). adeclip has the same fade. Loops, samples and takes that begin with their attack lose it;
# a tenth of a second of silence before the sound, cut off again afterwards, keeps it from adeclick.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0 numpy==2.4.6

cat > "$work/attack.py" <<'PY'
import subprocess

import imageio_ffmpeg
import numpy as np

RATE = 48_000
tone = 0.5 * np.cos(2 * np.pi * 1_000 * np.arange(2 * RATE) / RATE)
hits = np.zeros(2 * RATE)
hits[[100, RATE]] = 0.5


def filtered(wave, name):
    """Return a sound after a filter of FFmpeg."""
    raw = ["-f", "f64le", "-ar", str(RATE), "-ac", "1"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *raw, "-i", "-", "-af", name, *raw, "-"]
    return np.frombuffer(subprocess.run(command, input=wave.tobytes(), capture_output=True, check=True).stdout)


def decibels(after, before):
    """Return the change of level."""
    return f"{20 * np.log10(np.sqrt(np.mean(after**2) / np.mean(before**2))):.0f}"


for name in ("adeclick=t=100", "adeclick=t=100:w=100", "adeclip"):
    after = filtered(tone, name)
    changed = np.flatnonzero(np.abs(after - tone)[: RATE // 10] > 1e-6)
    tenths = [slice(start, start + 192) for start in range(0, 3 * 192, 192)]
    levels = [decibels(after[each], tone[each]) for each in tenths]
    hit = filtered(hits, name)[[100, RATE]]
    padded = filtered(np.concatenate((np.zeros(RATE // 10), tone)), name)[RATE // 10 :]
    kept = np.abs(padded - tone)[: RATE // 10].max() < 1e-6
    print(name, f"{changed[-1] / RATE * 1_000:.0f}", *levels, *(f"{each:.3f}" for each in hit), kept)
PY
seen=$("$work/venv/bin/python" "$work/attack.py")
printf 'ms that change, dB in 0-4, 4-8, 8-12 ms, hits of 0.5 at 2 ms and at 1 s, kept after silence:\n%s\n' "$seen"
[ "$seen" = 'adeclick=t=100 41 -25 -17 -12 0.026 0.500 True
adeclick=t=100:w=100 75 -30 -22 -17 0.014 0.500 True
adeclip 41 -25 -17 -12 0.026 0.500 False' ]
