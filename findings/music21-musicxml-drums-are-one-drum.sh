#!/usr/bin/env bash
# music21 10.5.1: a drum part of MusicXML is played on one drum, the first in the list of the part.
#
# Guess: each <unpitched> note sounds on the <midi-unpitched> of the <instrument> that it names, less one, since
# MusicXML counts from 1: kick 36, snare 38, closed hi-hat 42.
# Seen: Verovio 6.4.1 and alphaTab 1.8.4 play these. music21 plays every note on the first instrument listed, a beat of
# bass drums; notation programs list the whole kit, so it may be a drum that the part never uses, here a cowbell. No
# message. In music21's own MusicXML there is one instrument and no note names it, so the drums are lost for good.
# Corpora of drums, or the data of a model, that went through it have one sound.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 mido==1.3.3 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" @coderline/alphatab@1.8.4 >> "$work/log"

cat > "$work/drums.mjs" <<'JS'
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
cat > "$work/drums.py" <<'PY'
import base64
import io
import re
import subprocess
import sys
import warnings

import mido
import music21
import verovio

warnings.simplefilter("ignore")
verovio.enableLog(verovio.LOG_OFF)
folder = sys.argv[1]
DRUMS = {"Bass Drum": 36, "Snare": 38, "Hi-Hat": 42, "Cowbell": 56}


def part(names):
    """Return a bar of kick, hi-hat, snare, hi-hat in a part that lists these drums."""
    instruments = "".join(
        f'<score-instrument id="I{DRUMS[name]}"><instrument-name>{name}</instrument-name></score-instrument>'
        for name in names
    ) + "".join(
        f'<midi-instrument id="I{DRUMS[name]}"><midi-channel>10</midi-channel><midi-program>1</midi-program>'
        f"<midi-unpitched>{DRUMS[name] + 1}</midi-unpitched></midi-instrument>"
        for name in names
    )
    notes = "".join(
        f"<note><unpitched><display-step>{step}</display-step><display-octave>{octave}</display-octave></unpitched>"
        f'<duration>1</duration><instrument id="I{drum}"/><type>quarter</type></note>'
        for step, octave, drum in (("F", 4, 36), ("G", 5, 42), ("C", 5, 38), ("G", 5, 42))
    )
    return f"""<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name>Drums</part-name>{instruments}</score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>1</divisions>
<time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>percussion</sign></clef></attributes>{notes}
</measure></part></score-partwise>"""


def played(data):
    """Return the notes of a MIDI file."""
    file = mido.MidiFile(file=io.BytesIO(data))
    return [message.note for message in file if message.type == "note_on" and message.velocity]


def content(path):
    with open(path, "rb") as file:
        return file.read()


for title, names in (
    ("kick first", ("Bass Drum", "Snare", "Hi-Hat")),
    ("cowbell first", ("Cowbell", "Hi-Hat", "Snare", "Bass Drum")),
):
    path = f"{folder}/{title[0]}.musicxml"
    with open(path, "w") as file:
        file.write(part(names))
    toolkit = verovio.toolkit()
    toolkit.loadFile(path)
    print(title, "Verovio", *played(base64.b64decode(toolkit.renderToMIDI())))
    subprocess.run(["node", f"{folder}/drums.mjs", path], check=True)
    print(title, "alphaTab", *played(content(path + ".mid")))
    score = music21.converter.parse(path)
    score.write("midi", path + ".mid")
    print(title, "music21", *played(content(path + ".mid")))
    score.write("musicxml", f"{folder}/again.musicxml")
    again = content(f"{folder}/again.musicxml").decode()
    named = set(re.findall('<instrument id="(.*?)"', again))
    print(title, "written by music21: instruments", again.count("<score-instrument"), "named by notes", len(named))
PY
seen=$("$work/venv/bin/python" "$work/drums.py" "$work" 2>> "$work/log")
printf 'notes of kick, hi-hat, snare, hi-hat:\n%s\n' "$seen"
[ "$seen" = 'kick first Verovio 36 42 38 42
kick first alphaTab 36 42 38 42
kick first music21 36 36 36 36
kick first written by music21: instruments 1 named by notes 0
cowbell first Verovio 36 42 38 42
cowbell first alphaTab 36 42 38 42
cowbell first music21 56 56 56 56
cowbell first written by music21: instruments 1 named by notes 0' ]
