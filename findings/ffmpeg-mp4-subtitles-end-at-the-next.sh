#!/usr/bin/env bash
# FFmpeg 7.0.2 (imageio-ffmpeg 0.6.0): a subtitle in MP4 ends where the next begins, and the last of LRC in 49 days.
#
# Guess: two subtitles that overlap keep their times from SRT to MP4 (mov_text) and back, as in Matroska; the last line
# of a file of LRC, whose end no file says, lasts some seconds or to the end of the sound.
# Seen: in MP4 the first of two, from 1 to 9 s, ends at 3 s, where the second, of 1 s, begins, and from 4 to 9 s nothing
# is shown. No warning is given. In Matroska and WebVTT both are whole. Long signs with speech above them, and words of
# two singers, lose most of their time. The last line of LRC lasts 2^32 - 1 milliseconds, so that a player or a
# converter takes the text for 1,193 hours long.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0 2> "$work/log"

cat > "$work/times.py" <<'PY'
import os
import subprocess
import sys

import imageio_ffmpeg

os.chdir(sys.argv[1])
NAMES = {
    "in.srt": "1\n00:00:01,000 --> 00:00:09,000\nSign\n\n2\n00:00:03,000 --> 00:00:04,000\nSpeech\n\n",
    "in.lrc": "[00:01.00]One\n[00:03.50]Two\n",
}
for name, text in NAMES.items():
    with open(name, "w") as file:
        file.write(text)


def convert(source, target, *options):
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-i", source, *options, target], check=True)


for source, target, options in (
    ("in.srt", "out.mp4", ("-c:s", "mov_text")),
    ("in.srt", "out.mkv", ()),
    ("in.srt", "out.vtt", ()),
    ("in.lrc", "out.vtt", ()),
):
    convert(source, target, *options)
    convert(target, "out.srt")
    with open("out.srt") as file:
        times = [line.strip() for line in file if "-->" in line]
    print(f"{source} by way of {target}: {', '.join(times)}")
PY
seen=$("$work/venv/bin/python" "$work/times.py" "$work")
printf 'times of the subtitles:\n%s\n' "$seen"
[ "$seen" = 'in.srt by way of out.mp4: 00:00:01,000 --> 00:00:03,000, 00:00:03,000 --> 00:00:04,000
in.srt by way of out.mkv: 00:00:01,000 --> 00:00:09,000, 00:00:03,000 --> 00:00:04,000
in.srt by way of out.vtt: 00:00:01,000 --> 00:00:09,000, 00:00:03,000 --> 00:00:04,000
in.lrc by way of out.vtt: 00:00:01,000 --> 00:00:03,500, 00:00:03,500 --> 1193:02:50,795' ]
