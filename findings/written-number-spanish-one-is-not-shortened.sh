#!/usr/bin/env bash
# written-number 0.11.1: Spanish 21,000 is "veintiuno mil" and 1,000,001 "uno millón uno", though 1,000,000 is right.
#
# Guess: in Spanish 1,000,001 is "un millón uno" and 21,000 "veintiún mil", as 1,000,000 is "un millón"; in French
# 200,000 is "deux cent mille", and in Italian 200 "duecento", one word, as 21 is "ventuno".
# Seen: "un millón" is kept for the round million alone: 1,500,000 is "uno millón quinientos mil". Each thousand after
# one has the long form: "veintiuno mil", "treinta y uno mil", "ciento uno mil", that no one says. In French 200,000 and
# 80,000 keep an s ("deux cents mille", "quatre-vingts mille"). Italian hundreds and thousands are two words ("due
# cento", "due mila"), and 1,001 is "mille un", without its last letter. Voices read these as written.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" written-number@0.11.1 > "$work/log"

cat > "$work/words.cjs" <<'JS'
const writtenNumber = require("written-number");
const numbers = {
  es: [21, 21000, 31000, 101000, 1000000, 1000001, 1500000, 21000000],
  fr: [80, 200, 80000, 200000],
  it: [21, 200, 2000, 1001],
};
for (const [lang, each] of Object.entries(numbers)) {
  for (const number of each) console.log(`${lang} ${number}: ${writtenNumber(number, { lang })}`);
}
JS
seen=$(node "$work/words.cjs")
printf 'numbers in words:\n%s\n' "$seen"
[ "$seen" = 'es 21: veintiuno
es 21000: veintiuno mil
es 31000: treinta y uno mil
es 101000: ciento uno mil
es 1000000: un millón
es 1000001: uno millón uno
es 1500000: uno millón quinientos mil
es 21000000: veintiuno millones
fr 80: quatre-vingts
fr 200: deux cents
fr 80000: quatre-vingts mille
fr 200000: deux cents mille
it 21: ventuno
it 200: due cento
it 2000: due mila
it 1001: mille un' ]
