#!/usr/bin/env bash
# music21 10.5.1, Verovio 6.4.1: C4 & E4, two voices of one bar of ABC, are played one after the other.
#
# Guess: & goes back to the start of the bar (standard 2.1, 7.4), so that both voices sound together, as abcMIDI and
# abcjs 6.7.2 play them.
# Seen: both read on, so that the bar is twice as long and everything after it is late by a bar; there is no message.
# Piano and guitar tunes, which use it for the bass of a bar, become a melody of both. Two voices by V: on lines of
# their own are right in Verovio.
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


play("C4 & E4|G4|", HEADER.format("2/4", "K:C") + "C4 & E4|G4|\n")
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes with their starts and ends in seconds:\n%s\n' "$seen"
[ "$seen" = 'C4 & E4|G4| abc2midi: 60@0.0-1.0 64@0.0-1.0 67@1.0-2.0
C4 & E4|G4| abcjs: 60@0.0-1.0 64@0.0-1.0 67@1.0-2.0
C4 & E4|G4| music21: 60@0.0-1.0 64@1.0-2.0 67@2.0-3.0
C4 & E4|G4| Verovio: 60@0.0-1.0 64@1.0-2.0 67@2.0-3.0' ]
