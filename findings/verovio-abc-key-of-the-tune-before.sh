#!/usr/bin/env bash
# Verovio 6.4.1: a tune of ABC in C major has the key of the tune that was read before it in the same process.
#
# Guess: what a toolkit gives depends on its input and options alone, and a new toolkit has no memory.
# Seen: K:C leaves the key as it is, and the key belongs to the process. C D E F after a tune in D plays C#, D, E, F#,
# in a toolkit of its own too, with the one before still there. A minor inherits likewise; other keys set themselves. A
# collection that one loop converts comes out wrong for tunes in C and A minor, and otherwise if the order of the files
# changes, while a test of one tune passes. One process for each tune is safe.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet verovio==6.4.1 mido==1.3.3

cat > "$work/keys.py" <<'PY'
import base64
import io
import sys

import mido
import verovio

verovio.enableLog(verovio.LOG_OFF)
toolkits = []
for key in sys.argv[1:]:
    toolkit = verovio.toolkit()
    toolkits.append(toolkit)
    toolkit.setInputFrom("abc")
    assert toolkit.loadData(f"X:1\nT:Four notes\nM:4/4\nL:1/4\nK:{key}\nCDEF|\n")
    midi = mido.MidiFile(file=io.BytesIO(base64.b64decode(toolkit.renderToMIDI())))
    print(f"{key}:", *(message.note for message in midi if message.type == "note_on" and message.velocity))
PY
alone=$("$work/venv/bin/python" "$work/keys.py" C)
seen=$("$work/venv/bin/python" "$work/keys.py" C D C E C Am G C)
printf 'pitches of C D E F in C alone:\n%s\nin one process, one toolkit a tune:\n%s\n' "$alone" "$seen"
[ "$alone" = 'C: 60 62 64 65' ]
[ "$(cut -d ' ' -f 2-5 <<< "$seen" | tr '\n' ,)" = \
  '60 62 64 65,61 62 64 66,61 62 64 66,61 63 64 66,61 63 64 66,61 63 64 66,60 62 64 66,60 62 64 66,' ]
