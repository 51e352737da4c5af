#!/usr/bin/env bash
# audiolab 0.5.2: load_audio(dtype=np.int16) of a WAV of floats is all zeros; as "int16", or of an MP3, it is the sound.
#
# Guess: np.int16 gives samples of 16 bits of each file, a peak of 0.5 as 16,384, and floats above 1 stay above 1.
# Seen: a WAV of 32 or 64 bits of floats gives zeros alone, for np.int16 and np.int32, in the right length and with no
# error; a peak above 1 gives a few values of 1. The same call is right for WAV of integers, FLAC, MP3, AAC and Opus,
# for np.uint8, and for the string "int16" in place of the type, which takes another way. Asked for its floats, a WAV
# with a peak of 1.5 comes back clipped at 1.0, with sample_rate it is clipped before it is resampled: the headroom that
# such files are made for is lost. Writers of floats are common: it is the default of audiolab's own save_audio().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet audiolab==0.5.2 av==18.1.0 soundfile==0.14.0 imageio-ffmpeg==0.6.0 numpy==2.4.6 \
  2> "$work/log"

cat > "$work/peaks.py" <<'PY'
import subprocess

import audiolab
import imageio_ffmpeg
import numpy as np
import soundfile

tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
for name in ("FLOAT", "DOUBLE", "PCM_16", "PCM_24"):
    soundfile.write(f"{name}.wav", tone, 44_100, subtype=name)
audiolab.save_audio("own.wav", tone.astype(np.float32)[np.newaxis], 44_100)
soundfile.write("loud.wav", 3 * tone, 44_100, subtype="FLOAT")
for name in ("tone.flac", "tone.mp3"):
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-v", "error", "-i", "PCM_16.wav", "-b:a", "320k", name], check=True)


def peak(name, **options):
    """Return the highest magnitude that is loaded from a file."""
    return np.abs(audiolab.load_audio(name, **options)[0].astype(float)).max()


for name in ("FLOAT.wav", "DOUBLE.wav", "own.wav", "PCM_16.wav", "PCM_24.wav", "tone.flac", "tone.mp3"):
    peaks = [peak(name, dtype=kind) for kind in (np.int16, "int16", np.int32, np.float32)]
    print(name, " ".join(f"{each / scale:.1f}" for each, scale in zip(peaks, (2**15, 2**15, 2**31, 1), strict=True)))
print("1.5:", f"{peak('loud.wav'):.1f} {peak('loud.wav', dtype=np.float32):.1f} {peak('loud.wav', dtype=np.int16):.0f}")
print("by soundfile:", f"{np.abs(soundfile.read('loud.wav')[0]).max():.1f}")
PY
seen=$(cd "$work" && venv/bin/python peaks.py)
printf 'peaks of a tone of 0.5 as np.int16, "int16", np.int32 and np.float32, parts of full scale:\n%s\n' "$seen"
[ "$seen" = 'FLOAT.wav 0.0 0.5 0.0 0.5
DOUBLE.wav 0.0 0.5 0.0 0.5
own.wav 0.0 0.5 0.0 0.5
PCM_16.wav 0.5 0.5 0.5 0.5
PCM_24.wav 0.5 0.5 0.5 0.5
tone.flac 0.5 0.5 0.5 0.5
tone.mp3 0.5 0.5 0.5 0.5
1.5: 1.0 1.0 1
by soundfile: 1.5' ]
