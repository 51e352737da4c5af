#!/usr/bin/env bash
# webrtcvad-wheels 2.0.14.post1: steady noise above -26 dBFS is speech in the strictest mode, for as long as it lasts.
#
# Guess: the detector follows the noise around it, so that white noise, the opposite of speech, is none after 10 seconds
# at any level, and mode 3 ("very aggressive") at least tells a tone of 440 Hz from a voice.
# Seen: a minute of white noise is speech in every frame at -20 dBFS and at -10, in no frame at -30: it is the level that
# decides, and nothing adapts. A tone is speech at -20 dBFS, and neither at -30 nor at -10. An utterance in a car or
# behind a gain control that lifts noise never ends, and a recognizer that waits for silence waits; the same recording
# 10 dB lower is right. Noise has to be below -30 dBFS before the detector, or the length of speech to be limited.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet webrtcvad-wheels==2.0.14.post1 numpy==2.4.6 2> "$work/log"

cat > "$work/noise.py" <<'PY'
import numpy as np
import webrtcvad

RATE, FRAME = 16_000, 480
noise = np.random.default_rng(0).standard_normal(60 * RATE)
tone = np.sqrt(2) * np.sin(2 * np.pi * 440 * np.arange(60 * RATE) / RATE)
for name, wave in (("noise", noise), ("tone", tone)):
    for level in (-40, -30, -20, -10):
        samples = (np.clip(wave * 10 ** (level / 20), -1, 1) * 32_767).astype("<i2")
        detector = webrtcvad.Vad(3)
        speech = [detector.is_speech(frame.tobytes(), RATE) for frame in samples.reshape(-1, FRAME)]
        print(f"{name} at {level} dBFS:", *(f"{np.mean(part):.2f}" for part in np.array_split(speech, 6)))
PY
seen=$("$work/venv/bin/python" "$work/noise.py")
printf 'share of speech in mode 3, each 10 seconds of a minute:\n%s\n' "$seen"
for level in -20 -10; do grep -q "^noise at $level dBFS: 1.00 1.00 1.00 1.00 1.00 1.00$" <<< "$seen"; done
for level in -40 -30; do grep -q "^noise at $level dBFS: 0.0. 0.00 0.00 0.00 0.00 0.00$" <<< "$seen"; done
grep -q "^tone at -20 dBFS: 1.00 1.00 1.00 1.00 1.00 1.00$" <<< "$seen"
for level in -30 -10; do grep -q "^tone at $level dBFS: 0.0. 0.00 0.00 0.00 0.00 0.00$" <<< "$seen"; done
