#!/usr/bin/env bash
# mp3tag.js 3.16.0 (npm): after a change of the title, the data of a private frame are part of its name.
#
# Guess: read, tags.title = "New" and save keep each other frame of the tag as it was.
# Seen: of a PRIV frame, in which players and shops store their data behind the name of the owner, owner and data are
# one name without data, for which nobody looks any more. Of the people in a tag of 2.3 (IPLS, in UTF-16) each name but
# the first text begins with a byte order mark, which is drawn as a box or not at all, and compares as another name. The
# chapters of a podcast (CHAP, CTOC) are left out. No error is set.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile mutagen==1.47.0 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" mp3tag.js@3.16.0 > "$work/log"

cat > "$work/edit.mjs" <<'JS'
import fs from "node:fs";
import MP3Tag from "mp3tag.js";
const content = fs.readFileSync(process.argv[2]);
const file = new MP3Tag(new Uint8Array(content).buffer);
file.read();
file.tags.title = "New";
file.save({ id3v2: { version: content[3] } });
if (file.error) throw new Error(file.error);
fs.writeFileSync(process.argv[2], Buffer.from(file.buffer));
JS
cat > "$work/tags.py" <<'PY'
import subprocess
import sys

from mutagen.id3 import CHAP, CTOC, ID3, IPLS, PRIV, TIT2, TPE1, TXXX

PATH = sys.argv[1] + "/tagged.mp3"
SOUND = 20 * (bytes.fromhex("fffb9064") + bytes(413))  # frames of MPEG 1 layer 3, 128 kbit/s


def named(tag):
    """Return the frames of a tag, without the title."""
    shown = ((name, vars(frame)) for name, frame in sorted(tag.items()) if name != "TIT2")
    return {name: values.get("text", values.get("people", "")) for name, values in shown}


CHAPTER = CHAP("c1", 0, 1_000, 0xFFFFFFFF, 0xFFFFFFFF, [TIT2(3, ["one"])])
CASES = [
    ("private", 4, [PRIV("owner", b"data")]),
    ("people", 3, [IPLS(1, [["producer", "P"]])]),
    ("artists", 4, [TPE1(3, ["A", "B"])]),
    ("own", 4, [TXXX(3, "MOOD", ["calm"])]),
    ("chapters", 4, [CHAPTER, CTOC("toc", 3, ["c1"], [])]),
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
[ "$seen" = 'private (2.4): {"PRIV:owner:data": ""} -> {"PRIV:ownerdata:": ""}
people (2.3): {"IPLS": [["producer", "P"]]} -> {"IPLS": [["producer", "\ufeffP"]]}
artists (2.4): {"TPE1": ["A", "B"]} -> the same
own (2.4): {"TXXX:MOOD": ["calm"]} -> the same
chapters (2.4): {"CHAP:c1": "", "CTOC:toc": ""} -> {}' ]
