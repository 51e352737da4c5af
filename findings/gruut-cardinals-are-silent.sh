#!/usr/bin/env bash
# gruut 2.4.0: the SSML values cardinal and ordinal make a number silent, and so is 1/2; 5kg is ɪk and 1990s ɚz.
#
# Guess: "3" with <say-as interpret-as="cardinal"> is "three" and with ordinal "third"; text that is no word, as "1/2",
# "5kg" or "1990s", is read in some way.
# Seen: numbers without a tag are read, and with one of these values they stay
# digits with an empty list of phonemes: the number is missing from the sound, with no error. Only the value "number" is
# known, with a format. "1/2" has no phonemes at all, "5kg" is ɪk, "10km" ɚkm and "1990s" ɚz: the digits are dropped and
# letters are guessed for the rest; "kg" after a space is k. Recipes, distances and decades lose their numbers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet gruut==2.4.0 gruut-lang-en==2.0.1 2> "$work/log"

cat > "$work/say.py" <<'PY'
from gruut import sentences


def phonemes(text, ssml=False):
    """Return each word of a text with its phonemes."""
    words = [word for sentence in sentences(text, lang="en-us", ssml=ssml) for word in sentence]
    return ", ".join(f"{word.text} {''.join(word.phonemes or [])}".strip() for word in words)


for value in ("", "cardinal", "ordinal", "number"):
    tags = (f'<say-as interpret-as="{value}">', "</say-as>") if value else ("", "")
    print(f"{value or 'no tag'}: {phonemes(f'<speak>page {tags[0]}3{tags[1]}</speak>', ssml=True)}")
ordinal = '<speak><say-as interpret-as="number" format="ordinal">3</say-as></speak>'
print(f"number, format ordinal: {phonemes(ordinal, ssml=True)}")
for text in ("1/2 cup", "5 kg", "5kg", "10km", "the 1990s", "in 1990"):
    print(f"{text}: {phonemes(text)}")
PY
seen=$("$work/venv/bin/python" "$work/say.py" 2> "$work/log")
printf 'words and phonemes:\n%s\n' "$seen"
[ "$seen" = 'no tag: page pˈeɪd͡ʒ, three θɹˈi
cardinal: page pˈeɪd͡ʒ, 3
ordinal: page pˈeɪd͡ʒ, 3
number: page pˈeɪd͡ʒ, three θɹˈi
number, format ordinal: third θˈɚd
1/2 cup: 1/2, cup kˈʌp
5 kg: five fˈaɪv, kg k
5kg: 5kg ɪk
10km: 10km ˈɚkm
the 1990s: the ðə, 1990s ˈɚz
in 1990: in ˈɪn, nineteen nˈaɪntˈin, ninety nˈaɪnti' ]
