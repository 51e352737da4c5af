"""Draw sound files as waveform, spectrogram and mel spectrogram, and scores as piano rolls or notation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.errors import BadAudio, BadFolder, BadScore, BadSetting
from ..base.parameters import Writes
from ..base.result import Failed
from ..base.task_parameters import checked
from ..base.whole_file import check_target, make_folder
from ..music.engraving import engrave
from ..music.formats import READABLE, read_score
from ..outputs.made import Made, MadeFile
from ..plots import PlotKind, check_plot_of, draw_overview, draw_piano_roll, read_overview


@checked
def plot(
    file: Annotated[tuple[Path, ...] | Path, Field(description="Sound files to draw, of any length, or scores.")],
    out: Annotated[
        Path | None,
        Field(
            description="PNG file to write (SVG for a score as notation), or a folder for several; "
            "default: <name>-plot.png beside each file."
        ),
        Writes(".png"),
    ] = None,
    kind: Annotated[PlotKind, Field(description="What to draw.")] = "all",
) -> Made:
    """Draw the waveform, spectrogram and mel spectrogram of sound files, and scores as piano rolls or notation.

    An existing image is replaced only if it shows a file of the same name.

    Raises BadAudio if the file cannot be read; BadScore if the score cannot be read or has no notes; BadSetting if
    `out` is not a PNG file or, for several files, not a folder; BadFolder if the folder of `out` does not exist, or
    another file has its name; MissingExtra if matplotlib is not installed.
    """
    if isinstance(file, Path):
        drawn = _draw(file, _default_path(file) if out is None else _path_in(out, file), kind)
        known = drawn.details
        of_sound, of_score = "  peak {peak_db:.1f} dB", "  notes: {n_notes}, tracks: {n_tracks}"
        return Made.of(drawn, lines=[(of_sound if "peak_db" in known else of_score).format(**known)])
    if len(file) == 1:
        return plot(file[0], out, kind)
    return _draw_each(tuple(dict.fromkeys(file)), out, kind)


def _draw(file: Path, out: Path, kind: PlotKind) -> MadeFile:
    if file.suffix.lower() in READABLE:
        return _draw_score(file, out)
    check_plot_of(out, file.name)  # before a long file is read
    if file.is_dir():
        raise BadAudio(f"{file} is a folder; give a sound file.")
    overview = read_overview(file)
    draw_overview(overview, out, kind, title=file.name)
    summary = overview.summary
    details = {"kind": kind, "peak_db": summary.peak_db}
    return MadeFile(
        path=out,
        source=file,
        seconds=summary.seconds,
        sample_rate=summary.sample_rate,
        n_channels=summary.n_channels,
        details=details,
    )


def _draw_score(file: Path, out: Path) -> MadeFile:
    """Draw a score, or the first tune of a file."""
    is_notation = out.suffix.lower() == ".svg"
    if is_notation:
        check_target(out)
        score = read_score(file)
        engrave(score, out)
    else:
        check_plot_of(out, file.name)
        score = read_score(file)
        draw_piano_roll(score, out, title=file.name)
    n_tracks = sum(len(track.notes) > 0 for track in score.tracks)
    kind = "notation" if is_notation else "piano-roll"
    details = {"kind": kind, "n_tracks": n_tracks, "n_notes": score.n_notes}
    return MadeFile(path=out, source=file, seconds=score.seconds, details=details)


def _draw_each(files: Sequence[Path], out: Path | None, kind: PlotKind) -> Made:
    """Draw several files; list those that cannot be drawn."""
    if out is not None:
        if out.suffix.lower() == ".png":
            raise BadSetting(f"There are {len(files)} files, and {out} is one image; give a folder with --out.")
        make_folder(out)
    plots, failed = [], []
    for file, path in zip(files, image_paths(files, out), strict=True):
        try:
            plots.append(_draw(file, path, kind))
        except (BadAudio, BadFolder, BadScore) as error:
            failed.append(Failed(file, str(error)))
    return Made(out=out or Path(), files=tuple(plots), failed=tuple(failed))


def image_paths(files: Sequence[Path], folder: Path | None) -> list[Path]:
    """Return a distinct path for the image of each file.

    Parameters
    ----------
    files : sequence of Path
        The sound files.
    folder : Path or None
        Folder of the images; None for the folder of each sound file.

    Returns
    -------
    list of Path
        Paths ``<name>-plot.png``. Where several files would have the same name, the suffix of the sound file is added,
        then the name of its folder, then a number.
    """
    rules: tuple[Callable[[int, Path], str], ...] = (
        lambda _, file: file.stem,
        lambda _, file: file.name,
        lambda _, file: f"{file.absolute().parent.name}-{file.name}",
        lambda number, file: f"{number}-{file.name}",
    )

    def path_by(rule: int, index: int) -> Path:
        file = files[index]
        return (file.parent if folder is None else folder) / f"{rules[rule](index + 1, file)}-plot.png"

    chosen = [0] * len(files)
    for rule in range(1, len(rules)):
        names = [str(path_by(chosen[index], index)).casefold() for index in range(len(files))]
        counts = Counter(names)
        chosen = [rule if counts[name] > 1 else before for name, before in zip(names, chosen, strict=True)]
    return [path_by(rule, index) for index, rule in enumerate(chosen)]


def _default_path(file: Path) -> Path:
    return file.parent / f"{file.stem}-plot.png"


def _path_in(out: Path, file: Path) -> Path:
    """Return ``out``, or the default name in it if it is a folder."""
    name = _default_path(file).name
    return out / name if out.is_dir() else out
