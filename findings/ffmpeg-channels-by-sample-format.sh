#!/usr/bin/env bash
# FFmpeg (libswresample) in PyAV 18.1.0: the level of a downmix depends on the format of the samples that are asked for.
#
# Guess: a change of channels is one matrix; s16 and fltp, the two formats that speech and music programs ask for,
# differ in rounding only. Mono is the mean of left and right, and stereo of mono has it at the same level on both
# sides.
# Seen: the matrix is scaled so that nothing can clip if the output is of integers, and left as it is if it is of
# floats. Mono of two equal channels of 0.25 is 0.25 as s16 and 0.354 as fltp, 3 dB more; left of 5.1 in stereo is 0.104
# and 0.25, 7.7 dB apart, and six equal channels of 0.25 become 0.6 and clip from 0.41 on. What comes in makes no
# difference. Stereo of mono is 3 dB lower in both, so mono there and back is lower too for s16. Two loaders of one
# corpus, which differ in the type of their arrays only, have two levels, and thresholds, loudness and features go with
# them. Channels are better mixed after decoding.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6

cat > "$work/levels.py" <<'PY'
import av
import numpy as np

RATE = 48_000
tone = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(RATE // 10) / RATE)


def peak(channels, layout, wanted, given, form):
    """Return the peak of channels of the tone (1) and of silence (0) in another layout."""
    sound = np.array([[each] for each in channels]) * tone
    sound = sound.astype(np.float32) if given == "fltp" else np.rint(sound * 32_767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(sound, format=given, layout=layout)
    frame.sample_rate = RATE
    resampler = av.AudioResampler(format=form, layout=wanted, rate=RATE)
    mixed = np.concatenate([each.to_ndarray() for each in resampler.resample(frame)], axis=1)
    return np.abs(mixed / (1 if form == "fltp" else 32_767)).max()


for name, channels, layout, wanted in (
    ("stereo to mono", [1, 1], "stereo", "mono"),
    ("mono to stereo", [1], "mono", "stereo"),
    ("left of 5.1 to stereo", [1, 0, 0, 0, 0, 0], "5.1", "stereo"),
    ("all of 5.1 to stereo", [1] * 6, "5.1", "stereo"),
):
    for given in ("s16p", "fltp"):
        peaks = (peak(channels, layout, wanted, given, form) for form in ("s16p", "fltp"))
        print(f"{name} from {given}:", *(f"{each:.2f}" for each in peaks))
PY
seen=$("$work/venv/bin/python" "$work/levels.py")
printf 'peaks of a tone of 0.25 as s16 and as fltp:\n%s\n' "$seen"
[ "$seen" = 'stereo to mono from s16p: 0.25 0.35
stereo to mono from fltp: 0.25 0.35
mono to stereo from s16p: 0.18 0.18
mono to stereo from fltp: 0.18 0.18
left of 5.1 to stereo from s16p: 0.10 0.25
left of 5.1 to stereo from fltp: 0.10 0.25
all of 5.1 to stereo from s16p: 0.25 0.60
all of 5.1 to stereo from fltp: 0.25 0.60' ]
