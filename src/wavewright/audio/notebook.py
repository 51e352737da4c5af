"""HTML by which results show themselves in notebooks: players, words, tables and pictures, all of it in the HTML."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from pathlib import Path
from typing import Protocol

from ..base.errors import WavewrightError
from .clip import PLAYER_SECONDS, Clip, player_html

MAX_PLAYERS = 4
"""Files of a result that have a player; the text names all."""

MAX_WORDS = 500


class Timed(Protocol):
    """A word and its time, in seconds."""

    @property
    def text(self) -> str:
        """The word."""

    @property
    def start(self) -> float:
        """Its start."""

    @property
    def end(self) -> float:
        """Its end."""


def text_html(text: object) -> str:
    """Return a result as it is printed."""
    return f"<pre>{escape(str(text))}</pre>"


def files_html(paths: Sequence[Path]) -> str:
    """Return players for the first files of a result."""
    return "".join(map(_file_html, paths[:MAX_PLAYERS]))


def words_html(words: Iterable[Timed]) -> str:
    """Return the words of a speech with their times as tooltips."""
    shown = "".join(
        f'<span title="{word.start:.2f} to {word.end:.2f} s">{escape(word.text)}</span> '
        for word in islice(words, MAX_WORDS)
    )
    return f"<p>{shown.rstrip()}</p>" if shown else ""


def table_html(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def image_html(png: bytes, description: str) -> str:
    """Return a picture."""
    return f'<img alt="{escape(description)}" src="data:image/png;base64,{b64encode(png).decode()}">'


def read_excerpt(path: Path) -> Clip | None:
    """Return the start of a sound file, None if it cannot be read, such as after it was removed."""
    try:
        return Clip.read(path, seconds=PLAYER_SECONDS)
    except WavewrightError:
        return None


def _file_html(path: Path) -> str:
    clip = read_excerpt(path)
    return "" if clip is None else f"<figure><figcaption>{escape(path.name)}</figcaption>{player_html(clip)}</figure>"
