#!/usr/bin/env bash
# abcjs 6.7.2: in its MIDI files everything after a quarter tone is a whole tone flat.
#
# Guess: ^/C, a quarter tone higher, is pitch bend 2,048 of 8,192 up (the usual range is two semitones), and 0 after it.
# Seen: the higher byte of the bend is written first, so that the return to the middle (40 00 for 00 40) is -8,128, and
# the bend stays 1.98 semitones down until the end: E and F after C a quarter tone higher sound as D and E flat on a
# synthesizer with the usual range. The quarter tone itself is 1.8 semitones up, and one down (_/D) is 1.6 down. Bytes that
# are swapped back repair the return, but both notes are then a semitone up: the number is the ratio of frequencies where
# a difference belongs. A tune without quarter tones has no bend; abcjs's own player does not use the file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet mido==1.3.3
npm install --silent --no-audit --no-fund --prefix "$work" abcjs@6.7.2 > "$work/log"

cat > "$work/bends.cjs" <<'JS'
const abcjs = require("abcjs");
const tune = `X:1\nT:t\nM:4/4\nL:1/4\nK:C\n${process.argv[2]}|\n`;
const files = abcjs.synth.getMidiFile(tune, { midiOutputType: "binary", chordsOff: true });
require("fs").writeFileSync(process.argv[3], Buffer.from(Array.isArray(files) ? files[0] : files));
JS
cat > "$work/bends.py" <<'PY'
import sys

import mido

bend, sounding = 0, []
for message in mido.MidiFile(sys.argv[1]):
    if message.type == "pitchwheel":
        bend = message.pitch
    elif message.type == "note_on" and message.velocity:
        sounding.append(f"{message.note + 2 * bend / 8192:.2f}")
print(*sounding)
PY
for notes in 'CDEF' '^/CDEF' 'C_/DEF'; do
  node "$work/bends.cjs" "$notes" "$work/tune.mid"
  printf '%s: %s\n' "$notes" "$("$work/venv/bin/python" "$work/bends.py" "$work/tune.mid")"
done > "$work/seen"
printf 'pitches, with bends of two semitones (C is 60):\n%s\n' "$(cat "$work/seen")"
[ "$(cat "$work/seen")" = $'CDEF: 60.00 62.00 64.00 65.00\n^/CDEF: 61.77 60.02 62.02 63.02\nC_/DEF: 60.00 60.37 62.02 63.02' ]
