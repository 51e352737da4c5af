#!/usr/bin/env bash
# verovio 6.4.1, partitura 1.9.0, music21 10.5.1: a grace note of MusicXML sounds in one of three MIDI files.
#
# Guess: each of them plays it for a moment before or on the beat, and the piece keeps its length.
# Seen: verovio plays 30 ms of it before the beat. partitura writes a note that begins and ends at the same tick, which
# makes no sound in most players, and music21 writes none. The length is kept by all. Corpora of MIDI made of scores lack
# ornaments, or have notes of no length, by the program that made them; drop or lengthen those before training.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
packages="verovio==6.4.1 partitura==1.9.0 music21==10.5.1 mido==1.3.3"
"$work/venv/bin/pip" install --quiet $packages 2> "$work/log"
cat > "$work/grace.py" <<'PY'
import base64
import io
import sys

import mido
import music21
import partitura
import verovio


def note(step, grace=""):
    kind = "<type>eighth</type>" if grace else "<duration>1</duration><type>quarter</type>"
    return f"<note>{grace}<pitch><step>{step}</step><octave>4</octave></pitch>{kind}</note>"


def ticks(data):
    """Return start and length in quarters of each note by pitch."""
    midi = mido.MidiFile(file=io.BytesIO(data))
    now, starts, notes = 0, {}, []
    for message in mido.merge_tracks(midi.tracks):
        now += message.time
        if message.type == "note_on" and message.velocity:
            starts[message.note] = now
        elif message.type in ("note_on", "note_off") and message.note in starts:
            start = starts.pop(message.note)
            notes.append((start, message.note, now - start))
    beats = midi.ticks_per_beat
    return " ".join(f"{pitch}@{start / beats:.2f}+{length / beats:.2f}" for start, pitch, length in sorted(notes))


xml = sys.argv[1] + "/score.musicxml"
body = note("C") + note("D", '<grace slash="yes"/>') + note("E") + note("F") + note("G")
with open(xml, "w") as file:
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0"><part-list><score-part id="P1">'
        '<part-name>A</part-name></score-part></part-list><part id="P1"><measure number="1"><attributes><divisions>1'
        "</divisions><time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef>"
        f"</attributes>{body}</measure></part></score-partwise>"
    )
toolkit = verovio.toolkit()
toolkit.loadFile(xml)
print("verovio", ticks(base64.b64decode(toolkit.renderToMIDI())))
midi = sys.argv[1] + "/score.mid"
partitura.save_score_midi(partitura.load_score(xml), midi)
print("partitura", ticks(open(midi, "rb").read()))
music21.converter.parse(xml).write("midi", midi)
print("music21", ticks(open(midi, "rb").read()))
PY
"$work/venv/bin/python" "$work/grace.py" "$work" > "$work/seen" 2> "$work/log"
printf 'notes as pitch@start+length in quarters; the grace note is 62:\n%s\n' "$(cat "$work/seen")"
[ "$(cat "$work/seen")" = 'verovio 60@0.00+0.99 62@0.93+0.06 64@1.00+0.99 65@2.00+0.99 67@3.00+0.99
partitura 60@0.00+1.00 62@1.00+0.00 64@1.00+1.00 65@2.00+1.00 67@3.00+1.00
music21 60@0.00+1.00 64@1.00+1.00 65@2.00+1.00 67@3.00+1.00' ]
