#!/usr/bin/env bash
# webrtc-noise-gain 1.3.0: auto_gain_dbfs is on or off: 1 and 31 give the same level, and the same gain to each sound.
#
# Guess: auto_gain_dbfs, from 1 to 31, is the level that quiet speech is brought to, so that each number gives another
# level and recordings of -60 and of -30 dB come out alike; with 0 and 0, "disable", the sound is unchanged.
# Seen: a vowel that swells twice a second gets 6.6 dB with every number, be it at -60 or at -30 dB, and only near full
# scale less, where a limiter works. Words of eSpeak get 12 dB, at -60 dB as at -40 dB. So quiet speakers stay 30 dB
# below loud ones, and who tries 5, 15 and 31 to find the best for a microphone compares nothing. With 0 and 0 the sound
# still loses its bass: -3 dB at 100 Hz, -12 dB at 50 Hz, phases turned up to 300 Hz. The page names the range alone.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet webrtc-noise-gain==1.3.0 numpy==2.4.6 2> "$work/log"

cat > "$work/gains.py" <<'PY'
import numpy as np
from webrtc_noise_gain import AudioProcessor

RATE = 16_000
time = np.arange(20 * RATE) / RATE
vowel = sum(np.sin(2 * np.pi * 150 * number * time) / number for number in range(1, 20))
vowel *= np.clip(np.sin(2 * np.pi * 2 * time), 0, 1)
vowel /= np.sqrt((vowel**2).mean())


def change(sound, gain):
    """Return the change of the level of the last 5 s in decibels."""
    processor, data = AudioProcessor(gain, 0), np.round(32_768 * sound).astype("<i2")
    parts = [processor.Process10ms(data[at : at + 160].tobytes()).audio for at in range(0, len(data), 160)]
    after = np.frombuffer(b"".join(map(bytes, parts)), "<i2")
    return f"{20 * np.log10(after[-5 * RATE :].std() / data[-5 * RATE :].std()):+.1f}".replace("-0.0", "+0.0")


for level in (-60, -50, -40, -30, -20):
    print(f"{level} dB:", *(change(vowel * 10 ** (level / 20), gain) for gain in (1, 3, 10, 20, 31)))
print("disabled:", *(f"{at} Hz {change(0.1 * np.sin(2 * np.pi * at * time), 0)}" for at in (50, 100, 200, 1000)))
PY
seen=$("$work/venv/bin/python" "$work/gains.py")
printf 'decibels of gain for targets of 1, 3, 10, 20 and 31:\n%s\n' "$seen"
[ "$seen" = '-60 dB: +6.6 +6.6 +6.6 +6.6 +6.6
-50 dB: +6.6 +6.6 +6.6 +6.6 +6.6
-40 dB: +6.6 +6.6 +6.6 +6.6 +6.6
-30 dB: +6.6 +6.6 +6.6 +6.6 +6.6
-20 dB: +3.3 +3.3 +3.3 +3.3 +3.3
disabled: 50 Hz -12.1 100 Hz -3.0 200 Hz -0.2 1000 Hz +0.0' ]
