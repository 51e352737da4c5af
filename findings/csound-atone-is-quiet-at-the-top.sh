#!/usr/bin/env bash
# Csound 6.18.1: the high-pass atone is not 3 dB down at its frequency, and its top is quieter than what came in.
#
# Guess: atone is -3.0 dB at its half-power point, as its page says, and 0 dB far above it, as butterhp is; areson cuts
# a band out, so that its centre is silent.
# Seen: at 48 kHz with 8 kHz it is -7.2 dB there and -5.2 dB at 20 kHz, with 1 kHz -3.6 and -0.6 dB: the first sample of
# its answer is less than one. tone, its low-pass, is -3.0 dB in each case, so that a crossover of the two is dull, more
# so the higher it is, and a de-esser that splits with it takes 5 dB of the hiss for good. areson with a scaling of 1 is
# +2.2 dB at its centre and cuts none of it there. butterhp and butterbr are what their names promise.
# (Debian's packages csound and libcsound64-6.0 with its libraries.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet csound=1:6.18.1+dfsg-1 libcsound64-6.0=1:6.18.1+dfsg-1 libsndfile1 libflac12 \
  libogg0 libvorbis0a libvorbisenc2 libopus0 libmp3lame0 libmpg123-0 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/gains.py" <<'PY'
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(sys.argv[1])
LIBRARIES = str(FOLDER / "root/usr/lib/x86_64-linux-gnu")
RATE, TONES = 48_000, (1_000, 8_000, 20_000)
FILTERS = {
    **{f"{name} {hertz}": f"{name} ain, {hertz}" for name in ("tone", "atone", "butterhp") for hertz in (1_000, 8_000)},
    "areson 1000 100": "areson ain, 1000, 100, 1",
    "butterbr 1000 100": "butterbr ain, 1000, 100",
}
CODE = """<CsoundSynthesizer>
<CsInstruments>
sr = {rate}
ksmps = 16
nchnls = {n}
0dbfs = 1
instr 1
ain oscili 0.1, p4
{filters}
endin
</CsInstruments>
<CsScore>
{score}
</CsScore>
</CsoundSynthesizer>
"""
filters = "\n".join(f"a{n} {call}\noutch {n}, a{n}" for n, call in enumerate(FILTERS.values(), 1))
score = "\n".join(f"i1 {n} 1 {tone}" for n, tone in enumerate(TONES))
(FOLDER / "gains.csd").write_text(CODE.format(rate=RATE, n=len(FILTERS), filters=filters, score=score))
command = [FOLDER / "root/usr/bin/csound", "-d", "-f", "-h", "-o", FOLDER / "out.raw", FOLDER / "gains.csd"]
environment = {**os.environ, "LD_LIBRARY_PATH": LIBRARIES, "OPCODE6DIR64": LIBRARIES + "/csound/plugins64-6.0"}
subprocess.run(command, check=True, env=environment, capture_output=True)
waves = np.fromfile(FOLDER / "out.raw", np.float32).reshape(-1, len(FILTERS))
for name, wave in zip(FILTERS, waves.T):
    parts = (wave[n * RATE + RATE // 2 : n * RATE + RATE * 9 // 10] for n in range(len(TONES)))
    levels = (max(20 * np.log10(np.sqrt(2 * np.mean(part**2)) / 0.1), -60) for part in parts)
    print(f"{name}:", *(f"{level:.1f}".replace("-0.0", "0.0") for level in levels))
PY
seen=$("$work/venv/bin/python" "$work/gains.py" "$work")
printf 'gains in decibels at 1, 8 and 20 kHz:\n%s\n' "$seen"
[ "$seen" = 'tone 1000: -3.0 -17.7 -23.4
tone 8000: -0.1 -3.0 -6.8
atone 1000: -3.6 -0.6 -0.6
atone 8000: -21.9 -7.2 -5.2
butterhp 1000: -3.0 0.0 0.0
butterhp 8000: -37.8 -3.0 0.0
areson 1000 100: 2.2 0.0 0.0
butterbr 1000 100: -60.0 0.0 0.0' ]
