#!/usr/bin/env bash
# Verovio 6.4.1, music21 10.5.1: of a tied chord of ABC notes are struck again, or are missing.
#
# Guess: [CEG]-[CEG] holds all three notes on, as the standard (2.1, 4.11, 4.17) has it and abcMIDI and abcjs 6.7.2
# play.
# Seen: music21 strikes all three again, also across a bar line, though it ties single notes. Verovio loses a note of
# each: of the first chord it plays C and E, of the second E and G; it counts the hyphen for the last note written
# before it. Without the tie it has all six. So held harmonies in an accompaniment are struck twice, or are open fifths
# and thirds. A tie of each note, [C-E-G-][CEG], is no way out: music21 strikes all three, and Verovio holds C a
# second longer than the tune and has E and G in the second chord alone. The lengths stand within the brackets here,
# since Verovio takes no others.
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


for chords in ("[C2E2G2]-[C2E2G2]|", "[C2E2G2][C2E2G2]|", "[C2-E2-G2-][C2E2G2]|", "C2-C2|"):
    play(chords, HEADER.format("2/4", "K:C") + chords + "\n")
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes with their starts and ends in seconds:\n%s\n' "$seen"
[ "$seen" = '[C2E2G2]-[C2E2G2]| abc2midi: 60@0.0-1.0 64@0.0-1.0 67@0.0-1.0
[C2E2G2]-[C2E2G2]| abcjs: 60@0.0-1.0 64@0.0-1.0 67@0.0-1.0
[C2E2G2]-[C2E2G2]| music21: 60@0.0-0.5 64@0.0-0.5 67@0.0-0.5 60@0.5-1.0 64@0.5-1.0 67@0.5-1.0
[C2E2G2]-[C2E2G2]| Verovio: 60@0.0-0.5 64@0.0-0.5 64@0.5-1.0 67@0.5-1.0
[C2E2G2][C2E2G2]| abc2midi: 60@0.0-0.5 64@0.0-0.5 67@0.0-0.5 60@0.5-1.0 64@0.5-1.0 67@0.5-1.0
[C2E2G2][C2E2G2]| abcjs: 60@0.0-0.5 64@0.0-0.5 67@0.0-0.5 60@0.5-1.0 64@0.5-1.0 67@0.5-1.0
[C2E2G2][C2E2G2]| music21: 60@0.0-0.5 64@0.0-0.5 67@0.0-0.5 60@0.5-1.0 64@0.5-1.0 67@0.5-1.0
[C2E2G2][C2E2G2]| Verovio: 60@0.0-0.5 64@0.0-0.5 67@0.0-0.5 60@0.5-1.0 64@0.5-1.0 67@0.5-1.0
[C2-E2-G2-][C2E2G2]| abc2midi: 60@0.0-1.0 64@0.0-1.0 67@0.0-1.0
[C2-E2-G2-][C2E2G2]| abcjs: 60@0.0-1.0 64@0.0-1.0 67@0.0-1.0
[C2-E2-G2-][C2E2G2]| music21: 60@0.0-0.5 64@0.0-0.5 67@0.0-0.5 60@0.5-1.0 64@0.5-1.0 67@0.5-1.0
[C2-E2-G2-][C2E2G2]| Verovio: 60@0.0-2.0 64@0.5-1.0 67@0.5-1.0
C2-C2| abc2midi: 60@0.0-1.0
C2-C2| abcjs: 60@0.0-1.0
C2-C2| music21: 60@0.0-1.0
C2-C2| Verovio: 60@0.0-1.0' ]
