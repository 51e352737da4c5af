#!/usr/bin/env bash
# Verovio 6.4.1, music21 10.5.1, partitura 1.9.0, alphaTab 1.8.4: a mark of tempo in MusicXML has four meanings.
#
# Guess: <metronome> with a dotted quarter at 60 is 90 quarters a minute everywhere, since 6/8 is written so; where
# <sound tempo> stands beside it, which the specification has for playback, that one counts.
# Seen: with the dotted quarter alone 80 (Verovio makes the unit a quarter shorter instead of a half longer), 90, 120
# (partitura has its default) and 60 (alphaTab drops the dot). With an eighth at 60, which is 30: 30, 30, 120, 120. With
# the dotted quarter shown and <sound tempo="120"/> meant: 120, 90, 120, 60. With <sound tempo="90"/> alone: 90, 90, 90,
# 120. Only a quarter with the same number in <sound> is the same in all, so a file for others has to be written so, and
# the seconds of a corpus in compound time depend on the reader.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 partitura==1.9.0 mido==1.3.3
npm install --silent --no-audit --no-fund --prefix "$work" @coderline/alphatab@1.8.4 > "$work/log"

cat > "$work/tempos.mjs" <<'JS'
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
cat > "$work/tempos.py" <<'PY'
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
MARK = "<metronome><beat-unit>{}</beat-unit>{}<per-minute>60</per-minute></metronome>"
DOTTED, EIGHTH = MARK.format("quarter", "<beat-unit-dot/>"), MARK.format("eighth", "")
QUARTER = MARK.format("quarter", "")


def direction(mark, sound=""):
    return f"<direction><direction-type>{mark}</direction-type>{sound}</direction>"


tempos = {
    "dotted": direction(DOTTED),
    "eighth": direction(EIGHTH),
    "both": direction(DOTTED, '<sound tempo="120"/>'),
    "sound": '<sound tempo="90"/>',
    "equal": direction(QUARTER, '<sound tempo="60"/>'),
}
note = "<note><pitch><step>{}</step><octave>4</octave></pitch><duration>1</duration><type>quarter</type></note>"
for name, tempo in tempos.items():
    with open(f"{folder}/{name}.musicxml", "w") as file:
        file.write(f"""<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name/></score-part></part-list><part id="P1"><measure number="1">
<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>
<clef><sign>G</sign><line>2</line></clef></attributes>{tempo}
{"".join(note.format(step) for step in "CDEF")}</measure></part></score-partwise>""")
paths = [f"{folder}/{name}.musicxml" for name in tempos]
subprocess.run(["node", f"{folder}/tempos.mjs", *paths], check=True)


def quarters(data):
    """Return the quarters a minute of a MIDI file, from the starts of its first two notes."""
    time, starts = 0, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        time += message.time
        if message.type == "note_on" and message.velocity:
            starts.append(time)
    return round(60 / (starts[1] - starts[0]))


def content(path):
    with open(path, "rb") as file:
        return file.read()


for name, path in zip(tempos, paths):
    toolkit = verovio.toolkit()
    toolkit.loadFile(path)
    found = [quarters(base64.b64decode(toolkit.renderToMIDI()))]
    music21.converter.parse(path).write("midi", f"{folder}/music21.mid")
    partitura.save_score_midi(partitura.load_score(path), f"{folder}/partitura.mid")
    found += [quarters(content(f"{folder}/{reader}.mid")) for reader in ("music21", "partitura")]
    print(name, *found, quarters(content(path + ".mid")))
PY
seen=$("$work/venv/bin/python" "$work/tempos.py" "$work" 2> "$work/log")
printf 'quarters a minute in Verovio, music21, partitura, alphaTab:\n%s\n' "$seen"
[ "$seen" = $'dotted 80 90 120 60\neighth 30 30 120 120\nboth 120 90 120 60\nsound 90 90 90 120\nequal 60 60 60 60' ]
