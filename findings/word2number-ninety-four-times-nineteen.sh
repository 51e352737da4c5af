#!/usr/bin/env bash
# word2number 1.1: "nineteen ninety four" is 1714, 19 times 90 and 4, and two and a half million are two.
#
# Guess: a year in words is 1994 or refused, and a word that a number cannot have, such as minus, is refused too.
# Seen: two words are added, of three the first two are multiplied, of four likewise and the rest added, since a hundred
# is expected in the second place and not looked for. "twenty twenty" is 40, "nineteen ninety four" 1714, "nineteen
# eighty seven" 1527, which looks like a year. What it does not know is dropped: "minus five" is 5, "two point five
# million" 2, "ten point ten" 10. Only a text without any number word is an error. Written numbers pass, so a test from
# a grammar book does; what people say to a recognizer (years, phone numbers, prices, temperatures) comes out as another
# number.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet word2number==1.1 2> "$work/log"

cat > "$work/numbers.py" <<'PY'
from word2number.w2n import word_to_num

for words in (
    "two thousand and one",
    "twenty twenty",
    "nineteen ninety four",
    "nineteen eighty seven",
    "minus five",
    "two point five million",
    "ten point ten",
):
    print(f"{words}: {word_to_num(words)}")
PY
seen=$("$work/venv/bin/python" "$work/numbers.py")
printf 'numbers that words become:\n%s\n' "$seen"
[ "$seen" = 'two thousand and one: 2001
twenty twenty: 40
nineteen ninety four: 1714
nineteen eighty seven: 1527
minus five: 5
two point five million: 2
ten point ten: 10' ]
