#!/usr/bin/env bash
# sbc-tools 2.0: the AU file of sbcdec says that it has no sound; libsndfile believes it, FFmpeg and SoX do not.
#
# Guess: what is encoded and decoded is as long as before, to a frame, and readers read such a file to its end.
# Seen: the length is 0 in front of 88,064 bytes of sound. soundfile 0.14.0 gives 0 samples, without an error, as what
# reads through libsndfile does; FFmpeg and SoX read 44,032 samples. sbcdec knows the length when it is done and never
# goes back to the header. A batch of Bluetooth recordings becomes empty clips in a data set. Write the bytes 8 to 11
# anew, which is enough for libsndfile, or decode with FFmpeg.
# (Debian's packages; FFmpeg and SoX on the path.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet sbc-tools=2.0-1 libsbc1=2.0-1 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

cat > "$work/lengths.py" <<'PY'
import os
import struct
import subprocess
import sys

import numpy as np
import soundfile

os.chdir(sys.argv[1])
environment = {**os.environ, "LD_LIBRARY_PATH": os.path.abspath("root/usr/lib/x86_64-linux-gnu")}
wave = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(44_100) / 44_100)
soundfile.write("in.au", wave, 44_100, format="AU", subtype="PCM_16", endian="BIG")
with open("sound.sbc", "wb") as file:
    subprocess.run(["root/usr/bin/sbcenc", "in.au"], check=True, env=environment, stdout=file, timeout=30)
command = ["root/usr/bin/sbcdec", "-f", "out.au", "sound.sbc"]
subprocess.run(command, check=True, env=environment, timeout=30)
with open("out.au", "rb") as file:
    data = file.read()
start, length = struct.unpack(">4xII", data[:12])
print(f"header: {length} bytes, file: {len(data) - start} bytes")
print("soundfile:", len(soundfile.read("out.au")[0]))
readers = {
    "FFmpeg": ["ffmpeg", "-loglevel", "error", "-i", "out.au", "-f", "s16le", "-"],
    "SoX": ["sox", "out.au", "-t", "raw", "-"],
}
for name, reader in readers.items():
    print(f"{name}:", len(subprocess.run(reader, check=True, capture_output=True, timeout=30).stdout) // 2)
with open("out.au", "wb") as file:
    file.write(data[:8] + struct.pack(">I", len(data) - start) + data[12:])
print("soundfile, with the length put right:", len(soundfile.read("out.au")[0]))
PY
seen=$("$work/venv/bin/python" "$work/lengths.py" "$work")
printf 'samples of one second of SBC:\n%s\n' "$seen"
[ "$seen" = 'header: 0 bytes, file: 88064 bytes
soundfile: 0
FFmpeg: 44032
SoX: 44032
soundfile, with the length put right: 44032' ]
