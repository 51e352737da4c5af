#!/usr/bin/env bash
# mir_eval 0.8.2: a note 50.04 ms off is within 50 ms, and one 50.004 cents off is not within 50 cents.
#
# Guess: both tolerances of transcription are compared alike, to the last bit or with the same slack.
# Seen: distances of onsets (and of ends) are rounded to a tenth of a millisecond first, so that 50.04 ms count; the
# distance of pitches is not rounded. An own matcher with exact limits finds fewer notes than mir_eval on onsets from a
# grid of frames, where distances of exactly 50 ms are common.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet mir_eval==0.8.2 numpy==2.4.6

cat > "$work/tolerance.py" <<'PY'
import numpy as np
from mir_eval.transcription import precision_recall_f1_overlap

INTERVAL, PITCH = np.array([[1.0, 2.0]]), np.array([440.0])


def f_measure(seconds, cents):
    estimate = INTERVAL + seconds, PITCH * 2 ** (cents / 1200)
    return precision_recall_f1_overlap(INTERVAL, PITCH, *estimate, offset_ratio=None)[2]


print("onset", *(f"{ms}:{f_measure(ms / 1000, 0):g}" for ms in (50.04, 50.06)))
print("pitch", *(f"{cents}:{f_measure(0, cents):g}" for cents in (49.996, 50.004, 50.04)))
PY
seen=$("$work/venv/bin/python" "$work/tolerance.py")
printf 'F of one note, by milliseconds and by cents:\n%s\n' "$seen"
[ "$seen" = $'onset 50.04:1 50.06:0\npitch 49.996:1 50.004:0 50.04:0' ]
