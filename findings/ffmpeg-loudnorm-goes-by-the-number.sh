#!/usr/bin/env bash
# FFmpeg 7.0.2 (imageio-ffmpeg 0.6.0): its two meters of loudness, loudnorm and ebur128, disagree about layouts.
#
# Guess: both are ITU-R BS.1770 of one program and know the layout of the sound, so they agree on every channel; a
# tone in the low-frequency channel has no loudness in either, and one right behind the listener counts as it does in
# front.
# Seen: ebur128 goes by the names of channels, loudnorm by their number. The low-frequency channel of 2.1 is a channel
# like any other to loudnorm. The fourth channel of 6.0 and 7.0 is one behind the listener, of 5.1 the low-frequency
# one, so it is nothing to loudnorm: a sound that is there alone has -inf LUFS. A channel right behind the listener,
# which BS.1770-4 (table 4) weighs as one in front, is 1.5 dB louder to ebur128. What loudnorm makes of such a file
# has another loudness in ebur128, and no message says that the layout was not looked at.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0

cat > "$work/meters.py" <<'PY'
import re
import subprocess

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def measured(layout, n_channels, channel, meter, pattern):
    """Return the loudness of a tone of 1 kHz and 0.1 in one channel."""
    tone = "|".join("0.1*sin(2*PI*1000*t)" if each == channel else "0" for each in range(n_channels))
    command = [FFMPEG, "-nostats", "-f", "lavfi", "-i", f"aevalsrc={tone}:s=48000:d=5:c={layout}", "-af", meter]
    log = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    return round(float(re.findall(pattern, log)[-1]), 1)


for layout, n_channels, channel, name in (
    ("5.1", 6, 0, "left"),
    ("5.1", 6, 3, "low"),
    ("5.1", 6, 4, "back left"),
    ("2.1", 3, 2, "low"),
    ("4.0", 4, 3, "back centre"),
    ("6.0", 6, 3, "back centre"),
    ("7.0", 7, 3, "back left"),
    ("hexagonal", 6, 3, "back left"),
):
    ours = (layout, n_channels, channel)
    named = measured(*ours, "ebur128", r" I: +(\S+) LUFS")
    numbered = measured(*ours, "loudnorm=print_format=json", r'"input_i" : "(\S+)"')
    print(f"{layout} {name}: {named} {numbered}")
PY
seen=$("$work/venv/bin/python" "$work/meters.py")
printf 'LUFS of ebur128 and of loudnorm:\n%s\n' "$seen"
[ "$seen" = '5.1 left: -23.0 -23.1
5.1 low: -70.0 -inf
5.1 back left: -21.5 -21.6
2.1 low: -70.0 -23.1
4.0 back centre: -21.5 -21.6
6.0 back centre: -21.5 -inf
7.0 back left: -21.5 -inf
hexagonal back left: -21.5 -inf' ]
