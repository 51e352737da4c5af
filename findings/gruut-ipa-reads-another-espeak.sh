#!/usr/bin/env bash
# gruut-ipa 0.13.0: eSpeak's English "red lip chip cup" becomes ʁˈɛd ɫˈɪp ʈ͡ʂˈɪp kˈɐp, with French r and Polish cz.
#
# Guess: espeak_to_ipa() of the phonemes of eSpeak NG is the IPA that eSpeak NG gives for the same word.
# Seen: r is ʁ in every language, l is ɫ, tS is ʈ͡ʂ, @ is ɘ, W of German is ɶ and a of "cat" is a, not æ: of the ten
# words here one is as by eSpeak. One letter of eSpeak means other sounds in other languages, and the table has one for
# all, for some the wrong one. The way back goes wrong too: ɹ, l, ə and tʃ through ipa_to_espeak() and back are ʁ, ɫ, ɘ
# and ʈ͡ʂ. Marks as "#" and "**" of American t and Spanish r are left in the text. Lexicons and voices that mix IPA of
# both have two symbols for each of these sounds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet gruut-ipa==0.13.0 espeakng-loader==0.2.4 numpy==2.4.6 2> "$work/log"

cat > "$work/words.py" <<'PY'
import ctypes

import espeakng_loader
from gruut_ipa.espeak import espeak_to_ipa, ipa_to_espeak

library = ctypes.CDLL(espeakng_loader.get_library_path())
library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
library.espeak_TextToPhonemes.restype = ctypes.c_char_p


def phonemes(text, mode):
    """Return the phonemes of a text, in letters of eSpeak (0) or in IPA (2)."""
    return library.espeak_TextToPhonemes(ctypes.byref(ctypes.c_char_p(text.encode())), 1, mode).decode()


WORDS = {"en-us": "red lip chip cup cat thing water", "de": "zwölf rot", "es": "pero"}
for voice, words in WORDS.items():
    library.espeak_SetVoiceByName(voice.encode())
    for word in words.split():
        letters = phonemes(word, 0)
        print(f"{word} {letters}: {phonemes(word, 2)}, by gruut {espeak_to_ipa(letters)}")
print("back:", *(f"{sound} {espeak_to_ipa(ipa_to_espeak(sound))}," for sound in ("ɹ", "l", "ə", "tʃ", "s", "ʃ")))
PY
seen=$("$work/venv/bin/python" "$work/words.py")
printf 'phonemes of eSpeak, its IPA and that of gruut-ipa:\n%s\n' "$seen"
[ "$seen" = "red r'Ed: ɹˈɛd, by gruut ʁˈɛd
lip l'Ip: lˈɪp, by gruut ɫˈɪp
chip tS'Ip: tʃˈɪp, by gruut ʈ͡ʂˈɪp
cup k'Vp: kˈʌp, by gruut kˈɐp
cat k'at: kˈæt, by gruut kˈat
thing T'IN: θˈɪŋ, by gruut θˈɪŋ
water w'O:t#3: wˈɔːɾɚ, by gruut wˈɔːt#ɝ
zwölf tsv'Wlf: tsvˈœlf, by gruut tsvˈɶɫf
rot r'o:t: rˈoːt, by gruut ʁˈoːt
pero p'e**o: pˈeɾo, by gruut pˈe**o
back: ɹ ʁ, l ɫ, ə ɘ, tʃ ʈ͡ʂ, s s, ʃ ʃ," ]
