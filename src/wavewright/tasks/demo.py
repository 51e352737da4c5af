"""Make sounds with every bundled model and a page to listen to them."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field

from .. import loading, models
from ..clip import Clip
from ..contracts.family import Capability
from ..errors import BadFolder, BadModel
from ..families import FAMILIES
from ..models.folder import ModelFolder
from ..names import file_stem, inside
from ..speech.voice import DEFAULT_VOCODER, DEFAULT_VOICE
from ..speech.voice_names import find_voice
from ..whole_file import whole_folder
from . import checked
from .decode import decode
from .demo_page import GENERATOR, Chapter, Player, Row, page
from .encode import encode
from .generate import Generated, generate
from .speak import speak

PAGE_FILE = "index.html"
SOUNDS_FOLDER = "sounds"
SOUNDS_A_LABEL = 4
LABELS_WITH_A_WAY = 2
STEPS = 8
SEEDS = (7, 9)
BITRATES_KBPS = (5.0, 3.0, 1.6)
TEXTS = (
    "Hello. I am one of the voices of Wavewright.",
    "It is ten past six, the kettle is on, and on 3 May the ferry leaves at noon.",
    "Did you record the violin, or was it Dr. Green who did?",
)


@dataclass(frozen=True)
class Demo:
    """Path of the page, number of its sounds, and the models without sounds, each with the reason."""

    page: Path
    n_sounds: int
    seconds: float
    not_played: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{self.n_sounds} sounds in {self.seconds:.1f} s. Open {self.page} in a browser to listen."]
        return "\n".join([*lines, *(f"Not played: {name}. {why}" for name, why in self.not_played.items())])


@checked
def demo(
    out: Annotated[Path, Field(description="Folder to write to.")] = Path("wavewright-demo"),
    play: Annotated[tuple[str, ...], Field(description="Models to play; default: every bundled one.")] = (),
) -> Demo:
    """Make sounds with every bundled model and a page to listen to them.

    The page needs nothing but a browser: pictures and style are in it, the sounds lie beside it. A model that makes no
    sound is listed with the reason. Raises BadModel where there is no model to play.
    """
    begin = time.perf_counter()
    folders = [ModelFolder(models.find(name)) for name in play or models.bundled()]
    _refuse_to_replace(out / PAGE_FILE)
    with whole_folder(out, last=PAGE_FILE) as hidden:
        writer = _SoundWriter(hidden, folders)
        chapters = sorted((writer.chapter(folder) for folder in folders), key=_order)
        if not any(chapter.rows for chapter in chapters):
            raise BadModel(_nothing_to_play(play))
        (hidden / PAGE_FILE).write_text(page(chapters), encoding="utf-8")
    n_sounds = sum(len(row.players) for chapter in chapters for row in chapter.rows)
    not_played = {chapter.card.name: chapter.why_silent for chapter in chapters if not chapter.rows}
    return Demo(out / PAGE_FILE, n_sounds, time.perf_counter() - begin, not_played)


def _order(chapter: Chapter) -> tuple[bool, bool]:
    """Sort voices first, models without sounds last."""
    return not chapter.rows, Capability.SPEAK not in FAMILIES[chapter.card.family].capabilities


def _nothing_to_play(play: Sequence[str]) -> str:
    if play:
        return f"{', '.join(play)} cannot make sounds; `wavewright models` lists the models that there are."
    return "This installation has no bundled model that makes sounds; name one of your own with --play."


def _refuse_to_replace(path: Path) -> None:
    """Raise BadFolder where another page than one of these is in the way."""
    if path.exists() and not (path.is_file() and GENERATOR.encode() in path.read_bytes()):
        raise BadFolder(f"{path} is there already and is no page of a demo; choose another folder with --out.")


class _SoundWriter:
    """Writes the sounds of each model into the folder of the page; a voice speaks for models that need speech."""

    def __init__(self, out: Path, folders: Sequence[ModelFolder]):
        self.out, self.folders = out, folders
        self.sounds = out / SOUNDS_FOLDER
        self.sounds.mkdir()

    def chapter(self, folder: ModelFolder) -> Chapter:
        """Return the sounds of a model, or the reason why there are none."""
        capabilities = loading.family_of(folder.card, folder.path).capabilities_of(folder.card.config)
        rows, why_silent = [], ""
        if Capability.SPEAK in capabilities:
            rows = self._spoken(folder)
        elif Capability.VOCODE in capabilities:
            rows, why_silent = self._with_voice(self._vocoded, folder)
        elif Capability.GENERATE in capabilities:
            rows = self._generated(folder, Capability.INTERPOLATE in capabilities)
        elif Capability.CODE in capabilities:
            rows, why_silent = self._with_voice(self._coded, folder)
        else:
            why_silent = f"A {folder.card.family} recognises sounds and makes none."
        return Chapter(folder.card, folder.hash, rows, why_silent)

    @cached_property
    def voice(self) -> str | None:
        """Voice for models that need speech: the first one of the page, else the default voice if it exists."""
        speaking = [folder for folder in self.folders if loading.speakers_of(folder.card) is not None]
        if speaking:
            return str(speaking[0].path)
        try:
            find_voice(DEFAULT_VOICE)
        except BadModel:
            return None
        return DEFAULT_VOICE

    def _with_voice(self, play: Callable[[ModelFolder, str], list[Row]], folder: ModelFolder) -> tuple[list[Row], str]:
        """Return the rows of a model that needs a voice, or the reason why there are none."""
        if self.voice is None:
            return [], "It needs speech to play, and there is no voice here."
        try:
            return play(folder, self.voice), ""
        except BadModel as error:  # a vocoder whose mel frames differ from the voice's
            return [], str(error)

    def _generated(self, folder: ModelFolder, can_interpolate: bool) -> list[Row]:
        """Write a few sounds of each label, and interpolations between two of them."""
        labels: list[str | None] = [*folder.card.labels] or [None]
        rows = []
        for label in labels:
            made = generate(str(folder.path), label, SOUNDS_A_LABEL, SEEDS[0], out=self.sounds)
            command = _command(folder, label, f"--count {SOUNDS_A_LABEL} --seed {SEEDS[0]}")
            rows.append(Row(label or "sounds", command, self._players(made, label or "sound")))
        for label in labels[:LABELS_WITH_A_WAY] if can_interpolate else []:
            made = generate(str(folder.path), label, interpolate=SEEDS, count=STEPS, out=self.sounds)
            command = _command(folder, label, f"--interpolate {SEEDS[0]} {SEEDS[1]} --count {STEPS}")
            rows.append(Row(f"from one {label or 'sound'} to another", command, self._players(made, "step")))
        return rows

    def _spoken(self, folder: ModelFolder) -> list[Row]:
        """Write a few sentences by each voice of a model."""
        rows = []
        for speaker in loading.speakers_of(folder.card) or (None,):
            name = folder.card.name if speaker is None else f"{folder.card.name}-{speaker}"
            voice = str(folder.path) if speaker is None else f"{folder.path}-{speaker}"
            players = []
            for number, text in enumerate(TEXTS, start=1):
                path = inside(self.sounds, f"{file_stem(name, str(number))}.wav")
                speak(text, voice, out=path)
                players.append(self._player(path, f"{speaker or name} {number}", text))
            rows.append(Row(name, shlex.join(["wavewright", "speak", TEXTS[0], "--voice", name]), players))
        return rows

    def _vocoded(self, folder: ModelFolder, voice: str) -> list[Row]:
        """Write a sentence of a voice through this vocoder."""
        path = inside(self.sounds, f"{file_stem(folder.card.name, 'speech')}.wav")
        speak(TEXTS[1], voice, str(folder.path), out=path)
        words = ["wavewright", "speak", TEXTS[1]]
        words += ["--vocoder", folder.card.name] if folder.card.name != DEFAULT_VOCODER else []
        return [Row("a voice through it", shlex.join(words), [self._player(path, "sentence", TEXTS[1])])]

    def _coded(self, folder: ModelFolder, voice: str) -> list[Row]:
        """Write a sentence before and after the codec, at a few bitrates."""
        name = file_stem(folder.card.name)
        before = self.sounds / f"{name}-before.wav"
        speak(TEXTS[1], voice, out=before)
        kilobytes = before.stat().st_size / 1e3
        players = [self._player(before, f"before: {kilobytes:.0f} kB", TEXTS[1])]
        for kbps in BITRATES_KBPS:
            after, codes = self.sounds / f"{name}-{kbps:g}kbps.wav", self.out / "codes.wwc"
            encode(before, kbps, codes, str(folder.path), quiet=True)
            decode(codes, after, str(folder.path), quiet=True)
            players.append(self._player(after, f"{kbps:g} kbps: {codes.stat().st_size / 1e3:.1f} kB", TEXTS[1]))
            codes.unlink()
        command = (
            f"wavewright encode {before.name} --kbps 3 --out talk.wwc && wavewright decode talk.wwc --out again.wav"
        )
        return [Row("before and after", command, players)]

    def _players(self, made: Generated, name: str) -> list[Player]:
        paths = [made.out / sound.file for sound in made.sounds]
        return [self._player(path, f"{name} {number}") for number, path in enumerate(paths, start=1)]

    def _player(self, path: Path, name: str, text: str = "") -> Player:
        return Player(path.relative_to(self.out).as_posix(), name, Clip.read(path), text)


def _command(folder: ModelFolder, label: str | None, options: str) -> str:
    """The command line that makes the sounds of a row."""
    words = ["wavewright", "generate", folder.card.name, *([] if label is None else ["--label", label])]
    return f"{shlex.join(words)} {options}"
