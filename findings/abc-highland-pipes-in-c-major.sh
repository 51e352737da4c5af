#!/usr/bin/env bash
# Verovio 6.4.1, music21 10.5.1: a tune for the Highland pipes, K:HP or K:Hp, is played in C major.
#
# Guess: F and C are sharp in both keys, as the standard (2.1, 3.1.14) has it and abcMIDI and abcjs 6.7.2 play them:
# K:Hp draws the sharps, K:HP leaves them out of the stave, since pipers know them.
# Seen: Verovio plays F and C natural in both, music21 in K:HP, which is the commoner one; no message. Each pipe tune of
# a collection then has two wrong degrees of seven, and one that is counted by keys becomes A minor or G. Writing K:D
# and =G serves all of them.
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


for key in ("K:HP", "K:Hp", "K:D"):
    play(key, HEADER.format("4/4", key) + "A4 F2 C2|\n")
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes with their starts and ends in seconds:\n%s\n' "$seen"
[ "$seen" = 'K:HP abc2midi: 69@0.0-1.0 66@1.0-1.5 61@1.5-2.0
K:HP abcjs: 69@0.0-1.0 66@1.0-1.5 61@1.5-2.0
K:HP music21: 69@0.0-1.0 65@1.0-1.5 60@1.5-2.0
K:HP Verovio: 69@0.0-1.0 65@1.0-1.5 60@1.5-2.0
K:Hp abc2midi: 69@0.0-1.0 66@1.0-1.5 61@1.5-2.0
K:Hp abcjs: 69@0.0-1.0 66@1.0-1.5 61@1.5-2.0
K:Hp music21: 69@0.0-1.0 66@1.0-1.5 61@1.5-2.0
K:Hp Verovio: 69@0.0-1.0 65@1.0-1.5 60@1.5-2.0
K:D abc2midi: 69@0.0-1.0 66@1.0-1.5 61@1.5-2.0
K:D abcjs: 69@0.0-1.0 66@1.0-1.5 61@1.5-2.0
K:D music21: 69@0.0-1.0 66@1.0-1.5 61@1.5-2.0
K:D Verovio: 69@0.0-1.0 66@1.0-1.5 61@1.5-2.0' ]
