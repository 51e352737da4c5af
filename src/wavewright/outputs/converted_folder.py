"""Convert all sound files of a folder in parallel, with a manifest; what is up to date is kept."""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

from ..audio.clip import SOUND_SUFFIXES, suffix_like
from ..audio.sound_file import open_sound
from ..audio.video_file import is_video
from ..base.errors import BadFolder, SoundWarning, WavewrightError, collected_warnings, problem_of
from ..base.names import inside
from ..base.progress_bar import progress_bar
from ..base.result import Failed
from ..base.whole_file import make_folder, sweep
from ..base.worker_process import WorkerLost, WorkerProcess, answers
from .made import Made, MadeFile
from .manifest_file import MANIFEST_FILE, add_records, manifest_lines

ConvertFile = Callable[[Path, Path], MadeFile]


class Conversion(ABC):
    """Conversion of the files of a folder; it is sent to other processes."""

    doing: ClassVar[str]
    """The verb in messages, such as ``enhancing``."""

    def target_of(self, sound: Path) -> Path:
        """Return the name of the file to write for a sound: its own, as WAV where its format cannot be written."""
        return sound if is_video(sound) else sound.with_suffix(suffix_like(sound))

    @abstractmethod
    def begin(self) -> ConvertFile:
        """Return the function that converts a file into another, with models and the like opened once."""


def convert_folder(source: Path, out: Path, conversion: Conversion, workers: int = 0, quiet: bool = False) -> Made:
    """Convert all sound files of a folder and of those in it, several at a time; the files keep their names.

    A file that fails does not keep the others from being converted. Those that exist and are up to date are kept, so an
    interrupted call can be repeated. A manifest lists all.

    - ``source``, ``out``: the folder, and the one to write to.
    - ``conversion``: how a file is converted.
    - ``workers``: files at a time, 0 for the number of cores.
    - ``quiet``: show no progress.

    Raises BadFolder if there is no sound in the folder, or ``out`` is the folder itself or cannot be written to.
    """
    if out.resolve() == source.resolve():
        raise BadFolder(
            f"{out} is the folder of the recordings, which are never replaced; give another one with --out."
        )
    names, n_ignored = _sound_files(source, out)
    targets = _targets(names, out, conversion)
    make_folder(out)
    manifest_lines(out / MANIFEST_FILE)  # refuse a file of that name that is not a manifest before any work
    done: dict[Path, MadeFile] = {}
    problems: dict[Path, str] = {}
    paths = {source / sound: target for sound, target in targets.items()}
    try:
        with (
            progress_bar(f"{conversion.doing} {source.name}", _total_seconds([*paths]), quiet) as show,
            closing(_results(paths, conversion, workers)) as results,
        ):
            for path, result, said in results:
                sound = path.relative_to(source)
                for sentence in said:
                    warnings.warn(sentence, SoundWarning, stacklevel=2)
                if isinstance(result, str):
                    problems[sound] = result
                else:
                    done[sound] = result
                show(sum(file.seconds or 0.0 for file in done.values()))
    finally:
        if done:
            files = {str(targets[sound].relative_to(out)): done[sound] for sound in names if sound in done}
            add_records(out, {name: _record(name, file) for name, file in files.items()})
    return Made(
        out=out,
        files=tuple(done[sound] for sound in names if sound in done),
        failed=tuple(Failed(source / sound, problems[sound]) for sound in names if sound in problems),
        notes=(f"Ignored: {n_ignored} other files.",) if n_ignored else (),
        details={"manifest": out / MANIFEST_FILE, "n_ignored": n_ignored},
    )


def _results(
    targets: Mapping[Path, Path], conversion: Conversion, workers: int
) -> Generator[tuple[Path, MadeFile | str, list[str]]]:
    """Yield each source with its converted file, or why there is none, and with warnings, as they are finished."""
    n_workers = min(workers or os.cpu_count() or 1, len(targets))
    if n_workers == 1:
        convert = conversion.begin()
        for source, out in targets.items():
            yield source, *_convert_or_explain(source, out, convert)
        return
    unfinished = dict(targets)
    start = partial(WorkerProcess, _convert_in_worker, conversion)
    try:
        with closing(answers([*targets.items()], n_workers, start)) as answered:
            for (source, _), answer in answered:
                if isinstance(answer, WorkerLost):
                    yield source, str(answer), []
                else:
                    del unfinished[source]
                    yield source, *answer
    finally:
        for folder in {out.parent for out in unfinished.values()}:
            sweep(folder)


def _convert_in_worker(connection: Connection, conversion: Conversion) -> None:
    """Convert the files that arrive."""
    convert = conversion.begin()
    while True:
        source, out = connection.recv()
        connection.send(_convert_or_explain(source, out, convert))


def _convert_or_explain(source: Path, out: Path, convert: ConvertFile) -> tuple[MadeFile | str, list[str]]:
    """Return the converted file, or why there is none, and the warnings, which this process may have no way to show."""
    with collected_warnings() as sentences:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            result: MadeFile | str = convert(source, out)
        except Exception as error:
            result = problem_of(source, error)
    return result, sentences


def _sound_files(folder: Path, out: Path) -> tuple[list[Path], int]:
    """Return the sound files below a folder, relative to it, and the number of other files; ``out`` is left out."""
    files = [
        path.relative_to(folder)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.resolve().is_relative_to(out.resolve()) and not path.name.startswith(".")
    ]
    names = [path for path in files if path.suffix.lower() in SOUND_SUFFIXES]
    if not names:
        raise BadFolder(f"{folder} contains no sound file; give a folder of recordings.")
    return names, len(files) - len(names)


def _targets(names: Sequence[Path], out: Path, conversion: Conversion) -> dict[Path, Path]:
    """Return the file to write for each sound; where two would have the same name, one gets the source's ending too."""
    targets: dict[Path, Path] = {}
    used: dict[Path, Path] = {}
    for sound in names:
        target = conversion.target_of(sound)
        if target in used:
            target = sound.with_name(f"{sound.name}{target.suffix}")
        used[target] = sound
        targets[sound] = inside(out, target)
    return targets


def _total_seconds(paths: Sequence[Path]) -> float | None:
    try:
        lengths = [open_sound(path).header.seconds for path in paths]
    except WavewrightError:
        return None
    return sum(length for length in lengths if length is not None)


def _record(name: str, file: MadeFile) -> dict[str, object]:
    """Return a line of the manifest, with the field names that ``data.manifest`` reads."""
    return {"audio_filepath": name, "duration": round(file.seconds or 0.0, 6), **file.origin}


def folder_beside(folder: Path, done: str) -> Path:
    """Return the default folder for the results of a folder: beside it, with its name and what was done."""
    named = folder if folder.name else folder.resolve()  # such as "."
    if not named.name:
        raise BadFolder(f"{folder} has no name to derive that of another folder from; give one with --out.")
    return named.with_name(f"{named.name}-{done}")
