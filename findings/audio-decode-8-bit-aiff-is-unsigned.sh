#!/usr/bin/env bash
# audio-decode 3.12.0: silence of an AIFF file of 8 bits is decoded as full scale, and quiet sounds as noise at it.
#
# Guess: AIFF of 8, 16, 24 and 32 bits has the level that was written, as WAV has; its 8 bits have a sign by the
# specification, those of WAV have none.
# Seen: 8 bits of AIFF are read as those of WAV: silence is -1, a tone of 0.25 jumps between -1 and 1 at each crossing
# of zero, with an RMS of 0.85 in place of 0.18. All other depths of AIFF, and 8 bits of WAV, are right. No error is
# given.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" audio-decode@3.12.0 > "$work/log"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet soundfile==0.14.0 numpy==2.4.6 2> "$work/log"

cat > "$work/write.py" <<'PY'
import sys

import numpy as np
import soundfile

tone = 0.25 * np.sin(2 * np.pi * 441 * np.arange(44_100) / 44_100)
for name, subtype in (
    ("8.aiff", "PCM_S8"),
    ("16.aiff", "PCM_16"),
    ("24.aiff", "PCM_24"),
    ("32.aiff", "PCM_32"),
    ("8.wav", "PCM_U8"),
):
    for kind, sound in (("tone", tone), ("silence", 0 * tone)):
        soundfile.write(f"{sys.argv[1]}/{kind}-{name}", sound, 44_100, subtype=subtype)
        if kind == "tone":
            print(f"{name} by soundfile: {soundfile.read(f'{sys.argv[1]}/{kind}-{name}')[0].std():.2f}")
PY
cat > "$work/read.mjs" <<'JS'
import fs from "node:fs";
import decode from "audio-decode";
for (const name of ["8.aiff", "16.aiff", "24.aiff", "32.aiff", "8.wav"]) {
  const levels = [];
  for (const kind of ["tone", "silence"]) {
    const { channelData } = await decode(fs.readFileSync(`${kind}-${name}`));
    const power = channelData[0].reduce((sum, value) => sum + value ** 2, 0) / channelData[0].length;
    levels.push(`${kind} ${Math.sqrt(power).toFixed(2)}`);
  }
  console.log(`${name}: ${levels.join(", ")}`);
}
JS
seen=$("$work/venv/bin/python" "$work/write.py" "$work" && cd "$work" && node read.mjs)
printf 'RMS of a tone of 0.18 and of silence:\n%s\n' "$seen"
[ "$seen" = '8.aiff by soundfile: 0.18
16.aiff by soundfile: 0.18
24.aiff by soundfile: 0.18
32.aiff by soundfile: 0.18
8.wav by soundfile: 0.18
8.aiff: tone 0.85, silence 1.00
16.aiff: tone 0.18, silence 0.00
24.aiff: tone 0.18, silence 0.00
32.aiff: tone 0.18, silence 0.00
8.wav: tone 0.18, silence 0.00' ]
