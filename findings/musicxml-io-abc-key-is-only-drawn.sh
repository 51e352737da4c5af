#!/usr/bin/env bash
# musicxml-io 0.9.6: from ABC to MusicXML a tune in G has its sharp at the clef and none in its notes.
#
# Guess: in MusicXML each note has its sounding pitch, <alter> by the key included, so that the F of a tune in G, made
# from ABC, is F sharp, as abcjs 6.7.2, music21 10.5.1 and Verovio 6.4.1 play the ABC itself.
# Seen: <fifths> is right and each note has the bare letter; only accidentals that are written in the tune come through.
# Notation programs draw a natural sign at every F; Verovio plays F. B flat major is C major to the ear. The way from
# ABC to sound or score through it needs the accidentals written out, which few tunes have.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 mido==1.3.3 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" abcjs@6.7.2 musicxml-io@0.9.6 >> "$work/log"

cat > "$work/play.mjs" <<'JS'
import fs from "node:fs";
import abcjs from "abcjs";
import { parseAbc, serialize } from "musicxml-io";
const tune = fs.readFileSync(process.argv[2], "utf8");
const [midi] = abcjs.synth.getMidiFile(tune, { midiOutputType: "binary" });
fs.writeFileSync(process.argv[2] + ".abcjs", midi);
fs.writeFileSync(process.argv[2] + ".musicxml", serialize(parseAbc(tune)));
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
        "musicxml-io": verovio_notes(path + ".musicxml", "xml"),
    }


for key, bar in (("C", "CDEF GABc|"), ("G", "CDEF GABc|"), ("Bb", "CDEF GABc|"), ("G", "CDE^F GABc|")):
    for name, found in played(HEADER.format("4/4", "1/4=120", key) + bar + "\n").items():
        print(f"K:{key} {bar} {name}:", *(note for _, _, note in found))
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes of a bar:\n%s\n' "$seen"
[ "$seen" = 'K:C CDEF GABc| abcjs: 60 62 64 65 67 69 71 72
K:C CDEF GABc| music21: 60 62 64 65 67 69 71 72
K:C CDEF GABc| Verovio: 60 62 64 65 67 69 71 72
K:C CDEF GABc| musicxml-io: 60 62 64 65 67 69 71 72
K:G CDEF GABc| abcjs: 60 62 64 66 67 69 71 72
K:G CDEF GABc| music21: 60 62 64 66 67 69 71 72
K:G CDEF GABc| Verovio: 60 62 64 66 67 69 71 72
K:G CDEF GABc| musicxml-io: 60 62 64 65 67 69 71 72
K:Bb CDEF GABc| abcjs: 60 62 63 65 67 69 70 72
K:Bb CDEF GABc| music21: 60 62 63 65 67 69 70 72
K:Bb CDEF GABc| Verovio: 60 62 63 65 67 69 70 72
K:Bb CDEF GABc| musicxml-io: 60 62 64 65 67 69 71 72
K:G CDE^F GABc| abcjs: 60 62 64 66 67 69 71 72
K:G CDE^F GABc| music21: 60 62 64 66 67 69 71 72
K:G CDE^F GABc| Verovio: 60 62 64 66 67 69 71 72
K:G CDE^F GABc| musicxml-io: 60 62 64 66 67 69 71 72' ]
