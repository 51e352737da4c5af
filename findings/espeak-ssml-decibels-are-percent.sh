#!/usr/bin/env bash
# eSpeak NG 1.52.0 (espeakng-loader 0.2.4): -6dB of SSML is -0.7 dB, -12st is 4 semitones, and 100Hz is 171 Hz.
#
# Guess: <prosody> in the units of SSML does what they say: volume "-6dB" is 6 dB less, pitch "+12st" an octave
# more.
# Seen: the unit of volume is skipped and its number taken as percent: "-6dB" is -0.7 dB, "-12dB" -1.1 dB, while "50",
# the half of SSML 1.0, is -6.3 dB. Pitch is a number from 0 to 99 inside, which is no scale of semitones: +12st is 9
# semitones up and -12st 4 down; +2st and -2st are 1. An absolute "100Hz" for a voice at 103 Hz is the highest pitch
# there is, 171 Hz, and so is "150Hz", while "+20Hz" and "-20Hz" are about right. Levels and pitches that a document
# gives have to be set on the sound afterwards.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet espeakng-loader==0.2.4 numpy==2.4.6 2> "$work/log"

cat > "$work/prosody.py" <<'PY'
import ctypes

import espeakng_loader
import numpy as np

SYNCHRONOUS, UTF8, SSML = 2, 1, 16
espeak = ctypes.CDLL(espeakng_loader.get_library_path())
rate = espeak.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
espeak.espeak_SetVoiceByName(b"en")
parts = []


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
def collect(samples, count, _events):
    """Keep a block of the sound."""
    if samples and count:
        parts.append(np.ctypeslib.as_array(samples, (count,)).astype(float))
    return 0


def speak(attribute=""):
    """Return a sentence that is spoken in a <prosody>."""
    parts.clear()
    text = f"<speak><prosody {attribute}>Mommy may ring mommy in the morning</prosody></speak>".encode()
    espeak.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8 | SSML, None, None)
    return np.concatenate(parts)


def pitch(sound):
    """Return the median of the pitch in Hz."""
    found = []
    for start in range(0, len(sound) - 2048, 256):
        block = sound[start : start + 2048]
        alike = np.correlate(block, block, "full")[2047:]
        first = rate // 400
        lag = first + np.argmax(alike[first : rate // 50])
        if alike[lag] > 0.6 * alike[0] > 0:
            found.append(rate / lag)
    return np.median(found)


espeak.espeak_SetSynthCallback(collect)
plain = speak()
for value in ("-6dB", "+6dB", "-12dB", "50"):
    changed = speak(f'volume="{value}"')
    print(f"{value} {10 * np.log10(np.sum(changed**2) / np.sum(plain**2)):.1f} dB")
print(f"plain {pitch(plain):.0f} Hz")
for value in ("+12st", "-12st", "+2st", "-2st", "+20Hz", "-20Hz", "100Hz", "150Hz"):
    found = pitch(speak(f'pitch="{value}"'))
    print(f"{value} {12 * np.log2(found / pitch(plain)):.1f} semitones, {found:.0f} Hz")
PY
seen=$("$work/venv/bin/python" "$work/prosody.py")
printf 'what the units of SSML do:\n%s\n' "$seen"
within() { # value, least, most
    awk -v value="$1" -v least="$2" -v most="$3" \
        '$1 == value { found = 1; if ($2 < least || $2 > most) exit 1 } END { exit !found }' <<< "$seen"
}
within -6dB -1.2 -0.3
within +6dB 0.2 0.9
within -12dB -1.8 -0.7
within 50 -6.9 -5.7
within +12st 8 10
within -12st -4.5 -2.5
within +2st 0.5 1.5
within -2st -1.5 -0.5
within 100Hz 8 10
within 150Hz 8 10
