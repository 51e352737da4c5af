#!/usr/bin/env bash
# Verovio 6.4.1: notes of MusicXML without <type> are all quarters, and rests without it take no time.
#
# Guess: <duration> says how long a note sounds, and <type>, which may be left out, how it is drawn: with and without it
# a bar is played alike.
# Seen: without <type> eight eighths are eight quarters in a bar of four, and a dotted quarter, an eighth and a half are
# three quarters, so that what follows is late or early. A rest of a beat without it becomes one of a whole bar, which
# takes no time before the notes behind it, a beat early now, and three beats at the end of the bar. No warning is
# given. The MEI that Verovio makes keeps the durations (dur.ppq) without using them. Files from MIDI, from
# transcription and from scripts often have durations alone. music21 plays all of them right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile verovio==6.4.1 music21==10.5.1 2> "$work/log"

cat > "$work/lengths.py" <<'PY'
import music21
import verovio

verovio.enableLog(verovio.LOG_WARNING)
TYPES = {2: "<type>eighth</type>", 4: "<type>quarter</type>", 6: "<type>quarter</type><dot/>", 8: "<type>half</type>"}
BARS = {
    "four quarters": "C4 D4 E4 F4",
    "eight eighths": "C2 D2 E2 F2 G2 A2 B2 C2",
    "dotted quarter": "C6 D2 E8",
    "a rest": "C4 -4 E4 F4",
}


def score(bar, typed):
    """Return a score of a bar and one note behind it, in sixteenths."""
    notes = ""
    for step, length in bar.split():
        pitch = "<rest/>" if step == "-" else f"<pitch><step>{step}</step><octave>4</octave></pitch>"
        kind = TYPES[int(length)] if typed else ""
        notes += f"<note>{pitch}<duration>{length}</duration>{kind}</note>"
    last = "<note><pitch><step>G</step><octave>4</octave></pitch><duration>16</duration><type>whole</type></note>"
    return f"""<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list><part id="P1"><measure number="1">
<attributes><divisions>4</divisions><time><beats>4</beats><beat-type>4</beat-type></time>
<clef><sign>G</sign><line>2</line></clef></attributes>{notes}</measure><measure number="2">{last}</measure></part>
</score-partwise>"""


def starts(text):
    """Return the beats at which notes start, by Verovio and by music21."""
    toolkit = verovio.toolkit()
    toolkit.loadData(text)
    seen = [event["qstamp"] for event in toolkit.renderToTimemap() if "on" in event]
    right = [float(note.offset) for note in music21.converter.parse(text, format="musicxml").flatten().notes]
    return ", music21 ".join(" ".join(f"{time:g}" for time in times) for times in (seen, right))


for name, bar in BARS.items():
    for typed in (True, False):
        print(f"{name} {'with' if typed else 'without'} types: {starts(score(bar, typed))}")
PY
seen=$("$work/venv/bin/python" "$work/lengths.py")
printf 'beats at which the notes start:\n%s\n' "$seen"
[ "$seen" = 'four quarters with types: 0 1 2 3 4, music21 0 1 2 3 4
four quarters without types: 0 1 2 3 4, music21 0 1 2 3 4
eight eighths with types: 0 0.5 1 1.5 2 2.5 3 3.5 4, music21 0 0.5 1 1.5 2 2.5 3 3.5 4
eight eighths without types: 0 1 2 3 4 5 6 7 8, music21 0 0.5 1 1.5 2 2.5 3 3.5 4
dotted quarter with types: 0 1.5 2 4, music21 0 1.5 2 4
dotted quarter without types: 0 1 2 3, music21 0 1.5 2 4
a rest with types: 0 2 3 4, music21 0 2 3 4
a rest without types: 0 1 2 7, music21 0 2 3 4' ]
