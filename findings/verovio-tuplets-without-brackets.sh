#!/usr/bin/env bash
# Verovio 6.4.1: <time-modification> of MusicXML shortens a note only between <tuplet> start and stop.
#
# Guess: <time-modification> says how long a note sounds, as the specification has it, and <tuplet> only draws a bracket.
# Seen: three eighths of 3 in the time of 2 sound a third of a quarter each with <tuplet>, half a quarter without it, so
# that the rest of the score comes later; <duration>, which says a third, is not used, and nothing is logged. Programs
# that write scores for others therefore have to write the bracket, even one that is not shown.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet verovio==6.4.1

cat > "$work/starts.py" <<'PY'
import json

import verovio

TUPLETS = {0: '<notations><tuplet type="start"/></notations>', 2: '<notations><tuplet type="stop"/></notations>'}
RATIO = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"


def starts(has_tuplets):
    """Return the quarters at which something starts or ends: three triplet eighths and a quarter."""
    notes = "".join(
        f"<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>2</duration><type>eighth</type>{RATIO}"
        f"{TUPLETS.get(index, '') if has_tuplets else ''}</note>"
        for index, step in enumerate("CDE")
    )
    score = f"""<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name/></score-part></part-list><part id="P1"><measure number="1">
<attributes><divisions>6</divisions><time><beats>2</beats><beat-type>4</beat-type></time></attributes>
{notes}<note><pitch><step>G</step><octave>4</octave></pitch><duration>6</duration><type>quarter</type></note>
</measure></part></score-partwise>"""
    toolkit = verovio.toolkit()
    assert toolkit.loadData(score)
    found = toolkit.renderToTimemap()
    return [round(event["qstamp"], 2) for event in (json.loads(found) if isinstance(found, str) else found)]


print(starts(True), starts(False), sep="\n")
PY
seen=$("$work/venv/bin/python" "$work/starts.py" 2> "$work/log")
printf 'with <tuplet>, without:\n%s\n' "$seen"
[ "$seen" = $'[0, 0.33, 0.67, 1, 2]\n[0, 0.5, 1, 1.5, 2.5]' ] && [ ! -s "$work/log" ]
