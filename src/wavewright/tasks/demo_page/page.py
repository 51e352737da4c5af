"""Render the page of a demo as HTML: players with thumbnails, by model, and the credits of the models."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import TypeAlias

import numpy as np

from ...audio.clip import Clip
from ...models.card import Card
from ...plots.thumbnails import envelope_path, spectrogram_png

GENERATOR = '<meta name="generator" content="Wavewright demo">'
"""In the head of every page, so that a later demo replaces no other page."""

STYLE_FILE = "style.css"
SCRIPT_FILE = "script.js"


@dataclass(frozen=True)
class Player:
    """A player of a sound file, by its path relative to the page and its name there.

    ``spectrogram`` is a PNG image, ``envelope`` an SVG path; ``text`` is the text that is spoken, or empty.
    """

    file: str
    name: str
    seconds: float
    spectrogram: bytes
    envelope: str
    text: str = ""

    @classmethod
    def of(cls, file: str, name: str, clip: Clip, text: str = "") -> Player:
        """Return the player of a clip, with its thumbnails."""
        mono = clip.wave.mean(axis=0, dtype=np.float32)
        return cls(file, name, clip.seconds, spectrogram_png(mono, clip.sample_rate), envelope_path(mono), text)


@dataclass(frozen=True)
class PlayerRow:
    """Players under a title, with the command that generates their clips, and an SVG image of a score, if any."""

    title: str
    command: str
    players: list[Player]
    notation: bytes = b""


@dataclass(frozen=True)
class ModelSection:
    """The clips of a model with its card, or the reason why it has none."""

    card: Card
    model_hash: str
    rows: list[PlayerRow]
    reason: str = ""


@dataclass(frozen=True)
class ToolSection:
    """The clips of commands that need no model."""

    name: str
    description: str
    rows: list[PlayerRow]


Section: TypeAlias = ModelSection | ToolSection


def render_page(
    sections: Sequence[ModelSection], tools: Sequence[ToolSection] = (), n_done: int = 0, n_parts: int = 0
) -> str:
    """Render the page.

    Parameters
    ----------
    sections : sequence of ModelSection
        The models in the order of the page.
    tools : sequence of ToolSection
        What follows them.
    n_done, n_parts : int
        Number of finished parts, and of all; while some are missing, the page says so and loads itself again.

    Returns
    -------
    str
        HTML that loads nothing but the sound files beside it.
    """
    models = [_section(section, f"model-{number}") for number, section in enumerate(sections, 1)]
    body = "\n".join([*models, *(_tool_section(tool, f"tool-{number}") for number, tool in enumerate(tools, 1))])
    entries = [(f"model-{number}", section.card.name) for number, section in enumerate(sections, 1)]
    entries += [(f"tool-{number}", tool.name) for number, tool in enumerate(tools, 1)]
    menu = "\n".join(f'<a href="#{identifier}">{escape(name)}</a>' for identifier, name in entries)
    incomplete = _incomplete(n_done, n_parts) if n_done < n_parts else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{GENERATOR}
<title>Audio by Wavewright</title>
<style>
{_resource(STYLE_FILE)}</style>
</head>
<body>
<header>
<h1>Audio that was never recorded</h1>
<p>Models and rules generated all of it on this machine a moment ago. Press an image to play its clip, and again to
stop it.</p>
{incomplete}<p class="soft">Above is the spectrogram: time runs to the right, frequency upwards, brighter is louder.
Below it is the waveform.</p>
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
{_credits(sections)}
<p>Sounds that a model generated have an inaudible mark, which the command detect reports.</p>
</footer>
<script>
{_resource(SCRIPT_FILE)}</script>
</body>
</html>
"""


def _incomplete(n_done: int, n_parts: int) -> str:
    """Return the paragraph of a page that grows, with the time in milliseconds."""
    return f"""<p class="growing" role="status" data-written="{1000 * time.time():.0f}">
<strong>{n_done} of {n_parts} parts are here.</strong> The others appear while <code>wavewright demo</code> runs; if it
was interrupted, run it again.</p>
"""


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _section(section: ModelSection, identifier: str) -> str:
    card = section.card
    described = escape(card.description or f"A {card.family} at {card.sample_rate} Hz.")
    reason = f"<p>No clips: {escape(section.reason)}</p>" if section.reason else ""
    rows = "\n".join(map(_row, section.rows))
    weights = f"Weights {escape(section.model_hash)}, licence {escape(card.licence)}."
    contents = f'<p>{described}</p>\n{reason}{rows}\n<p class="soft"><small>{weights}</small></p>'
    return _details(identifier, card.name, contents)


def _tool_section(tool: ToolSection, identifier: str) -> str:
    rows = "\n".join(map(_row, tool.rows))
    return _details(identifier, tool.name, f"<p>{escape(tool.description)}</p>\n{rows}")


def _details(identifier: str, name: str, contents: str) -> str:
    return f"""<details class="model" id="{identifier}" open>
<summary><h2>{escape(name)}</h2></summary>
{contents}
</details>"""


def _row(row: PlayerRow) -> str:
    title = escape(row.title, quote=True)
    items = "\n".join(f"<li>{_figure(player)}</li>" for player in row.players)
    kind = "row texts" if any(player.text for player in row.players) else "row"
    return f"""<section aria-label="{title}">
<div class="title"><h3>{title}</h3><button type="button" class="all" aria-label="Play all: {title}">Play all</button>
<code>{escape(row.command)}</code></div>
<ul class="{kind}" style="--pads: {len(row.players)}">{items}</ul>
{_notation(row)}</section>"""


def _notation(row: PlayerRow) -> str:
    """Return the image of a row's score, or nothing."""
    if not row.notation:
        return ""
    image = b64encode(row.notation).decode()
    return f'<img class="notation" src="data:image/svg+xml;base64,{image}" alt="Score: {escape(row.title)}">\n'


def _figure(player: Player) -> str:
    thumbnail = b64encode(player.spectrogram).decode()
    name, file = escape(player.name, quote=True), escape(player.file, quote=True)
    file_name = escape(player.file.rsplit("/", 1)[-1], quote=True)
    ending = file_name.rsplit(".", 1)[-1]
    link = f'<a href="{file}" download title="{file_name}" aria-label="Save {file_name}">{ending}</a>'
    quote = f"<q>{escape(player.text)}</q>" if player.text else ""
    return f"""<figure>
<button type="button" class="pad" aria-label="Play {name}">
<img src="data:image/png;base64,{thumbnail}" alt="">
<svg viewBox="0 -1 2 2" preserveAspectRatio="none" aria-hidden="true"><path d="{player.envelope}"/></svg>
<span data-seconds="{player.seconds:.3f}"></span>
</button>
<figcaption><div>{name} {link}</div>{quote}</figcaption>
<audio controls preload="none" src="{file}" aria-label="{name}"></audio>
</figure>"""


def _credits(sections: Sequence[ModelSection]) -> str:
    """Return the licence of each model, and each source once with the models trained on it."""
    licences = "".join(f"<li>{escape(section.card.name)}: {escape(section.card.licence)}</li>" for section in sections)
    users: dict[tuple[str, str, str, str], list[str]] = {}
    for section in sections:
        for source in section.card.sources:
            key = (source.name, source.licence, source.credit, source.origin)
            users.setdefault(key, []).append(f"{section.card.name} ({source.n_clips})")
    sources = "".join(
        f"<li>{escape(_credited(name, credit))}, {escape(licence)}"
        + (f" <span class='soft'>({escape(origin)})</span>" if origin else "")
        + f": {escape(', '.join(names))}</li>"
        for (name, licence, credit, origin), names in users.items()
    )
    intro = "The models were trained on these recordings; each is listed with its models and their numbers of clips."
    trained_on = (
        f"<details><summary>{len(users)} sources</summary><p>{intro}</p><ul>{sources}</ul></details>" if users else ""
    )
    return f"<p>Licences of the models:</p><ul>{licences}</ul>\n{trained_on}"


def _credited(name: str, credit: str) -> str:
    """Return name and credit of a source without repeating one of them."""
    if not credit or name.startswith(credit):
        return name
    return credit if name.startswith(credit.partition(",")[0]) else f"{name}, {credit}"
