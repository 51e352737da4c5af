#!/usr/bin/env bash
# mingus 0.6.1: the chord bVII in C is B flat diminished, bIII and bVI are minor.
#
# Guess: progressions.to_chords(["I", "bVII", "IV"], "C"), the progression of countless songs, is C, B flat, F major, as
# capitals and the books have it.
# Seen: the chord of the unaltered degree is built first, whatever the case of the numeral, and then each of its notes
# is lowered: B D F becomes Bb Db Fb, E G B becomes Eb Gb Bb, A C E becomes Ab Cb Eb. The chords that pop borrows from
# minor are all wrong, and sound so in any key, while #IV is as expected and a test with I, IV and V7 passes. Bb D F is
# "bVIIM", and determine() calls it "bviiM". Accompaniments, labels and training data from numerals need the suffix M.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet mingus==0.6.1 2> "$work/log"

cat > "$work/numerals.py" <<'PY'
from mingus.core.progressions import determine, to_chords

for numeral in ("I", "bIII", "#IV", "bVI", "bVII", "bVIIM"):
    print(f"{numeral}:", *to_chords(numeral, "C")[0])
print("in G:", *to_chords("bVII", "G")[0])
print("Bb D F:", *determine(["Bb", "D", "F"], "C", True))
PY
seen=$("$work/venv/bin/python" "$work/numerals.py")
printf 'chords of numerals in C:\n%s\n' "$seen"
[ "$seen" = 'I: C E G
bIII: Eb Gb Bb
#IV: F# A# C#
bVI: Ab Cb Eb
bVII: Bb Db Fb
bVIIM: Bb D F
in G: F Ab Cb
Bb D F: bviiM' ]
