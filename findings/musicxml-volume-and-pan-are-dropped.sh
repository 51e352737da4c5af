#!/usr/bin/env bash
# Verovio 6.4.1, music21 10.5.1, partitura 1.9.0: volume and pan of a part in MusicXML are in none of their MIDI files.
#
# Guess: <volume> 50 and <pan> -90 of a part's <midi-instrument> become controllers 7 (64) and 10 (0) of its channel, as
# its <midi-program> becomes a program.
# Seen: Verovio and music21 keep the program and drop volume and pan, partitura drops the program too. alphaTab and
# MuseScore's reader (webmscore 1.2.1) have both, 64 or 63 and 0. A part that was turned down or muted (volume 0) in the
# mixer of its program is as loud as the others, and a choir or band that was spread out is in the middle.
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
cat > "$work/mixer.py" <<'PY'
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


def score(volume, pan):
    """Return a score of one flute with a volume (0 to 100) and a pan (-90 to 90)."""
    return f"""<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name>Flute</part-name>
<score-instrument id="P1-I1"><instrument-name>Flute</instrument-name></score-instrument>
<midi-instrument id="P1-I1"><midi-channel>3</midi-channel><midi-program>74</midi-program>
<volume>{volume}</volume><pan>{pan}</pan></midi-instrument></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>1</divisions>
<time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef></attributes>
<note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration><type>whole</type></note></measure></part>
</score-partwise>"""


def mixer(path):
    """Return the program, volume and pan in force at the first note of a MIDI file."""
    values = {}
    for message in mido.MidiFile(path):
        if message.type == "program_change":
            values["program"] = message.program
        elif message.type == "control_change" and message.control in (7, 10):
            values["volume" if message.control == 7 else "pan"] = message.value
        elif message.type == "note_on":
            return " ".join(f"{name} {values.get(name, '-')}" for name in ("program", "volume", "pan"))


for volume, pan in ((50, -90), (0, 90)):
    path = f"{folder}/{volume}.musicxml"
    with open(path, "w") as file:
        file.write(score(volume, pan))
    toolkit = verovio.toolkit()
    toolkit.loadFile(path)
    toolkit.renderToMIDIFile(f"{path}.Verovio.mid")
    music21.converter.parse(path).write("midi", f"{path}.music21.mid")
    partitura.save_score_midi(partitura.load_score(path), f"{path}.partitura.mid")
    subprocess.run(["node", f"{folder}/play.cjs", path], check=True)
    for name in ("Verovio", "music21", "partitura", "alphaTab", "MuseScore"):
        print(f"volume {volume}, pan {pan}, {name}: {mixer(f'{path}.{name}.mid')}")
PY
seen=$("$work/venv/bin/python" "$work/mixer.py" "$work" 2>> "$work/log")
printf 'what a channel is set to before the first note:\n%s\n' "$seen"
[ "$seen" = 'volume 50, pan -90, Verovio: program 73 volume - pan -
volume 50, pan -90, music21: program 73 volume - pan -
volume 50, pan -90, partitura: program - volume - pan -
volume 50, pan -90, alphaTab: program 73 volume 64 pan 0
volume 50, pan -90, MuseScore: program 73 volume 63 pan 0
volume 0, pan 90, Verovio: program 73 volume - pan -
volume 0, pan 90, music21: program 73 volume - pan -
volume 0, pan 90, partitura: program - volume - pan -
volume 0, pan 90, alphaTab: program 73 volume 0 pan 127
volume 0, pan 90, MuseScore: program 73 volume 0 pan 127' ]
