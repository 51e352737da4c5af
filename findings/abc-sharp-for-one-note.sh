#!/usr/bin/env bash
# abcjs 6.7.2, Verovio 6.4.1, music21 10.5.1: a sharp of ABC lasts for a bar, for one note, or as the first line says.
#
# Guess: ^C C is C sharp twice, since an accidental holds until the end of the bar as on paper (ABC 2.1 says so, and by
# default for C in all octaves); clef=treble-8 and octave=-1 sound an octave lower, as they do in abc2midi.
# Seen: in Verovio the second C is natural, and %%propagate-accidentals changes nothing. In music21 it is natural unless
# the file begins with %abc-2.1: without a version it takes 1.3 and ends the accidental at once; a tune that is copied
# or stored alone seldom has that line. abcjs keeps the bar, in one octave. So each bar of a tune in a minor key that
# raises its seventh and comes back to it is another melody by reader, and what is learned from a corpus through MIDI
# has it too. A tenor or a guitar with treble-8 or octave=-1 is an octave too high in Verovio and music21. For others
# write each accidental and each octave out, note by note.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 mido==1.3.3 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" abcjs@6.7.2 >> "$work/log"

cat > "$work/abcjs.cjs" <<'JS'
const { readFileSync, writeFileSync } = require("fs");
const files = require("abcjs").synth.getMidiFile(readFileSync(process.argv[2], "utf8"), { midiOutputType: "binary" });
writeFileSync(process.argv[3], Buffer.from(Array.isArray(files) ? files[0] : files));
JS
cat > "$work/by-verovio.py" <<'PY'
import base64
import sys
from pathlib import Path

import verovio

verovio.enableLog(verovio.LOG_OFF)
toolkit = verovio.toolkit()
toolkit.setInputFrom("abc")
assert toolkit.loadData(Path(sys.argv[1]).read_text())
Path(sys.argv[2]).write_bytes(base64.b64decode(toolkit.renderToMIDI()))
PY
cat > "$work/by-music21.py" <<'PY'
import sys
from pathlib import Path

import music21

music21.converter.parseData(Path(sys.argv[1]).read_text(), format="abc").write("midi", sys.argv[2])
PY
cat > "$work/notes.py" <<'PY'
import sys

import mido

notes = []
for track in mido.MidiFile(sys.argv[1]).tracks:
    now = 0
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity:
            notes.append((now, message.note))
print(*(note for _, note in sorted(notes)))
PY
while IFS='|' read -r name first key notes; do
  printf '%s\nX:1\nT:t\nM:4/4\nL:1/4\nK:%s\n%s|\n' "$first" "$key" "$notes" > "$work/tune.abc"
  node "$work/abcjs.cjs" "$work/tune.abc" "$work/abcjs.mid"
  for reader in verovio music21; do
    "$work/venv/bin/python" "$work/by-$reader.py" "$work/tune.abc" "$work/$reader.mid"
  done
  for reader in abcjs verovio music21; do
    printf '%s, %s: %s\n' "$name" "$reader" "$("$work/venv/bin/python" "$work/notes.py" "$work/$reader.mid")"
  done
done > "$work/seen" << 'TUNES'
sharp|%|C|^CCDC
sharp, version|%abc-2.1|C|^CCDC
sharp, octave|%abc-2.1|C|^Cc^CC,
treble-8|%|C clef=treble-8|CDEF
octave=-1|%|C octave=-1|CDEF
TUNES
printf 'pitches of ^CCDC, ^Cc^CC, and CDEF:\n%s\n' "$(cat "$work/seen")"
[ "$(cat "$work/seen")" = 'sharp, abcjs: 61 61 62 61
sharp, verovio: 61 60 62 60
sharp, music21: 61 60 62 60
sharp, version, abcjs: 61 61 62 61
sharp, version, verovio: 61 60 62 60
sharp, version, music21: 61 61 62 61
sharp, octave, abcjs: 61 72 61 48
sharp, octave, verovio: 61 72 61 48
sharp, octave, music21: 61 73 61 49
treble-8, abcjs: 48 50 52 53
treble-8, verovio: 60 62 64 65
treble-8, music21: 60 62 64 65
octave=-1, abcjs: 48 50 52 53
octave=-1, verovio: 60 62 64 65
octave=-1, music21: 60 62 64 65' ]
