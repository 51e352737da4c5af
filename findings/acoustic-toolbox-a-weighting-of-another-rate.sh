#!/usr/bin/env bash
# acoustic-toolbox 0.2.2, PyOctaveBand 2.0.0: dB(A) of a hum is 8 to 20 dB too high and of a hiss 7 to 12 dB too low.
#
# Guess: weigh("A") gives the curve of IEC 61672 at any usual sample rate, within 1 dB up to 8 kHz: -39.4 dB at 31.5 Hz,
# 0 at 1 kHz, -1.1 at 8 kHz.
# Seen: acoustic-toolbox takes coefficients from PyOctaveBand ("1.1.3 or newer") and filters with them at the rate of the
# sound. Since 2.0 these are meant for three or two times the rate, unless high accuracy is off, and the curve comes out
# an octave or more too low; 1 kHz, where meters are calibrated, is off by 1.2 dB only. Each library passes on its own:
# PyOctaveBand's filter is right, and so is acoustic-toolbox over PyOctaveBand 1.2.3. A new installation has 2.0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet acoustic-toolbox==0.2.2 PyOctaveBand==2.0.0 numpy==2.4.6 scipy==1.17.1 numba==0.68.1 2> "$work/log"
"$work/venv/bin/pip" install --quiet --no-deps --target "$work/older" PyOctaveBand==1.2.3 2>> "$work/log"

cat > "$work/weights.py" <<'PY'
import numpy as np
from acoustic_toolbox import Signal
from pyoctaveband import weighting_filter

for rate in (44_100, 48_000):
    for frequency in (31.5, 100, 1000, 8000):
        tone = np.sin(2 * np.pi * frequency * np.arange(2 * rate) / rate)
        weighted = weighting_filter(tone, rate, curve="A"), np.asarray(Signal(tone, rate).weigh("A"))
        print(rate, frequency, *(f"{20 * np.log10(each[rate:].std() * np.sqrt(2)):.1f}" for each in weighted))
PY
seen=$("$work/venv/bin/python" "$work/weights.py" 2>> "$work/log")
older=$(PYTHONPATH="$work/older" "$work/venv/bin/python" "$work/weights.py" 2>> "$work/log")
printf 'A-weights by PyOctaveBand and by acoustic-toolbox:\n%s\nwith PyOctaveBand 1.2.3:\n%s\n' "$seen" "$older"
[ "$seen" = '44100 31.5 -39.5 -19.9
44100 100 -19.1 -7.1
44100 1000 0.0 1.2
44100 8000 -1.2 -13.4
48000 31.5 -39.5 -26.2
48000 100 -19.1 -10.8
48000 1000 0.0 1.2
48000 8000 -1.3 -7.8' ]
