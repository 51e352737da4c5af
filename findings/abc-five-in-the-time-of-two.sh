#!/usr/bin/env bash
# abcjs 6.7.2, Verovio 6.4.1: five notes of a jig, (5, last two eighths instead of three, and the bar is short.
#
# Guess: (5 and (7 are played in the time of three notes where the meter is compound (6/8, 9/8) and of two elsewhere, as
# the standard (2.1, 4.13) says.
# Seen: abcMIDI and music21 10.5.1 do so; abcjs and Verovio take two in each meter, so that a bar of 6/8 with one such
# group lasts five eighths, and all that follows, and each other voice, is out of step by a note. (5:3 says it outright
# and is right in all four. In 3/8, which the standard does not count as compound, abcMIDI alone takes three.
# (Debian's package abcmidi.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 mido==1.3.3 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" abcjs@6.7.2 >> "$work/log"
(cd "$work" && apt-get download --quiet abcmidi=20230208+ds1-1 > "$work/log" 2>&1)
dpkg -x "$work"/abcmidi_*.deb "$work/deb"

cat > "$work/play.mjs" <<'JS'
import fs from "node:fs";
import abcjs from "abcjs";
const [midi] = abcjs.synth.getMidiFile(fs.readFileSync(process.argv[2], "utf8"), { midiOutputType: "binary" });
fs.writeFileSync(process.argv[2] + ".abcjs", midi);
JS
cat > "$work/play.py" <<'PY'
import subprocess
import sys
import warnings

import mido
import music21

warnings.simplefilter("ignore")
folder = sys.argv[1]
VEROVIO = """import base64, sys, verovio
verovio.enableLog(verovio.LOG_OFF)
toolkit = verovio.toolkit()
toolkit.setOptions({"inputFrom": "abc"})
with open(sys.argv[1]) as file:
    toolkit.loadData(file.read())
with open(sys.argv[1] + ".Verovio", "wb") as file:
    file.write(base64.b64decode(toolkit.renderToMIDI()))"""
HEADER = "X:1\nT:t\nM:{}\nL:1/8\nQ:1/4=120\n{}\n"


def notes(path):
    """Return the start and the end in seconds and the number of each note of a MIDI file."""
    time, sounding, found = 0, {}, []
    for message in mido.MidiFile(path):
        time += message.time
        key = getattr(message, "channel", None), getattr(message, "note", None)
        if message.type == "note_on" and message.velocity:
            sounding[key] = time
        elif message.type in ("note_on", "note_off") and key in sounding:
            found.append((sounding.pop(key), time, message.note))
    return sorted(found)


def play(name, tune, programs=("abc2midi", "abcjs", "music21", "Verovio")):
    """Print what each program plays of a tune."""
    path = folder + "/tune.abc"
    with open(path, "w") as file:
        file.write(tune)
    subprocess.run([folder + "/deb/usr/bin/abc2midi", path, "-o", path + ".abc2midi"], check=True, capture_output=True)
    subprocess.run(["node", folder + "/play.mjs", path], check=True)
    if "music21" in programs:
        music21.converter.parse(path, format="abc", forceSource=True).write("midi", path + ".music21")
    subprocess.run([sys.executable, "-c", VEROVIO, path], check=True, capture_output=True)
    for program in programs:
        print(f"{name} {program}:", *(f"{note}@{a:.1f}-{b:.1f}" for a, b, note in notes(f"{path}.{program}")))


for meter, group in (("6/8", "(5CDEFG"), ("6/8", "(5:3CDEFG"), ("4/4", "(5CDEFG"), ("3/8", "(5CDEFG")):
    play(f"{meter} {group}", HEADER.format(meter, "K:C") + f"{group} A3|\n")
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes with their starts and ends in seconds:\n%s\n' "$seen"
[ "$seen" = '6/8 (5CDEFG abc2midi: 60@0.0-0.1 62@0.2-0.3 64@0.3-0.4 65@0.5-0.6 67@0.6-0.8 69@0.8-1.5
6/8 (5CDEFG abcjs: 60@0.0-0.1 62@0.1-0.2 64@0.2-0.3 65@0.3-0.4 67@0.4-0.5 69@0.5-1.2
6/8 (5CDEFG music21: 60@0.0-0.1 62@0.1-0.3 64@0.3-0.4 65@0.4-0.6 67@0.6-0.8 69@0.8-1.5
6/8 (5CDEFG Verovio: 60@0.0-0.1 62@0.1-0.2 64@0.2-0.3 65@0.3-0.4 67@0.4-0.5 69@0.5-1.2
6/8 (5:3CDEFG abc2midi: 60@0.0-0.1 62@0.2-0.3 64@0.3-0.4 65@0.5-0.6 67@0.6-0.8 69@0.8-1.5
6/8 (5:3CDEFG abcjs: 60@0.0-0.1 62@0.1-0.3 64@0.3-0.4 65@0.4-0.6 67@0.6-0.8 69@0.8-1.5
6/8 (5:3CDEFG music21: 60@0.0-0.1 62@0.1-0.3 64@0.3-0.4 65@0.4-0.6 67@0.6-0.8 69@0.8-1.5
6/8 (5:3CDEFG Verovio: 60@0.0-0.1 62@0.2-0.3 64@0.3-0.4 65@0.5-0.6 67@0.6-0.7 69@0.8-1.5
4/4 (5CDEFG abc2midi: 60@0.0-0.1 62@0.1-0.2 64@0.2-0.3 65@0.3-0.4 67@0.4-0.5 69@0.5-1.2
4/4 (5CDEFG abcjs: 60@0.0-0.1 62@0.1-0.2 64@0.2-0.3 65@0.3-0.4 67@0.4-0.5 69@0.5-1.2
4/4 (5CDEFG music21: 60@0.0-0.1 62@0.1-0.2 64@0.2-0.3 65@0.3-0.4 67@0.4-0.5 69@0.5-1.2
4/4 (5CDEFG Verovio: 60@0.0-0.1 62@0.1-0.2 64@0.2-0.3 65@0.3-0.4 67@0.4-0.5 69@0.5-1.2
3/8 (5CDEFG abc2midi: 60@0.0-0.1 62@0.2-0.3 64@0.3-0.4 65@0.5-0.6 67@0.6-0.8 69@0.8-1.5
3/8 (5CDEFG abcjs: 60@0.0-0.1 62@0.1-0.2 64@0.2-0.3 65@0.3-0.4 67@0.4-0.5 69@0.5-1.2
3/8 (5CDEFG music21: 60@0.0-0.1 62@0.1-0.2 64@0.2-0.3 65@0.3-0.4 67@0.4-0.5 69@0.5-1.2
3/8 (5CDEFG Verovio: 60@0.0-0.1 62@0.1-0.2 64@0.2-0.3 65@0.3-0.4 67@0.4-0.5 69@0.5-1.2' ]
