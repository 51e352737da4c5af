#!/usr/bin/env bash
# FFmpeg 7.0.2 (imageio-ffmpeg 0.6.0): in WebVTT it writes "5 < 7 & up" bare, so that readers see the 5 alone.
#
# Guess: < and & of a subtitle are written as &lt; and &amp; in WebVTT, where a bare < begins a tag, as TTML has them.
# Seen: both are written bare, also from a WebVTT file that had them right. FFmpeg itself reads "if 5" and nothing more
# from its file, and so does media-captions 1.0.4, the reader of a web player: after "<" all is a tag up to the next
# ">", as the specification has it. Formulas, arrows ("<-"), hearts ("<3") and what follows them in the line vanish from
# the screen, with no warning. In the TTML file of the same subtitles they are escaped.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" media-captions@1.0.4 > "$work/log"

cat > "$work/lines.py" <<'PY'
import os
import subprocess
import sys

import imageio_ffmpeg

os.chdir(sys.argv[1])
NAMES = {
    "in.srt": "1\n00:00:01,000 --> 00:00:02,000\nif 5 < 7 & up\n\n",
    "in.vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\nif 5 &lt; 7 &amp; up\n\n",
}


def converted(source, target):
    """Return the line of text of a subtitle after FFmpeg's conversion."""
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-i", source, target], check=True)
    with open(target) as file:
        return next(line.strip() for line in file if "if " in line)


for name, text in NAMES.items():
    with open(name, "w") as file:
        file.write(text)
    print(f"{name} as WebVTT: {converted(name, 'out.vtt')}")
    print(f"{name} as WebVTT, read again as SRT: {converted('out.vtt', 'out.srt')}")
    print(f"{name} as TTML: {converted(name, 'out.ttml').split('>')[-3].split('</')[0]}")
PY
cat > "$work/read.mjs" <<'JS'
import fs from "node:fs";
import { parseText, tokenizeVTTCue } from "media-captions";
globalThis.window = globalThis; // it is written for browsers
globalThis.VTTCue ??= class {};
const { cues } = await parseText(fs.readFileSync("out.vtt", "utf8"), { type: "vtt" });
const text = (tokens) => tokens.map((token) => token.data ?? text(token.children)).join("");
console.log(`by media-captions: ${cues.map((cue) => text(tokenizeVTTCue(cue)))}`);
JS
seen=$("$work/venv/bin/python" "$work/lines.py" "$work" && cd "$work" && node read.mjs)
printf 'a line of a subtitle:\n%s\n' "$seen"
[ "$seen" = 'in.srt as WebVTT: if 5 < 7 & up
in.srt as WebVTT, read again as SRT: if 5
in.srt as TTML: if 5 &lt; 7 &amp; up
in.vtt as WebVTT: if 5 < 7 & up
in.vtt as WebVTT, read again as SRT: if 5
in.vtt as TTML: if 5 &lt; 7 &amp; up
by media-captions: if 5 ' ]
