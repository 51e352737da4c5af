#!/usr/bin/env bash
# music21 10.5.1: a pitch of -50 cents in a Scala file is +50, and figures in a comment become part of the pitch.
#
# Guess: all readers of tunings follow the page of the format: a number with a point is in cents and may be below zero,
# one without is a ratio, "2" being 2/1, and what stands behind it on the line is a comment.
# Seen: the minus is dropped, so that a step down is one up. "7/4 53 steps of 60" is 7/45360, 13 octaves below the
# tonic. Tunings of music21's own archive are hit: the pelog of pelogic2 begins 60 cents above the tonic and not below,
# Newton's scale in 53 steps has pitches six octaves off, and keenan3 cannot be read, since its comments have a second
# point. tuning-library 0.1.0 (that of the synthesizer Surge) has all as written. A tuning for music21 needs bare
# numbers from 0 on.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile music21==10.5.1 tuning-library==0.1.0 2> "$work/log"

cat > "$work/tunings.py" <<'PY'
import os
import sys

import tuning_library
from music21.scale import scala


def music21(path):
    file = scala.ScalaFile()
    file.open(path)
    pitches = [pitch.cents for pitch in file.read().pitchValues]
    file.close()
    return pitches


def surge(path):
    return [tone.cents for tone in tuning_library.read_scl_file(path).tones]


for pitches in ("5/4, 3/2, 2", "-50., 3/2, 2/1", "400.0 cents, 7/4 seventh, 2/1", "5/4, 7/4 53 steps of 60, 2/1"):
    lines = pitches.split(", ")
    with open(sys.argv[1], "w") as file:
        file.write(f"! test.scl\n!\nA test\n {len(lines)}\n!\n" + "".join(f" {line}\n" for line in lines))
    for name, read in (("music21", music21), ("tuning-library", surge)):
        print(f"{pitches}: {name}:", *(f"{cents:.0f}" for cents in read(sys.argv[1])))

for name in ("pelogic2", "newton_15_out_of_53", "keenan3"):
    path = os.path.join(os.path.dirname(scala.__file__), "scl", f"{name}.scl")
    for reader, read in (("music21", music21), ("tuning-library", surge)):
        try:
            found = " ".join(f"{cents:.0f}" for cents in read(path)[:4])
        except ValueError:
            found = "not read"
        print(f"{name}: {reader}: {found}")
PY
seen=$("$work/venv/bin/python" "$work/tunings.py" "$work/test.scl" 2>> "$work/log")
printf 'pitches of scales in cents:\n%s\n' "$seen"
[ "$seen" = '5/4, 3/2, 2: music21: 386 702 1200
5/4, 3/2, 2: tuning-library: 386 702 1200
-50., 3/2, 2/1: music21: 50 702 1200
-50., 3/2, 2/1: tuning-library: -50 702 1200
400.0 cents, 7/4 seventh, 2/1: music21: 400 969 1200
400.0 cents, 7/4 seventh, 2/1: tuning-library: 400 969 1200
5/4, 7/4 53 steps of 60, 2/1: music21: 386 -15194 1200
5/4, 7/4 53 steps of 60, 2/1: tuning-library: 386 969 1200
pelogic2: music21: 60 154 94 309
pelogic2: tuning-library: -60 154 94 309
newton_15_out_of_53: music21: -3951 -3967 -7687 -7658
newton_15_out_of_53: tuning-library: 182 204 294 386
keenan3: music21: not read
keenan3: tuning-library: 68 136 317 385' ]
