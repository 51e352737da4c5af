"""Make sounds with every bundled model and a page to listen to them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from .. import models
from ..clip import Clip
from ..errors import BadModel
from ..models.folder import ModelFolder
from ..whole_file import write_whole
from . import checked
from .demo_page import Chapter, Player, Row, page
from .generate import Generated, generate

PAGE_FILE = "index.html"
SOUNDS_FOLDER = "sounds"
SOUNDS_A_LABEL = 4
LABELS_WITH_A_WAY = 2
STEPS = 8
SEEDS = (7, 9)


@dataclass(frozen=True)
class Demo:
    """Where the page and its sounds are."""

    page: Path
    n_sounds: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.n_sounds} sounds in {self.seconds:.1f} s. Open {self.page} in a browser to listen."


@checked
def demo(
    out: Annotated[Path, Field(description="Folder to write to.")] = Path("wavewright-demo"),
    play: Annotated[tuple[str, ...], Field(description="Models to play; default: every bundled one.")] = (),
) -> Demo:
    """Make sounds with every bundled model and a page to listen to them.

    The page needs nothing but a browser: pictures and style are in it, the sounds lie beside it. Raises BadModel where there is no
    model to play.
    """
    begin = time.perf_counter()
    names = play or models.bundled()
    folders = [folder for folder in (ModelFolder(models.find(name)) for name in names) if folder.card.family != "classifier"]
    if not folders:
        raise BadModel("This installation has no bundled model that makes sounds; name one of your own with --play.")
    chapters = [_chapter(folder, out) for folder in folders]
    write_whole(out / PAGE_FILE, page(chapters).encode())
    n_sounds = sum(len(row.players) for chapter in chapters for row in chapter.rows)
    return Demo(out / PAGE_FILE, n_sounds, time.perf_counter() - begin)


def _chapter(folder: ModelFolder, out: Path) -> Chapter:
    """The sounds of one model: a few of each label, and the way from one sound to another."""
    place = out / SOUNDS_FOLDER
    labels: list[str | None] = [*folder.card.labels] or [None]
    rows = [
        _row(label or "sounds", generate(str(folder.path), label, SOUNDS_A_LABEL, SEEDS[0], out=place), out) for label in labels
    ]
    for label in labels[:LABELS_WITH_A_WAY]:
        way = generate(str(folder.path), label, interpolate=SEEDS, steps=STEPS, out=place)
        rows.append(_row(f"from one {label or 'sound'} to another", way, out))
    return Chapter(folder.card, folder.hash, rows)


def _row(title: str, made: Generated, out: Path) -> Row:
    players = []
    for sound in made.sounds:
        path = made.out / sound.file
        players.append(Player(path.relative_to(out).as_posix(), f"{title} {sound.index + 1}", Clip.read(path)))
    return Row(title, players)
