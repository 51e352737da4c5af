#!/usr/bin/env bash
# timecode 1.5.1: one second is 00:00:00:23, and an hour of sound is 01:00:03;17 at 29.97 frames a second.
#
# Guess: Timecode(rate, start_seconds=s) is what a clock beside the sound shows: 00:00:01:00 for one second at 24, and
# 01:00:00;00 for an hour at 29.97 with drop frame, which exists for just that.
# Seen: frames are counted from 1, so that each time is a frame early, and zero seconds are refused. At 29.97 and 59.94
# the seconds are multiplied by 30 and 60 before the numbers are dropped, so that an hour is 3.6 s late. At 23.976 an
# hour of the clock is 00:59:59:23 and not 00:59:56:10. With milliseconds 1.5 s is 1.499. Adding has the extra frame
# too: 00:00:00:00 + 00:00:01:00 is 00:00:01:01. OpenTimelineIO 0.18.1 has what a clock shows. Markers, cue lists and
# takes that are placed from seconds drift away from the picture. Count the frames, seconds times 30000/1001, and give
# frames=n+1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet timecode==1.5.1 opentimelineio==0.18.1 2> "$work/log"

cat > "$work/times.py" <<'PY'
from fractions import Fraction

from opentimelineio import opentime
from timecode import Timecode

RATES = {"24": 24, "25": 25, "23.976": Fraction(24_000, 1001), "29.97": Fraction(30_000, 1001)}
RATES["59.94"] = Fraction(60_000, 1001)
for name, rate in RATES.items():
    for seconds in (1, 60, 3600):
        frames = opentime.RationalTime(round(seconds * rate), float(rate))
        own = Timecode(name, frames=round(seconds * rate) + 1)
        print(name, seconds, Timecode(name, start_seconds=seconds), opentime.to_timecode(frames), own)
print("ms", 1.5, Timecode("ms", start_seconds=1.5))
print("sum", Timecode("24", "00:00:00:00") + Timecode("24", "00:00:01:00"))
try:
    print("zero", Timecode("24", start_seconds=0))
except ValueError as error:
    print("zero:", error)
PY
seen=$("$work/venv/bin/python" "$work/times.py" 2>> "$work/log")
printf 'rate, seconds, timecode, OpenTimelineIO, timecode from frames:\n%s\n' "$seen"
[ "$seen" = '24 1 00:00:00:23 00:00:01:00 00:00:01:00
24 60 00:00:59:23 00:01:00:00 00:01:00:00
24 3600 00:59:59:23 01:00:00:00 01:00:00:00
25 1 00:00:00:24 00:00:01:00 00:00:01:00
25 60 00:00:59:24 00:01:00:00 00:01:00:00
25 3600 00:59:59:24 01:00:00:00 01:00:00:00
23.976 1 00:00:00:23 00:00:01:00 00:00:01:00
23.976 60 00:00:59:23 00:00:59:23 00:00:59:23
23.976 3600 00:59:59:23 00:59:56:10 00:59:56:10
29.97 1 00:00:00;29 00:00:01;00 00:00:01;00
29.97 60 00:00:59;29 00:00:59;28 00:00:59;28
29.97 3600 01:00:03;17 01:00:00;00 01:00:00;00
59.94 1 00:00:00;59 00:00:01;00 00:00:01;00
59.94 60 00:00:59;59 00:00:59;56 00:00:59;56
59.94 3600 01:00:03;35 01:00:00;00 01:00:00;00
ms 1.5 00:00:01.499
sum 00:00:01:01
zero: ``start_seconds`` argument can not be 0' ]
