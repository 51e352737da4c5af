#!/usr/bin/env bash
# pedalboard 0.9.26: Reverb(wet_level=0, dry_level=1) makes the sound 6 dB louder, and the default 0.4 is 0.8.
#
# Guess: without wet sound a dry level of 1 is the sound as it was, as mix=0 of the other effects, and 0.4 is 8 dB less.
# Seen: the dry sound has twice the level that is asked for: 1 is 6 dB up, so that a peak of 0.6 is 1.2 and clips in any
# file of integers, 0.5 is the sound as it was, and the default of 0.4 leaves 0.8. The wet level is not doubled, so that
# equal numbers are no equal mix. Chorus, Delay and Phaser with mix=0 change nothing. The page gives names and defaults
# alone. Dry sounds that were compared with reverberant ones, or pairs for training, differ by 6 dB.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pedalboard==0.9.26 numpy==2.4.6 2> "$work/log"

cat > "$work/levels.py" <<'PY'
import numpy as np
from pedalboard import Chorus, Delay, Phaser, Reverb

RATE = 44_100
tone = (0.6 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)).astype(np.float32)
noise = (0.1 * np.random.default_rng(0).standard_normal(10 * RATE)).astype(np.float32)


def gain(effect, sound):
    """Return the gain of the last second of a sound."""
    return f"{effect(sound, RATE)[-RATE:].std() / sound[-RATE:].std():.2f}"


print("dry levels of 0.4, 0.5, 1:", *(gain(Reverb(wet_level=0, dry_level=dry), tone) for dry in (0.4, 0.5, 1)))
print("peak of 0.6 with 1:", f"{np.abs(Reverb(wet_level=0, dry_level=1)(tone, RATE)).max():.2f}")
print("mix=0 of others:", *(gain(effect(mix=0), tone) for effect in (Chorus, Delay, Phaser)))
print("wet levels of 0.33, 1, noise:", *(gain(Reverb(wet_level=wet, dry_level=0), noise) for wet in (0.33, 1)))
PY
seen=$("$work/venv/bin/python" "$work/levels.py")
printf 'gains of the dry sound:\n%s\n' "$seen"
[ "$seen" = 'dry levels of 0.4, 0.5, 1: 0.80 1.00 2.00
peak of 0.6 with 1: 1.20
mix=0 of others: 1.00 1.00 1.00
wet levels of 0.33, 1, noise: 0.32 0.98' ]
