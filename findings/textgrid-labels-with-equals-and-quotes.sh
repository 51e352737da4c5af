#!/usr/bin/env bash
# tgt 1.5, praatio 6.2.2: the label "F0 = 120" of a TextGrid is "F", and quotes at a point double with each copy.
#
# Guess: every reader of Praat's TextGrid gives a label back as Praat has it, for a label may have any character, and
# the quote is the only one that is written in another way, doubled.
# Seen: in the long format, which Praat writes by default, tgt ends a label at its first equals sign and takes one more
# character off: "F0 = 120" is "F", "x = 1 = y" is empty. praatio undoubles quotes in intervals, and not at points,
# where 'the "a"' becomes 'the ""a""' when it is read and written, and has four quotes after the next copy. Both read
# the short format as Praat does. textgrid 1.6.1, pympi-ling 1.71 and Praat itself (praat-parselmouth 0.4.7) have the
# labels in full. Comments of annotators are lost in silence, even where a program has only changed the times.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile tgt==1.5 praatio==6.2.2 textgrid==1.6.1 pympi-ling==1.71 \
  praat-parselmouth==0.4.7 2> "$work/log"

cat > "$work/labels.py" <<'PY'
import sys

import parselmouth
import pympi
import textgrid
import tgt
from parselmouth.praat import call
from praatio import textgrid as praatio

WORDS = ["plain", "F0 = 120", "x = 1 = y", 'say "a"']
MARK = 'the "a"'
long, short, copy = (f"{sys.argv[1]}/{name}.TextGrid" for name in ("long", "short", "copy"))


def of_praat(path):
    grid = parselmouth.read(path)
    return [call(grid, "Get label of interval", 1, i + 1) for i in range(len(WORDS))] + [
        call(grid, "Get label of point", 2, 1)
    ]


def of_praatio(path):
    grid = praatio.openTextgrid(path, includeEmptyIntervals=True)
    return [entry.label for tier in grid.tiers for entry in tier.entries]


def of_tgt(path):
    return [each.text for tier in tgt.io.read_textgrid(path, include_empty_intervals=True) for each in tier]


def of_textgrid(path):
    return [each.mark for tier in textgrid.TextGrid.fromFile(path) for each in tier]


def of_pympi(path):
    tiers = pympi.TextGrid(path).get_tiers()
    return [each[-1] for tier in tiers for each in tier.get_intervals(sort=True)]


grid = call("Create TextGrid", 0, len(WORDS), "words marks", "marks")
for i, word in enumerate(WORDS):
    if i:
        call(grid, "Insert boundary", 1, i)
    call(grid, "Set interval text", 1, i + 1, word)
call(grid, "Insert point", 2, 1.5, MARK)
call(grid, "Save as text file", long)
call(grid, "Save as short text file", short)
for name, read in (("tgt", of_tgt), ("praatio", of_praatio), ("textgrid", of_textgrid), ("pympi", of_pympi)):
    print(f"{name}:", " | ".join(read(long)))
for name, read in (("tgt", of_tgt), ("praatio", of_praatio)):
    print(f"{name}, short:", " | ".join(read(short)))
source = long
for count in ("one copy", "two copies"):
    praatio.openTextgrid(source, includeEmptyIntervals=True).save(copy, "long_textgrid", includeBlankSpaces=True)
    print(f"Praat, after {count} by praatio:", of_praat(copy)[-1])
    source = copy
PY
seen=$("$work/venv/bin/python" "$work/labels.py" "$work" 2>> "$work/log")
printf 'labels of one TextGrid by Praat:\n%s\n' "$seen"
[ "$seen" = 'tgt: plain | F |  | say "a" | the "a"
praatio: plain | F0 = 120 | x = 1 = y | say "a" | the ""a""
textgrid: plain | F0 = 120 | x = 1 = y | say "a" | the "a"
pympi: plain | F0 = 120 | x = 1 = y | say "a" | the "a"
tgt, short: plain | F0 = 120 | x = 1 = y | say "a" | the "a"
praatio, short: plain | F0 = 120 | x = 1 = y | say "a" | the "a"
Praat, after one copy by praatio: the ""a""
Praat, after two copies by praatio: the """"a""""' ]
