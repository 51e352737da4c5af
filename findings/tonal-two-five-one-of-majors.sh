#!/usr/bin/env bash
# tonal 6.5.1: the progression ii V I in C is D major, G major, C major, and ii7 is a dominant seventh.
#
# Guess: Progression.fromRomanNumerals("C", ["I", "vi", "IV", "V"]) is C, Am, F, G, as small numerals are minor in every
# book.
# Seen: it is C A F G. Only the degree and what stands behind the numeral count: vi and VI are one chord, though
# RomanNumeral.get("vi") says major: false, and ii7 is D7, with a note outside the key. What the library writes itself
# is IIm and VIm, so that a test there and back passes. In A the i, iv and v of natural minor are three major chords,
# and VI and VII are F# and G#, of the major scale. Progressions in small numerals, as in lessons and songbooks, need an
# "m" behind each of them (iim, and iim7 for ii7), except viio.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" tonal@6.5.1 > "$work/log"

cat > "$work/numerals.cjs" <<'JS'
const { Chord, Progression, RomanNumeral } = require("tonal");
for (const [tonic, numerals] of [
  ["C", "I vi IV V"],
  ["C", "ii V I"],
  ["C", "ii7 V7"],
  ["C", "iim7 iiim vim viio"],
  ["A", "i iv v VI VII"],
]) {
  const chords = Progression.fromRomanNumerals(tonic, numerals.split(" "));
  console.log(`${tonic}: ${numerals}:`, ...chords.map((chord) => `${chord}=${Chord.get(chord).notes.join("-")}`));
}
console.log("back:", ...Progression.toRomanNumerals("C", ["Dm", "G", "C", "Am"]));
console.log("major:", RomanNumeral.get("vi").major, RomanNumeral.get("VI").major);
JS
seen=$(node "$work/numerals.cjs")
printf 'chords of numerals and their notes:\n%s\n' "$seen"
[ "$seen" = 'C: I vi IV V: C=C-E-G A=A-C#-E F=F-A-C G=G-B-D
C: ii V I: D=D-F#-A G=G-B-D C=C-E-G
C: ii7 V7: D7=D-F#-A-C G7=G-B-D-F
C: iim7 iiim vim viio: Dm7=D-F-A-C Em=E-G-B Am=A-C-E Bo=B-D-F
A: i iv v VI VII: A=A-C#-E D=D-F#-A E=E-G#-B F#=F#-A#-C# G#=G#-B#-D#
back: IIm V I VIm
major: false true' ]
