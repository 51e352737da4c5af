#!/usr/bin/env bash
# node-id3 0.2.9 (npm): after update({ title }) the artists A and B are one artist AB, and one of two comments is gone.
#
# Guess: update changes the title and keeps each other frame, since "update works like the write method but will keep or
# overwrite existing tags instead of removing them".
# Seen: of several texts in a frame of ID3v2.4 the nulls between them are lost: two artists are AB, the genres Rock and
# Pop RockPop, a producer called P is producerP. Of two comments one is kept; the gain (RVA2), play counts and the mark
# of a compilation are gone. The tag is 2.3 then. update returns true, and the sound is untouched. Only those frames
# stay that the package has names for; chapters and lyrics are among them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile mutagen==1.47.0 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" node-id3@0.2.9 > "$work/log"

cat > "$work/edit.mjs" <<'JS'
import NodeID3 from "node-id3";
NodeID3.update({ title: "New" }, process.argv[2]);
JS
cat > "$work/tags.py" <<'PY'
import subprocess
import sys

from mutagen.id3 import COMM, ID3, PCNT, RVA2, TCMP, TCON, TIPL, TIT2, TPE1, TXXX

PATH = sys.argv[1] + "/tagged.mp3"
SOUND = 20 * (bytes.fromhex("fffb9064") + bytes(413))  # frames of MPEG 1 layer 3, 128 kbit/s


def named(tag):
    """Return the frames of a tag, without the title."""
    shown = ((name, vars(frame)) for name, frame in sorted(tag.items()) if name != "TIT2")
    return {name: values.get("text", values.get("people", "")) for name, values in shown}


CASES = [
    ("artists", 4, [TPE1(3, ["A", "B"])]),
    ("genres", 4, [TCON(3, ["Rock", "Pop"])]),
    ("people", 4, [TIPL(3, [["producer", "P"]])]),
    ("comments", 3, [COMM(0, "eng", "", ["one"]), COMM(0, "eng", "mood", ["calm"])]),
    ("gain", 4, [RVA2("track", 1, -3.0, 0.5)]),
    ("compilation", 3, [TCMP(0, ["1"])]),
    ("count", 3, [PCNT(3)]),
    ("own", 3, [TXXX(0, "MOOD", ["calm"])]),
]
for name, version, frames in CASES:
    with open(PATH, "wb") as file:
        file.write(SOUND)
    tag = ID3()
    for frame in (TIT2(3, ["Old"]), *frames):
        tag.add(frame)
    tag.save(PATH, v2_version=version)
    before = named(ID3(PATH, translate=False))
    subprocess.run(["node", sys.argv[1] + "/edit.mjs", PATH], check=True, capture_output=True)
    edited = ID3(PATH, translate=False)
    assert edited["TIT2"].text == ["New"]
    after = "the same" if named(edited) == before else named(edited)
    print(f"{name} (2.{version}): {before} -> {after}".replace("'", '"'))
PY
seen=$("$work/venv/bin/python" "$work/tags.py" "$work")
printf 'frames before and after the title was changed:\n%s\n' "$seen"
[ "$seen" = 'artists (2.4): {"TPE1": ["A", "B"]} -> {"TPE1": ["AB"]}
genres (2.4): {"TCON": ["Rock", "Pop"]} -> {"TCON": ["RockPop"]}
people (2.4): {"TIPL": [["producer", "P"]]} -> {"TIPL": [["producerP", ""]]}
comments (2.3): {"COMM::eng": ["one"], "COMM:mood:eng": ["calm"]} -> {"COMM:mood:eng": ["calm"]}
gain (2.4): {"RVA2:track": ""} -> {}
compilation (2.3): {"TCMP": ["1"]} -> {}
count (2.3): {"PCNT": ""} -> {}
own (2.3): {"TXXX:MOOD": ["calm"]} -> the same' ]
