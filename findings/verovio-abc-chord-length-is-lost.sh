#!/usr/bin/env bash
# Verovio 6.4.1: the length after a chord of ABC counts for nothing: [CEG]4 is as short as [CEG].
#
# Guess: [CEG]4 is four units long, as the standard (2.1, 4.17) and abcjs 6.7.2 and music21 10.5.1 have it, and a tuplet
# (3:2:4 of four notes has four.
# Seen: what stands after the bracket is dropped, so that half a bar of chords is an eighth and all that follows comes
# too early, out of step with any other voice. Only lengths within, [C4E4G4], count. Of (3:2:4C2DE2F the short notes
# are lost. No message. Write lengths within the brackets.
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


for bar in ("[CEG]4 [DFA]4|", "[C4E4G4] [D4F4A4]|", "[CE]2 G2 [Gc]4|", "(3:2:4C2DE2F G4|"):
    for name, found in played(HEADER.format("4/4", "1/4=120", "C") + bar + "\n").items():
        print(bar, f"{name}:", *(f"{note}@{start:.2f}-{end:.2f}" for start, end, note in found))
PY
seen=$("$work/venv/bin/python" "$work/play.py" "$work" 2>> "$work/log")
printf 'notes with their starts and ends in seconds:\n%s\n' "$seen"
[ "$seen" = '[CEG]4 [DFA]4| abcjs: 60@0.00-1.00 64@0.00-1.00 67@0.00-1.00 62@1.00-2.00 65@1.00-2.00 69@1.00-2.00
[CEG]4 [DFA]4| music21: 60@0.00-1.00 64@0.00-1.00 67@0.00-1.00 62@1.00-2.00 65@1.00-2.00 69@1.00-2.00
[CEG]4 [DFA]4| Verovio: 60@0.00-0.25 64@0.00-0.25 67@0.00-0.25 62@0.25-0.50 65@0.25-0.50 69@0.25-0.50
[C4E4G4] [D4F4A4]| abcjs: 60@0.00-1.00 64@0.00-1.00 67@0.00-1.00 62@1.00-2.00 65@1.00-2.00 69@1.00-2.00
[C4E4G4] [D4F4A4]| music21: 60@0.00-1.00 64@0.00-1.00 67@0.00-1.00 62@1.00-2.00 65@1.00-2.00 69@1.00-2.00
[C4E4G4] [D4F4A4]| Verovio: 60@0.00-1.00 64@0.00-1.00 67@0.00-1.00 62@1.00-2.00 65@1.00-2.00 69@1.00-2.00
[CE]2 G2 [Gc]4| abcjs: 60@0.00-0.50 64@0.00-0.50 67@0.50-1.00 67@1.00-2.00 72@1.00-2.00
[CE]2 G2 [Gc]4| music21: 60@0.00-0.50 64@0.00-0.50 67@0.50-1.00 67@1.00-2.00 72@1.00-2.00
[CE]2 G2 [Gc]4| Verovio: 60@0.00-0.25 64@0.00-0.25 67@0.25-0.75 67@0.75-1.00 72@0.75-1.00
(3:2:4C2DE2F G4| abcjs: 60@0.00-0.33 62@0.33-0.50 64@0.50-0.83 65@0.83-1.00 67@1.00-2.00
(3:2:4C2DE2F G4| music21: 60@0.00-0.33 62@0.33-0.50 64@0.50-0.83 65@0.83-1.00 67@1.00-2.00
(3:2:4C2DE2F G4| Verovio: 60@0.00-0.50 64@0.50-1.00 67@1.00-2.00' ]
