#!/usr/bin/env bash
# miniaudio 1.71: from 48 to 16 kHz a tone of 10 kHz comes out as one of 6 kHz, only 10 dB weaker.
#
# Guess: with sample_rate=16_000 a decoder removes what is above 8 kHz, by 40 dB or more, and from 16 to 48 kHz a tone
# of 6 kHz has no image above 40 dB below it.
# Seen: a tone of 9 kHz is left as one of 7 kHz at -6 dB, 10 kHz as 6 kHz at -10 dB, 12 kHz as 4 kHz at -19 dB, and 15
# kHz as 1 kHz at -33 dB. Upwards a tone of 6 kHz has an image at 10 kHz, 22 dB below it. Samples are interpolated on a
# line, with a low filter in front. Recordings with hiss, cymbals or s that are decoded to 16 kHz for a recognizer have
# noise among the consonants; FFmpeg in PyAV 18.1.0 leaves nothing of them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet miniaudio==1.71 av==18.1.0 soundfile==0.14.0 numpy==2.4.6 2> "$work/log"

cat > "$work/tones.py" <<'PY'
import sys

import av
import miniaudio
import numpy as np
import soundfile

PATH = f"{sys.argv[1]}/tone.wav"


def by_miniaudio(rate):
    mono = {"output_format": miniaudio.SampleFormat.FLOAT32, "nchannels": 1}
    return np.array(miniaudio.decode_file(PATH, sample_rate=rate, **mono).samples)


def by_ffmpeg(rate):
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
    with av.open(PATH) as file:
        frames = [frame for each in file.decode(audio=0) for frame in resampler.resample(each)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def loudest(sound, rate, beside=None):
    """Return the loudest frequency of half a second, but for one, and its level against the tone of 0.5."""
    part = sound[rate // 2 : rate]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)))) * 4 / len(part) / 0.5
    frequencies = np.fft.rfftfreq(len(part), 1 / rate)
    if beside:
        spectrum[np.abs(frequencies - beside) < 100] = 0
    level = 20 * np.log10(max(spectrum.max(), 1e-9))
    return f"{frequencies[spectrum.argmax()]:.0f} Hz at {level:.0f} dB" if level > -60 else "nothing"


for rate, target, frequency in (
    *((48_000, 16_000, each) for each in (1000, 9000, 10_000, 12_000, 15_000)),
    *((16_000, 48_000, each) for each in (1000, 6000)),
):
    soundfile.write(PATH, 0.5 * np.sin(2 * np.pi * frequency * np.arange(2 * rate) / rate), rate, subtype="FLOAT")
    for name, decode in (("miniaudio", by_miniaudio), ("FFmpeg", by_ffmpeg)):
        beside = frequency if target > rate else None
        what = "beside it" if beside else "left"
        loud = loudest(decode(target), target, beside)
        print(f"{rate} to {target}, {frequency} Hz by {name}: {what} {loud}".replace("-0 dB", "0 dB"))
PY
seen=$("$work/venv/bin/python" "$work/tones.py" "$work")
printf 'what is left of tones, or beside them:\n%s\n' "$seen"
[ "$seen" = '48000 to 16000, 1000 Hz by miniaudio: left 1000 Hz at 0 dB
48000 to 16000, 1000 Hz by FFmpeg: left 1000 Hz at 0 dB
48000 to 16000, 9000 Hz by miniaudio: left 7000 Hz at -6 dB
48000 to 16000, 9000 Hz by FFmpeg: left nothing
48000 to 16000, 10000 Hz by miniaudio: left 6000 Hz at -10 dB
48000 to 16000, 10000 Hz by FFmpeg: left nothing
48000 to 16000, 12000 Hz by miniaudio: left 4000 Hz at -19 dB
48000 to 16000, 12000 Hz by FFmpeg: left nothing
48000 to 16000, 15000 Hz by miniaudio: left 1000 Hz at -33 dB
48000 to 16000, 15000 Hz by FFmpeg: left nothing
16000 to 48000, 1000 Hz by miniaudio: beside it nothing
16000 to 48000, 1000 Hz by FFmpeg: beside it nothing
16000 to 48000, 6000 Hz by miniaudio: beside it 10000 Hz at -22 dB
16000 to 48000, 6000 Hz by FFmpeg: beside it nothing' ]
