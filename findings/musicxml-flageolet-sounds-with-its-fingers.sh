#!/usr/bin/env bash
# Verovio 6.4.1, music21 10.5.1, partitura 1.9.0, alphaTab 1.8.4: a harmonic of MusicXML is played as its fingering too.
#
# Guess: an artificial harmonic of a violin is three notes, <base-pitch> (the stopping finger), <touching-pitch> (the
# light one) and <sounding-pitch>. By the specification these say what is fingered and what is heard, so that the third
# alone sounds.
# Seen: all four play the three as a chord; with only base and touching pitch written, as on paper, they play a fourth
# instead of one tone two octaves above. A passage in harmonics is doubled and in the wrong register in each MIDI file,
# for listeners, for statistics of pitch and for models that are trained on scores.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 partitura==1.9.0 mido==1.3.3 \
    2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" @coderline/alphatab@1.8.4 >> "$work/log"

cat > "$work/harmonics.mjs" <<'JS'
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
cat > "$work/harmonics.py" <<'PY'
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
NOTES = {"base": ("E", 4), "touching": ("A", 4), "sounding": ("E", 6)}


def score(pitches):
    """Return a score of one harmonic with these pitches."""
    notes = "".join(
        f"<note>{'<chord/>' if i else ''}<pitch><step>{NOTES[name][0]}</step><octave>{NOTES[name][1]}</octave></pitch>"
        f"<duration>4</duration><type>whole</type><notations><technical><harmonic><artificial/><{name}-pitch/>"
        "</harmonic></technical></notations></note>"
        for i, name in enumerate(pitches)
    )
    return f"""<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name>Violin</part-name></score-part></part-list><part id="P1"><measure number="1">
<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>
<clef><sign>G</sign><line>2</line></clef></attributes>{notes}</measure></part></score-partwise>"""


def played(data):
    """Return the notes of a MIDI file."""
    file = mido.MidiFile(file=io.BytesIO(data))
    return sorted(message.note for message in file if message.type == "note_on" and message.velocity)


def content(path):
    with open(path, "rb") as file:
        return file.read()


for pitches in (("base", "touching", "sounding"), ("base", "touching")):
    path = f"{folder}/{len(pitches)}.musicxml"
    with open(path, "w") as file:
        file.write(score(pitches))
    toolkit = verovio.toolkit()
    toolkit.loadFile(path)
    print(*pitches, "Verovio", *played(base64.b64decode(toolkit.renderToMIDI())))
    music21.converter.parse(path).write("midi", f"{folder}/music21.mid")
    partitura.save_score_midi(partitura.load_score(path), f"{folder}/partitura.mid")
    subprocess.run(["node", f"{folder}/harmonics.mjs", path], check=True)
    for name, file in (("music21", "music21.mid"), ("partitura", "partitura.mid"), ("alphaTab", path[-10:] + ".mid")):
        print(*pitches, name, *played(content(f"{folder}/{file}")))
PY
seen=$("$work/venv/bin/python" "$work/harmonics.py" "$work" 2>> "$work/log")
printf 'MIDI notes of a harmonic that sounds as E6 (88):\n%s\n' "$seen"
[ "$seen" = 'base touching sounding Verovio 64 69 88
base touching sounding music21 64 69 88
base touching sounding partitura 64 69 88
base touching sounding alphaTab 64 69 88
base touching Verovio 64 69
base touching music21 64 69
base touching partitura 64 69
base touching alphaTab 64 69' ]
