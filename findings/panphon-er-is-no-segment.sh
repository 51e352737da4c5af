#!/usr/bin/env bash
# panphon 0.22.2, eSpeak NG 1.52.0 (espeakng-loader 0.2.4): American "better" without its "-er" has no error of phones.
#
# Guess: panphon has features for every sound that eSpeak writes for English, since both speak IPA.
# Seen: the vowel of American "-er", "-or" and "-ar", one letter of IPA, is no segment to panphon and left out
# silently, as is the weak vowel of "roses". Better, water, doctor and sugar have one sound too few. A system
# that leaves off the ending of each such word has a phoneme error rate and a feature distance of 0, and one that writes
# the same vowel as schwa with a hook, which panphon does know, is a third wrong. British English of eSpeak is complete.
# Only validate_word() tells; putting schwa and hook for the letter on both sides first mends "-er".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet panphon==0.22.2 espeakng-loader==0.2.4 numpy==2.4.6

cat > "$work/segments.py" <<'PY'
import ctypes

import espeakng_loader
import panphon
import panphon.distance

UTF8, IPA, SYNCHRONOUS = 1, 2, 2
espeak = ctypes.CDLL(espeakng_loader.get_library_path())
espeak.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
table, distance = panphon.FeatureTable(), panphon.distance.Distance()


def phones(language, text):
    """Return the phones of a word without the marks of stress and length."""
    espeak.espeak_SetVoiceByName(language.encode())
    buffer = ctypes.create_string_buffer(text.encode())
    position = ctypes.c_void_p(ctypes.addressof(buffer))
    found = espeak.espeak_TextToPhonemes(ctypes.byref(position), UTF8, IPA).decode()
    return "".join(each for each in found if each not in "ˈˌː ")


for language in ("en-us", "en"):
    for word in ("better", "water", "doctor", "sugar", "roses"):
        said = phones(language, word)
        print(language, word, said, len(said), len(table.word_fts(said)), table.validate_word(said))
said = phones("en-us", "better")
hooked = said.replace("ɚ", "ə˞")
for heard in (said[:-1], hooked):
    print(heard, distance.phoneme_error_rate([heard], [said]), distance.feature_edit_distance(heard, said))
PY
seen=$("$work/venv/bin/python" "$work/segments.py")
printf 'voice, word, phones, their number, that of panphon, valid; two for "better", errors, distance:\n%s\n' "$seen"
[ "$seen" = 'en-us better bɛɾɚ 4 3 False
en-us water wɔɾɚ 4 3 False
en-us doctor dɑktɚ 5 4 False
en-us sugar ʃʊɡɚ 4 3 False
en-us roses ɹoʊzᵻz 6 5 False
en better bɛtə 4 4 True
en water wɔtə 4 4 True
en doctor dɒktə 5 5 True
en sugar ʃʊɡə 4 4 True
en roses ɹəʊzɪz 6 6 True
bɛɾ 0.0 0.0
bɛɾə˞ 0.3333333333333333 0.9375' ]
