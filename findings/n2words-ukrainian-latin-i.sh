#!/usr/bin/env bash
# n2words 4.0.0, rosaenlg-n2words 3.3.0: Ukrainian numbers have a Latin i, which a voice reads in English.
#
# Guess: 7 is сім in Ukrainian letters, as Unicode CLDR (icu-rbnf 0.2.0) has it.
# Seen: six, seven, eight, their tens and hundreds, 200 and the plural of thousand have the letter i (U+0069) in place
# of і (U+0456). Nobody sees it on a screen. eSpeak NG reads "сiм" as the English letter I between two Ukrainian ones;
# no dictionary of pronunciation has the word; and in a rate of word errors a right transcript is wrong, in seven of ten
# numbers up to 999. Replace the letter before text goes on.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet icu-rbnf==0.2.0 espeakng-loader==0.2.4 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" n2words@4.0.0 rosaenlg-n2words@3.3.0 >> "$work/log"

cat > "$work/numbers.mjs" <<'JS'
import { toCardinal } from "n2words/uk-UA";
import rosa from "rosaenlg-n2words";
console.log(JSON.stringify(Array.from({ length: 1000 }, (_, n) => [toCardinal(n), rosa(n, { lang: "uk" })])));
JS
node "$work/numbers.mjs" > "$work/numbers.json"
cat > "$work/numbers.py" <<'PY'
import ctypes
import json
import sys

import espeakng_loader
from icu_rbnf import spellout

UTF8, IPA, SYNCHRONOUS = 1, 2, 2
espeak = ctypes.CDLL(espeakng_loader.get_library_path())
espeak.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
espeak.espeak_SetVoiceByName(b"uk")


def phones(word):
    """Return the phones of a word."""
    buffer = ctypes.create_string_buffer(word.encode())
    position = ctypes.c_void_p(ctypes.addressof(buffer))
    return espeak.espeak_TextToPhonemes(ctypes.byref(position), UTF8, IPA).decode()


with open(sys.argv[1]) as file:
    numbers = json.load(file)
for number in (2, 6, 7, 8):
    words = [spellout(number, "uk"), *numbers[number]]
    print(number, *(f"{'Latin' if 'i' in word else 'Ukrainian'} {phones(word)}" for word in words[:2]), sep=" | ")
for i, name in enumerate(("n2words", "rosaenlg-n2words")):
    latin = sum("i" in words[i] for words in numbers)
    mended = sum(words[i].replace("i", "і") == spellout(n, "uk").replace("ʼ", "'") for n, words in enumerate(numbers))
    print(f"{name}: {latin} of 1000 with the Latin letter, {mended} right once it is replaced")
PY
seen=$("$work/venv/bin/python" "$work/numbers.py" "$work/numbers.json")
printf 'number | letters and phones of ICU | letters and phones of n2words:\n%s\n' "$seen"
[ "$seen" = '2 | Ukrainian dβˈa | Ukrainian dβˈa
6 | Ukrainian ʃˈiːst | Latin ʃˈa(en)ˈaɪ(uk)ˌɛstˌɛmjakˌɪj znˈak
7 | Ukrainian sˈiːm | Latin ˈɛs(en)ˈaɪ(uk)ˈɛm
8 | Ukrainian βˈiːsiːm | Latin β(en)ˈaɪ(uk)ˈɛs(en)ˈaɪ(uk)ˈɛm
n2words: 706 of 1000 with the Latin letter, 1000 right once it is replaced
rosaenlg-n2words: 706 of 1000 with the Latin letter, 1000 right once it is replaced' ]
