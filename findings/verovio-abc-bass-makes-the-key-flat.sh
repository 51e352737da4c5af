#!/usr/bin/env bash
# Verovio 6.4.1, music21 10.5.1: K:G bass is G flat major in one, and two octaves low in the other.
#
# Guess: a clef behind the key, K:G bass, is the bass clef and changes no note; abcjs 6.7.2 plays that, as it plays the
# other way of writing, K:G clef=bass (standard 2.1, 4.6).
# Seen: Verovio takes the b of "bass" for the flat of the key: K:C bass has seven flats and K:G bass six, so that nearly
# every note is a semitone low, and the music is drawn in that key too. K:Bb bass, K:Am bass and clef=bass are right.
# music21 plays everything in a bass clef two octaves lower, to the bottom of the piano. A bass part beside a treble one
# is in another key, or below hearing.
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


for key in ("C bass", "G bass", "D bass", "Am bass", "Bb bass", "G clef=bass"):
    for name, found in played(HEADER.format("4/4", "1/4=120", key) + "CDEFGABc|\n").items():
        print(f"K:{key} {name}:", *(note for _, _, note in found))
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes of C D E F G A B c:\n%s\n' "$seen"
[ "$seen" = 'K:C bass abcjs: 60 62 64 65 67 69 71 72
K:C bass music21: 36 38 40 41 43 45 47 48
K:C bass Verovio: 59 61 63 64 66 68 70 71
K:G bass abcjs: 60 62 64 66 67 69 71 72
K:G bass music21: 36 38 40 42 43 45 47 48
K:G bass Verovio: 59 61 63 65 66 68 70 71
K:D bass abcjs: 61 62 64 66 67 69 71 73
K:D bass music21: 37 38 40 42 43 45 47 49
K:D bass Verovio: 60 61 63 65 66 68 70 72
K:Am bass abcjs: 60 62 64 65 67 69 71 72
K:Am bass music21: 36 38 40 41 43 45 47 48
K:Am bass Verovio: 60 62 64 65 67 69 71 72
K:Bb bass abcjs: 60 62 63 65 67 69 70 72
K:Bb bass music21: 36 38 39 41 43 45 46 48
K:Bb bass Verovio: 60 62 63 65 67 69 70 72
K:G clef=bass abcjs: 60 62 64 66 67 69 71 72
K:G clef=bass music21: 36 38 40 42 43 45 47 48
K:G clef=bass Verovio: 60 62 64 66 67 69 71 72' ]
