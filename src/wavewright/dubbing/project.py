"""The project of a dub: a TOML file with everything that a person may read and change, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ..base.errors import BadSetting, Named
from ..base.toml_tables import TomlTable, parse_table, read_toml, toml_value
from ..base.whole_file import write_whole
from ..effects.editing.chain import Chain
from ..effects.mixing.project import MAX_FILE_BYTES
from .timing import Rates, SpokenTime

Original: TypeAlias = Literal["duck", "separate", "keep", "remove"]
"""Use of the original sound: ducked under each line, without its speech, as it was, or left out."""

Tracks: TypeAlias = Literal["dub", "both"]
"""Sounds of a video: the dub alone, or the original as a second track, too."""

Captions: TypeAlias = Literal["none", "beside", "embedded"]
"""Subtitles in both languages: none, files beside the dub, or tracks of a video."""

MAX_SECONDS = 360_000.0

Seconds: TypeAlias = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
LANGUAGE = r"^[A-Za-z0-9_:-]{0,40}$"
LanguageCode: TypeAlias = Annotated[str, Field(pattern=LANGUAGE)]
HEADER = "# A dub by Wavewright. Change what you like, and run `wavewright dub` with this file again.\n"


class CastMember(TomlTable):
    """A speaker and the voice that speaks for it.

    ``effects`` are steps as of ``edit --do``, such as the reverberation of a room or the band of a telephone.
    """

    speaker: str = ""
    voice: str
    style: str | None = None
    pitch: float = Field(default=0.0, ge=-24, le=24)
    pan: float = Field(default=0.0, ge=-1, le=1)
    gain_db: float = Field(default=0.0, ge=-60, le=24)
    effects: str = ""

    def chain(self, folder: Path) -> Chain | None:
        """Return the effects; None for none; raise BadSetting if one is wrong. Files are relative to ``folder``."""
        if not self.effects.strip():
            return None
        with Named(f"the effects of {self.speaker or self.voice}"):
            return Chain.parse(self.effects, folder)


class DubLine(TomlTable):
    """A line: its time, its speaker, the original and its translation.

    ``rate``, ``seconds`` and ``problem`` are what was made of it; ``voice`` overrides that of the cast.
    """

    number: int = Field(ge=1)
    start: Seconds
    end: Seconds
    speaker: str = ""
    original: str = ""
    text: str = ""
    voice: str | None = None
    rate: float | None = None
    seconds: float | None = None
    problem: str = ""

    @property
    def time(self) -> SpokenTime:
        """When it is spoken in the original, and by whom."""
        return SpokenTime(self.start, self.end, self.speaker)


class DubProject(TomlTable):
    """A whole project.

    - ``source``: sound, video or subtitles, relative to the project file.
    - ``background``: sound without the dialogue, which replaces the original.
    - ``tracks``, ``captions``: sounds of a video, and subtitles.
    - ``recogniser``, ``translator``: who wrote the lines and their translations.
    """

    source: str
    from_language: LanguageCode = ""
    to_language: LanguageCode
    recogniser: str = ""
    translator: str = ""
    original: Original = "duck"
    duck_db: float = Field(default=15.0, ge=0, le=120)
    background: str = ""
    tracks: Tracks = "dub"
    captions: Captions = "none"
    slowest: float = 0.85
    fastest: float = 1.15
    cast: tuple[CastMember, ...] = ()
    lines: tuple[DubLine, ...] = Field(min_length=1)

    @property
    def rates(self) -> Rates:
        """The rates of lines; raise BadSetting if they are not possible."""
        return Rates(self.slowest, self.fastest)

    def member_of(self, line: DubLine) -> CastMember:
        """Return who speaks a line: the member for its speaker, or the one without a speaker, with the line's voice."""
        members = {member.speaker.casefold(): member for member in self.cast}
        member = members.get(line.speaker.casefold()) or members.get("")
        if member is None:
            named = ", ".join(each.speaker for each in self.cast) or "nobody"
            raise BadSetting(
                f"Line {line.number} is spoken by {line.speaker or 'no named speaker'!r}, and the cast has {named}; "
                "add a [[cast]] table, one without speaker for all others."
            )
        return member.model_copy(update={"voice": line.voice or member.voice})


def read_dub(path: Path) -> DubProject:
    """Read a project; raise BadSetting if it cannot be read or something in it is wrong, with the position."""
    with Named(str(path)):
        project = parse_table(DubProject, read_toml(path, MAX_FILE_BYTES), "a dub")
        for member in project.cast:
            member.chain(path.parent)
        return check_lines(project)


def check_lines(project: DubProject) -> DubProject:
    """Return the project with its lines in the order of their starts; raise BadSetting for lines that cannot be."""
    project.rates  # noqa: B018  # checks them
    numbers: set[int] = set()
    for line in project.lines:
        if line.number in numbers:
            raise BadSetting(f"Two lines have the number {line.number}; give each its own.")
        numbers.add(line.number)
        if line.end <= line.start:
            raise BadSetting(
                f"Line {line.number} ends at {line.end:g} s, and starts at {line.start:g} s; end it later."
            )
    return project.model_copy(update={"lines": tuple(sorted(project.lines, key=lambda line: line.start))})


def write_dub(path: Path, project: DubProject) -> None:
    """Write a project, whole or not at all; values that are the usual ones are left out."""
    top = project.model_dump(exclude={"cast", "lines"}, exclude_defaults=True)
    parts = [HEADER + _table(top)]
    for name, rows in (("cast", project.cast), ("lines", project.lines)):
        parts += [f"[[{name}]]\n{_table(row.model_dump(exclude_defaults=True))}" for row in rows]
    write_whole(path, "\n".join(parts).encode("utf-8"))


def _table(values: Mapping[str, object]) -> str:
    return "".join(f"{name} = {toml_value(value)}\n" for name, value in values.items() if value is not None)


def renumbered(lines: Iterable[DubLine]) -> tuple[DubLine, ...]:
    """Return the lines numbered from 1 in the order of their starts."""
    ordered = sorted(lines, key=lambda line: line.start)
    return tuple(line.model_copy(update={"number": number}) for number, line in enumerate(ordered, 1))
