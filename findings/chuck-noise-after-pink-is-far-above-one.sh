#!/usr/bin/env bash
# ChucK 1.5.5.9 (numchuck 0.4.0): CNoise that was pink, its default, for a moment is some 20 above zero in mode "flip".
#
# Guess: mode() of a CNoise that runs changes it to the noise that a new one in that mode gives: within -1 and 1, about
# 0.
# Seen: after one sample or one second of pink, "flip" and "xor" are noise of the usual strength about an offset above
# 10, as the last sum of the pink noise stays in, and xor after flip keeps it. "white" is right after any. As the
# default is pink, a patch that connects the noise and sets the mode a moment later has it. In a file that is full scale
# without any noise, on a speaker a blow.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile numchuck==0.4.0 numpy==2.4.6 2> "$work/log"

cat > "$work/noise.py" <<'PY'
import numpy as np
from numchuck import Chuck, render

RATE = 44_100


def last(*modes, first="1::second"):
    """Describe a second of noise in the last of some modes, each held for a second but the first."""
    times = [first, *("1::second" for _ in modes[1:])]
    steps = "".join(f'n.mode("{mode}"); {time} => now; ' for mode, time in zip(modes, times, strict=True))
    before = (len(modes) - 2) * RATE + (RATE if first == "1::second" else 1) if len(modes) > 1 else 0
    sound = render(f"Math.srandom(1); CNoise n => dac; {steps}", duration=len(modes) + 1, sample_rate=RATE, channels=1)
    part = np.asarray(sound).ravel()[before + 100 : before + RATE - 100]
    offset = "above 10" if part.min() > 10 else "below 1" if abs(part.mean()) < 1 else "between"
    return f"an offset {offset}, {np.ptp(part):.0f} from lowest to highest"


print("ChucK", Chuck().version)
for modes in (("white",), ("pink",), ("pink", "flip"), ("pink", "xor"), ("pink", "flip", "xor")):
    print(f"{' then '.join(modes)}: {last(*modes)}")
for modes in (("pink", "white"), ("pink", "flip", "white")):
    print(f"{' then '.join(modes)}: {last(*modes)}")
print("a sample of pink, then flip:", last("pink", "flip", first="1::samp"))
PY
seen=$("$work/venv/bin/python" "$work/noise.py" 2> "$work/log")
printf 'noise in the last of some modes:\n%s\n' "$seen"
[ "$seen" = 'ChucK 1.5.5.9-dev (chai)
white: an offset below 1, 2 from lowest to highest
pink: an offset below 1, 1 from lowest to highest
pink then flip: an offset above 10, 2 from lowest to highest
pink then xor: an offset above 10, 2 from lowest to highest
pink then flip then xor: an offset above 10, 2 from lowest to highest
pink then white: an offset below 1, 2 from lowest to highest
pink then flip then white: an offset below 1, 2 from lowest to highest
a sample of pink, then flip: an offset above 10, 2 from lowest to highest' ]
