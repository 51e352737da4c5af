#!/usr/bin/env bash
# speechmos 0.0.1.1 (DNSMOS): up to two seconds at the end of a recording count for nothing, and 9.00 s cost seven
# times as much as 9.01 s.
#
# Guess: the network hears windows of 9.01 s, one second apart, that cover the recording; a shorter one is repeated
# until it fills one window.
# Seen: the number of windows is that of whole seconds less 9.01, so 10.9 s have one window, and noise in the last
# 1.8 s changes no digit of any score; in 11.0 s it does. A recording below 9.01 s is doubled until it is long enough,
# and all of the doubled sound is scored: 9.00 s and 4.50 s become 18 s with seven windows, most of them across a
# seam (two more are a sample short by rounding and skipped without a word), while 4.60 s have one. A click or a burst
# at the end has to be looked for by other means, and clips of just over 9.01 s are the cheapest.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet speechmos==0.0.1.1 librosa==0.11.0 onnxruntime==1.32.0 numpy==2.4.6 2> "$work/log"

cat > "$work/ends.py" <<'PY'
import numpy as np
import onnxruntime

RATE = 16000
windows = 0
run = onnxruntime.InferenceSession.run


def counted(session, names, feeds, *options):
    """Count the calls with a wave of 9.01 s."""
    global windows
    windows += any(value.shape[-1] == int(9.01 * RATE) for value in feeds.values())
    return run(session, names, feeds, *options)


onnxruntime.InferenceSession.run = counted
from speechmos import dnsmos


def vowels(seconds):
    """Return syllables of a harmonic tone."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    tone = sum(np.sin(k * phase) * np.exp(-(((k * 120 - 500) / 700) ** 2)) for k in range(1, 25))
    return 0.05 * tone * np.sin(2 * np.pi * 2 * time) ** 2


def scores(wave):
    """Return the four scores and the number of windows."""
    global windows
    windows = 0
    found = dnsmos.run(wave, RATE)
    return [found[name] for name in ("ovrl_mos", "sig_mos", "bak_mos", "p808_mos")], windows


for seconds in (10.9, 11.0):
    plain = vowels(seconds)
    noisy = plain.copy()
    noisy[round(9.1 * RATE) :] += np.random.default_rng(0).uniform(-0.5, 0.5, len(noisy) - round(9.1 * RATE))
    print(seconds, "noise at the end", "changes nothing" if scores(plain) == scores(noisy) else "changes scores")
for seconds in (4.5, 4.6, 9.0, 9.01, 10.9, 11.1):
    print(seconds, "s have", scores(vowels(seconds))[1], "windows")
PY
seen=$("$work/venv/bin/python" "$work/ends.py" 2>> "$work/log")
printf '%s\n' "$seen"
expected='10.9 noise at the end changes nothing
11.0 noise at the end changes scores
4.5 s have 7 windows
4.6 s have 1 windows
9.0 s have 7 windows
9.01 s have 1 windows
10.9 s have 1 windows
11.1 s have 2 windows'
[ "$seen" = "$expected" ]
