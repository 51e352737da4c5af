"""Draw the waveform, spectrogram and mel spectrogram of sound files, a picture each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..drawing import PlotKind, check_drawable, draw_overview, read_overview, read_png_title, summary_line
from ..errors import BadAudio, BadFolder, BadSetting
from . import checked


@dataclass(frozen=True)
class Plot:
    """A picture that was drawn and what it shows; ``peak_db`` is relative to full scale."""

    out: Path
    file: Path
    kind: PlotKind
    seconds: float
    sample_rate: int
    n_channels: int
    peak_db: float

    def __str__(self) -> str:
        return f"{self.out}: {summary_line(self.seconds, self.sample_rate, self.n_channels, self.peak_db)}"


@dataclass(frozen=True)
class NotDrawn:
    """A file that could not be drawn, with the reason."""

    file: Path
    problem: str


@dataclass(frozen=True)
class Plots:
    """The pictures of several files, and the files that failed; ``exit_code`` is 2 if there are any."""

    plots: tuple[Plot, ...]
    failed: tuple[NotDrawn, ...]
    exit_code: int = field(default=0)

    def __str__(self) -> str:
        return "\n".join([*map(str, self.plots), *(f"no picture: {failed.problem}" for failed in self.failed)])


@checked
def plot(
    file: Annotated[tuple[Path, ...] | Path, Field(description="Sound files to draw, of any length.")],
    out: Annotated[
        Path | None,
        Field(description="PNG file to write, or a folder for several; default: <name>-plot.png beside each sound."),
    ] = None,
    kind: Annotated[PlotKind, Field(description="What to draw.")] = "all",
) -> Plot | Plots:
    """Draw the waveform, spectrogram and mel spectrogram of sound files.

    Return a :class:`Plot` for one file, :class:`Plots` for several, in which files that cannot be drawn are listed.
    Only an earlier picture of the same file is replaced. Raises BadAudio where the file cannot be read, BadSetting
    where ``out`` is neither a PNG file nor, for several, a folder, BadFolder where its folder does not exist or another
    file has its name,
    MissingExtra without matplotlib.
    """
    if isinstance(file, Path):
        return _plotted(file, _beside(file) if out is None else _inside(out, file), kind)
    if len(file) == 1:
        return plot(file[0], out, kind)
    if not file:
        raise BadSetting("There is no file to draw; give one or more sound files.")
    return _plotted_each(tuple(dict.fromkeys(file)), out, kind)


def _plotted(file: Path, out: Path, kind: PlotKind) -> Plot:
    """Draw one file."""
    check_drawable(out)  # before a long file is read
    if out.exists() and (not out.is_file() or read_png_title(out) != file.name):
        raise BadFolder(f"{out} is there already and is no picture of {file.name}; choose another place with --out.")
    if file.is_dir():
        raise BadAudio(f"{file} is a folder; give a sound file.")
    overview = read_overview(file)
    draw_overview(overview, out, kind, title=file.name)
    return Plot(out, file, kind, overview.seconds, overview.sample_rate, len(overview.low), overview.peak_db)


def _plotted_each(files: Sequence[Path], out: Path | None, kind: PlotKind) -> Plots:
    """Draw several files; list those that cannot be drawn."""
    if out is not None:
        if out.suffix.lower() == ".png":
            raise BadSetting(f"There are {len(files)} files, and {out} is one picture; give a folder with --out.")
        try:
            out.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise BadFolder(f"{out} is a file or lies in one; give a folder with --out.") from error
    plots, failed = [], []
    for file, place in zip(files, picture_paths(files, out), strict=True):
        try:
            plots.append(_plotted(file, place, kind))
        except (BadAudio, BadFolder) as error:
            failed.append(NotDrawn(file, str(error)))
    return Plots(tuple(plots), tuple(failed), 2 if failed else 0)


def picture_paths(files: Sequence[Path], folder: Path | None) -> list[Path]:
    """Return a distinct path for the picture of each file.

    Names are ``<name>-plot.png``. Where several files would have the same name, the ending of the sound is added,
    then the name of its folder, then a number."""
    rules: tuple[Callable[[int, Path], str], ...] = (
        lambda _, file: file.stem,
        lambda _, file: file.name,
        lambda _, file: f"{file.absolute().parent.name}-{file.name}",
        lambda number, file: f"{number}-{file.name}",
    )

    def place(number: int, rule: int) -> Path:
        file = files[number]
        return (file.parent if folder is None else folder) / f"{rules[rule](number + 1, file)}-plot.png"

    chosen = [0] * len(files)
    for rule in range(1, len(rules)):
        counts = Counter(str(place(number, chosen[number])).casefold() for number in range(len(files)))
        for number in range(len(files)):
            if counts[str(place(number, chosen[number])).casefold()] > 1:
                chosen[number] = rule
    return [place(number, rule) for number, rule in enumerate(chosen)]


def _beside(file: Path) -> Path:
    return file.parent / f"{file.stem}-plot.png"


def _inside(out: Path, file: Path) -> Path:
    """Return the path of one file's picture: ``out``, or a path in it where it is a folder."""
    name = _beside(file).name
    return out / name if out.is_dir() else out
