"""The page of a demo: one HTML file with players, pictures of the sounds and the credits of the models."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape

import numpy as np

from ..clip import Clip
from ..drawing.thumbnails import envelope_path, spectrogram_png
from ..models.card import Card

GENERATOR = '<meta name="generator" content="Wavewright demo">'
"""In the head of every page that is written here."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c1a24; --soft: #5d5a68; --paper: #faf8f4; --card: #fff; --line: #e2ddd3; --accent: #a8431f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f1eee8; --soft: #aaa5b3; --paper: #16141c; --card: #201d28; --line: #35313f; --accent: #ff9d6f; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main, header, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2.5rem; }
h1 { font-size: clamp(1.7rem, 5vw, 2.7rem); line-height: 1.15; letter-spacing: -.02em; margin: 0 0 .6rem; }
h2, h3 { margin: 0; }
h2 { display: inline; font-size: 1.35rem; }
h3 { font-size: 1.05rem; }
h3::first-letter { text-transform: uppercase; }
p { max-width: 46rem; margin: .4rem 0; }
a { color: inherit; }
code { font-size: .82rem; color: var(--soft); overflow-wrap: anywhere; }
.soft { color: var(--soft); }
nav { position: sticky; top: 0; z-index: 1; background: var(--paper); border-bottom: 1px solid var(--line); margin-top: 1rem; }
nav div { display: flex; gap: .4rem; max-width: 76rem; margin: 0 auto; padding: .5rem 1.5rem; overflow-x: auto; }
nav a { flex: none; padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--card);
  font-size: .9rem; text-decoration: none; }
nav a:hover { border-color: var(--accent); }
details.model { border-bottom: 1px solid var(--line); padding: 1.1rem 0; }
summary { cursor: pointer; padding: .2rem 0; }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem 1rem; margin: 1.4rem 0 .7rem; }
.row { display: grid; gap: .8rem; padding: 0; margin: 0; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(max(8rem, (100% - (var(--pads) - 1) * .8rem) / var(--pads)), 1fr)); }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .7rem; overflow: hidden; }
figure.playing { border-color: var(--accent); box-shadow: 0 0 0 2px var(--accent); }
button { font: inherit; color: inherit; cursor: pointer; }
button:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; }
.pad { position: relative; display: block; width: 100%; padding: 0; border: 0; background: none; }
.pad img { display: block; width: 100%; height: 7rem; }
.pad svg { display: block; width: 100%; height: 3rem; fill: var(--accent); }
.pad span { position: absolute; inset: 0 auto 0 0; width: 2px; background: var(--accent); visibility: hidden; }
.pad::after { content: "\\25B6"; position: absolute; top: .4rem; left: .4rem; width: 1.7rem; height: 1.7rem; border-radius: 50%;
  background: var(--card); color: var(--accent); font-size: .8rem; line-height: 1.7rem; text-align: center; }
.playing .pad::after { content: "\\25A0"; }
html:not(.scripted) .pad::after { display: none; }
figcaption { padding: .4rem .8rem .5rem; font-size: .85rem; }
figcaption div { display: flex; justify-content: space-between; gap: .5rem; }
figcaption q { display: block; margin-top: .2rem; color: var(--soft); }
.all { border: 1px solid var(--line); border-radius: 2rem; background: var(--card); padding: .15rem .9rem; font-size: .85rem; }
.all:hover, figure:hover { border-color: var(--accent); }
audio { display: block; width: calc(100% - 1rem); height: 2.4rem; margin: 0 .5rem .5rem; }
.scripted audio, html:not(.scripted) .all { display: none; }
footer { margin-top: 2rem; padding-bottom: 3rem; font-size: .9rem; }
footer h2 { display: block; margin-bottom: .6rem; }
footer ul { padding-left: 1.2rem; }
@media (max-width: 40rem) {
  main, header, footer, nav div { padding-left: 1rem; padding-right: 1rem; }
  header { padding-top: 1.5rem; }
  .row { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .row.texts { grid-template-columns: 1fr; }
  .pad img { height: 4.5rem; }
  .pad svg { height: 2rem; }
}
"""

SCRIPT = """
document.documentElement.classList.add("scripted");
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
let current = null;
function named(button, word) {
  button.setAttribute("aria-label", button.getAttribute("aria-label").replace(/^(Play all|Play|Stop)/, word));
}
function stop(atEnd) {
  if (!current) return;
  const { figure, player, line, done } = current;
  current = null;
  player.pause();
  if (line) line.cancel();
  figure.classList.remove("playing");
  named(figure.querySelector(".pad"), "Play");
  done(atEnd === true);
}
function play(figure) {
  stop();
  const player = figure.querySelector("audio"), head = figure.querySelector(".pad span");
  const steps = [{ left: "0", visibility: "visible" }, { left: "100%", visibility: "visible" }];
  const line = still ? null : head.animate(steps, 1000 * head.dataset.seconds);
  figure.classList.add("playing");
  named(figure.querySelector(".pad"), "Stop");
  return new Promise(done => {
    current = { figure, player, line, done };
    const mine = () => current && current.player === player;
    player.onended = () => { if (mine()) stop(true); };
    player.onerror = () => { if (mine()) stop(true); };
    player.currentTime = 0;
    Promise.resolve(player.play()).catch(() => {});
  });
}
for (const pad of document.querySelectorAll(".pad"))
  pad.addEventListener("click", () => {
    const figure = pad.closest("figure");
    if (current && current.figure === figure) stop(); else play(figure);
  });
for (const all of document.querySelectorAll(".all"))
  all.addEventListener("click", async () => {
    if (all.classList.contains("busy")) { stop(); return; }
    all.classList.add("busy");
    all.textContent = "Stop";
    named(all, "Stop");
    for (const figure of all.closest("section").querySelectorAll("figure")) if (!(await play(figure))) break;
    all.classList.remove("busy");
    all.textContent = "Play all";
    named(all, "Play all");
  });
addEventListener("keydown", event => { if (event.key === "Escape") stop(); });
const models = [...document.querySelectorAll("details.model")];
if (matchMedia("(max-width: 40rem)").matches) models.slice(1).forEach(model => { model.open = false; });
function show() {
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (wanted && wanted.matches("details")) { wanted.open = true; wanted.scrollIntoView(); }
}
addEventListener("hashchange", show);
for (const link of document.querySelectorAll("nav a")) link.addEventListener("click", () => setTimeout(show));
show();
"""


@dataclass(frozen=True)
class Player:
    """One sound of the page: its file relative to the page, a name, the sound itself for its pictures, and its text."""

    file: str
    name: str
    clip: Clip
    text: str = ""


@dataclass(frozen=True)
class Row:
    """Sounds that belong together, under a title, and the command that makes them."""

    title: str
    command: str
    players: list[Player]


@dataclass(frozen=True)
class Chapter:
    """The sounds and the credits of one model, or the reason why it has no sounds."""

    card: Card
    model_hash: str
    rows: list[Row]
    why_silent: str = ""


def page(chapters: list[Chapter]) -> str:
    """The whole page as HTML; it loads nothing but the sound files beside it."""
    body = "\n".join(_chapter(chapter, number) for number, chapter in enumerate(chapters, 1))
    menu = "\n".join(
        f'<a href="#model-{number}">{escape(chapter.card.name)}</a>' for number, chapter in enumerate(chapters, 1)
    )
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
<p>Each of them was made on this machine a moment ago. Press a picture to hear it, and once more to stop it.</p>
<p class="soft">Above is the spectrogram: time runs to the right, pitch upwards, brighter is louder. Below it is the wave.</p>
</header>
<nav aria-label="Models"><div>
{menu}
<a href="#credits">Credits</a>
</div></nav>
<main>
{body}
</main>
<footer id="credits">
<h2>Credits and licences</h2>
{_credits(chapters)}
</footer>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _chapter(chapter: Chapter, number: int) -> str:
    card = chapter.card
    described = escape(card.description or f"A {card.family} at {card.sample_rate} Hz.")
    silent = f"<p>Not played here: {escape(chapter.why_silent)}</p>" if chapter.why_silent else ""
    rows = "\n".join(map(_row, chapter.rows))
    return f"""<details class="model" id="model-{number}" open>
<summary><h2>{escape(card.name)}</h2></summary>
<p>{described}</p>
{silent}{rows}
<p class="soft"><small>Weights {escape(chapter.model_hash)}, licence {escape(card.licence)}.</small></p>
</details>"""


def _row(row: Row) -> str:
    title = escape(row.title, quote=True)
    figures = "\n".join(f"<li>{_figure(player)}</li>" for player in row.players)
    kind = "row texts" if any(player.text for player in row.players) else "row"
    return f"""<section aria-label="{title}">
<div class="title"><h3>{title}</h3><button type="button" class="all" aria-label="Play all: {title}">Play all</button>
<code>{escape(row.command)}</code></div>
<ul class="{kind}" style="--pads: {len(row.players)}">{figures}</ul>
</section>"""


def _figure(player: Player) -> str:
    mono = np.asarray(player.clip.wave, dtype=np.float32).mean(axis=0)
    picture = b64encode(spectrogram_png(mono, player.clip.sample_rate)).decode()
    name, file = escape(player.name, quote=True), escape(player.file, quote=True)
    file_name = escape(player.file.rsplit("/", 1)[-1], quote=True)
    link = f'<a href="{file}" download title="{file_name}" aria-label="Save {file_name}">wav</a>'
    quote = f"<q>{escape(player.text)}</q>" if player.text else ""
    return f"""<figure>
<button type="button" class="pad" aria-label="Play {name}">
<img src="data:image/png;base64,{picture}" alt="">
<svg viewBox="0 -1 2 2" preserveAspectRatio="none" aria-hidden="true"><path d="{envelope_path(mono)}"/></svg>
<span data-seconds="{player.clip.seconds:.3f}"></span>
</button>
<figcaption><div>{name} {link}</div>{quote}</figcaption>
<audio controls preload="none" src="{file}" aria-label="{name}"></audio>
</figure>"""


def _credits(chapters: list[Chapter]) -> str:
    """Return the licence of each model, and each source once with the models trained on it."""
    licences = "".join(f"<li>{escape(chapter.card.name)}: {escape(chapter.card.licence)}</li>" for chapter in chapters)
    users: dict[tuple[str, str, str, str], list[str]] = {}
    for chapter in chapters:
        for source in chapter.card.sources:
            key = (source.name, source.licence, source.credit, source.origin)
            users.setdefault(key, []).append(f"{chapter.card.name} ({source.n_clips})")
    sources = "".join(
        f"<li>{escape(_credited(name, credit))}, {escape(licence)}"
        + (f" <span class='soft'>({escape(origin)})</span>" if origin else "")
        + f": {escape(', '.join(names))}</li>"
        for (name, licence, credit, origin), names in users.items()
    )
    intro = "They learned from these recordings; after each, the models and how many of its clips they were trained on."
    learned = (
        f"<details><summary>{len(users)} sources</summary><p>{intro}</p><ul>{sources}</ul></details>" if users else ""
    )
    return f"<p>Licences of the models:</p><ul>{licences}</ul>\n{learned}"


def _credited(name: str, credit: str) -> str:
    """Return name and credit of a source without repeating one of them."""
    if not credit or name.startswith(credit):
        return name
    return credit if name.startswith(credit.partition(",")[0]) else f"{name}, {credit}"
