#!/usr/bin/env bash
# opensmile 2.6.0, eGeMAPSv02: loudnessPeaksPerSec of four bursts a second is 0 between digital silence, 4 with noise.
#
# Guess: loudnessPeaksPerSec, a measure of the rate of speech, is 4 for four bursts a second, and 0 for a steady tone.
# Seen: of bursts with zeros between them 0.0 or 0.1 peaks a second are counted, of the same bursts with noise at -80 dB
# 4.0, though VoicedSegmentsPerSec is 4.0 in both. A steady tone of 150 Hz has 49.7 peaks a second, of 220 Hz 19.9, of
# 200 Hz none: the ripple of the frames is counted. By the way, HNRdBACF of tones without any noise is 7.1 dB at 100 Hz
# and 15.4 dB at 300 Hz, as low as of hoarse voices: it is a measure of the pitch before it is one of the noise. Voices
# that a gate, a codec or a synthesizer leaves with silence of zeros get no rate, and low voices are hoarse.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet opensmile==2.6.0 numpy==2.4.6 2> "$work/log"

cat > "$work/peaks.py" <<'PY'
import numpy as np
import opensmile

RATE = 16_000
NAMES = ("loudnessPeaksPerSec", "VoicedSegmentsPerSec", "HNRdBACF_sma3nz_amean")
smile = opensmile.Smile(
    feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals
)
time = np.arange(8 * RATE) / RATE
floor = 1e-4 * np.random.default_rng(0).standard_normal(len(time))


def tone(pitch):
    """Return a tone of 19 harmonics without noise."""
    return 0.1 * sum(np.sin(2 * np.pi * pitch * number * time + number) / number for number in range(1, 20))


def measures(sound):
    row = smile.process_signal(sound.astype(np.float32), RATE).iloc[0]
    return " ".join(f"{row[name]:.1f}" for name in NAMES)


swell = np.sin(2 * np.pi * 4 * time)
print("bursts:", measures(tone(220) * (swell > 0)), "with noise:", measures(tone(220) * (swell > 0) + floor))
soft = np.clip(swell, 0, 1) ** 2
print("soft bursts:", measures(tone(220) * soft), "with noise:", measures(tone(220) * soft + floor))
for pitch in (100, 110, 150, 200, 220, 300):
    print(f"steady tone of {pitch} Hz:", measures(tone(pitch)))
PY
seen=$("$work/venv/bin/python" "$work/peaks.py" 2> "$work/log")
printf 'peaks a second, voiced parts a second and decibels of harmonics to noise:\n%s\n' "$seen"
[ "$seen" = 'bursts: 0.0 4.0 10.0 with noise: 3.9 4.0 10.1
soft bursts: 0.1 4.0 11.8 with noise: 4.0 4.0 11.8
steady tone of 100 Hz: 0.0 0.1 7.1
steady tone of 110 Hz: 9.9 0.1 8.0
steady tone of 150 Hz: 49.7 0.1 10.7
steady tone of 200 Hz: 0.0 0.1 13.4
steady tone of 220 Hz: 19.9 0.1 13.9
steady tone of 300 Hz: 0.0 0.1 15.4' ]
