#!/usr/bin/env bash
# lameenc 1.9.0, pedalboard 0.9.26: an MP3 file begins 1,105 samples late by its writer or by its reader.
#
# Guess: whoever encodes with LAME writes the header that says how many samples LAME has put before the sound, and
# whoever decodes takes them off, so that MP3 is gapless and aligned among today's libraries.
# Seen: lameenc returns frames without that header, so that every reader plays 49,536 samples for 48,000, the sound 23 ms
# late. FFmpeg, libsndfile and pedalboard write it, and FFmpeg, libsndfile and miniaudio use it, but pedalboard does not:
# its own MP3 comes back 23 ms late. Labels, stems and loops shift when one library of a pipeline changes; nothing fails.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet \
  av==18.1.0 lameenc==1.9.0 miniaudio==1.71 pedalboard==0.9.26 soundfile==0.14.0 numpy==2.4.6

cat > "$work/starts.py" <<'PY'
import io
from fractions import Fraction

import av
import lameenc
import miniaudio
import numpy as np
import soundfile
from pedalboard.io import AudioFile

RATE, CLICK = 48_000, 200
wave = (0.3 * np.sin(0.05 * np.arange(RATE))).astype(np.float32)
wave[:CLICK], wave[CLICK] = 0, 0.9


def write_lameenc():
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    encoder.set_bit_rate(128)
    encoder.silence()
    return bytes(encoder.encode(np.rint(wave * 32_767).astype(np.int16).tobytes()) + encoder.flush())


def write_ffmpeg():
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as target:
        stream = target.add_stream("libmp3lame", rate=RATE, layout="mono")
        fifo = av.AudioFifo()
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        fifo.write(frame)
        while (block := fifo.read(1_152, partial=True)) is not None:
            target.mux(stream.encode(block))
        target.mux(stream.encode(None))
    return file.getvalue()


def write_libsndfile():
    file = io.BytesIO()
    soundfile.write(file, wave, RATE, format="MP3")
    return file.getvalue()


def write_pedalboard():
    file = io.BytesIO()
    with AudioFile(file, "w", RATE, 1, format="mp3", quality=128) as target:
        target.write(wave)
    return file.getvalue()


def read_ffmpeg(data):
    with av.open(io.BytesIO(data)) as source:
        return np.concatenate([frame.to_ndarray()[0] for frame in source.decode(audio=0)])


def read_libsndfile(data):
    return soundfile.read(io.BytesIO(data))[0]


def read_miniaudio(data):
    return np.array(miniaudio.decode(data, miniaudio.SampleFormat.FLOAT32, nchannels=1, sample_rate=RATE).samples)


def read_pedalboard(data):
    with AudioFile(io.BytesIO(data)) as source:
        return source.read(source.frames)[0]


for write in (write_lameenc, write_ffmpeg, write_libsndfile, write_pedalboard):
    data = write()
    late = []
    for read in (read_ffmpeg, read_libsndfile, read_miniaudio, read_pedalboard):
        decoded = read(data)
        late.append(f"{np.abs(decoded[:3_000]).argmax() - CLICK}:{len(decoded)}")
    print(write.__name__.removeprefix("write_"), *late)
PY
seen=$("$work/venv/bin/python" "$work/starts.py")
printf 'samples late and samples in all, read by FFmpeg, libsndfile, miniaudio, pedalboard:\n%s\n' "$seen"
late=1105:49536 right=0:48000
[ "$seen" = "lameenc $late $late $late $late
ffmpeg $right $right $right $late
libsndfile $right $right $right $late
pedalboard $right $right $right $late" ]
