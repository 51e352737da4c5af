#!/usr/bin/env bash
# CueParser 1.3.3: frames of a cue sheet are read as hundredths, so that a track begins up to a quarter second early.
#
# Guess: INDEX 01 00:10:37 is 10 s and 37 of the 75 frames that a second of a CD has, 10.493 s, and a track begins at
# its index 01.
# Seen: it is 10.370 s; 00:20:74 is 20.740 s and not 20.987 s, while at frame 0 all is right. Lengths are off alike. Of
# several indices of a track the last one counts, so that a movement with INDEX 02 begins there and the music before it
# belongs to the track before. cuetools 1.1.2 and pylibcue 0.5.2 (libcue) have the times of the standard. Tracks that
# are cut by it begin with the end of the one before, where a live album or a mix has no silence to hide it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet CueParser==1.3.3 cuetools==1.1.2 pylibcue==0.5.2 2> "$work/log"

cat > "$work/starts.py" <<'PY'
import cueparser
import cuetools
import pylibcue

INDICES = (("01 00:00:00",), ("00 00:09:00", "01 00:10:37"), ("01 00:20:74",), ("01 00:30:00", "02 00:45:00"))
TRACKS = "\n".join(
    f'  TRACK {i:02} AUDIO\n    TITLE "{i}"\n' + "\n".join(f"    INDEX {index}" for index in indices)
    for i, indices in enumerate(INDICES, 1)
)
SHEET = f'PERFORMER "A"\nTITLE "B"\nFILE "album.wav" WAVE\n{TRACKS}\n'

parsed = cueparser.CueSheet()
parsed.setOutputFormat("%title%", "%title%")
parsed.setData(SHEET)
parsed.parse()
rows = {
    "CueParser": [cueparser.offsetToTimedelta(track.offset).total_seconds() for track in parsed.tracks],
    "cuetools": [track.index01.seconds for track in cuetools.loads(SHEET).tracks],
    "libcue": [m * 60 + s + f / 75 for m, s, f in (track.start for track in pylibcue.parse_str(SHEET))],
}
for name, starts in rows.items():
    print(f"{name}:", *(f"{start:.3f}" for start in starts))
PY
seen=$("$work/venv/bin/python" "$work/starts.py")
printf 'starts of four tracks in seconds:\n%s\n' "$seen"
[ "$seen" = 'CueParser: 0.000 10.370 20.740 45.000
cuetools: 0.000 10.493 20.987 30.000
libcue: 0.000 10.493 20.987 30.000' ]
