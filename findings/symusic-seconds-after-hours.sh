#!/usr/bin/env bash
# symusic 0.6.0: a score in seconds has times of 24 bits, so that notes of a long recording move.
#
# Guess: times in seconds are Python's floats, exact far below a tick for any length of music.
# Seen: they are float32. Two hours into a file at 480 ticks a quarter and 120 beats a minute, one tick (1.0417 ms) is
# 0.9766 ms, and after nine hours the starts of seven ticks in a row are four times. Ticks are exact.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet symusic==0.6.0 mido==1.3.3

cat > "$work/seconds.py" <<'PY'
import sys

import mido
from symusic import Score

TICKS_A_SECOND = 960
for hours in (0, 2, 9):
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.Message("note_on", note=60, time=hours * 3600 * TICKS_A_SECOND + 1))
    for tick in range(6):
        track.append(mido.Message("note_off", note=60 + tick, time=1))
        track.append(mido.Message("note_on", note=61 + tick, time=0))
    track.append(mido.Message("note_off", note=66, time=1))
    file.save(sys.argv[1])
    notes = Score(sys.argv[1]).to("second").tracks[0].notes
    ticks = Score(sys.argv[1]).tracks[0].notes
    print(hours, f"{notes[1].duration * 1000:.4f}", len({note.start for note in notes}), len({note.start for note in ticks}))
PY
seen=$("$work/venv/bin/python" "$work/seconds.py" "$work/long.mid")
printf 'hours, milliseconds of a tick, different starts in seconds and in ticks:\n%s\n' "$seen"
[ "$seen" = $'0 1.0417 7 7\n2 0.9766 7 7\n9 1.9531 4 7' ]
