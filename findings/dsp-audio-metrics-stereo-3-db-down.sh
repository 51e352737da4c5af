#!/usr/bin/env bash
# dsp-audio-metrics 0.1.1: the loudness of stereo is 3 LU too low, so that what it normalises comes out 3 dB too loud.
#
# Guess: a meter by BS.1770-4, as it describes itself, sums the weighted powers of the channels: a tone of 1 kHz in both
# is 3.01 LU louder than in one, and libebur128 1.2.6 (pyebur128 0.1.1) measures the same.
# Seen: the powers of the channels are averaged. Mono is right, so that a test with a sine passes; stereo is 3 LU low,
# six equal channels 7.6 LU, that of low frequencies among them. normalize_loudness(x, rate, -14) makes stereo of
# -11 LUFS, which a streaming service turns down again or a limiter squeezes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dsp-audio-metrics==0.1.1 pyebur128==0.1.1 numpy==2.4.6 2> "$work/log"

cat > "$work/loudness.py" <<'PY'
import dsp_audio_metrics
import numpy as np
import pyebur128

RATE = 48_000
TONE = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(10 * RATE) / RATE)


def library(wave):
    """Return the loudness by libebur128, whose six channels are L, R, C, LFE, Ls and Rs."""
    state = pyebur128.R128State(wave.shape[1], RATE, pyebur128.MeasurementMode.MODE_I)
    state.add_frames(np.ascontiguousarray(wave).ravel(), len(wave))
    return pyebur128.get_loudness_global(state)


def both(name, wave):
    print(f"{name}: {library(wave):.1f}, {dsp_audio_metrics.integrated_lufs(wave, RATE):.1f}")


stereo = np.stack([TONE, TONE], 1)
both("mono", TONE[:, None])
both("one channel of two", np.stack([TONE, 0 * TONE], 1))
both("both channels", stereo)
both("all six channels", np.stack([TONE] * 6, 1))
both("stereo made -14 LUFS", dsp_audio_metrics.normalize_loudness(stereo, RATE, -14.0))
PY
seen=$("$work/venv/bin/python" "$work/loudness.py")
printf 'loudness in LUFS by libebur128 and by dsp-audio-metrics:\n%s\n' "$seen"
[ "$seen" = 'mono: -15.0, -15.0
one channel of two: -15.0, -18.1
both channels: -12.0, -15.0
all six channels: -7.4, -15.0
stereo made -14 LUFS: -11.0, -14.0' ]
