#!/usr/bin/env bash
# Verovio 6.4.1: the first ending of an ABC tune is played in both rounds, and :: is one repeat instead of two.
#
# Guess: |:C8|1 D8:|2 E8|] is C D C E, and |:C8|D8::E8|C8:| is C D C D E C E C, by the standard (2.1, 4.8 and 4.9), by
# abcjs 6.7.2 and by music21 10.5.1.
# Seen: Verovio plays C D C D E, so that a tune of 16 bars has 17 and a dance is out of step; of :: it makes C D E C
# twice, as if nothing stood there, so that the form AABB is ABAB. With :| and |: on two lines it is right, and endings
# are in what it reads from MusicXML. Nearly every reel and jig is written with one or the other.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 mido==1.3.3 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" abcjs@6.7.2 >> "$work/log"

cat > "$work/play.mjs" <<'JS'
import fs from "node:fs";
import abcjs from "abcjs";
const tune = fs.readFileSync(process.argv[2], "utf8");
const [midi] = abcjs.synth.getMidiFile(tune, { midiOutputType: "binary" });
fs.writeFileSync(process.argv[2] + ".abcjs", midi);
JS
cat > "$work/play.py" <<'PY'
import base64
import io
import subprocess
import sys
import warnings

import mido
import music21

warnings.simplefilter("ignore")
folder = sys.argv[1]
VEROVIO = """import sys, verovio
verovio.enableLog(verovio.LOG_OFF)
toolkit = verovio.toolkit()
toolkit.setOptions({"inputFrom": sys.argv[2]})
with open(sys.argv[1]) as file:
    toolkit.loadData(file.read())
print(toolkit.renderToMIDI())"""
HEADER = "X:1\nT:t\nM:{}\nL:1/8\nQ:{}\nK:{}\n"


def content(path):
    with open(path, "rb") as file:
        return file.read()


def notes(data):
    """Return the start, the end in seconds and the number of each note of a MIDI file."""
    time, sounding, found = 0, {}, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        time += message.time
        if message.type == "note_on" and message.velocity:
            sounding[message.note] = time
        elif message.type in ("note_on", "note_off") and message.note in sounding:
            found.append((sounding.pop(message.note), time, message.note))
    return sorted(found)


def verovio_notes(path, form):
    """Return the notes that Verovio plays, in a process of its own, since it keeps keys from one tune to the next."""
    command = [sys.executable, "-c", VEROVIO, path, form]
    return notes(base64.b64decode(subprocess.run(command, capture_output=True, check=True).stdout))


def played(tune):
    """Return what each program plays of a tune."""
    path = f"{folder}/tune.abc"
    with open(path, "w") as file:
        file.write(tune)
    subprocess.run(["node", f"{folder}/play.mjs", path], check=True)
    music21.converter.parse(path, format="abc", forceSource=True).write("midi", path + ".music21")
    return {
        "abcjs": notes(content(path + ".abcjs")),
        "music21": notes(content(path + ".music21")),
        "Verovio": verovio_notes(path, "abc"),
    }


LETTERS = {60: "C", 62: "D", 64: "E"}
for bars in ("|:C8|1 D8:|2 E8|]", "|:C8|D8::E8|C8:|", "|:C8|D8:|\n|:E8|C8:|"):
    for name, found in played(HEADER.format("4/4", "1/4=120", "C") + bars + "\n").items():
        print(bars.replace("\n", " "), f"{name}:", *(LETTERS[note] for _, _, note in found))
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'what is played:\n%s\n' "$seen"
[ "$seen" = '|:C8|1 D8:|2 E8|] abcjs: C D C E
|:C8|1 D8:|2 E8|] music21: C D C E
|:C8|1 D8:|2 E8|] Verovio: C D C D E
|:C8|D8::E8|C8:| abcjs: C D C D E C E C
|:C8|D8::E8|C8:| music21: C D C D E C E C
|:C8|D8::E8|C8:| Verovio: C D E C C D E C
|:C8|D8:| |:E8|C8:| abcjs: C D C D E C E C
|:C8|D8:| |:E8|C8:| music21: C D C D E C E C
|:C8|D8:| |:E8|C8:| Verovio: C D C D E C E C' ]
