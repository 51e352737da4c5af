#!/usr/bin/env bash
# music21 10.5.1, Verovio 6.4.1, musicxml-io 0.9.6: a change of key in a tune of ABC is heard by one or the other.
#
# Guess: [K:G] within a line and K:G on a line of its own mean the same, F sharp from there on (standard 2.1, 3.2), and
# [L:1/4] and L:1/4 likewise, as abcjs 6.7.2 plays them.
# Seen: music21 minds the line and ignores what is in brackets, key and length of notes; Verovio minds the brackets and
# ignores the key on a line; musicxml-io hears no change of key and no length on a line. The second part of a tune,
# where keys change, is in the first key, without a message, and a corpus that was read by one has other notes than when
# it was read by another. Writing both, K:G and then [K:G], serves the first two.
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


CHANGES = {
    "[K:G]": "F4|[K:G]F4|",
    "K:G": "F4|\nK:G\nF4|",
    "both": "F4|\nK:G\n[K:G]F4|",
    "[L:1/4]": "F4|[L:1/4]F2|",
    "L:1/4": "F4|\nL:1/4\nF2|",
}
for change, bars in CHANGES.items():
    for name, found in played(HEADER.format("2/4", "1/4=120", "C") + bars + "\n").items():
        print(change, f"{name}:", *(f"{note} {end - start:.1f}" for start, end, note in found))
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes and lengths in seconds of two bars with a change between them:\n%s\n' "$seen"
[ "$seen" = '[K:G] abcjs: 65 1.0 66 1.0
[K:G] music21: 65 1.0 65 1.0
[K:G] Verovio: 65 1.0 66 1.0
[K:G] musicxml-io: 65 1.0 65 1.0
K:G abcjs: 65 1.0 66 1.0
K:G music21: 65 1.0 66 1.0
K:G Verovio: 65 1.0 65 1.0
K:G musicxml-io: 65 1.0 65 1.0
both abcjs: 65 1.0 66 1.0
both music21: 65 1.0 66 1.0
both Verovio: 65 1.0 66 1.0
both musicxml-io: 65 1.0 65 1.0
[L:1/4] abcjs: 65 1.0 65 1.0
[L:1/4] music21: 65 1.0 65 0.5
[L:1/4] Verovio: 65 1.0 65 1.0
[L:1/4] musicxml-io: 65 1.0 65 1.0
L:1/4 abcjs: 65 1.0 65 1.0
L:1/4 music21: 65 1.0 65 1.0
L:1/4 Verovio: 65 1.0 65 1.0
L:1/4 musicxml-io: 65 1.0 65 0.5' ]
