#!/usr/bin/env bash
# FFmpeg in PyAV 18.1.0: short sounds in Ogg Vorbis lose their end or get a longer one, while long ones are exact.
#
# Guess: Ogg counts samples, so that a Vorbis file comes back to the sample; it is what games use for loops.
# Seen: a tone whose packets fit into one page of Ogg lacks its last 128 samples, at two seconds as at 10 ms; 100 ms of
# noise, which begins with shorter blocks, have 64 too many, and ten seconds are exact. libsndfile returns the right
# number from each. The duration of the stream is right too and serves to cut, but not to get back what is missing. A
# test with a song shows nothing; a loop of one second clicks.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 soundfile==0.14.0 numpy==2.4.6

cat > "$work/lengths.py" <<'PY'
import io

import av
import numpy as np
import soundfile

RATE = 48_000


def difference(wave):
    """Return by how many samples FFmpeg, the duration of its stream and libsndfile are off."""
    file = io.BytesIO()
    soundfile.write(file, wave, RATE, format="OGG", subtype="VORBIS")
    with av.open(io.BytesIO(file.getvalue())) as sound:
        stream = sound.streams.audio[0]
        n_samples = sum(frame.samples for frame in sound.decode(stream))
        duration = round(stream.duration * stream.time_base * RATE)
    file.seek(0)
    return n_samples - len(wave), duration - len(wave), len(soundfile.read(file)[0]) - len(wave)


for seconds in (0.01, 0.1, 1, 2, 10):
    index = np.arange(round(seconds * RATE))
    print(f"tone {seconds:g} s", *difference(0.3 * np.sin(0.05 * index)))
noise = np.random.default_rng(0).normal(size=round(0.1 * RATE))
print("noise 0.1 s", *difference(0.1 * noise))
PY
seen=$("$work/venv/bin/python" "$work/lengths.py")
printf 'samples too many of FFmpeg, of the duration in the file, of libsndfile:\n%s\n' "$seen"
[ "$(grep -c '^tone .* -128 0 0$' <<< "$seen")" = 4 ]
grep -q '^tone 10 s 0 0 0$' <<< "$seen"
grep -q '^noise 0.1 s 64 0 0$' <<< "$seen"
