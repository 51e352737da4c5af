#!/usr/bin/env bash
# wetext 0.1.8: "the 1990s" is read as one thousand nine hundred and ninety seconds, as every decade is.
#
# Guess: the English normaliser reads "in the 1990s" as "in the nineteen nineties", since "in 1998" is a year to it.
# Seen: the s is the unit of time. 1980s, 1990s and 2010s become numbers of seconds, also after "the"; only the year
# alone is read as one. Speech made of its output speaks of durations: replace decades before it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet wetext==0.1.8 2> "$work/log"
cat > "$work/read.py" <<'PY'
from wetext import Normalizer

normalizer = Normalizer(lang="en", operator="tn")
for text in ("in 1998", "in the 1990s", "music of the 1980s", "the early 2010s", "it took 90 s"):
    print(f"{text}: {normalizer.normalize(text)}")
PY
"$work/venv/bin/python" "$work/read.py" > "$work/seen" 2> "$work/log"
cat "$work/seen"
[ "$(cat "$work/seen")" = 'in 1998: in nineteen ninety eight
in the 1990s: in the one thousand nine hundred and ninety seconds
music of the 1980s: music of the one thousand nine hundred and eighty seconds
the early 2010s: the early two thousand and ten seconds
it took 90 s: it took ninety seconds' ]
