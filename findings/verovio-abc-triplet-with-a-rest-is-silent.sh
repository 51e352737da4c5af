#!/usr/bin/env bash
# Verovio 6.4.1: a triplet of ABC with a rest within, (3CzE, is not played at all.
#
# Guess: (3CzE is a note, a rest and a note in the time of two, as abcMIDI, abcjs 6.7.2 and music21 10.5.1 play it.
# Seen: both notes are missing, and what follows comes early; with the rest first or last, (3zCE and (3CEz, the notes
# are there, but the rest is an eighth and not a third of two. A swung bass with a rest in the middle
# of each triplet is empty. Nothing is said of it.
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


for group in ("(3CzE", "(3zCE", "(3CEz", "(3CDE"):
    play(group, HEADER.format("2/4", "K:C") + f"{group} c2|\n")
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes with their starts and ends in seconds:\n%s\n' "$seen"
[ "$seen" = '(3CzE abc2midi: 60@0.0-0.2 64@0.3-0.5 72@0.5-1.0
(3CzE abcjs: 60@0.0-0.2 64@0.3-0.5 72@0.5-1.0
(3CzE music21: 60@0.0-0.2 64@0.3-0.5 72@0.5-1.0
(3CzE Verovio: 72@0.2-0.7
(3zCE abc2midi: 60@0.2-0.3 64@0.3-0.5 72@0.5-1.0
(3zCE abcjs: 60@0.2-0.3 64@0.3-0.5 72@0.5-1.0
(3zCE music21: 60@0.2-0.3 64@0.3-0.5 72@0.5-1.0
(3zCE Verovio: 60@0.2-0.4 64@0.4-0.6 72@0.6-1.1
(3CEz abc2midi: 60@0.0-0.2 64@0.2-0.3 72@0.5-1.0
(3CEz abcjs: 60@0.0-0.2 64@0.2-0.3 72@0.5-1.0
(3CEz music21: 60@0.0-0.2 64@0.2-0.3 72@0.5-1.0
(3CEz Verovio: 60@0.0-0.2 64@0.2-0.3 72@0.6-1.1
(3CDE abc2midi: 60@0.0-0.2 62@0.2-0.3 64@0.3-0.5 72@0.5-1.0
(3CDE abcjs: 60@0.0-0.2 62@0.2-0.3 64@0.3-0.5 72@0.5-1.0
(3CDE music21: 60@0.0-0.2 62@0.2-0.3 64@0.3-0.5 72@0.5-1.0
(3CDE Verovio: 60@0.0-0.2 62@0.2-0.3 64@0.3-0.5 72@0.5-1.0' ]
