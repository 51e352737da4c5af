#!/usr/bin/env bash
# scribbletune 5.5.5: bars with triplets are shorter than bars without them, and a step of 32n is a quarter.
#
# Guess: brackets divide a step, so that [xxx] lasts as long as x, to the tick or with a rest carried over; a step of 32n
# is an eighth of a quarter as 16n is a fourth.
# Seen: each part is rounded on its own and nothing is carried. At 8n a triplet lasts 62 of 64 ticks, six notes 66 and
# seven 62; at 4n a triplet is exact and six notes are short. After four bars of triplets at 8n a part is half a beat
# before one of plain eighths, and it goes on. A step that the list of lengths has not, such as 32n, is a quarter without
# a word, eight times as long as meant. Halves and quarters of a step are exact; triplets are where 4n is the step.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" scribbletune@5.5.5 > "$work/log"

cat > "$work/steps.cjs" <<'JS'
const { clip } = require("scribbletune");
const ticks = (step, subdiv) =>
  clip({ notes: "C4", pattern: step.repeat(64), subdiv }).reduce((sum, { length }) => sum + length, 0) / 128;
for (const subdiv of ["4n", "8n", "16n", "32n"]) {
  console.log(`${subdiv}:`, ["x", "[xx]", "[xxx]", "[xxxxxx]", "[xxxxxxx]"].map((step) => ticks(step, subdiv)).join(" "));
}
JS
seen=$(node "$work/steps.cjs")
printf 'quarters of 64 steps that are whole or have 2, 3, 6 or 7 notes:\n%s\n' "$seen"
[ "$seen" = '4n: 64 64 64 63 62
8n: 32 32 31 33 31
16n: 16 16 16 15 16
32n: 64 64 64 63 62' ]
