#!/usr/bin/env bash
# indic-numtowords 1.1.0: in Kannada 110, 120, 130 and 150 are one word, which is none, and 83 is eighty-two.
#
# Guess: each number below 1,000 has its own words, in each of the languages of India.
# Seen: in Kannada 110, 120, 130, 150, 160, 170 and 190 are all ನೂ, the beginning of "hundred": the tens are missing and
# the last letter too. It is so in each hundred, and above: 1,110 is "a thousand" and ನೂ. 83 is the word of 82, in 183
# and 83,000 too. 140 and 180, 111 and 119 are whole. 110 is ನೂರಹತ್ತು. Of 1,000 numbers 83 share their words, and prices
# of round tens are what is read aloud most. The eleven other languages here have 1,000 different words for 1,000
# numbers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet indic-numtowords==1.1.0 2> "$work/log"

cat > "$work/tens.py" <<'PY'
from collections import defaultdict

from indic_numtowords import num2words


def words(number, language):
    """Return the words of a number, the first where there are several."""
    given = num2words(number, lang=language)
    return given if isinstance(given, str) else given[0]


for language in ("kn", "as", "bn", "gu", "hi", "ml", "mr", "ne", "or", "pa", "ta", "te"):
    numbers = defaultdict(list)
    for number in range(1000):
        numbers[words(number, language)].append(number)
    shared = [each for each in numbers.values() if len(each) > 1]
    print(f"{language}: {len(numbers)} words,", *shared[:2], sum(map(len, shared)))
print(*(f"{number} {words(number, 'kn')}," for number in (100, 110, 111, 120, 140, 210)))
print(*(f"{number} {words(number, 'kn')}," for number in (1110, 82, 83)))
PY
seen=$("$work/venv/bin/python" "$work/tens.py")
printf 'words of 1,000 numbers, and the numbers that share them:\n%s\n' "$seen"
[ "$seen" = 'kn: 936 words, [82, 83] [110, 120, 130, 150, 160, 170, 190] 83
as: 1000 words, 0
bn: 1000 words, 0
gu: 1000 words, 0
hi: 1000 words, 0
ml: 1000 words, 0
mr: 1000 words, 0
ne: 1000 words, 0
or: 1000 words, 0
pa: 1000 words, 0
ta: 1000 words, 0
te: 1000 words, 0
100 ನೂರು, 110 ನೂ, 111 ನೂರಹನ್ನೊಂದು, 120 ನೂ, 140 ನೂರನಲವತ್ತು, 210 ಇನ್ನೂ,
1110 ಒಂದು ಸಾವಿರದ ನೂ, 82 ಎಂಬತ್ತೆರಡು, 83 ಎಂಬತ್ತೆರಡು,' ]
