#!/usr/bin/env bash
# NumPy 2.4.6: which of several equal values argpartition and argsort choose depends on the processor.
#
# Guess: one version of NumPy gives one array of indices for one input on every x86-64 processor; "not stable" means
# that the order of equal values is arbitrary, not that it changes from machine to machine.
# Seen: three answers on one machine, with AVX-512, with AVX2 alone and with neither (NPY_DISABLE_CPU_FEATURES). Each
# level has its own sorting network. kind="stable" is the same on all. A choice by cost with argpartition, such as where
# to cut a loop, is therefore another one elsewhere as soon as two costs are equal, and no seed helps.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numpy==2.4.6

cat > "$work/indices.py" <<'PY'
import hashlib

import numpy as np

costs = np.random.default_rng(1).integers(0, 50, 2_000).astype(float)
answers = np.sort(np.argpartition(costs, 63)[:64]), np.argsort(costs), np.argsort(costs, kind="stable")
print(*(hashlib.sha256(answer.astype("<i8").tobytes()).hexdigest()[:8] for answer in answers))
PY

features=$("$work/venv/bin/python" -c "
from numpy._core._multiarray_umath import __cpu_dispatch__ as dispatched, __cpu_features__ as found
print(*(name for name in dispatched if found[name]))")
case " $features " in *' X86_V3 '*) ;; *) echo "left out: this processor has no AVX2 ($features)"; exit 0 ;; esac
of_all=$("$work/venv/bin/python" "$work/indices.py")
of_none=$(NPY_DISABLE_CPU_FEATURES=$features "$work/venv/bin/python" "$work/indices.py")
echo "argpartition, argsort, stable argsort, with $features: $of_all"
echo "with none of them:                     $of_none"
read -r partition sort stable <<< "$of_all"
read -r partition_none sort_none stable_none <<< "$of_none"
[ "$partition" != "$partition_none" ] && [ "$sort" != "$sort_none" ] && [ "$stable" = "$stable_none" ]
