#!/usr/bin/env bash
# music21 10.5.1: tremolos and rests of several bars in MEI vanish with their time, and what follows comes too early.
#
# Guess: what a reader does not know is skipped with its length or refused, so all that follows stands where it should.
# Seen: <bTrem> and <fTrem> are passed over with their notes, and no rest takes their place: after a tremolo of a
# quarter the rest of the bar and the bars behind it are a quarter early. <multiRest num="2"> is no time at all, so that
# the next note comes two bars too soon. No message. Parts of strings, where tremolos are common, and of winds, which
# count bars, are out of step with a recording or with other parts. The tempo in the head, midi.bpm, is not read either:
# it is 120, always. Verovio 6.4.1 plays all as written. Take such scores to MusicXML with another program first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile music21==10.5.1 verovio==6.4.1 mido==1.3.3 2> "$work/log"

cat > "$work/parts.py" <<'PY'
import base64
import io
import sys
import warnings

import mido
import music21
import verovio

warnings.simplefilter("ignore")
verovio.enableLog(verovio.LOG_OFF)


def note(step, length):
    return f'<note pname="{step}" oct="5" dur="{length}"/>'


def score(*bars):
    """Return a score of one staff with these bars."""
    measures = "".join(
        f'<measure n="{i + 1}"><staff n="1"><layer n="1">{bar}</layer></staff></measure>' for i, bar in enumerate(bars)
    )
    staves = '<staffDef n="1" lines="5" clef.shape="G" clef.line="2"/>'
    return (
        '<?xml version="1.0"?><mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0"><meiHead><fileDesc>'
        "<titleStmt><title/></titleStmt><pubStmt/></fileDesc></meiHead><music><body><mdiv><score>"
        f'<scoreDef midi.bpm="60" meter.count="4" meter.unit="4"><staffGrp>{staves}</staffGrp></scoreDef>'
        f"<section>{measures}</section></score></mdiv></body></music></mei>"
    )


def starts(data):
    """Return when the notes begin, in quarters, and the tempo."""
    file = mido.MidiFile(file=io.BytesIO(data))
    found, tempos = [], []
    for track in file.tracks:
        time = 0
        for message in track:
            time += message.time
            if message.type == "note_on" and message.velocity:
                found.append((round(time / file.ticks_per_beat, 2), message.note))
            elif message.type == "set_tempo":
                tempos.append(round(mido.tempo2bpm(message.tempo)))
    return sorted(found), tempos[0]


end = note("e", 4) + note("f", 4) + note("g", 4)
for name, data in {
    "plain": score(note("d", 4) + end, note("a", 1)),
    "bTrem": score('<bTrem unitdur="16">' + note("d", 4) + "</bTrem>" + end, note("a", 1)),
    "fTrem": score('<fTrem unitdur="16">' + note("c", 2) + note("d", 2) + "</fTrem>" + note("g", 2), note("a", 1)),
    "multiRest": score(note("d", 1), '<multiRest num="2"/>', note("a", 1)),
}.items():
    with open(sys.argv[1], "w") as file:
        file.write(data)
    music21.converter.parse(sys.argv[1], forceSource=True).write("midi", sys.argv[1] + ".mid")
    toolkit = verovio.toolkit()
    toolkit.loadData(data)
    with open(sys.argv[1] + ".mid", "rb") as file:
        played = {"music21": file.read(), "Verovio": base64.b64decode(toolkit.renderToMIDI())}
    for reader, midi in played.items():
        found, tempo = starts(midi)
        print(f"{name}: {reader} at {tempo}:", *(f"{key}@{time:g}" for time, key in found))
PY
seen=$("$work/venv/bin/python" "$work/parts.py" "$work/score.mei" 2>> "$work/log")
printf 'notes, starts in quarters, and the tempo, which is 60 in the file:\n%s\n' "$seen"
[ "$seen" = 'plain: music21 at 120: 74@0 76@1 77@2 79@3 81@4
plain: Verovio at 60: 74@0 76@1 77@2 79@3 81@4
bTrem: music21 at 120: 76@0 77@1 79@2 81@3
bTrem: Verovio at 60: 74@0 74@0.25 74@0.5 74@0.75 76@1 77@2 79@3 81@4
fTrem: music21 at 120: 79@0 81@2
fTrem: Verovio at 60: 72@0 74@1 79@2 81@4
multiRest: music21 at 120: 74@0 81@4
multiRest: Verovio at 60: 74@0 81@12' ]
