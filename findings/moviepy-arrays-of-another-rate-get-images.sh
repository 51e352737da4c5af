#!/usr/bin/env bash
# MoviePy 2.2.1: sound made at another rate than is written gets mirror images as loud as itself, and 1.0 becomes 0.99.
#
# Guess: an array is the same to a step of 16 bits after write_audiofile, and is resampled when it is written at another
# rate, such as speech at 24 kHz at write_audiofile's own 44.1 kHz.
# Seen: the nearest sample is taken, with no filter. A hiss at 8 kHz in speech of 24 kHz comes out with an image at 16
# kHz 6 dB below it, and a 3 kHz tone with one at 21 kHz, -17 dB; the other way, 15 kHz at 44.1 kHz written at 22.05
# kHz, is a tone of 7.05 kHz at its full level. with_speed_scaled does the same to a clip of a file: 1.25 times as fast,
# 10 kHz has images at 1 and 21 kHz of -15 and -20 dB. Where the rates agree all samples are right but those beyond
# 0.99, which are cut to 32440 of 32767, so that each peak of a normalised file is clipped. Write with the fps of the
# array, resample before, and leave 0.1 dB of room.
# (With FFmpeg on the path, which MoviePy writes through.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile moviepy==2.2.1 soundfile==0.14.0 numpy==2.4.6 2> "$work/log"

cat > "$work/images.py" <<'PY'
import sys
from pathlib import Path

import numpy as np
import soundfile
from moviepy import AudioFileClip
from moviepy.audio.AudioClip import AudioArrayClip

FOLDER = Path(sys.argv[1])


def tone(pitch, rate, amplitude=0.5):
    """Return a clip of one second, in two equal channels."""
    wave = amplitude * np.sin(2 * np.pi * pitch * np.arange(rate) / rate)
    return AudioArrayClip(np.stack((wave, wave), axis=1), fps=rate)


def levels(clip, rate, *pitches):
    """Return the levels of frequencies in a clip as it is written, in dB below a tone of 0.5."""
    clip.write_audiofile(FOLDER / "out.wav", fps=rate, logger=None)
    wave = soundfile.read(FOLDER / "out.wav")[0][:, 0]
    window = np.hanning(len(wave))
    turns = (np.exp(-2j * np.pi * pitch * np.arange(len(wave)) / rate) for pitch in pitches)
    amplitudes = [2 * abs(np.sum(window * wave * turn)) / window.sum() for turn in turns]
    return " ".join(f"{20 * np.log10(max(amplitude, 1e-4) / 0.5):.0f}" for amplitude in amplitudes).replace("-0", "0")


print("24 to 44.1 kHz, 8 and 16 kHz:", levels(tone(8000, 24_000), 44_100, 8000, 16_000))
print("24 to 44.1 kHz, 3 and 21 kHz:", levels(tone(3000, 24_000), 44_100, 3000, 21_000))
print("44.1 to 22.05 kHz, 15 kHz at 7.05 kHz:", levels(tone(15_000, 44_100), 22_050, 7050))
print("44.1 kHz as it is, 8 kHz:", levels(tone(8000, 44_100), 44_100, 8000))
soundfile.write(FOLDER / "in.wav", tone(8000, 44_100).to_soundarray(fps=44_100), 44_100)
clip = AudioFileClip(FOLDER / "in.wav").with_speed_scaled(1.25)
print("file 1.25 times as fast, 10, 1.025 and 21.025 kHz:", levels(clip, 44_100, 10_000, 1025, 21_025))
AudioArrayClip(np.ones((44_100, 2)) * [[1, -1]], fps=44_100).write_audiofile(FOLDER / "one.wav", logger=None)
print("1 and -1 as 16 bits:", *soundfile.read(FOLDER / "one.wav", dtype="int16")[0][100])
PY
seen=$("$work/venv/bin/python" "$work/images.py" "$work")
printf 'levels in dB:\n%s\n' "$seen"
[ "$seen" = '24 to 44.1 kHz, 8 and 16 kHz: -2 -8
24 to 44.1 kHz, 3 and 21 kHz: 0 -17
44.1 to 22.05 kHz, 15 kHz at 7.05 kHz: 0
44.1 kHz as it is, 8 kHz: 0
file 1.25 times as fast, 10, 1.025 and 21.025 kHz: -1 -15 -20
1 and -1 as 16 bits: 32440 -32440' ]
