#!/usr/bin/env bash
# num2words 0.5.14: -0.5 is read as 0.5 in English, German and most other languages, while -1.5 keeps its minus.
#
# Guess: the sign is a word before the number, "minus zero point five", as -5 and -1.5 have it; a language may lack the
# word, but not for some numbers only.
# Seen: the sign is that of the whole part, and int(-0.5) is 0: everything between -1 and 0 is read as positive in each
# of ten languages here and in most of the others, as a float, a Decimal and a string alike; Italian and Hungarian have
# the minus. A voice that reads temperatures, changes of prices or gains in dB with it says the opposite of what is
# meant around zero, where the sign matters most; the text on a screen is right, and so are tests with -5 and -1.5. The
# sign has to be taken off before and spoken in words of one's own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet num2words==0.5.14 2> "$work/log"

cat > "$work/signs.py" <<'PY'
from decimal import Decimal

from num2words import num2words

for language in ("en", "de", "fr", "es", "pt", "nl", "ru", "sv", "ja", "ko", "it", "hu"):
    lost = []
    for number in ("-5", "-1.5", "-0.5", "-0.05"):
        kinds = float(number), Decimal(number)
        if all(num2words(each, lang=language) == num2words(-each, lang=language) for each in kinds):
            lost.append(number)
    print(f"{language}:", *lost)
print(num2words(-0.5), num2words("-0.5"), num2words(-1.5), sep=", ")
PY
seen=$("$work/venv/bin/python" "$work/signs.py")
printf 'numbers below zero that are read like those above it:\n%s\n' "$seen"
for language in en de fr es pt nl ru sv ja ko; do grep -qx "$language: -0.5 -0.05" <<< "$seen"; done
for language in it hu; do grep -qx "$language:" <<< "$seen"; done
grep -qx 'zero point five, zero point five, minus one point five' <<< "$seen"
