#!/usr/bin/env bash
# dftt-timecode 1.0.0: timecode at 23.976 frames a second is drop frame, though drop_frame=False is asked for.
#
# Guess: with drop_frame=False no number is dropped at any rate: an hour of the clock is 00:59:56:12 at 29.97 and
# 00:59:56:10 at 23.976, for which no standard has drop frame.
# Seen: at 29.97, 47.952 and 59.94 that is so. At 23.976 numbers are dropped, whatever is asked for: an hour is
# 01:00:00;00, the frame after 00:00:59;23 is 00:01:00;01, and 00:01:00:00, which every such recording has, is refused.
# Read from a list of cuts, 01:00:00:00 is at 3600.0 s in place of 3603.6 s. OpenTimelineIO 0.18.1 counts through. Music
# and subtitles that are placed by such numbers drift 3.6 s an hour from the picture.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile dftt-timecode==1.0.0 opentimelineio==0.18.1 2> "$work/log"

cat > "$work/times.py" <<'PY'
from dftt_timecode import Timecode
from opentimelineio import opentime

for rate in (23.976, 29.97, 47.952, 59.94):
    frames = round(3600 * rate)
    own = Timecode(f"{frames}f", "auto", rate, drop_frame=False).timecode_output("smpte")
    print(f"{rate}, {frames} frames: {own}", end="")
    exact = round(rate) * 1000 / 1001
    time = opentime.RationalTime(frames, exact)
    print("" if rate == 47.952 else f", OpenTimelineIO {opentime.to_timecode(time, exact, False)}")
film = {"fps": 23.976, "drop_frame": False}
print("frames 1438 to 1440:", *(Timecode(f"{n}f", "auto", **film).timecode_output("smpte") for n in (1438, 1439, 1440)))
exact = opentime.from_timecode("01:00:00:00", 24_000 / 1001).to_seconds()
print(f"01:00:00:00: {float(Timecode('01:00:00:00', 'smpte', **film).timestamp):.1f} s, OpenTimelineIO {exact:.1f} s")
try:
    print(Timecode("00:01:00:00", "smpte", **film))
except Exception as error:
    print("00:01:00:00:", type(error).__name__)
PY
seen=$("$work/venv/bin/python" "$work/times.py" 2> "$work/log")
printf 'an hour in frames:\n%s\n' "$seen"
[ "$seen" = '23.976, 86314 frames: 01:00:00;00, OpenTimelineIO 00:59:56:10
29.97, 107892 frames: 00:59:56:12, OpenTimelineIO 00:59:56:12
47.952, 172627 frames: 00:59:56:19
59.94, 215784 frames: 00:59:56:24, OpenTimelineIO 00:59:56:24
frames 1438 to 1440: 00:00:59;22 00:00:59;23 00:01:00;01
01:00:00:00: 3600.0 s, OpenTimelineIO 3603.6 s
00:01:00:00: DFTTTimecodeValueError' ]
