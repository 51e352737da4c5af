#!/usr/bin/env bash
# music21 10.5.1, pychord 1.4.1: the chord symbol Bb7 is B major with a seventh, and C6/9 has no ninth.
#
# Guess: music21 writes flats with a minus sign and refuses other spellings, as it does with Bb and Bbm; a reader of chord
# symbols takes 6/9 for a chord with both, as lead sheets do.
# Seen: where the flat may belong to the number, it does: Bb7, Eb7 and Ab7 are B7, E7 and A7, a semitone too high and
# without a word, Db9 is D with a flat ninth, and C-7, which is C minor in jazz, is C flat 7. In pychord C6/9 is C6 in its
# ninth inversion, E G A C without D, while C69 is right; in music21 C69 lacks third and fifth. Of a lead sheet that is
# read this way some chords fail and others are wrong. Translate the root (Bb to B-) before music21 sees it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile music21==10.5.1 pychord==1.4.1

cat > "$work/chords.py" <<'PY'
import warnings

import music21
import pychord

warnings.simplefilter("ignore")


def of_music21(symbol):
    return [pitch.name for pitch in music21.harmony.ChordSymbol(symbol).pitches]


def of_pychord(symbol):
    return pychord.Chord(symbol).components()


for symbol in ("Bb", "Bbm", "Bb7", "B-7", "Eb7", "Ab7", "Db9", "C-7", "C69", "C6/9"):
    for read in (of_music21, of_pychord):
        try:
            notes = read(symbol)
        except ValueError:
            notes = ["refused"]
        print(read.__name__.removeprefix("of_"), symbol, *notes)
PY
seen=$("$work/venv/bin/python" "$work/chords.py" 2> "$work/log")
printf 'notes of chord symbols (music21 writes flats with a minus sign):\n%s\n' "$seen"
for line in 'music21 Bb refused' 'music21 Bbm refused' 'music21 Bb7 B D# F# A' 'music21 B-7 B- D F A-' \
  'music21 Eb7 E G# B D' 'music21 Ab7 A C# E G' 'music21 Db9 D F# A E-' 'music21 C-7 C- E- G- B--' 'music21 C69 C A D' \
  'pychord Bb7 Bb D F Ab' 'pychord C69 C E G A D' 'pychord C6/9 E G A C'; do
  grep -qx "$line" <<< "$seen"
done
