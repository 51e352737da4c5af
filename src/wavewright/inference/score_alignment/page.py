"""A page that plays a recording and follows its score: a piano roll with bars and a moving line."""

from __future__ import annotations

import base64
import json
from html import escape

from ...audio.clip import Clip

TEMPLATE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>@TITLE@</title>
<style>
body { font: 16px system-ui, sans-serif; margin: 1rem; color-scheme: light dark }
audio, canvas { width: 100%; display: block } canvas { height: 60vh; margin-top: 1rem; cursor: pointer }
</style>
<h1>@TITLE@</h1>
<audio id="sound" controls src="data:audio/ogg;base64,@SOUND@"></audio>
<p id="bar" role="status">Bar</p>
<canvas id="roll" role="img" aria-label="Notes of the score at the times at which they are played"></canvas>
<script>
const { notes, bars } = @DATA@;
const sound = document.getElementById("sound"), roll = document.getElementById("roll");
const SHOWN = 10, low = Math.min(...notes.map(n => n[2])) - 1, high = Math.max(...notes.map(n => n[2])) + 1;
function draw() {
  const scale = devicePixelRatio, width = roll.width = roll.clientWidth * scale;
  const height = roll.height = roll.clientHeight * scale, now = sound.currentTime, first = now - SHOWN / 3;
  const x = t => (t - first) / SHOWN * width, y = p => height * (1 - (p - low) / (high - low));
  const context = roll.getContext("2d");
  context.fillStyle = "#8885";
  for (const [, time] of bars) context.fillRect(x(time), 0, scale, height);
  for (const [start, end, pitch] of notes) {
    if (end < first || start > first + SHOWN) continue;
    context.fillStyle = start <= now && now < end ? "#d60" : "#07a";
    context.fillRect(x(start), y(pitch + 0.9), Math.max(2, x(end) - x(start) - scale), 0.8 * (y(pitch) - y(pitch + 1)));
  }
  context.fillStyle = "#d60";
  context.fillRect(x(now), 0, 2 * scale, height);
  const bar = bars.filter(([, time]) => time <= now).pop();
  document.getElementById("bar").textContent = bar ? `Bar ${bar[0]}` : "Before the first bar";
  requestAnimationFrame(draw);
}
roll.addEventListener("click", event => {
  sound.currentTime += (event.offsetX / roll.clientWidth - 1 / 3) * SHOWN;
});
draw();
</script>
</html>
"""


def follow_page(
    recording: Clip, title: str, notes: list[tuple[float, float, int]], bars: list[tuple[int, float]]
) -> str:
    """Return the page, which needs no other file.

    - ``notes``: start and end in seconds, and pitch.
    - ``bars``: number and start in seconds.
    """
    data = {
        "notes": [[round(start, 3), round(end, 3), pitch] for start, end, pitch in notes],
        "bars": [[number, round(time, 3)] for number, time in bars],
    }
    sound = base64.b64encode(recording.to_bytes("ogg")).decode("ascii")
    page = TEMPLATE.replace("@TITLE@", escape(title)).replace("@DATA@", json.dumps(data))
    return page.replace("@SOUND@", sound)
