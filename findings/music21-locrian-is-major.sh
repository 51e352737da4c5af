#!/usr/bin/env bash
# music21 10.5.1 beside verovio 6.2.1: of the seven modes of ABC, music21 reads six; a locrian tune sounds in major.
#
# Guess: a library of musicology reads every mode that a K: field may name, so the white keys from B on are K:Bloc, and
# both programs play them without a sharp, as they do for Ddor, Ephr, Flyd, Gmix and Am.
# Seen: music21 reads the first five, names their mode and plays the white keys. K:Bloc is B with five sharps to it,
# in whatever case or length the mode is written, without a mode, a warning or an error: B C# D# E F# G# A#. verovio
# plays the white keys for all of them, and calls the mode locrian.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet music21==10.5.1 verovio==6.2.1 mido==1.3.3

cat > "$work/modes.py" <<'PY'
import base64
import io
import warnings

import mido
import music21
import verovio

warnings.simplefilter("error")
LETTERS = "CDEFGAB"


def sharps_of(pitches):
    """Return how many of the pitches are black keys."""
    return sum(pitch % 12 in (1, 3, 6, 8, 10) for pitch in pitches)


for key in ("C", "Ddor", "Ephr", "Flyd", "Gmix", "Am", "Bloc", "BLocrian"):
    tune = f"X:1\nT:t\nM:4/4\nL:1/4\nK:{key}\n{LETTERS[:4]}|{LETTERS[4:]}|]\n"
    score = music21.converter.parse(tune, format="abc")
    pitches = [pitch.midi for pitch in score.pitches]
    (signature,) = score.recurse().getElementsByClass(music21.key.KeySignature)
    mode = getattr(signature, "mode", None)
    toolkit = verovio.toolkit()
    toolkit.setInputFrom("abc")
    toolkit.loadData(tune)
    file = mido.MidiFile(file=io.BytesIO(base64.b64decode(toolkit.renderToMIDI())))
    played = [each.note for track in file.tracks for each in track if each.type == "note_on" and each.velocity]
    print(key, mode, sharps_of(pitches), sharps_of(played), len(pitches), len(played))
PY
seen=$("$work/venv/bin/python" "$work/modes.py" 2> /dev/null)
printf 'key, mode to music21, black keys of music21 and of verovio, notes of both:\n%s\n' "$seen"
[ "$seen" = 'C major 0 0 7 7
Ddor dorian 0 0 7 7
Ephr phrygian 0 0 7 7
Flyd lydian 0 0 7 7
Gmix mixolydian 0 0 7 7
Am minor 0 0 7 7
Bloc None 5 0 7 7
BLocrian None 5 0 7 7' ]
