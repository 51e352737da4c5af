#!/usr/bin/env bash
# Verovio 6.4.1, partitura 1.9.0: C three quarters of a tone sharp, in MusicXML, is played as C, below C sharp.
#
# Guess: <alter>1.5</alter> is a pitch bend, in music21 and Verovio, or a note next to it, C sharp or D; at least it is
# above C in each.
# Seen: music21 bends. The other two drop an alteration that is not whole: a quarter sharp, three quarters sharp and
# three quarters flat are all the natural note, up to three quarters of a tone off, in Verovio with the accidental too.
# C, a quarter sharp, sharp and three quarters sharp are 60 60 61 60: the scale falls where it should rise. Arabic and
# Turkish music and new scores come out in other modes, with no word, while the whole semitones next to them are right.
# Look for a point in <alter> before a file goes to these two.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 partitura==1.9.0 mido==1.3.3 \
    2> "$work/log"

cat > "$work/quarters.py" <<'PY'
import sys
import warnings

import mido
import music21
import partitura
import verovio

warnings.simplefilter("ignore")
score, midi = sys.argv[1:]
ALTERED = {"": "", "0.5": "quarter-sharp", "1": "sharp", "1.5": "three-quarters-sharp", "-1.5": "three-quarters-flat"}
ATTRIBUTES = "<attributes><divisions>1</divisions><time><beats>5</beats><beat-type>4</beat-type></time></attributes>"


def write(*, drawn):
    """Write the altered notes in MusicXML, with their accidentals as they are drawn or without."""
    notes = ""
    for alter, sign in ALTERED.items():
        pitch = f"<step>C</step>{f'<alter>{alter}</alter>' if alter else ''}<octave>4</octave>"
        accidental = f"<accidental>{sign}</accidental>" if drawn and sign else ""
        length = "<duration>1</duration><voice>1</voice><type>quarter</type>"
        notes += f"<note><pitch>{pitch}</pitch>{length}{accidental}</note>"
    with open(score, "w") as file:
        file.write(
            '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Ney</part-name></score-part>'
            f'</part-list><part id="P1"><measure number="1">{ATTRIBUTES}{notes}</measure></part></score-partwise>'
        )


def played(name):
    """Print the pitches of the MIDI file, with bends of two semitones."""
    bends, pitches = {}, []
    for message in mido.MidiFile(midi):
        if message.type == "pitchwheel":
            bends[message.channel] = 2 * message.pitch / 8_192
        elif message.type == "note_on" and message.velocity:
            pitches.append(message.note + bends.get(message.channel, 0))
    print(f"{name}:", *(f"{pitch:g}" for pitch in pitches))


def by_verovio(name):
    """Play the score by Verovio."""
    toolkit = verovio.toolkit()
    toolkit.loadFile(score)
    toolkit.renderToMIDIFile(midi)
    played(name)


write(drawn=True)
by_verovio("Verovio, with accidentals")
write(drawn=False)
by_verovio("Verovio")
music21.converter.parse(score, forceSource=True).write("midi", midi)
played("music21")
partitura.save_score_midi(partitura.load_musicxml(score), midi)
played("partitura")
PY
seen=$("$work/venv/bin/python" "$work/quarters.py" "$work/quarters.musicxml" "$work/quarters.mid" 2> "$work/log")
printf 'pitches of C, 1/4, 1/2 and 3/4 of a tone sharp and 3/4 of a tone flat:\n%s\n' "$seen"
[ "$seen" = 'Verovio, with accidentals: 60 60 61 60 60
Verovio: 60 60 61 60 60
music21: 60 60.5 61 61.5 58.5
partitura: 60 60 61 60 60' ]
