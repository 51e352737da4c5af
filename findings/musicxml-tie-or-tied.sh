#!/usr/bin/env bash
# Verovio 6.4.1, alphaTab 1.8.4, music21 10.5.1, partitura 1.9.0: <tie> of MusicXML ties in two, <tied> in the others.
#
# Guess: by the specification <tie> is the sound and <tied> the curve that is drawn, so that players go by <tie>.
# Seen: music21 and partitura join two notes with <tie> alone, and play both with <tied> alone; Verovio and alphaTab do
# it the other way round: a score whose ties are for the sound alone is played with each note struck again, half as
# long, and a curve for the eye alone joins. Only files with both are alike, and MuseScore's reader (webmscore 1.2.1)
# takes either. Numbers and lengths of notes, which transcriptions are measured by, depend on who reads.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 partitura==1.9.0 mido==1.3.3 \
    2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" @coderline/alphatab@1.8.4 webmscore@1.2.1 >> "$work/log"

cat > "$work/play.cjs" <<'JS'
delete globalThis.fetch; // webmscore then reads its files from the disk
const fs = require("node:fs");
const alphaTab = require("@coderline/alphatab");
const { default: museScore } = require("webmscore");
const path = process.argv[2];
const bytes = new Uint8Array(fs.readFileSync(path));
const score = alphaTab.importer.ScoreLoader.loadScoreFromBytes(bytes);
const file = new alphaTab.midi.MidiFile();
const handler = new alphaTab.midi.AlphaSynthMidiFileHandler(file, true);
new alphaTab.midi.MidiFileGenerator(score, new alphaTab.Settings(), handler).generate();
fs.writeFileSync(`${path}.alphaTab.mid`, file.toBinary());
museScore.ready.then(async () => {
  const other = await museScore.load("musicxml", bytes);
  fs.writeFileSync(`${path}.MuseScore.mid`, await other.saveMidi(true, true));
});
JS
cat > "$work/ties.py" <<'PY'
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


def score(kinds):
    """Return a score of two half notes with these marks of a tie."""
    notes = ""
    for kind in ("start", "stop"):
        tie = f'<tie type="{kind}"/>' if "tie" in kinds else ""
        tied = f'<notations><tied type="{kind}"/></notations>' if "tied" in kinds else ""
        pitch = "<pitch><step>C</step><octave>5</octave></pitch>"
        notes += f"<note>{pitch}<duration>2</duration>{tie}<type>half</type>{tied}</note>"
    return f"""<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list><part id="P1"><measure number="1">
<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>
<clef><sign>G</sign><line>2</line></clef></attributes>{notes}</measure></part></score-partwise>"""


def count(path):
    """Return the number of notes of a MIDI file."""
    return sum(message.type == "note_on" and message.velocity > 0 for message in mido.MidiFile(path))


for kinds in (["tie", "tied"], ["tie"], ["tied"]):
    path = f"{folder}/{'-'.join(kinds)}.musicxml"
    with open(path, "w") as file:
        file.write(score(kinds))
    toolkit = verovio.toolkit()
    toolkit.loadFile(path)
    toolkit.renderToMIDIFile(f"{path}.Verovio.mid")
    music21.converter.parse(path).write("midi", f"{path}.music21.mid")
    partitura.save_score_midi(partitura.load_score(path), f"{path}.partitura.mid")
    subprocess.run(["node", f"{folder}/play.cjs", path], check=True)
    names = ("music21", "partitura", "Verovio", "alphaTab", "MuseScore")
    print(" and ".join(kinds) + ":", *(f"{name} {count(f'{path}.{name}.mid')}" for name in names))
PY
seen=$("$work/venv/bin/python" "$work/ties.py" "$work" 2>> "$work/log")
printf 'notes that are played:\n%s\n' "$seen"
[ "$seen" = 'tie and tied: music21 1 partitura 1 Verovio 1 alphaTab 1 MuseScore 1
tie: music21 1 partitura 1 Verovio 2 alphaTab 2 MuseScore 1
tied: music21 2 partitura 2 Verovio 1 alphaTab 1 MuseScore 1' ]
