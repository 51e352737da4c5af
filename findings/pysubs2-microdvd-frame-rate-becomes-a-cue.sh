#!/usr/bin/env bash
# pysubs2 1.8.1: the frame rate that it writes in MicroDVD files is a subtitle "25" when it reads them again.
#
# Guess: a file that pysubs2 wrote with fps=25 comes back as the two cues that went in.
# Seen: it writes the rate as {0}{0}25 and looks for {1}{1}25. With fps=25 given there are three cues, the first "25" of
# no length at 0 s; without fps it refuses its own file for want of a rate. FFmpeg takes the line for the rate that it is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pysubs2==1.8.1 av==18.1.0 2> "$work/log"
cat > "$work/again.py" <<'PY'
import sys

import av
import pysubs2

srt = "1\n00:00:02,000 --> 00:00:03,000\none\n\n2\n00:00:05,000 --> 00:00:06,000\ntwo\n\n"
pysubs2.SSAFile.from_string(srt).save(sys.argv[1], format_="microdvd", fps=25)
with open(sys.argv[1]) as file:
    print(file.readline().strip())
print("pysubs2", *(f"{cue.start}-{cue.end} {cue.text}" for cue in pysubs2.load(sys.argv[1], fps=25)), sep=" | ")
try:
    pysubs2.load(sys.argv[1])
except pysubs2.UnknownFPSError as error:
    print(type(error).__name__)
with av.open(sys.argv[1]) as container:
    packets = [packet for packet in container.demux() if packet.pts is not None]
    cues = (f"{round(1000 * packet.pts * packet.time_base)} {bytes(packet).decode()}" for packet in packets)
    print("FFmpeg", *cues, sep=" | ")
PY
"$work/venv/bin/python" "$work/again.py" "$work/cues.sub" > "$work/seen"
printf 'first line; cues with and without fps=25; cues by FFmpeg, times in ms:\n%s\n' "$(cat "$work/seen")"
[ "$(cat "$work/seen")" = '{0}{0}25
pysubs2 | 0-0 25 | 2000-3000 one | 5000-6000 two
UnknownFPSError
FFmpeg | 2000 one | 5000 two' ]
