#!/usr/bin/env bash
# SpeechRecognition 3.17.0: a file that is read in pieces of some seconds loses a quarter of a second at each joint.
#
# Guess: record(source, duration=2) gives two seconds, and the next call goes on where it ended: pieces joined are the
# file. An offset is good to a sample.
# Seen: 4,096 samples are read at a time, which are 256 ms at 16 kHz and 512 ms at 8 kHz, and the block that would pass
# the duration is read and thrown away. Pieces of 2 s are 1.79 s, and a minute in such pieces is 53 s (45 s at 8 kHz):
# words at each joint are missing, and no recognizer is to blame for it. Pieces of 0.25 s are empty at 16 kHz. An offset
# of 1 s begins at 0.768. Read the whole file, then cut its samples (AudioData.get_segment).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet SpeechRecognition==3.17.0 soundfile==0.14.0 numpy==2.4.6

cat > "$work/pieces.py" <<'PY'
import io

import numpy as np
import soundfile
from speech_recognition import AudioFile, Recognizer

for rate in (8_000, 16_000, 44_100):
    file = io.BytesIO()
    soundfile.write(file, np.arange(60 * rate, dtype=np.int32), rate, format="WAV", subtype="PCM_32")
    for duration in (0.25, 2, 10):
        file.seek(0)
        pieces = []
        with AudioFile(file) as source:
            for _ in range(round(60 / duration)):
                pieces.append(np.frombuffer(Recognizer().record(source, duration=duration).get_raw_data(), "<i4"))
        first = len(pieces[0]) / rate
        pairs = [pair for pair in zip(pieces, pieces[1:]) if all(map(len, pair))]
        gaps = [(after[0] - before[-1] - 1) / rate for before, after in pairs]
        kept = sum(map(len, pieces)) / rate
        gap = f"{np.median(gaps):.3f}" if gaps else "none"
        print(f"{rate} Hz in pieces of {duration} s: first {first:.3f}, gaps {gap}, together {kept:.1f}")
    file.seek(0)
    with AudioFile(file) as source:
        start = np.frombuffer(Recognizer().record(source, offset=1).get_raw_data(), "<i4")[0] / rate
    print(f"{rate} Hz from 1 s: begins at {start:.3f}")
PY
seen=$("$work/venv/bin/python" "$work/pieces.py")
printf 'a minute, read piece by piece:\n%s\n' "$seen"
[ "$(grep '^16000' <<< "$seen")" = '16000 Hz in pieces of 0.25 s: first 0.000, gaps none, together 0.0
16000 Hz in pieces of 2 s: first 1.792, gaps 0.256, together 52.6
16000 Hz in pieces of 10 s: first 9.984, gaps 0.256, together 58.7
16000 Hz from 1 s: begins at 0.768' ]
grep -qx '8000 Hz in pieces of 2 s: first 1.536, gaps 0.512, together 45.2' <<< "$seen"
grep -qx '44100 Hz in pieces of 2 s: first 1.950, gaps 0.093, together 57.3' <<< "$seen"
