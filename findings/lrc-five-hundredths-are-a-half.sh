#!/usr/bin/env bash
# lrc-file-parser 2.4.2, lrc-kit 1.2.1, subsrt-ts 2.1.2: a line of LRC at 18.05 s is read or written as 18.50.
#
# Guess: the digits after the point are a decimal fraction for each reader, whether two or three are written, and a
# writer gives back the time that was read.
# Seen: in a file of hundredths, the usual kind, lrc-file-parser drops the zero of .05 and reads 18.5 s, so that each
# tenth line is up to 0.8 s late; with one line of thousandths in the file all hundredths are milliseconds, 10.50 is
# 10.05. lrc-kit reads them right and writes 18.05 as 18.50, which is then wrong for everyone. subsrt-ts reads
# thousandths as so many hundredths: 10.500 is 15 s and 18.050 is 18.5. In a file of hundredths only .01 to .09 are
# moved, so that a look at some lines finds nothing: test with 18.05 and 18.050. Highlighted words that come late now
# and then have this cause.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" lrc-file-parser@2.4.2 subsrt-ts@2.1.2 lrc-kit@1.2.1 > "$work/log"

cat > "$work/read.mjs" <<'JS'
import { Lrc } from "lrc-kit";
import Lyric from "lrc-file-parser";
import subsrt from "subsrt-ts";
const files = { hundredths: ["10.50", "16.00", "18.05"], thousandths: ["10.500", "16.000", "18.050"], both: ["10.50", "16.000"] };
for (const [name, times] of Object.entries(files)) {
  const text = times.map((time) => `[00:${time}]la\n`).join("");
  let lines;
  const player = new Lyric({ onSetLyric: (each) => { lines = each; } });
  player.setLyric(text, []);
  const captions = subsrt.parse(text, { format: "lrc" }).filter((each) => each.type === "caption");
  const lrc = Lrc.parse(text);
  const again = Lrc.parse(lrc.toString());
  console.log(`${name}: lrc-file-parser`, ...lines.map((line) => line.time / 1000), "| subsrt-ts",
    ...captions.map((each) => each.start / 1000), "| lrc-kit", ...lrc.lyrics.map((line) => line.timestamp),
    "| written", ...again.lyrics.map((line) => line.timestamp));
}
JS
seen=$(node "$work/read.mjs")
printf 'lines at 10.5, 16 and 18.05 s:\n%s\n' "$seen"
[ "$seen" = 'hundredths: lrc-file-parser 10.5 16 18.5 | subsrt-ts 10.5 16 18.05 | lrc-kit 10.5 16 18.05 | written 10.5 16 18.5
thousandths: lrc-file-parser 10.5 16 18.05 | subsrt-ts 15 16 18.5 | lrc-kit 10.5 16 18.05 | written 10.5 16 18.5
both: lrc-file-parser 10.05 16 | subsrt-ts 10.5 16 | lrc-kit 10.5 16 | written 10.5 16' ]
