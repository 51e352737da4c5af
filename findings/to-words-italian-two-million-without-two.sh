#!/usr/bin/env bash
# to-words 5.7.0: two million in Italian is "Milioni", millions, and the year 1994 begins with "thousands".
#
# Guess: 2000000 is due milioni and 1994 mille novecento novantaquattro, however spaced, as Unicode CLDR (icu-rbnf
# 0.2.0) has them.
# Seen: exactly two of a million or a milliard lose the number: 2000000 is "Milioni", 2000080 "Milioni Ottanta",
# 2000000000 "Miliardi", as if Italian had a dual as Arabic has; 3000000 is "Tre Milioni". From 1001 to 1999 the
# thousand is the plural that never stands alone, "Mila Nove Cento Novantaquattro", while 1000 is "Mille". A sum or a
# year that a voice reads from it is no number, and which amount was meant cannot be heard.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet icu-rbnf==0.2.0 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" to-words@5.7.0 >> "$work/log"

cat > "$work/numbers.mjs" <<'JS'
import { ToWords } from "to-words";
const toWords = new ToWords({ localeCode: "it-IT" });
for (const number of process.argv.slice(2)) console.log(toWords.convert(Number(number)));
JS
numbers=(1000 1001 1994 2000 1000000 2000000 2000080 3000000 2000000000)
"$work/venv/bin/python" -c 'import sys
from icu_rbnf import spellout
for number in sys.argv[1:]:
    print(number, spellout(int(number), "it").replace("\u00ad", ""), sep=" | ")' "${numbers[@]}" > "$work/rules"
node "$work/numbers.mjs" "${numbers[@]}" > "$work/words"
seen=$(paste -d '|' "$work/rules" "$work/words" | sed 's/|\([^ ]\)/ | \1/')
printf 'number | ICU | to-words:\n%s\n' "$seen"
[ "$seen" = '1000 | mille | Mille
1001 | milleuno | Mila Uno
1994 | millenovecentonovantaquattro | Mila Nove Cento Novantaquattro
2000 | duemila | Due Mila
1000000 | un milione | Un Milione
2000000 | due milioni | Milioni
2000080 | due milioni ottanta | Milioni Ottanta
3000000 | tre milioni | Tre Milioni
2000000000 | due miliardi | Miliardi' ]
