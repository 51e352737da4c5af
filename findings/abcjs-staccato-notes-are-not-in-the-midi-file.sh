#!/usr/bin/env bash
# abcjs 6.7.2: in its MIDI files notes with a dot, .c, are missing; the place where they were is silent.
#
# Guess: .c is a short c, as the standard (2.1, 4.14) says and abcMIDI plays it, at half of its length; or a c of full
# length, as music21 10.5.1 and Verovio 6.4.1 play it.
# Seen: getMidiFile writes no such note at all; what follows is in time. The same sign spelled
# !staccato! leaves a note of full length. A tune with dots that goes through abcjs into a sequencer or a corpus has
# holes where the dots were.
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


for notes_of_bar in ("c2 .d2 e2 .f2", "!staccato!c2 d2 e2 f2"):
    play(notes_of_bar, HEADER.format("4/4", "K:C") + notes_of_bar + "|\n")
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes with their starts and ends in seconds:\n%s\n' "$seen"
[ "$seen" = 'c2 .d2 e2 .f2 abc2midi: 72@0.0-0.5 74@0.5-0.8 76@1.0-1.5 77@1.5-1.8
c2 .d2 e2 .f2 abcjs: 72@0.0-0.5 76@1.0-1.5
c2 .d2 e2 .f2 music21: 72@0.0-0.5 74@0.5-1.0 76@1.0-1.5 77@1.5-2.0
c2 .d2 e2 .f2 Verovio: 72@0.0-0.5 74@0.5-1.0 76@1.0-1.5 77@1.5-2.0
!staccato!c2 d2 e2 f2 abc2midi: 72@0.0-0.5 74@0.5-1.0 76@1.0-1.5 77@1.5-2.0
!staccato!c2 d2 e2 f2 abcjs: 72@0.0-0.5 74@0.5-1.0 76@1.0-1.5 77@1.5-2.0
!staccato!c2 d2 e2 f2 music21: 72@0.0-0.5 74@0.5-1.0 76@1.0-1.5 77@1.5-2.0
!staccato!c2 d2 e2 f2 Verovio: 72@0.0-0.5 74@0.5-1.0 76@1.0-1.5 77@1.5-2.0' ]
