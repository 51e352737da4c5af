#!/usr/bin/env bash
# partitura 1.9.0, alphaTab 1.8.4, MuseScore in webmscore 1.2.1: repeats of MusicXML lose rounds, or the last ending.
#
# Guess: times="3" of a repeat is three rounds, endings "1, 2" and "3" are three rounds too, and dacapo, fine, dalsegno,
# tocoda and coda of <sound>, which are there for players, are followed by all.
# Seen: Verovio 6.4.1 and music21 10.5.1 play all four as guessed. partitura's maximal unfolding plays a repeat of three
# rounds twice, and goes on to the coda without the way back. alphaTab follows no da capo or dal segno of <sound>, and
# of endings "1, 2" and "3" it skips a round. MuseScore's reader plays endings 1 and 2 and then what follows: the third
# ending, bar E, is never played, unless the repeat says times="3"; and it comes to the coda by way of bar E again. The
# length of a piece and each bar number behind the sign depend on who plays.
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
cat > "$work/forms.py" <<'PY'
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
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'


def back(extra="", repeat=""):
    return f'<barline location="right">{extra}<repeat direction="backward"{repeat}/></barline>'


def ending(numbers, kind):
    return f'<ending number="{numbers}" type="{kind}"/>'


def mark(shown, sound):
    return f"<direction><direction-type>{shown}</direction-type><sound {sound}/></direction>"


# what stands before and behind the one note of each bar
FORMS = {
    "three times": [("C", FORWARD, back(repeat=' times="3"')), ("D", "", "")],
    "three endings": [
        ("C", FORWARD, ""),
        ("D", f'<barline location="left">{ending("1, 2", "start")}</barline>', back(ending("1, 2", "stop"))),
        (
            "E",
            f'<barline location="left">{ending("3", "start")}</barline>',
            f'<barline location="right">{ending("3", "stop")}</barline>',
        ),
        ("F", "", ""),
    ],
    "da capo al fine": [
        ("C", "", ""),
        ("D", "", mark("<words>Fine</words>", 'fine="yes"')),
        ("E", "", ""),
        ("F", "", mark("<words>D.C. al Fine</words>", 'dacapo="yes"')),
    ],
    "dal segno al coda": [
        ("C", "", ""),
        ("D", mark("<segno/>", 'segno="segno"'), mark("<coda/>", 'tocoda="coda"')),
        ("E", "", mark("<words>D.S. al Coda</words>", 'dalsegno="segno"')),
        ("F", mark("<coda/>", 'coda="coda"'), ""),
    ],
}


def score(bars):
    """Return a score of whole notes."""
    start = """<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>
<clef><sign>G</sign><line>2</line></clef></attributes>"""
    music = "".join(
        f'<measure number="{number}">{before if number > 1 else start + before}<note><pitch><step>{step}</step>'
        f"<octave>5</octave></pitch><duration>4</duration><type>whole</type></note>{behind}</measure>"
        for number, (step, before, behind) in enumerate(bars, 1)
    )
    return f"""<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list>
<part id="P1">{music}</part></score-partwise>"""


def notes(path):
    """Return the notes of a MIDI file in their order."""
    messages = [message for message in mido.MidiFile(path) if message.type == "note_on" and message.velocity]
    return "".join("C D EF"[message.note - 72] for message in messages)


for name, bars in FORMS.items():
    path = f"{folder}/{name.replace(' ', '-')}.musicxml"
    with open(path, "w") as file:
        file.write(score(bars))
    toolkit = verovio.toolkit()
    toolkit.loadFile(path)
    toolkit.renderToMIDIFile(f"{path}.Verovio.mid")
    music21.converter.parse(path).write("midi", f"{path}.music21.mid")
    unfolded = partitura.score.unfold_part_maximal(partitura.load_score(path))
    partitura.save_score_midi(unfolded, f"{path}.partitura.mid")
    subprocess.run(["node", f"{folder}/play.cjs", path], check=True)
    names = ("Verovio", "music21", "partitura", "alphaTab", "MuseScore")
    print(f"{name}:", ", ".join(f"{each} {notes(f'{path}.{each}.mid')}" for each in names))
PY
seen=$("$work/venv/bin/python" "$work/forms.py" "$work" 2>> "$work/log")
printf 'bars as they are played:\n%s\n' "$seen"
[ "$seen" = 'three times: Verovio CCCD, music21 CCCD, partitura CCD, alphaTab CCCD, MuseScore CCCD
three endings: Verovio CDCDCEF, music21 CDCDCEF, partitura CDCDCEF, alphaTab CDCDEF, MuseScore CDCDF
da capo al fine: Verovio CDEFCD, music21 CDEFCD, partitura CDEFCD, alphaTab CDEF, MuseScore CDEFCD
dal segno al coda: Verovio CDEDF, music21 CDEDF, partitura CDEF, alphaTab CDEF, MuseScore CDEDEF' ]
