#!/usr/bin/env bash
# Verovio 6.4.1, musicxml-io 0.9.6, music21 10.5.1: the tempo of an ABC tune, a jig's above all, is another in each.
#
# Guess: Q:3/8=120, the usual tempo of a jig, is 120 dotted quarters a minute, so that a bar of 6/8 lasts a second, and
# a later Q: holds from there on (standard 2.1, 3.1.8), as in abcjs 6.7.2.
# Seen: Verovio and the MusicXML of musicxml-io have 120 quarters, so that jigs are a third too slow while reels, with
# Q:1/4, are right. music21 ignores every tempo after the first, musicxml-io those on a line of their own. Durations of
# a corpus in seconds depend on the reader.
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


TUNES = {
    "Q:3/8=120": HEADER.format("6/8", "3/8=120", "C") + "CDE FGA|",
    "Q:1/4=180": HEADER.format("6/8", "1/4=180", "C") + "CDE FGA|",
    "Q:1/4=180, then 90": HEADER.format("6/8", "1/4=180", "C") + "CDE FGA|\nQ:1/4=90\nCDE FGA|",
    "Q:1/4=180, then [90]": HEADER.format("6/8", "1/4=180", "C") + "CDE FGA|[Q:1/4=90]CDE FGA|",
}
for tempo, tune in TUNES.items():
    for name, found in played(tune + "\n").items():
        starts = [start for start, _, _ in found]
        print(f"{tempo}, {name}:", *(f"{6 * (starts[i + 1] - starts[i]):.1f}" for i in range(0, len(starts), 6)))
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'seconds that each bar of 6/8 lasts:\n%s\n' "$seen"
[ "$seen" = 'Q:3/8=120, abcjs: 1.0
Q:3/8=120, music21: 1.0
Q:3/8=120, Verovio: 1.5
Q:3/8=120, musicxml-io: 1.5
Q:1/4=180, abcjs: 1.0
Q:1/4=180, music21: 1.0
Q:1/4=180, Verovio: 1.0
Q:1/4=180, musicxml-io: 1.0
Q:1/4=180, then 90, abcjs: 1.0 2.0
Q:1/4=180, then 90, music21: 1.0 1.0
Q:1/4=180, then 90, Verovio: 1.0 2.0
Q:1/4=180, then 90, musicxml-io: 1.0 1.0
Q:1/4=180, then [90], abcjs: 1.0 2.0
Q:1/4=180, then [90], music21: 1.0 1.0
Q:1/4=180, then [90], Verovio: 1.0 2.0
Q:1/4=180, then [90], musicxml-io: 1.0 2.0' ]
