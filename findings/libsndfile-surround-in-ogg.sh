#!/usr/bin/env bash
# libsndfile 1.2.2 (soundfile 0.14.0), FFmpeg in PyAV 18.1.0: 5.1 in Ogg has its centre at the right and loses a channel.
#
# Guess: six channels in the order of WAV (left, right, centre, low frequencies, surround left and right) keep their
# places in each format that has a place for them, as they do in FLAC.
# Seen: libsndfile hands them to Vorbis and Opus as they come, whose orders begin with left, centre, right and end with
# the low frequencies. A player puts the centre, which has the voices, at the right. What was surround right is coded as
# the channel of low frequencies: a tone of 1 kHz in it is gone, also for soundfile, whose order otherwise comes back, so
# that a round trip with quiet or equal channels shows nothing. Write channels 0, 2, 1, 4, 5, 3.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 soundfile==0.14.0 numpy==2.4.6

cat > "$work/channels.py" <<'PY'
import io

import av
import numpy as np
import soundfile

RATE = 48_000
TONES = {"left": 200, "right": 300, "centre": 450, "low": 60, "back-left": 700, "back-right": 1_000}
time = np.arange(RATE) / RATE
wave = 0.3 * np.sin(2 * np.pi * np.array(list(TONES.values())) * time[:, None])


def names(channels):
    """Return which tone each channel has, or a dash for a channel that has hardly any."""
    spectrum = np.abs(np.fft.rfft(channels * np.hanning(len(channels))[:, None], axis=0)) / len(channels)
    peaks = np.round(spectrum.argmax(axis=0) * RATE / len(channels))
    levels = spectrum.max(axis=0)
    return [
        next((name for name, tone in TONES.items() if abs(tone - peak) < 5), "?") if level > 0.01 else "-"
        for peak, level in zip(peaks, levels)
    ]


for order in ([0, 1, 2, 3, 4, 5], [0, 2, 1, 4, 5, 3]):
    for container, codec in (("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS")):
        if container == "FLAC" and order != sorted(order):
            continue
        file = io.BytesIO()
        soundfile.write(file, wave[:, order], RATE, format=container, subtype=codec)
        with av.open(io.BytesIO(file.getvalue())) as sound:
            resampler = av.AudioResampler(format="fltp")
            frames = [each.to_ndarray() for frame in sound.decode(audio=0) for each in resampler.resample(frame)]
        file.seek(0)
        print(codec, "player:", *names(np.concatenate(frames, axis=1).T))
        if order == sorted(order):
            print(codec, "soundfile:", *names(soundfile.read(file)[0]))
PY
seen=$("$work/venv/bin/python" "$work/channels.py")
printf 'what left, right, centre, low, back left and back right play; then with channels 0, 2, 1, 4, 5, 3:\n%s\n' "$seen"
right='left right centre low back-left back-right'
[ "$(grep -c "player: $right\$" <<< "$seen")" = 3 ]
[ "$(grep -cE '(VORBIS|OPUS) player: left centre right - low back-left$' <<< "$seen")" = 2 ]
[ "$(grep -cE '(VORBIS|OPUS) soundfile: left right centre low back-left -$' <<< "$seen")" = 2 ]
