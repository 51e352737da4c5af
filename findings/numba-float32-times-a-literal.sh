#!/usr/bin/env bash
# numba 0.68.1: a float32 times a number in the source is float64 in compiled code, and float32 in NumPy 2.
#
# Guess: compiled code types scalars as NumPy 2 does, where 0.1 takes the type of the array (NEP 50), so a kernel gives
# the samples of the expression that it was copied from.
# Seen: numba computes in float64 and rounds once when it stores, so 283 of 1,000 samples of 0.1 x + 0.7 x x differ in
# the last bit from NumPy's. Where both have to be equal, the numbers are np.float32(0.1) in both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numba==0.68.1 numpy==2.4.6

cat > "$work/literal.py" <<'PY'
import numba
import numpy as np


@numba.njit
def scaled(x):
    return x * 0.1


@numba.njit
def bent(x, y):
    for i in range(len(x)):
        y[i] = 0.1 * x[i] + 0.7 * x[i] * x[i]


@numba.njit
def bent_in_float32(x, y):
    a, b = np.float32(0.1), np.float32(0.7)
    for i in range(len(x)):
        y[i] = a * x[i] + b * x[i] * x[i]


x = np.random.default_rng(0).random(1_000).astype(np.float32)
in_numpy = 0.1 * x + 0.7 * x * x
compiled, typed = np.empty_like(x), np.empty_like(x)
bent(x, compiled)
bent_in_float32(x, typed)
print(type(scaled(np.float32(3))).__name__, type(np.float32(3) * 0.1).__name__, in_numpy.dtype)
print((compiled != in_numpy).sum() > 100, (typed != in_numpy).sum() < (compiled != in_numpy).sum())
PY
seen=$("$work/venv/bin/python" "$work/literal.py")
printf '3 times 0.1 in numba and in NumPy; the type of the array; over 100 of 1000 differ, fewer with typed numbers:\n%s\n' "$seen"
[ "$seen" = $'float float32 float32\nTrue True' ]
