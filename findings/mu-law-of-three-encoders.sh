#!/usr/bin/env bash
# FFmpeg in PyAV 18.1.0, libsndfile 1.2.2 in soundfile 0.13.1, g711 1.6.5: three encoders of G.711 give other bytes.
#
# Guess: mu-law and A-law are tables of a standard, so that each of the 65,536 values of 16 bits gets the same code.
# Seen: libsndfile and g711 differ in 127 values, FFmpeg differs from both in 850 to 964, in both laws, by one step of
# the code: thresholds between two steps lie elsewhere. The decoders agree. Files that are compared byte by byte, or by
# a hash, must come from one encoder; sounds differ by half a step at the thresholds alone.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 soundfile==0.13.1 g711==1.6.5 numpy==2.4.6 2> "$work/log"
cat > "$work/codes.py" <<'PY'
import io

import av
import g711
import numpy as np
import soundfile

values = np.arange(-32_768, 32_768).astype(np.int16)


def by_ffmpeg(name):
    encoder = av.CodecContext.create(name, "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8_000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(values[None], format="s16", layout="mono")
    frame.sample_rate = 8_000
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    return np.frombuffer(b"".join(bytes(packet) for packet in packets), np.uint8)


def by_libsndfile(subtype):
    sink = io.BytesIO()
    soundfile.write(sink, values, 8_000, format="RAW", subtype=subtype)
    return np.frombuffer(sink.getvalue(), np.uint8)


waves = (values / 32_768).astype(np.float32)
for law, encode in (("mu", g711.encode_ulaw), ("a", g711.encode_alaw)):
    codes = [by_ffmpeg(f"pcm_{law}law"), by_libsndfile("ULAW" if law == "mu" else "ALAW")]
    codes.append(np.frombuffer(bytes(encode(waves)), np.uint8))
    pairs = [(codes[0] != codes[1]).sum(), (codes[0] != codes[2]).sum(), (codes[1] != codes[2]).sum()]
    print(law, *pairs)
PY
"$work/venv/bin/python" "$work/codes.py" > "$work/seen"
printf 'values with other codes: FFmpeg and libsndfile, FFmpeg and g711, libsndfile and g711:\n%s\n' "$(cat "$work/seen")"
[ "$(cat "$work/seen")" = 'mu 851 964 127
a 849 964 127' ]
