#!/usr/bin/env bash
# whisper-normalizer 0.1.15: Whisper's rules for word error rates join spoken numbers across commas and full stops.
#
# Guess: the normalizer that most tables of speech recognition are made with gives a number in words and in digits one
# form, which is what it is for, and keeps numbers apart that a sign keeps apart.
# Seen: signs go before numbers are read. "At seven, eight people left" is 78 people, "One. Two." is 12; in digits they
# stay apart, so that a perfect transcript has an error for each such place, by the style of its reference alone. "Minus
# five" is -5 and "-5" is 5. The o of o'clock is a zero: "ten o'clock" is "100 clock". The other way round "one dollar"
# is "one", and who loses the dollar has no error. Both sides have to be in one style, words or digits, before it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet whisper-normalizer==0.1.15

cat > "$work/amounts.py" <<'PY'
from whisper_normalizer.english import EnglishTextNormalizer

normalize = EnglishTextNormalizer()
for words, digits in (
    ("one hundred and one", "101"),
    ("ten dollars and five cents", "$10.05"),
    ("At seven, eight people left.", "At 7, 8 people left."),
    ("It was in twenty ten. Three hundred came.", "It was in 2010. 300 came."),
    ("One. Two. Three.", "1. 2. 3."),
    ("minus five degrees", "-5 degrees"),
    ("ten o'clock", "10 o'clock"),
    ("one dollar", "one"),
):
    print(f"{words} = {normalize(words).strip()}; {digits} = {normalize(digits)}")
PY
seen=$("$work/venv/bin/python" "$work/amounts.py")
printf 'what is compared, for words and for digits:\n%s\n' "$seen"
[ "$seen" = "one hundred and one = 101; 101 = 101
ten dollars and five cents = \$10.05; \$10.05 = \$10.05
At seven, eight people left. = at 78 people left; At 7, 8 people left. = at 7 8 people left
It was in twenty ten. Three hundred came. = it was in 2010300 came; It was in 2010. 300 came. = it was in 2010 300 came
One. Two. Three. = 123; 1. 2. 3. = one 2 3
minus five degrees = -5 degrees; -5 degrees = 5 degrees
ten o'clock = 100 clock; 10 o'clock = 100 clock
one dollar = one; one = one" ]
