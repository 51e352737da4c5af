#!/usr/bin/env bash
# partitura 1.9.0, converter21 4.0.1: lengths of kern with % are a fourth in one, and 8va is an octave off in the other.
#
# Guess: four readers of Humdrum give the notes of the kern page: 3%2 is two thirds of a whole note, and pitches are as
# they sound, so that *8va says how they are drawn.
# Seen: partitura takes 3%2 as two thirds of a quarter, a fourth of its length, so that all that follows is early. With
# converter21, which replaces music21's own reader, the MIDI file has what is drawn at 8va an octave lower and at 8ba an
# octave higher than it sounds: notes are kept as drawn, and writing MIDI does not take the line into account, unless
# toSoundingPitch() is called first. music21 10.5.1 by itself and Verovio 6.4.1 have both right. No message. Old music
# in thirds of long notes and piano music change when the reader is changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile partitura==1.9.0 converter21==4.0.1 music21==10.5.1 verovio==6.4.1 \
  mido==1.3.3 2> "$work/log"

cat > "$work/kern.py" <<'PY'
import base64
import io
import sys
import warnings

import converter21
import mido
import music21
import partitura
import verovio

warnings.simplefilter("ignore")
verovio.enableLog(verovio.LOG_OFF)
path = sys.argv[1]
HEAD, END = ["**kern", "*M4/4", "*MM60", "=1"], ["==", "*-"]


def notes(data):
    """Return the number, the start and the length of each note of a MIDI file, in quarters, as text."""
    time, sounding, found = 0, {}, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        time += message.time
        if message.type == "note_on" and message.velocity:
            sounding[message.note] = time
        elif message.type in ("note_on", "note_off") and message.note in sounding:
            start = sounding.pop(message.note)
            found.append((start, f"{message.note}@{start:.2f}+{time - start:.1f}"))
    return " ".join(text for _, text in sorted(found))


def content():
    with open(path + ".mid", "rb") as file:
        return file.read()


def of_music21(sounding):
    score = music21.converter.parse(path, format="humdrum", forceSource=True)
    (score.toSoundingPitch() if sounding else score).write("midi", path + ".mid")
    return content()


def of_partitura(_):
    partitura.save_score_midi(partitura.load_kern(path), path + ".mid")
    return content()


def of_verovio(_):
    toolkit = verovio.toolkit()
    toolkit.setOptions({"inputFrom": "humdrum"})
    toolkit.loadFile(path)
    return base64.b64decode(toolkit.renderToMIDI())


TUNES = {
    "plain": ["4c", "4d", "2e"],
    "3%2": ["3%2c", "4d", "12e"],
    "8va": ["4c", "*8va", "4cc", "4dd", "*X8va", "4e"],
    "8ba": ["4C", "*8ba", "4CC", "4DD", "*X8ba", "4E"],
}
readers = {"partitura": of_partitura, "Verovio": of_verovio}
for name in ("music21", "partitura", "Verovio", "converter21", "as sounding"):
    if name == "converter21":
        converter21.register()
    for tune, lines in TUNES.items():
        with open(path, "w") as file:
            file.write("\n".join([*HEAD, *lines, *END]) + "\n")
        print(f"{name}: {tune}: {notes(readers.get(name, of_music21)(name == 'as sounding'))}")
PY
seen=$("$work/venv/bin/python" "$work/kern.py" "$work/tune.krn" 2>> "$work/log")
printf 'notes, starts and lengths in quarters:\n%s\n' "$seen"
[ "$seen" = 'music21: plain: 60@0.00+1.0 62@1.00+1.0 64@2.00+2.0
music21: 3%2: 60@0.00+2.7 62@2.67+1.0 64@3.67+0.3
music21: 8va: 60@0.00+1.0 72@1.00+1.0 74@2.00+1.0 64@3.00+1.0
music21: 8ba: 48@0.00+1.0 36@1.00+1.0 38@2.00+1.0 52@3.00+1.0
partitura: plain: 60@0.00+1.0 62@1.00+1.0 64@2.00+2.0
partitura: 3%2: 60@0.00+0.7 62@0.67+1.0 64@1.67+0.3
partitura: 8va: 60@0.00+1.0 72@1.00+1.0 74@2.00+1.0 64@3.00+1.0
partitura: 8ba: 48@0.00+1.0 36@1.00+1.0 38@2.00+1.0 52@3.00+1.0
Verovio: plain: 60@0.00+1.0 62@1.00+1.0 64@2.00+2.0
Verovio: 3%2: 60@0.00+2.7 62@2.67+1.0 64@3.67+0.3
Verovio: 8va: 60@0.00+1.0 72@1.00+1.0 74@2.00+1.0 64@3.00+1.0
Verovio: 8ba: 48@0.00+1.0 36@1.00+1.0 38@2.00+1.0 52@3.00+1.0
converter21: plain: 60@0.00+1.0 62@1.00+1.0 64@2.00+2.0
converter21: 3%2: 60@0.00+2.7 62@2.67+1.0 64@3.67+0.3
converter21: 8va: 60@0.00+1.0 60@1.00+1.0 62@2.00+1.0 64@3.00+1.0
converter21: 8ba: 48@0.00+1.0 48@1.00+1.0 50@2.00+1.0 52@3.00+1.0
as sounding: plain: 60@0.00+1.0 62@1.00+1.0 64@2.00+2.0
as sounding: 3%2: 60@0.00+2.7 62@2.67+1.0 64@3.67+0.3
as sounding: 8va: 60@0.00+1.0 72@1.00+1.0 74@2.00+1.0 64@3.00+1.0
as sounding: 8ba: 48@0.00+1.0 36@1.00+1.0 38@2.00+1.0 52@3.00+1.0' ]
