#!/usr/bin/env bash
# Verovio 6.4.1: a change of tempo within a bar is one of the whole bar, or is none.
#
# Guess: quarters at 60, and at 120 from the third on, begin at 0, 1, 2, 2.5 and 3 s in each format, as music21 10.5.1
# has it of the same MusicXML.
# Seen: a bar has one tempo, its last: the two quarters before the change are twice too fast, and all that follows is a
# second early. In the first bar of Humdrum and MEI, where the tempo stands at the head of the score, it is the other
# way: the change is dropped, for all bars after it too. No message. Changes at bar lines are right in all four formats.
# An accelerando that is written as some tempos in a bar is one step, and what is aligned to such a MIDI file drifts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 mido==1.3.3 2> "$work/log"

cat > "$work/tempos.py" <<'PY'
import base64
import io
import sys
import warnings

import mido
import music21
import verovio

verovio.enableLog(verovio.LOG_OFF)
warnings.simplefilter("ignore")
folder = sys.argv[1]
STEPS = "CDEFGABC"
NOTE = "<note><pitch><step>{}</step><octave>4</octave></pitch><duration>1</duration><type>quarter</type></note>"
TEMPO = (
    "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>{0}</per-minute></metronome>"
    '</direction-type><sound tempo="{0}"/></direction>'
)
ATTRIBUTES = (
    "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
    "<clef><sign>G</sign><line>2</line></clef></attributes>"
)


def musicxml(change):
    """Return two bars of quarters at 60, and at 120 from the quarter `change` on."""
    notes = [(TEMPO.format(120) if i == change else "") + NOTE.format(step) for i, step in enumerate(STEPS)]
    return (
        '<?xml version="1.0"?><score-partwise version="4.0"><part-list><score-part id="P1"><part-name/></score-part>'
        f'</part-list><part id="P1"><measure number="1">{ATTRIBUTES}{TEMPO.format(60)}{"".join(notes[:4])}</measure>'
        f'<measure number="2">{"".join(notes[4:])}</measure></part></score-partwise>'
    )


def abc(change):
    notes = [("[Q:1/4=120]" if i == change else "") + step for i, step in enumerate(STEPS)]
    return "X:1\nT:t\nM:4/4\nL:1/4\nQ:1/4=60\nK:C\n" + "".join(notes[:4]) + "|" + "".join(notes[4:]) + "|\n"


def humdrum(change):
    notes = [("*MM120\n" if i == change else "") + f"4{step.lower()}\n" for i, step in enumerate(STEPS)]
    return "**kern\n*M4/4\n*MM60\n=1\n" + "".join(notes[:4]) + "=2\n" + "".join(notes[4:]) + "==\n*-\n"


def mei(change):
    bars = ""
    for bar in (0, 1):
        notes = "".join(f'<note pname="{step.lower()}" oct="4" dur="4"/>' for step in STEPS[4 * bar : 4 * bar + 4])
        tempo = f'<tempo staff="1" tstamp="{change % 4 + 1}" midi.bpm="120">faster</tempo>'
        tempo *= change // 4 == bar
        bars += f'<measure n="{bar + 1}"><staff n="1"><layer n="1">{notes}</layer></staff>{tempo}</measure>'
    return (
        '<?xml version="1.0"?><mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0"><meiHead><fileDesc>'
        "<titleStmt><title/></titleStmt><pubStmt/></fileDesc></meiHead><music><body><mdiv><score>"
        '<scoreDef midi.bpm="60" meter.count="4" meter.unit="4"><staffGrp><staffDef n="1" lines="5" clef.shape="G" '
        f'clef.line="2"/></staffGrp></scoreDef><section>{bars}</section></score></mdiv></body></music></mei>'
    )


def starts(data):
    """Return when the notes of a MIDI file begin, in seconds."""
    time, found = 0, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        time += message.time
        if message.type == "note_on" and message.velocity:
            found.append(time)
    return found


for change in (2, 4, 6):
    for write, form in ((musicxml, "xml"), (abc, "abc"), (humdrum, "humdrum"), (mei, "mei")):
        toolkit = verovio.toolkit()
        toolkit.setOptions({"inputFrom": form})
        toolkit.loadData(write(change))
        midi = base64.b64decode(toolkit.renderToMIDI())
        print(f"from quarter {change}, Verovio, {form}:", *(f"{start:g}" for start in starts(midi)))
    path = f"{folder}/score.musicxml"
    with open(path, "w") as file:
        file.write(musicxml(change))
    music21.converter.parse(path, forceSource=True).write("midi", f"{folder}/music21.mid")
    with open(f"{folder}/music21.mid", "rb") as file:
        print(f"from quarter {change}, music21, xml:", *(f"{start:g}" for start in starts(file.read())))
PY
seen=$("$work/venv/bin/python" "$work/tempos.py" "$work" 2>> "$work/log")
printf 'starts of eight quarters, at 60 a minute and then at 120:\n%s\n' "$seen"
[ "$seen" = 'from quarter 2, Verovio, xml: 0 0.5 1 1.5 2 2.5 3 3.5
from quarter 2, Verovio, abc: 0 0.5 1 1.5 2 2.5 3 3.5
from quarter 2, Verovio, humdrum: 0 1 2 3 4 5 6 7
from quarter 2, Verovio, mei: 0 1 2 3 4 5 6 7
from quarter 2, music21, xml: 0 1 2 2.5 3 3.5 4 4.5
from quarter 4, Verovio, xml: 0 1 2 3 4 4.5 5 5.5
from quarter 4, Verovio, abc: 0 1 2 3 4 4.5 5 5.5
from quarter 4, Verovio, humdrum: 0 1 2 3 4 4.5 5 5.5
from quarter 4, Verovio, mei: 0 1 2 3 4 4.5 5 5.5
from quarter 4, music21, xml: 0 1 2 3 4 4.5 5 5.5
from quarter 6, Verovio, xml: 0 1 2 3 4 4.5 5 5.5
from quarter 6, Verovio, abc: 0 1 2 3 4 4.5 5 5.5
from quarter 6, Verovio, humdrum: 0 1 2 3 4 4.5 5 5.5
from quarter 6, Verovio, mei: 0 1 2 3 4 4.5 5 5.5
from quarter 6, music21, xml: 0 1 2 3 4 5 6 6.5' ]
