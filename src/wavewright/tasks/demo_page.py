"""The page of a demo: one HTML file with players, pictures of the sounds and the credits of the models."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape

import numpy as np

from ..clip import Clip
from ..models.card import Card
from .picture import envelope_path, spectrogram_png

GENERATOR = '<meta name="generator" content="Wavewright demo">'
"""In the head of every page that is written here."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c1a24; --soft: #5d5a68; --paper: #faf8f4; --card: #fff; --line: #e2ddd3; --accent: #a8431f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f1eee8; --soft: #aaa5b3; --paper: #16141c; --card: #201d28; --line: #35313f; --accent: #ff9d6f; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main, header, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 3rem; }
h1 { font-size: clamp(1.9rem, 5vw, 2.7rem); line-height: 1.15; letter-spacing: -.02em; margin: 0 0 .6rem; }
h2 { margin: 2.4rem 0 .2rem; }
h3 { margin: 0; font-size: 1.05rem; }
h3::first-letter { text-transform: uppercase; }
p { max-width: 46rem; margin: .4rem 0; }
a { color: inherit; }
code { font-size: .82rem; color: var(--soft); overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem 1rem; margin: 2rem 0 .7rem; }
.row { display: grid; gap: .8rem; padding: 0; margin: 0; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(max(8rem, (100% - (var(--pads) - 1) * .8rem) / var(--pads)), 1fr)); }
@media (max-width: 40rem) { .row { grid-template-columns: 1fr 1fr; } }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .7rem; overflow: hidden; }
figure.playing { border-color: var(--accent); box-shadow: 0 0 0 2px var(--accent); }
button { font: inherit; color: inherit; cursor: pointer; }
button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; }
.pad { position: relative; display: block; width: 100%; padding: 0; border: 0; background: none; }
.pad img { display: block; width: 100%; height: 7rem; }
.pad svg { display: block; width: 100%; height: 3rem; fill: var(--accent); }
.pad span { position: absolute; inset: 0 auto 0 0; width: 2px; background: var(--accent); visibility: hidden; }
figcaption { display: flex; justify-content: space-between; gap: .5rem; padding: .4rem .8rem .5rem; font-size: .85rem; }
.all { border: 1px solid var(--line); border-radius: 2rem; background: var(--card); padding: .15rem .9rem; font-size: .85rem; }
.all:hover, figure:hover { border-color: var(--accent); }
audio { display: block; width: calc(100% - 1rem); height: 2.4rem; margin: 0 .5rem .5rem; }
.scripted audio, html:not(.scripted) .all { display: none; }
footer { margin-top: 3rem; padding-bottom: 3rem; font-size: .9rem; }
footer h2 { border-top: 1px solid var(--line); padding-top: 1.5rem; }
"""

SCRIPT = """
document.documentElement.classList.add("scripted");
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
function play(figure) {
  const player = figure.querySelector("audio"), head = figure.querySelector(".pad span");
  player.currentTime = 0;
  player.play();
  figure.classList.add("playing");
  if (!still) head.animate([{ left: "0", visibility: "visible" }, { left: "100%", visibility: "visible" }], 1000 * head.dataset.seconds);
  return new Promise(done => {
    for (const end of ["ended", "error"])
      player.addEventListener(end, () => { figure.classList.remove("playing"); done(); }, { once: true });
  });
}
for (const pad of document.querySelectorAll(".pad")) pad.addEventListener("click", () => play(pad.closest("figure")));
for (const all of document.querySelectorAll(".all"))
  all.addEventListener("click", async () => {
    all.disabled = true;
    for (const figure of all.closest("section").querySelectorAll("figure")) await play(figure);
    all.disabled = false;
  });
"""


@dataclass(frozen=True)
class Player:
    """One sound of the page: its file relative to the page, a name, and the sound itself for its pictures."""

    file: str
    name: str
    clip: Clip


@dataclass(frozen=True)
class Row:
    """Sounds that belong together, under a title, and the command that makes them."""

    title: str
    command: str
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
{GENERATOR}
<title>Sounds by Wavewright</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>Sounds that were never recorded</h1>
<p>Each of them was made on this machine a moment ago, from a seed. Press a picture to hear it.</p>
<p class="soft">Above is the spectrogram: time runs to the right, pitch upwards, brighter is louder. Below it is the wave.</p>
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
    described = escape(card.description or f"A {card.family} at {card.sample_rate} Hz.")
    return f"""<h2>{escape(card.name)}</h2>
<p>{described} <span class="soft">Weights {chapter.model_hash}.</span></p>
""" + "\n".join(map(_row, chapter.rows))


def _row(row: Row) -> str:
    title = escape(row.title, quote=True)
    figures = "\n".join(f"<li>{_figure(player)}</li>" for player in row.players)
    return f"""<section aria-label="{title}">
<div class="title"><h3>{title}</h3><button type="button" class="all" aria-label="Play all: {title}">Play all</button>
<code>{escape(row.command)}</code></div>
<ul class="row" style="--pads: {len(row.players)}">{figures}</ul>
</section>"""


def _figure(player: Player) -> str:
    mono = np.asarray(player.clip.wave, dtype=np.float32).mean(axis=0)
    picture = b64encode(spectrogram_png(mono, player.clip.sample_rate)).decode()
    name, file = escape(player.name, quote=True), escape(player.file, quote=True)
    file_name = escape(player.file.rsplit("/", 1)[-1], quote=True)
    return f"""<figure>
<button type="button" class="pad" aria-label="Play {name}">
<img src="data:image/png;base64,{picture}" alt="">
<svg viewBox="0 -1 2 2" preserveAspectRatio="none" aria-hidden="true"><path d="{envelope_path(mono)}"/></svg>
<span data-seconds="{player.clip.seconds:.3f}"></span>
</button>
<figcaption>{name} <a href="{file}" download title="{file_name}" aria-label="Save {file_name}">wav</a></figcaption>
<audio controls preload="none" src="{file}" aria-label="{name}"></audio>
</figure>"""


def _credits(card: Card) -> str:
    sources = "".join(
        f"<li>{escape(source.name)}: {source.n_clips} clips, {escape(source.licence)}"
        + (f", {escape(source.credit)}" if source.credit else "")
        + (f" <span class='soft'>({escape(source.origin)})</span>" if source.origin else "")
        + "</li>"
        for source in card.sources
    )
    learned = f" Learned from:</p>\n<ul>{sources}</ul>" if sources else "</p>"
    return f"<p><strong>{escape(card.name)}</strong>, licence {escape(card.licence)}.{learned}"
