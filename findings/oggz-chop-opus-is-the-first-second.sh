#!/usr/bin/env bash
# oggz-tools 1.1.1: oggz-chop gives the first second of an Opus file, whichever piece is asked for, or the whole file.
#
# Guess: "-s 2.25 -e 5.25" is those three seconds, to a packet, of Ogg Opus as of Ogg Vorbis.
# Seen: of Opus it is what stands before 1 s, the first page of sound, as it is for 5 to 9 s; from 0 to 3 s are all 12
# seconds. Nothing is printed and the exit status is 0. Of Vorbis the same calls are right to a page, here 4.0 s, 6.3 s
# and 4.0 s around the piece. oggz-info calls Opus "Unknown" and says that it lasts 00:00:00.000. Who takes samples,
# ring tones or a chapter out of Opus gets the greeting of each recording; FFmpeg with -ss and -c copy finds the piece.
# (Debian's packages, on files that soundfile writes; FFmpeg, on the path, decodes the pieces.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet oggz-tools=1.1.1-8+b1 liboggz2=1.1.1-8+b1 libogg0 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/chop.py" <<'PY'
import os
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
RATE, SECONDS = 48_000, 12
ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": os.path.abspath("root/usr/lib/x86_64-linux-gnu")}
# Each second has a tone of its own: 500 Hz, 700 Hz, 900 Hz and so on.
PITCHES = 500 + 200 * np.arange(SECONDS)
WAVE = 0.3 * np.sin(2 * np.pi * np.repeat(PITCHES, RATE) * np.arange(SECONDS * RATE) / RATE)


def chopped(subtype, start, end):
    """Return the length of a piece, and the seconds of the whole that it begins and ends in."""
    soundfile.write("in.ogg", WAVE, RATE, format="OGG", subtype=subtype)
    command = ["root/usr/bin/oggz-chop", "-o", "out.ogg", "-s", str(start), "-e", str(end), "in.ogg"]
    subprocess.run(command, check=True, env=ENVIRONMENT, timeout=30)
    decoding = ["ffmpeg", "-loglevel", "error", "-i", "out.ogg", "-ar", str(RATE), "-ac", "1", "-f", "f32le", "-"]
    wave = np.frombuffer(subprocess.run(decoding, check=True, capture_output=True, timeout=30).stdout, np.float32)
    ends = []
    for part in (wave[4000:12_000], wave[-12_000:-4000]):
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        ends.append(int(np.argmin(np.abs(PITCHES - np.argmax(spectrum) * RATE / len(part)))))
    return f"{len(wave) / RATE:.1f} s, begins in second {ends[0]}, ends in second {ends[1]}"


for subtype in ("OPUS", "VORBIS"):
    for start, end in ((2.25, 5.25), (5, 9), (0, 3)):
        print(f"{subtype} {start} to {end}: {chopped(subtype, start, end)}")
soundfile.write("in.ogg", WAVE, RATE, format="OGG", subtype="OPUS")
command = ["root/usr/bin/oggz-info", "in.ogg"]
about = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=30).stdout
print(about.splitlines()[0])
PY
seen=$("$work/venv/bin/python" "$work/chop.py" "$work")
printf 'pieces:\n%s\n' "$seen"
[ "$seen" = 'OPUS 2.25 to 5.25: 1.0 s, begins in second 0, ends in second 0
OPUS 5 to 9: 1.0 s, begins in second 0, ends in second 0
OPUS 0 to 3: 12.0 s, begins in second 0, ends in second 11
VORBIS 2.25 to 5.25: 4.0 s, begins in second 2, ends in second 5
VORBIS 5 to 9: 6.3 s, begins in second 4, ends in second 10
VORBIS 0 to 3: 4.0 s, begins in second 0, ends in second 3
Content-Duration: 00:00:00.000' ]
