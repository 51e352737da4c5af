#!/usr/bin/env bash
# pycaption 2.3.14: in TTML, a line of a part that begins at 10 s is 10 s early, and times within a line are lost.
#
# Guess: times in TTML count from the beginning of what encloses them (its section 12.3.1 and the model of SMIL), so <p
# begin="1s"> in <div begin="10s"> is at 11 s in every reader, and spans of a line that begin one after the other, as
# for karaoke, are several cues or keep their times.
# Seen: pycaption takes each number by itself: 1 s, for <div> and <body> alike, so that the parts of a recording, which
# are joined as <div>s with a begin of their own, lie upon each other. A line with two spans at 1 s and 2 s is one cue
# over the whole length. No message. pysubs2 1.8.1 adds the begin of the enclosing parts, but has no times of spans;
# ttconv 1.2.3 has both. Captions for pycaption need all times at <p>, from the beginning of the film on.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile pycaption==2.3.14 pysubs2==1.8.1 ttconv==1.2.3 2> "$work/log"

cat > "$work/captions.py" <<'PY'
import re
import warnings
import xml.etree.ElementTree as ElementTree

import pycaption
import pysubs2
from ttconv.imsc import reader
from ttconv.srt import writer

warnings.simplefilter("ignore")
TTML = '<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><head/>{}</tt>'


def of_pycaption(text):
    cues = pycaption.DFXPReader().read(text).get_captions("en")
    return [f"{cue.start / 1e6:g}-{cue.end / 1e6:g} {cue.get_text()}" for cue in cues]


def of_pysubs2(text):
    return [f"{cue.start / 1e3:g}-{cue.end / 1e3:g} {cue.text}" for cue in pysubs2.SSAFile.from_string(text, "ttml")]


def of_ttconv(text):
    subrip = writer.from_model(reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(text))))
    found = re.findall(r"00:00:(\S+) --> 00:00:(\S+)\n(.*)\n", subrip)
    return [f"{float(a.replace(',', '.')):g}-{float(b.replace(',', '.')):g} {words}" for a, b, words in found]


for name, body in {
    "plain": '<body><div><p begin="1s" end="2s">one</p></div></body>',
    "div": '<body><div begin="10s" end="20s"><p begin="1s" end="2s">one</p></div></body>',
    "body": '<body begin="10s" end="20s"><div><p begin="1s" end="2s">one</p></div></body>',
    "spans": '<body><div><p begin="1s" end="5s"><span begin="1s">a </span><span begin="2s">b</span></p></div></body>',
}.items():
    for reader_name, read in (("pycaption", of_pycaption), ("pysubs2", of_pysubs2), ("ttconv", of_ttconv)):
        print(f"{name}: {reader_name}:", " | ".join(read(TTML.format(body))))
PY
seen=$("$work/venv/bin/python" "$work/captions.py" 2>> "$work/log")
printf 'cues of TTML, in seconds:\n%s\n' "$seen"
[ "$seen" = 'plain: pycaption: 1-2 one
plain: pysubs2: 1-2 one
plain: ttconv: 1-2 one
div: pycaption: 1-2 one
div: pysubs2: 11-12 one
div: ttconv: 11-12 one
body: pycaption: 1-2 one
body: pysubs2: 11-12 one
body: ttconv: 11-12 one
spans: pycaption: 1-5 a b
spans: pysubs2: 1-5 a b
spans: ttconv: 2-3 a | 3-5 a b' ]
