#!/usr/bin/env bash
# Verovio 6.4.1, music21 10.5.1, partitura 1.9.0: bars with the sign "as the bar before" in MusicXML are silent.
#
# Guess: a bar under <measure-repeat>, the percent sign that parts for drums and guitars are full of, is played as the
# bar before, as by every player at a desk; the sign holds from type="start" to the bar with type="stop".
# Seen: in the three the bar has the rest that stands in it for its length, and nothing sounds until the next written
# bar. alphaTab 1.8.4 plays the first repeated bar and is silent in the second. A pattern that is written once and then
# repeated by signs is silent for most of the piece, and its notes are missing in every count. Write the bars out first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 partitura==1.9.0 mido==1.3.3 \
    2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" @coderline/alphatab@1.8.4 >> "$work/log"

cat > "$work/repeats.mjs" <<'JS'
import fs from "node:fs";
import * as alphaTab from "@coderline/alphatab";
for (const path of process.argv.slice(2)) {
  const score = alphaTab.importer.ScoreLoader.loadScoreFromBytes(new Uint8Array(fs.readFileSync(path)));
  const file = new alphaTab.midi.MidiFile();
  const handler = new alphaTab.midi.AlphaSynthMidiFileHandler(file, true);
  new alphaTab.midi.MidiFileGenerator(score, new alphaTab.Settings(), handler).generate();
  fs.writeFileSync(path + ".mid", file.toBinary());
}
JS
cat > "$work/repeats.py" <<'PY'
import base64
import io
import subprocess
import sys
import warnings

import mido
import music21
import partitura
import verovio

warnings.simplefilter("ignore")
verovio.enableLog(verovio.LOG_OFF)
folder = sys.argv[1]
NOTE = "<note><pitch><step>{}</step><octave>4</octave></pitch><duration>1</duration><type>quarter</type></note>"
SIGN = "<attributes><measure-style><measure-repeat type=\"{}\">{}</measure-repeat></measure-style></attributes>"
REST = '<note><rest measure="yes"/><duration>4</duration></note>'
BARS = ("".join(map(NOTE.format, "CDEF")), SIGN.format("start", 1) + REST, REST, SIGN.format("stop", ""))
SCORE = f"""<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name/></score-part></part-list><part id="P1"><measure number="1">
<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>
<clef><sign>G</sign><line>2</line></clef></attributes>{BARS[0]}</measure><measure number="2">{BARS[1]}</measure>
<measure number="3">{BARS[2]}</measure><measure number="4">{BARS[3]}{"".join(map(NOTE.format, "GABG"))}</measure>
</part></score-partwise>"""


def played(data):
    """Return how many notes each bar of two seconds has."""
    time, bars = 0, [0] * 4
    for message in mido.MidiFile(file=io.BytesIO(data)):
        time += message.time
        if message.type == "note_on" and message.velocity:
            bars[int(time / 2 + 0.01)] += 1
    return bars


def content(path):
    with open(path, "rb") as file:
        return file.read()


path = f"{folder}/bars.musicxml"
with open(path, "w") as file:
    file.write(SCORE)
toolkit = verovio.toolkit()
toolkit.loadFile(path)
print("Verovio", *played(base64.b64decode(toolkit.renderToMIDI())))
music21.converter.parse(path).write("midi", f"{folder}/music21.mid")
partitura.save_score_midi(partitura.load_score(path), f"{folder}/partitura.mid")
subprocess.run(["node", f"{folder}/repeats.mjs", path], check=True)
for name, file in (("music21", "music21"), ("partitura", "partitura"), ("alphaTab", "bars.musicxml")):
    print(name, *played(content(f"{folder}/{file}.mid")))
PY
seen=$("$work/venv/bin/python" "$work/repeats.py" "$work" 2>> "$work/log")
printf 'notes in each bar, the second and third being repeats of the first:\n%s\n' "$seen"
[ "$seen" = 'Verovio 4 0 0 4
music21 4 0 0 4
partitura 4 0 0 4
alphaTab 4 4 0 4' ]
