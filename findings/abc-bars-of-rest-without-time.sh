#!/usr/bin/env bash
# music21 10.5.1, Verovio 6.4.1: rests of whole bars in ABC take no time, nor do rests that are not drawn.
#
# Guess: Z is a bar of rest, Z2 are two, x is a rest that is not drawn, and X two bars of them (standard 2.1, 4.5), so
# that what follows comes later by as much, as abcMIDI and abcjs 6.7.2 play it.
# Seen: music21 drops Z, Z2 and x, so that a voice that waits comes in at once, and X2 is a middle C. Verovio drops Z
# without a number and X2, but not Z1, Z2 and x. In parts of several voices, where such rests are usual, voices run
# apart by whole bars, without a message. A rest of a bar as z4 is kept by all.
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


for rest in ("Z", "Z2", "x4", "X2", "z4"):
    play(rest, HEADER.format("2/4", "K:C") + f"C4|{rest}|G4|\n")
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes with their starts and ends in seconds:\n%s\n' "$seen"
[ "$seen" = 'Z abc2midi: 60@0.0-1.0 67@2.0-3.0
Z abcjs: 60@0.0-1.0 67@2.0-3.0
Z music21: 60@0.0-1.0 67@1.0-2.0
Z Verovio: 60@0.0-1.0 67@1.0-2.0
Z2 abc2midi: 60@0.0-1.0 67@3.0-4.0
Z2 abcjs: 60@0.0-1.0 67@3.0-4.0
Z2 music21: 60@0.0-1.0 67@1.0-2.0
Z2 Verovio: 60@0.0-1.0 67@3.0-4.0
x4 abc2midi: 60@0.0-1.0 67@2.0-3.0
x4 abcjs: 60@0.0-1.0 67@2.0-3.0
x4 music21: 60@0.0-1.0 67@1.0-2.0
x4 Verovio: 60@0.0-1.0 67@2.0-3.0
X2 abc2midi: 60@0.0-1.0 67@3.0-4.0
X2 abcjs: 60@0.0-1.0 67@3.0-4.0
X2 music21: 60@0.0-1.0 60@1.0-1.5 67@1.5-2.5
X2 Verovio: 60@0.0-1.0 67@1.0-2.0
z4 abc2midi: 60@0.0-1.0 67@2.0-3.0
z4 abcjs: 60@0.0-1.0 67@2.0-3.0
z4 music21: 60@0.0-1.0 67@2.0-3.0
z4 Verovio: 60@0.0-1.0 67@2.0-3.0' ]
