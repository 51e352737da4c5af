#!/usr/bin/env bash
# text2num 3.1.0: six and a half million becomes six and a half in five languages, and two numbers in two more.
#
# Guess: "six virgule cinq millions" becomes 6500000 or 6,5 millions; so do its German, Spanish, Italian, Portuguese,
# Dutch and English counterparts.
# Seen: the digits of the million follow the decimals at once: 6,5000000, which is 6.5 for everything that reads
# numbers, a millionth of what was spoken. German and English have a space between, 6,5 1000000, two numbers. Without
# decimals all is right. Transcripts that pass through it need the words for million kept.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet text2num==3.1.0 2> "$work/log"
cat > "$work/numbers.py" <<'PY'
from text_to_num import alpha2digit

SPOKEN = {
    "fr": ("six virgule cinq millions", "six millions"),
    "es": ("seis coma cinco millones", "seis millones"),
    "it": ("sei virgola cinque milioni", "sei milioni"),
    "pt": ("seis vírgula cinco milhões", "seis milhões"),
    "nl": ("zes komma vijf miljoen", "zes miljoen"),
    "de": ("sechs komma fünf Millionen", "sechs Millionen"),
    "en": ("six point five million", "six million"),
}
for language, texts in SPOKEN.items():
    print(language, *(alpha2digit(text, language) for text in texts), sep=" | ")
PY
"$work/venv/bin/python" "$work/numbers.py" > "$work/seen"
printf 'language | six and a half million | six million:\n%s\n' "$(cat "$work/seen")"
[ "$(cat "$work/seen")" = 'fr | 6,5000000 | 6000000
es | 6,5000000 | 6000000
it | 6,5000000 | 6000000
pt | 6,5000000 | 6000000
nl | 6,5000000 | 6000000
de | 6,5 1000000 | 6000000
en | 6.5 1000000 | 6000000' ]
