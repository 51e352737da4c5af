#!/usr/bin/env bash
# libebur128 1.2.6 (pyebur128 0.1.1): half a second of silence in front takes 12 LU from the loudness range of a piece.
#
# Guess: the loudness range of a sound is the same wherever it begins, and libebur128, which countless programs have
# inside, agrees with FFmpeg's ebur128 (7.0.2, imageio-ffmpeg 0.6.0) within a few tenths.
# Seen: EBU Tech 3342 asks since 2016 for windows of 3 s at least ten times a second; libebur128 takes one each second.
# A pulse of whole seconds meets the same windows again and again: one loud second of four, as accents at 60 beats a
# minute, is 15.3 LU, and half a second later 2.9 LU, where FFmpeg measures 6.5 both times. dsp-audio-metrics 0.1.1 does
# the same. Limits on the range pass or fail by where a piece was cut; a meter of the newer rule settles it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pyebur128==0.1.1 dsp-audio-metrics==0.1.1 imageio-ffmpeg==0.6.0 numpy==2.4.6 \
    2> "$work/log"

cat > "$work/ranges.py" <<'PY'
import re
import subprocess
import sys

import dsp_audio_metrics
import imageio_ffmpeg
import numpy as np
import pyebur128

RATE = 48_000
FFMPEG = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-f", "f32le", "-ar", str(RATE), "-ac", "1"]


def ffmpeg_range(wave):
    """Return the loudness range that FFmpeg prints last."""
    command = [*FFMPEG, "-i", "-", "-af", "ebur128", "-f", "null", "-"]
    printed = subprocess.run(command, input=wave.astype("<f4").tobytes(), capture_output=True, check=True).stderr
    return float(re.findall(r"LRA: +([\d.]+) LU", printed.decode())[-1])


def library_range(wave):
    state = pyebur128.R128State(1, RATE, pyebur128.MeasurementMode.MODE_LRA)
    state.add_frames(wave, len(wave))
    return pyebur128.get_loudness_range(state)


print("libebur128", pyebur128.get_libebur128_version())
for period, loud in ((4, 1), (5, 2)):
    for silence in (0, 0.5):
        time = np.arange(60 * RATE) / RATE
        wave = 0.5 * np.sin(2 * np.pi * 1000 * time) * np.where(time % period < loud, 1, 0.1)
        wave = np.concatenate((np.zeros(int(silence * RATE)), wave))
        ranges = ffmpeg_range(wave), library_range(wave), dsp_audio_metrics.loudness_range(wave, RATE)
        print(f"{loud} s of {period} loud, from {silence} s:", *(f"{each:.1f}" for each in ranges))
PY
seen=$("$work/venv/bin/python" "$work/ranges.py")
printf 'loudness range in LU by FFmpeg, libebur128, dsp-audio-metrics:\n%s\n' "$seen"
[ "$seen" = 'libebur128 1.2.6
1 s of 4 loud, from 0 s: 6.5 15.3 15.3
1 s of 4 loud, from 0.5 s: 6.5 2.9 2.9
2 s of 5 loud, from 0 s: 9.4 18.3 18.3
2 s of 5 loud, from 0.5 s: 9.4 5.8 5.8' ]
