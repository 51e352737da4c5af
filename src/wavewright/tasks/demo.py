"""Make sounds with every bundled model and a page to listen to them."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from .. import families, models
from ..clip import Clip
from ..errors import BadFolder, BadModel
from ..models.card import SPEAKING
from ..models.folder import ModelFolder
from ..names import file_stem, inside
from ..whole_file import whole_folder
from . import checked
from .demo_page import GENERATOR, Chapter, Player, Row, page
from .generate import Generated, generate
from .speak import speak

PAGE_FILE = "index.html"
SOUNDS_FOLDER = "sounds"
SOUNDS_A_LABEL = 4
LABELS_WITH_A_WAY = 2
STEPS = 8
SEEDS = (7, 9)
TEXTS = (
    "Hello. I am one of the voices of Wavewright.",
    "It is ten past six, the kettle is on, and on 3 May the ferry leaves at noon.",
    "Did you record the violin, or was it Dr. Green who did?",
)


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
    folders = [folder for folder in (ModelFolder(models.find(name)) for name in names) if _makes_sounds(folder)]
    if play and not folders:
        raise BadModel(f"{', '.join(play)} cannot make sounds; `wavewright models` lists the models that there are.")
    if not folders:
        raise BadModel("This installation has no bundled model that makes sounds; name one of your own with --play.")
    _refuse_to_replace(out / PAGE_FILE)
    with whole_folder(out, last=PAGE_FILE) as hidden:
        chapters = [_spoken(folder, hidden) if _speaks(folder) else _chapter(folder, hidden) for folder in folders]
        (hidden / PAGE_FILE).write_text(page(chapters), encoding="utf-8")
    n_sounds = sum(len(row.players) for chapter in chapters for row in chapter.rows)
    return Demo(out / PAGE_FILE, n_sounds, time.perf_counter() - begin)


def _makes_sounds(folder: ModelFolder) -> bool:
    """Whether a model speaks, or makes sounds of nothing: a classifier or codec does not, nor does a vocoder, which needs mel frames."""
    runtime = families.module(folder.card.family, "runtime").Runtime
    return _speaks(folder) or (hasattr(runtime, "generate") and folder.card.config.get("condition") != "mel")


def _speaks(folder: ModelFolder) -> bool:
    return folder.card.family == SPEAKING


def _knows_ways(folder: ModelFolder) -> bool:
    """Whether a model can go from one sound to another."""
    return hasattr(families.module(folder.card.family, "runtime").Runtime, "interpolate")


def _refuse_to_replace(path: Path) -> None:
    """Raise BadFolder where another page than one of these is in the way."""
    if path.exists() and not (path.is_file() and GENERATOR.encode() in path.read_bytes()):
        raise BadFolder(f"{path} is there already and is no page of a demo; choose another folder with --out.")


def _chapter(folder: ModelFolder, out: Path) -> Chapter:
    """The sounds of one model: a few of each label, and the way from one sound to another."""
    labels: list[str | None] = [*folder.card.labels] or [None]
    rows = []
    for label in labels:
        made = generate(str(folder.path), label, SOUNDS_A_LABEL, SEEDS[0], out=out / SOUNDS_FOLDER)
        command = _command(folder, label, f"--count {SOUNDS_A_LABEL} --seed {SEEDS[0]}")
        rows.append(Row(label or "sounds", command, _players(made, label or "sound", out)))
    for label in labels[:LABELS_WITH_A_WAY] if _knows_ways(folder) else []:
        made = generate(str(folder.path), label, interpolate=SEEDS, count=STEPS, out=out / SOUNDS_FOLDER)
        command = _command(folder, label, f"--interpolate {SEEDS[0]} {SEEDS[1]} --count {STEPS}")
        rows.append(Row(f"from one {label or 'sound'} to another", command, _players(made, "step", out)))
    return Chapter(folder.card, folder.hash, rows)


def _spoken(folder: ModelFolder, out: Path) -> Chapter:
    """A few sentences by each voice of a model."""
    (out / SOUNDS_FOLDER).mkdir(exist_ok=True)
    rows = []
    for speaker in folder.card.config["speakers"]:
        voice, players = f"{folder.card.name}-{speaker}", []
        for number, text in enumerate(TEXTS, start=1):
            path = inside(out, f"{SOUNDS_FOLDER}/{file_stem(voice, str(number))}.wav")
            speak(text, f"{folder.path}-{speaker}", out=path)
            players.append(Player(path.relative_to(out).as_posix(), f"sentence {number}", Clip.read(path)))
        rows.append(Row(speaker, shlex.join(["wavewright", "speak", TEXTS[0], "--voice", voice]), players))
    return Chapter(folder.card, folder.hash, rows)


def _command(folder: ModelFolder, label: str | None, options: str) -> str:
    """The command line that makes the sounds of a row."""
    words = ["wavewright", "generate", folder.card.name, *([] if label is None else ["--label", label])]
    return f"{shlex.join(words)} {options}"


def _players(made: Generated, name: str, out: Path) -> list[Player]:
    paths = [made.out / sound.file for sound in made.sounds]
    return [
        Player(path.relative_to(out).as_posix(), f"{name} {number}", Clip.read(path))
        for number, path in enumerate(paths, start=1)
    ]
