#!/usr/bin/env bash
# FFmpeg 7.0.2: superequalizer delays the sound by 85 ms, surround by 43, dialoguenhance by 32, afftdn by 25 ms.
#
# Guess: a filter that needs samples of the future corrects its delay by the timestamps, so that a hit at 1 s stays at 1
# s of the picture, and no sound is lost at the end.
# Seen: these filters start at the timestamp 0 with silence and end when the input ends: all is late by the time of
# their look-ahead or window, and as much of the end is cut off, here the last hit of 50 ms. superequalizer has 4,095
# samples, with all bands at 1, 93 ms at 44,100 Hz: lips and drums are out of step, and a dry copy that is mixed in
# combs. anlmdn has 8, alimiter 5, adrc and apsyclip 4 ms; firequalizer 10 ms without loss, as its option delay says;
# only alimiter has an option against it, latency, off by default. atempo=1.0001 is 19 ms early. dynaudnorm, speechnorm,
# adeclick and rubberband are in time. The manual names no delay of the first four.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0 numpy==2.4.6 2> "$work/log"

cat > "$work/hits.py" <<'PY'
import re
import subprocess

import imageio_ffmpeg
import numpy as np

RATE = 48_000
FILTERS = "anull superequalizer surround=chl_out=stereo dialoguenhance afftdn anlmdn alimiter adrc apsyclip " \
    "atempo=1.0001 firequalizer dynaudnorm speechnorm adeclick rubberband=tempo=1.0001"
sound = np.zeros(3 * RATE)
hit = 0.3 * np.random.default_rng(0).standard_normal(2400) * np.exp(-np.arange(2400) / 400)
sound[RATE : RATE + 2400] = hit
sound[-2400:] = hit


def late(samples, around):
    """Return how many samples after a time a hit is heard, from the peak of the correlation, or nothing."""
    part = samples[around - RATE // 2 : around + RATE // 2]
    likeness = np.correlate(part, hit, "valid") if len(part) > len(hit) else np.zeros(1)
    return likeness.argmax() - RATE // 2 if likeness.max() > 0.05 * (hit**2).sum() else None


for name in FILTERS.split():
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "-"]
    command = [*program, "-filter_complex", f"[0]{name},ashowinfo", "-f", "f32le", "-ac", "2", "-"]
    stereo = np.stack([sound, sound], 1).astype("<f4").tobytes()
    ran = subprocess.run(command, input=stereo, capture_output=True, check=True)
    begin = float(re.search(r"pts_time:(\S+)", ran.stderr.decode())[1])
    samples = np.frombuffer(ran.stdout, "<f4")[::2]
    end = late(samples, 3 * RATE - 2400)
    delay = 1000 * (begin + late(samples, RATE) / RATE)
    print(f"{name}: {delay:+.0f} ms, last hit {'lost' if end is None else 'there'}")
PY
seen=$("$work/venv/bin/python" "$work/hits.py")
printf 'how late a hit is by the timestamps:\n%s\n' "$seen"
[ "$seen" = 'anull: +0 ms, last hit there
superequalizer: +85 ms, last hit lost
surround=chl_out=stereo: +43 ms, last hit lost
dialoguenhance: +32 ms, last hit lost
afftdn: +25 ms, last hit lost
anlmdn: +8 ms, last hit lost
alimiter: +5 ms, last hit there
adrc: +4 ms, last hit there
apsyclip: +4 ms, last hit there
atempo=1.0001: -19 ms, last hit there
firequalizer: +10 ms, last hit there
dynaudnorm: +0 ms, last hit there
speechnorm: +0 ms, last hit there
adeclick: +0 ms, last hit there
rubberband=tempo=1.0001: +0 ms, last hit there' ]
