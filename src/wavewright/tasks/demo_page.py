"""The page of a demo: one HTML file with players, pictures of the sounds and the credits of the models."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape

import numpy as np

from ..clip import Clip
from ..models.card import Card
from .picture import envelope_path, spectrogram_png

STYLE = """
:root { color-scheme: light dark; --ink: #1c1a24; --soft: #5d5a68; --paper: #faf8f4; --card: #fff; --line: #e2ddd3; --accent: #a8431f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f1eee8; --soft: #aaa5b3; --paper: #16141c; --card: #201d28; --line: #35313f; --accent: #ff9d6f; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main, header, footer { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 2.2rem; line-height: 1.15; margin: 1.5rem 0 .4rem; }
h2 { margin: 2rem 0 .2rem; }
h3 { margin: 1.8rem 0 .6rem; font-size: 1.05rem; color: var(--accent); text-transform: capitalize; }
p, li { max-width: 46rem; } .soft { color: var(--soft); }
.row { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; padding: 0; margin: 0; list-style: none; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .7rem; overflow: hidden; }
figure.playing { border-color: var(--accent); box-shadow: 0 0 0 2px var(--accent); }
figure img { display: block; width: 100%; height: 7rem; image-rendering: auto; }
figure svg { display: block; width: 100%; height: 3rem; fill: var(--accent); }
figcaption { padding: .5rem .8rem 0; font-size: .85rem; overflow-wrap: anywhere; }
audio { display: block; width: calc(100% - 1rem); height: 2.4rem; margin: .5rem; }
footer { border-top: 1px solid var(--line); margin-top: 3rem; font-size: .9rem; }
"""

SCRIPT = """
const players = [...document.querySelectorAll("audio")];
for (const player of players) {
  const figure = player.closest("figure");
  player.addEventListener("play", () => {
    figure.classList.add("playing");
    for (const other of players) if (other !== player) other.pause();
  });
  for (const end of ["pause", "ended"]) player.addEventListener(end, () => figure.classList.remove("playing"));
  for (const picture of figure.querySelectorAll("img, svg"))
    picture.addEventListener("click", () => { player.currentTime = 0; player.play(); });
}
"""


@dataclass(frozen=True)
class Player:
    """One sound of the page: its file relative to the page, a name, and the sound itself for its pictures."""

    file: str
    name: str
    clip: Clip


@dataclass(frozen=True)
class Row:
    """Sounds that belong together, under a title."""

    title: str
    players: list[Player]


@dataclass(frozen=True)
class Chapter:
    """The sounds and the credits of one model."""

    card: Card
    model_hash: str
    rows: list[Row]


def page(chapters: list[Chapter]) -> str:
    """The whole page as HTML; it loads nothing but the sound files beside it."""
    body = "\n".join(_chapter(chapter) for chapter in chapters)
    credits = "\n".join(_credits(chapter.card) for chapter in chapters)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wavewright: sounds of the bundled models</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>Sounds that were never recorded</h1>
<p class="soft">Each of them was made on this machine a moment ago, from a seed. Press play, or click a picture. Above, the
spectrogram: time runs to the right, pitch upwards, brighter is louder; below it the wave.</p>
</header>
<main>
{body}
</main>
<footer>
<h2>Credits and licences</h2>
{credits}
</footer>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _chapter(chapter: Chapter) -> str:
    card = chapter.card
    rows = "\n".join(f'<h3>{escape(row.title)}</h3>\n<ul class="row">{_figures(row)}</ul>' for row in chapter.rows)
    described = escape(card.description or f"A {card.family} at {card.sample_rate} Hz.")
    make = escape(f"wavewright generate {card.name}")
    return f"""<section>
<h2>{escape(card.name)}</h2>
<p>{described} <span class="soft">Weights {chapter.model_hash}. More of them: <code>{make}</code>.</span></p>
{rows}
</section>"""


def _figures(row: Row) -> str:
    return "\n".join(f"<li>{_figure(player)}</li>" for player in row.players)


def _figure(player: Player) -> str:
    mono = np.asarray(player.clip.wave, dtype=np.float32).mean(axis=0)
    picture = b64encode(spectrogram_png(mono, player.clip.sample_rate)).decode()
    name, file = escape(player.name, quote=True), escape(player.file, quote=True)
    return f"""<figure>
<img src="data:image/png;base64,{picture}" alt="Spectrogram of {name}">
<svg viewBox="0 -1 2 2" preserveAspectRatio="none" role="img" aria-label="Wave of {name}"><path d="{envelope_path(mono)}"/></svg>
<figcaption>{escape(player.file.rsplit("/", 1)[-1])}</figcaption>
<audio controls preload="none" src="{file}" aria-label="Play {name}"></audio>
</figure>"""


def _credits(card: Card) -> str:
    sources = "".join(
        f"<li>{escape(source.name)}: {source.n_clips} clips, {escape(source.licence)}"
        + (f", {escape(source.credit)}" if source.credit else "")
        + (f" <span class='soft'>({escape(source.origin)})</span>" if source.origin else "")
        + "</li>"
        for source in card.sources
    )
    return f"<p><strong>{escape(card.name)}</strong>, licence {escape(card.licence)}. Learned from:</p>\n<ul>{sources}</ul>"
