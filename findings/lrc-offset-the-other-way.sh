#!/usr/bin/env bash
# pylrc 0.1.2, lrc-kit 1.2.1, FFmpeg in PyAV 18.1.0: offset +500 of LRC is 500 ms late in two and 0.5 ms early in one.
#
# Guess: with [offset:+500] lyrics come 500 ms sooner in each reader, as the format has it: milliseconds, plus is
# sooner.
# Seen: of a line at 10.5 s none of the three makes 10 s. pylrc and the Runner of lrc-kit add the half second: 11 s, one
# second after what the author set. FFmpeg subtracts, but takes the number for millionths of a second, 10.4995 s, and
# drops the tag, so that a copy in another format has lost the correction. A file with a correction is twice as wrong in
# pylrc's SRT as without it. Before LRC is a reference for alignment, apply the offset to the times and remove it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pylrc==0.1.2 av==18.1.0 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" lrc-kit@1.2.1 > "$work/log"

cat > "$work/read.py" <<'PY'
import sys

import av
import pylrc

with open(sys.argv[1]) as file:
    print("pylrc", *(f"{line.time:.4f}" for line in pylrc.parse(file.read())))
with av.open(sys.argv[1]) as container:
    times = [float(packet.pts * packet.time_base) for packet in container.demux() if packet.pts is not None]
    print("FFmpeg", *(f"{time:.4f}" for time in times), "offset" in container.metadata)
PY
cat > "$work/read.mjs" <<'JS'
import { readFileSync } from "node:fs";
import { Lrc, Runner } from "lrc-kit";
const runner = new Runner(Lrc.parse(readFileSync(process.argv[2], "utf8")));
const times = [12, 20].map((now) => {
  runner.timeUpdate(now);
  return runner.curLyric().timestamp.toFixed(4);
});
console.log("lrc-kit", ...times);
JS
for offset in +500 -500; do
  printf '[offset:%s]\n[00:10.50]one\n[00:16.00]two\n' "$offset" > "$work/$offset.lrc"
  echo "$offset"
  "$work/venv/bin/python" "$work/read.py" "$work/$offset.lrc"
  node "$work/read.mjs" "$work/$offset.lrc"
done > "$work/seen"
printf 'times of lines at 10.5 and 16 s (FFmpeg: whether the tag is kept):\n%s\n' "$(cat "$work/seen")"
[ "$(cat "$work/seen")" = '+500
pylrc 11.0000 16.5000
FFmpeg 10.4995 15.9995 False
lrc-kit 11.0000 16.5000
-500
pylrc 10.0000 15.5000
FFmpeg 10.5005 16.0005 False
lrc-kit 10.0000 15.5000' ]
