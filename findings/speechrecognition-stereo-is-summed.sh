#!/usr/bin/env bash
# SpeechRecognition 3.17.0: a stereo recording comes to the recognizer 6 dB louder, cut off at full scale.
#
# Guess: AudioFile makes one channel of two by their mean, as players and other loaders do, and a mono file and the same
# sound on both channels give the same samples.
# Seen: the channels are added (audioop.tomono with factors of 1 and 1), and what passes full scale is clipped. A voice
# at 0.7 of full scale, which is normal for a file that was mastered, is at full scale in half of its samples if the
# file is stereo, and untouched if it is mono or has a silent side. Every recognizer behind AudioFile gets the clipped
# sound, and nothing warns; who compares engines on such files measures how well they stand distortion. Mono files are
# safe.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet SpeechRecognition==3.17.0 soundfile==0.14.0 numpy==2.4.6

cat > "$work/stereo.py" <<'PY'
import io

import numpy as np
import soundfile
from speech_recognition import AudioFile, Recognizer

RATE = 16_000
tone = 0.7 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
sounds = {"mono": tone, "left alone": np.stack([tone, 0 * tone], 1), "both sides": np.stack([tone, tone], 1)}
for name, sound in sounds.items():
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="WAV", subtype="PCM_16")
    file.seek(0)
    with AudioFile(file) as source:
        heard = np.frombuffer(Recognizer().record(source).get_raw_data(), "<i2") / 32_768
    print(f"{name}: peak {np.abs(heard).max():.2f}, at full scale {np.mean(np.abs(heard) > 0.999):.1f}")
PY
seen=$("$work/venv/bin/python" "$work/stereo.py")
printf 'a tone of 0.7 in a WAV file as the recognizer gets it:\n%s\n' "$seen"
[ "$seen" = 'mono: peak 0.70, at full scale 0.0
left alone: peak 0.70, at full scale 0.0
both sides: peak 1.00, at full scale 0.5' ]
