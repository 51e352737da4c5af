#!/usr/bin/env bash
# SoundTouch 2.3.2: at double tempo nearly half of the hits of a drum are gone, and at half tempo a third come twice.
#
# Guess: of 30 hits, 0.37 s apart, all are there at double tempo, each at its place, and none twice at half tempo.
# Seen: 14 of 30 hits are silent at double tempo, 9 at half as fast again, and 2 at 20 % faster. With hits 0.5 or 0.213
# s apart it is 13 and 14 at double tempo. At half tempo 10 to 13 hits are too loud by more than a fifth, since they
# sound twice within 0.1 s. It makes no difference whether -speech is given. Sonic 0.2.0 and Rubber Band 3.1.2 keep all
# 30, the weakest at 0.45 and 0.34 of its level. A practice track or an example for training lacks every other note of
# the drum.
# (Debian's packages soundstretch, sonic and rubberband-cli, with the libraries that they need.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet soundstretch=2.3.2+ds1-1 libsoundtouch1=2.3.2+ds1-1 sonic=0.2.0-12 \
  libsonic0=0.2.0-12 rubberband-cli=3.1.2+dfsg0-1 libsndfile1 libflac12 libogg0 libvorbis0a libvorbisenc2 libopus0 \
  libmp3lame0 libmpg123-0 libfftw3-double3 libsamplerate0 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/hits.py" <<'PY'
import os
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
RATE = 44_100
environment = {**os.environ, "LD_LIBRARY_PATH": os.path.abspath("root/usr/lib/x86_64-linux-gnu")}
HIT = 0.3 * np.exp(-np.arange(1000) / 150) * np.random.default_rng(3).standard_normal(1000)


def levels(step, speed, *command):
    """Return the level of each of 30 hits in a file played at a speed, as parts of the level of one hit."""
    sound = np.zeros(int((1 + 30 * step) * RATE))
    places = [int((0.5 + number * step) * RATE) for number in range(30)]
    for place in places:
        sound[place : place + 1000] += HIT
    soundfile.write("in.wav", sound, RATE, subtype="PCM_16")
    subprocess.run([f"root/usr/bin/{command[0]}", *command[1:]], check=True, env=environment, capture_output=True)
    out, near = soundfile.read("out.wav")[0], int(0.06 * RATE)
    parts = [out[int(place / speed) - near : int(place / speed) + near] for place in places]
    return np.array([np.linalg.norm(part) for part in parts]) / np.linalg.norm(HIT)


for step in (0.37, 0.5, 0.213):
    for tempo in (100, 50, 20, -50):
        each = levels(step, 1 + tempo / 100, "soundstretch", "in.wav", "out.wav", f"-tempo={tempo}")
        print(f"{step} s, SoundTouch {tempo:+} %: {sum(each < 0.3)} silent, {sum(each > 1.2)} double")
speech = levels(0.37, 2, "soundstretch", "in.wav", "out.wav", "-tempo=100", "-speech")
print(f"0.37 s, -speech +100 %: {sum(speech < 0.3)} silent")
for command in ("sonic -s 2 in.wav out.wav", "rubberband -q -t0.5 in.wav out.wav"):
    each = levels(0.37, 2, *command.split())
    print(f"0.37 s, {command.split()[0]} +100 %: {sum(each < 0.3)} silent, the weakest {each.min():.2f}")
PY
seen=$("$work/venv/bin/python" "$work/hits.py" "$work")
printf 'hits of 30:\n%s\n' "$seen"
[ "$seen" = '0.37 s, SoundTouch +100 %: 14 silent, 0 double
0.37 s, SoundTouch +50 %: 9 silent, 0 double
0.37 s, SoundTouch +20 %: 2 silent, 0 double
0.37 s, SoundTouch -50 %: 0 silent, 10 double
0.5 s, SoundTouch +100 %: 13 silent, 0 double
0.5 s, SoundTouch +50 %: 10 silent, 0 double
0.5 s, SoundTouch +20 %: 2 silent, 0 double
0.5 s, SoundTouch -50 %: 0 silent, 13 double
0.213 s, SoundTouch +100 %: 14 silent, 0 double
0.213 s, SoundTouch +50 %: 9 silent, 0 double
0.213 s, SoundTouch +20 %: 0 silent, 0 double
0.213 s, SoundTouch -50 %: 0 silent, 12 double
0.37 s, -speech +100 %: 14 silent
0.37 s, sonic +100 %: 0 silent, the weakest 0.45
0.37 s, rubberband +100 %: 0 silent, the weakest 0.34' ]
