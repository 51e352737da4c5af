#!/usr/bin/env bash
# Verovio 6.4.1, partitura 1.9.0, music21 10.5.1: piano is as loud as forte in two, staccato is louder and not shorter.
#
# Guess: a note after <f/> has a higher velocity in MIDI than one after <p/> in each of the three; a staccato note is
# half as long, in Verovio at least.
# Seen: Verovio has velocity 90 for marks, <sound dynamics>, accents and dots alike; only dynamics of the note itself
# count. partitura has 64 unless <sound dynamics> is there. music21 has 63 and 126 for p and f, with and without
# <sound>, and makes a note with a dot louder, 96 for 90, at its full length, and a tenuto softer, 84. A staccato note
# is shorter in none, and a crescendo is a step at its end or nothing. A MIDI file from a score has the dynamics that
# the library reads, not those of the score; dynamics="..." of each <note> is what two of the three agree on.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 partitura==1.9.0 mido==1.3.3 \
    2> "$work/log"

cat > "$work/dynamics.py" <<'PY'
import sys
import warnings

import mido
import music21
import partitura
import verovio

warnings.simplefilter("ignore")
score, midi = sys.argv[1:]


def note(mark="", attribute=""):
    """Return a quarter note of MusicXML, with an articulation or an attribute."""
    notations = f"<notations><articulations><{mark}/></articulations></notations>" if mark else ""
    pitch = "<pitch><step>C</step><octave>5</octave></pitch>"
    return f"<note{attribute}>{pitch}<duration>1</duration><voice>1</voice><type>quarter</type>{notations}</note>"


def direction(kind, sound=""):
    """Return a direction of MusicXML."""
    return f"<direction><direction-type>{kind}</direction-type>{sound}</direction>"


P, F = (f"<dynamics><{mark}/></dynamics>" for mark in "pf")
GROWS, END = (f'<wedge type="{kind}"/>' for kind in ("crescendo", "stop"))
CASES = {
    "p p f f": direction(P) + 2 * note() + direction(F) + 2 * note(),
    "with <sound>": direction(P, '<sound dynamics="54"/>')
    + 2 * note()
    + direction(F, '<sound dynamics="106"/>')
    + 2 * note(),
    "p < < f": direction(P) + direction(GROWS) + 3 * note() + direction(END) + direction(F) + note(),
    "plain, dot, tenuto, accent": note() + note("staccato") + note("tenuto") + note("accent"),
    "dynamics of notes": 2 * note("", ' dynamics="50"') + 2 * note("", ' dynamics="100"'),
}
ATTRIBUTES = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"


def played(reader):
    """Print velocities and the longest and the shortest note in quarters."""
    file, velocities, lengths, now = mido.MidiFile(midi), [], [], 0
    for message in mido.merge_tracks(file.tracks):
        now += message.time
        if message.type == "note_on" and message.velocity:
            velocities.append(message.velocity)
            start = now
        elif message.type in ("note_on", "note_off"):
            lengths.append(round((now - start) / file.ticks_per_beat, 1))
    print(f"{name}: {reader}", *velocities, f"{min(lengths):g}-{max(lengths):g}")


for name, notes in CASES.items():
    with open(score, "w") as file:
        file.write(
            '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Oboe</part-name></score-part>'
            f'</part-list><part id="P1"><measure number="1">{ATTRIBUTES}{notes}</measure></part></score-partwise>'
        )
    toolkit = verovio.toolkit()
    toolkit.loadFile(score)
    toolkit.renderToMIDIFile(midi)
    played("Verovio")
    music21.converter.parse(score, forceSource=True).write("midi", midi)
    played("music21")
    partitura.save_score_midi(partitura.load_musicxml(score), midi)
    played("partitura")
PY
seen=$("$work/venv/bin/python" "$work/dynamics.py" "$work/dynamics.musicxml" "$work/dynamics.mid" 2> "$work/log")
printf 'velocities of four quarters, and their shortest and longest in quarters:\n%s\n' "$seen"
[ "$seen" = 'p p f f: Verovio 90 90 90 90 1-1
p p f f: music21 63 63 126 126 1-1
p p f f: partitura 64 64 64 64 1-1
with <sound>: Verovio 90 90 90 90 1-1
with <sound>: music21 63 63 126 126 1-1
with <sound>: partitura 49 49 95 95 1-1
p < < f: Verovio 90 90 90 90 1-1
p < < f: music21 63 63 63 126 1-1
p < < f: partitura 64 64 64 64 1-1
plain, dot, tenuto, accent: Verovio 90 90 90 90 1-1
plain, dot, tenuto, accent: music21 90 96 84 103 1-1
plain, dot, tenuto, accent: partitura 64 64 64 64 1-1
dynamics of notes: Verovio 45 45 90 90 1-1
dynamics of notes: music21 45 45 90 90 1-1
dynamics of notes: partitura 64 64 64 64 1-1' ]
