#!/usr/bin/env bash
# partitura 1.9.0, music21 10.5.1: a repeated note is lost where the second begins before the first ends.
#
# Guess: two notes of one pitch and channel that overlap, as legato and pedalled playing or two voices in unison have it,
# are two notes in each reader; only which end belongs to which is open. Which of two events at one tick comes first in
# the file does not matter.
# Seen: partitura has only the second note, ended by the first end; the other note and end are gone without a word, in
# performances that scores are matched with. music21 ends both notes at the first end. symusic and miditoolkit have two
# notes, first in, first out. If the second begins exactly where the first ends, and stands before that end in the file,
# partitura has one note of length 0, and music21's second note has length 0. mido writes what it is given, so the ends
# of each tick go first, and overlaps are cut before a file goes to these two.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile music21==10.5.1 partitura==1.9.0 symusic==0.6.0 mido==1.3.3 miditoolkit==1.0.1

cat > "$work/repeated.py" <<'PY'
import sys
import warnings

import mido
import miditoolkit
import music21
import partitura
import symusic

warnings.simplefilter("ignore")
START, END = "note_on", "note_off"
CASES = {
    "a gap": [(START, 0), (END, 240), (START, 240), (END, 480)],
    "end, then start": [(START, 0), (END, 480), (START, 0), (END, 480)],
    "start, then end": [(START, 0), (START, 480), (END, 0), (END, 480)],
    "overlap": [(START, 0), (START, 480), (END, 480), (END, 480)],
}


def notes(path):
    """Return starts and ends of notes in quarters by reader; a quarter lasts half a second."""
    yield "symusic", [(note.start / 480, note.end / 480) for note in symusic.Score(path).tracks[0].notes]
    yield "miditoolkit", [(note.start / 480, note.end / 480) for note in miditoolkit.MidiFile(path).instruments[0].notes]
    read = music21.converter.parse(path, forceSource=True, quantizePost=False).flatten().notes
    yield "music21", [(float(note.offset), float(note.offset + note.quarterLength)) for note in read]
    read = partitura.load_performance_midi(path).note_array()
    yield "partitura", [(2 * note["onset_sec"], 2 * (note["onset_sec"] + note["duration_sec"])) for note in read]


for name, events in CASES.items():
    file = mido.MidiFile(ticks_per_beat=480)
    velocities = iter((50, 90))
    track = mido.MidiTrack()
    for kind, ticks in events:
        velocity = next(velocities) if kind == START else 0
        track.append(mido.Message(kind, note=60, velocity=velocity, time=ticks))
    file.tracks.append(track)
    file.save(sys.argv[1])
    for reader, found in notes(sys.argv[1]):
        print(f"{name}: {reader}", *(f"{start:g}-{end:g}" for start, end in sorted(found)))
PY
seen=$("$work/venv/bin/python" "$work/repeated.py" "$work/notes.mid" 2> "$work/log")
printf 'notes from start to end, in quarters:\n%s\n' "$seen"
[ "$(grep -cE '^(a gap: [a-z0-9]+ 0-0.5 1-2|end, then start: [a-z0-9]+ 0-1 1-2)$' <<< "$seen")" = 8 ]
[ "$(grep -E '^(start|overlap)' <<< "$seen")" = 'start, then end: symusic 0-1 1-2
start, then end: miditoolkit 0-1 1-2
start, then end: music21 0-1 1-1
start, then end: partitura 1-1
overlap: symusic 0-2 1-3
overlap: miditoolkit 0-2 1-3
overlap: music21 0-2 1-2
overlap: partitura 1-2' ]
