#!/usr/bin/env bash
# pedalboard 0.9.26: Convolution plays 18 dB below, whatever the level of the response; Reverb's dry sound is doubled.
#
# Guess: convolution with the response [1] gives the sound back and with [0.5] half of it; Reverb with a dry level of 1
# and nothing wet gives the sound back too.
# Seen: [1], [0.5] and [0.1] give the same, an eighth of the sound: a response is scaled to an energy of 1/64. Rooms at
# several distances, whose levels tell the distance, become equally loud; beside a dry half the wet one is 18 dB too low;
# and a correction of level by hand before the call has no effect. scipy.signal.fftconvolve leaves the level as it is. Of
# Reverb dry_level=1 is twice the sound, and its default, 0.4, is 0.8. A speech corpus with both has two levels by effect.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pedalboard==0.9.26 numpy==2.4.6

cat > "$work/levels.py" <<'PY'
import numpy as np
from pedalboard import Convolution, Reverb

RATE = 48_000
wave = (0.3 * np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE)).astype(np.float32)


def gain(effect):
    """Return by how much a sound is louder behind an effect."""
    return np.std(effect(wave, RATE)) / np.std(wave)


for response in ([1.0], [0.5], [0.1], [0.25] * 16):
    wet = Convolution(np.array([response], np.float32), 1.0, RATE)
    pulse = wet(np.eye(1, 100, dtype=np.float32)[0], RATE)
    print(f"{len(response)} of {response[0]:g}: {pulse[0]:.5f}, energy {np.square(pulse).sum():.4f}")
print(f"half wet: {gain(Convolution(np.ones((1, 1), np.float32), 0.5, RATE)):.4f}")
for level in (1.0, 0.4):
    print(f"dry {level}: {gain(Reverb(dry_level=level, wet_level=0.0)):.2f}")
PY
seen=$("$work/venv/bin/python" "$work/levels.py")
printf 'what a pulse becomes by responses; gain of half wet [1]; gain of a dry level:\n%s\n' "$seen"
[ "$seen" = $'1 of 1: 0.12500, energy 0.0156\n1 of 0.5: 0.12500, energy 0.0156\n1 of 0.1: 0.12500, energy 0.0156\n16 of 0.25: 0.03125, energy 0.0156\nhalf wet: 0.5625\ndry 1.0: 2.00\ndry 0.4: 0.80' ]
