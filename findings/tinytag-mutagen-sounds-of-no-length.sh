#!/usr/bin/env bash
# tinytag 2.3.2 and mutagen 1.48.1: a length of 0 s or of 13.5 hours for ordinary sounds of 10 s, without an error.
#
# Guess: of ten seconds in common formats by FFmpeg both say 10 s or that the format is unknown; only MP3 of a variable
# rate without a header may be wrong.
# Seen: tinytag says 0.43 s of raw AAC (ADTS) and 0.00 s of FLAC in Ogg, which mutagen reads rightly; mutagen says 0.00
# s of WAV with MS or IMA ADPCM or with MP3, which tinytag reads rightly. Both say 0.00 s of fragmented MP4 and of a
# FLAC that was written to a pipe, and 48,696 s of a WAV from a pipe, whose size in the header is unknown. Playlists,
# players and data sets that drop files by their length lose these, or wait for hours. No value is marked as a guess.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tinytag==2.3.2 mutagen==1.48.1 imageio-ffmpeg==0.6.0

cat > "$work/lengths.py" <<'PY'
import subprocess
from pathlib import Path

import imageio_ffmpeg
import mutagen
from tinytag import TinyTag

FILES = {
    "pcm.wav": [],
    "ms.wav": ["-c:a", "adpcm_ms"],
    "ima.wav": ["-c:a", "adpcm_ima_wav"],
    "mp3.wav": ["-c:a", "libmp3lame"],
    "adts.aac": [],
    "flac.ogg": ["-c:a", "flac"],
    "fragments.m4a": ["-movflags", "+frag_keyframe+empty_moov"],
    "pipe.flac": ["-f", "flac", "-"],
    "pipe.wav": ["-f", "wav", "-"],
}
for name, options in FILES.items():
    target = [] if "-" in options else [name]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "sine=f=440:d=10:r=44100"]
    out = subprocess.run([*command, *options, *target], capture_output=True, check=True).stdout
    if not target:
        Path(name).write_bytes(out)
    print(f"{name} {TinyTag.get(name).duration:.2f} {mutagen.File(name).info.length:.2f}")
PY
seen=$(cd "$work" && venv/bin/python lengths.py)
printf 'seconds by tinytag and by mutagen:\n%s\n' "$seen"
[ "$seen" = 'pcm.wav 10.00 10.00
ms.wav 10.00 0.00
ima.wav 10.00 0.00
mp3.wav 10.03 0.00
adts.aac 0.43 9.97
flac.ogg 0.00 10.00
fragments.m4a 0.00 0.00
pipe.flac 0.00 0.00
pipe.wav 48695.77 48695.77' ]
