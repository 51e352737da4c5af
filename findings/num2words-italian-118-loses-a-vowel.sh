#!/usr/bin/env bash
# num2words 0.5.14: Italian 118, the number of the ambulance, is "centodicotto", whose c is a k when it is read.
#
# Guess: cento and diciotto are centodiciotto, as in every grammar and in the rules of Unicode CLDR (icu-rbnf 0.2.0).
# Seen: as cento loses its o before otto (108 is centotto, rightly), diciotto loses its i: in 118, 218 ... 918 and in
# all numbers made of them, 2118, 118000, the ordinals; 18, 1018 and 2018 keep it. Without it the c is hard: eSpeak NG
# reads [ditʃˈɔtːo] in 18 and [dikˈɔtːo] in 118. One number in a hundred is mispronounced by a voice behind it, and is
# an error in each transcript that is scored with it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet num2words==0.5.14 icu-rbnf==0.2.0 espeakng-loader==0.2.4 2> "$work/log"

cat > "$work/eighteens.py" <<'PY'
import ctypes

import espeakng_loader
from icu_rbnf import spellout
from num2words import num2words

UTF8, IPA, SYNCHRONOUS = 1, 2, 2
espeak = ctypes.CDLL(espeakng_loader.get_library_path())
espeak.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
espeak.espeak_SetVoiceByName(b"it")


def phones(word):
    """Return the phones of a word."""
    buffer = ctypes.create_string_buffer(word.encode())
    position = ctypes.c_void_p(ctypes.addressof(buffer))
    return espeak.espeak_TextToPhonemes(ctypes.byref(position), UTF8, IPA).decode()


for number in (18, 118, 918, 1018, 2118, 118000):
    words, rules = num2words(number, lang="it"), spellout(number, "it").replace("\u00ad", "")
    print(number, rules, words, "same" if words == rules else "other", phones(words))
print("118.", num2words(118, lang="it", to="ordinal"))
others = [n for n in range(1000) if "dicotto" in num2words(n, lang="it")]
print("up to 999:", *others)
PY
seen=$("$work/venv/bin/python" "$work/eighteens.py")
printf 'number, ICU, num2words, phones of the latter:\n%s\n' "$seen"
[ "$seen" = '18 diciotto diciotto same ditʃˈɔtːo
118 centodiciotto centodicotto other tʃentodikˈɔtːo
918 novecentodiciotto novecentodicotto other novetʃentodikˈɔtːo
1018 millediciotto millediciotto same milleditʃˈɔtːo
2118 duemilacentodiciotto duemilacentodicotto other dʊemilatʃentodikˈɔtːo
118000 centodiciottomila centodicottomila other tʃentodikotːomˈila
118. centodicottesimo
up to 999: 118 218 318 418 518 618 718 818 918' ]
