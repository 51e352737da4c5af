#!/usr/bin/env bash
# chordsheetjs 15.5.2: the number chords 3m, 6m and 7m are a semitone low in every major key: 6m in C is Abm.
#
# Guess: 6m in C is Am, as the library itself writes Am in C as the number 6m and the numeral VIm.
# Seen: 3m, 6m and 7m are Ebm, Abm and Bbm in C, as are iii, vi and vii: the degree is that of the minor scale on the
# same tonic, though the key is C major. 6m7 follows; 6, 6dim, 6- and VIm (A, Adim, Am, Am) do not. The progression
# 1 5 6m 4 in G is G D Ebm C. By numbers, Am, Em and F#m come back as other chords, Dm as itself. So a sheet that was
# changed to numbers for another key has wrong minor chords; by numerals it is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" chordsheetjs@15.5.2 > "$work/log"

cat > "$work/numbers.cjs" <<'JS'
const { Chord } = require("chordsheetjs");
const symbol = (number, key) => Chord.parse(number).toChordSymbol(key).toString();
for (const key of ["C", "G"]) {
  for (const numbers of ["1 5 6m 4", "2m 3m 6m 7m 6m7", "ii iii vi vii", "2 3 6 7", "3- 6- 6dim"]) {
    console.log(`${key}: ${numbers}:`, ...numbers.split(" ").map((number) => symbol(number, key)));
  }
}
for (const [chord, key] of [["Am", "C"], ["Em", "C"], ["F#m", "D"], ["Dm", "C"]]) {
  const parsed = Chord.parse(chord);
  const [number, numeral] = [parsed.toNumeric(key).toString(), parsed.toNumeral(key).toString()];
  console.log(`${chord} in ${key}: ${number} ${numeral}, back`, symbol(number, key), symbol(numeral, key));
}
JS
seen=$(node "$work/numbers.cjs")
printf 'chords of numbers:\n%s\n' "$seen"
[ "$seen" = 'C: 1 5 6m 4: C G Abm F
C: 2m 3m 6m 7m 6m7: Dm Ebm Abm Bbm Abm7
C: ii iii vi vii: Dm Ebm Abm Bbm
C: 2 3 6 7: D E A B
C: 3- 6- 6dim: Em Am Adim
G: 1 5 6m 4: G D Ebm C
G: 2m 3m 6m 7m 6m7: Am Bbm Ebm Fm Ebm7
G: ii iii vi vii: Am Bbm Ebm Fm
G: 2 3 6 7: A B E F#
G: 3- 6- 6dim: Bm Em Edim
Am in C: 6m VIm, back Abm Am
Em in C: 3m IIIm, back Ebm Em
F#m in D: 3m IIIm, back Fm F#m
Dm in C: 2m IIm, back Dm Dm' ]
