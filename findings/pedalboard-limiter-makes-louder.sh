#!/usr/bin/env bash
# pedalboard 0.9.26: Limiter(threshold_db=-20) does not hold sounds below -20 dB, it raises them to 0 dB.
#
# Guess: the threshold of a limiter is the level that peaks do not pass; what stays below it is not changed.
# Seen: a tone with its peak at -20 dB, which has nothing to limit, comes out at 0.0 dB, and one at -40 dB at -16.2:
# two compressors with gain behind them, then a clipper at full scale. Even a threshold of -3 dB adds 6.8 dB to a quiet
# tone. A lower threshold is louder, the peak may be 0 dB at any, and a measured loudness does not hold behind it. For
# a ceiling of -1 dB the sound is scaled afterwards; for limiting alone the gain is measured and taken back.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pedalboard==0.9.26 numpy==2.4.6

cat > "$work/limits.py" <<'PY'
import numpy as np
from pedalboard import Limiter

RATE = 48_000
tone = np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)
for threshold in (-3, -10, -20):
    print(threshold, end="")
    for level in (0, -20, -40):
        limited = Limiter(threshold_db=threshold)(tone * np.float32(10 ** (level / 20)), RATE)
        print(f" {20 * np.log10(np.abs(limited[-RATE:]).max()) + 0.0:.1f}", end="")
    print()
PY
seen=$("$work/venv/bin/python" "$work/limits.py")
printf 'threshold, and peaks of tones at 0, -20 and -40 dB behind it:\n%s\n' "$seen"
[ "$seen" = $'-3 -0.5 -13.2 -33.2\n-10 0.0 -6.2 -26.3\n-20 0.0 0.0 -16.2' ]
