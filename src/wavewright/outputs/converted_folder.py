"""Convert all sound files of a folder in parallel, with a manifest; what is up to date is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..audio.clip import suffix_like
from ..audio.file_kind import SOUND_SUFFIXES, is_video
from ..audio.sound_file import open_sound
from ..base.errors import EXPECTED_ERRORS, BadFolder, printable
from ..base.files import files_below
from ..base.names import inside
from ..base.result import Failed, first_of
from ..base.runner import GivenT, Item, each_item
from ..base.whole_file import make_folder, sweep
from .made import Made, MadeFile
from .manifest_file import MANIFEST_FILE, NO_TABLE, FolderTable, add_records, manifest_lines, record_of

MOST_NAMED = 4
"""Files that the note on those that were not copied names, such as a table of texts."""

ConvertFile = Callable[[Path, Path], MadeFile]


def convert_folder(
    source: Path,
    out: Path | None,
    begin: Callable[[Path], ConvertFile],
    doing: str,
    done: str,
    workers: int = 0,
    quiet: bool = False,
    suffix: str | None = None,
    table: FolderTable = NO_TABLE,
) -> Made:
    """Convert all sound files of a folder and of those in it, several at a time; the files keep their names.

    A file that fails does not keep the others from being converted. Those that exist and are up to date are kept, so an
    interrupted call can be repeated. A manifest lists all.

    - ``source``, ``out``: the folder, and the one to write to; by default beside it, with its name and what was done.
    - ``begin``: returns the function that converts a file into another of a folder, with models and the like opened
      once; it is sent to other processes.
    - ``doing``, ``done``: such as ``enhancing`` in messages, and ``enhanced`` after the name of the folder.
    - ``workers``: files at a time, 0 for the number of cores.
    - ``quiet``: show no progress.
    - ``suffix``: ending of the files; by default that of each sound, or WAV where its format cannot be written.
    - ``table``: that of the folder; what it says of the recordings is in the manifest.

    Raises BadFolder if there is no sound in the folder, or ``out`` is the folder itself, has a file of another maker
    that would be replaced, or cannot be written to.
    """
    out = out or _folder_beside(source, done)
    if out.resolve() == source.resolve():
        raise BadFolder(
            f"{out} is the folder of the recordings, which are never replaced; give another one with --out."
        )
    names, ignored, failed = _sound_files(source, out)
    targets = _targets(names, out, suffix)
    if not (out / MANIFEST_FILE).exists():  # the folder is somebody's
        taken = next((target for _, target in targets if target.exists()), None)
        if taken is not None:
            raise BadFolder(f"{taken} exists, and no call made it; give another folder with --out, or move it.")
        make_folder(out)
        add_records(out, {})  # which says whose the folder is, also after a kill
    items: list[Item[tuple[Path, Path]] | Failed] = list(failed)
    items += [Item(source / sound, (source / sound, target), _seconds(source / sound)) for sound, target in targets]
    try:
        title = f"{doing} {source.name}"
        made = make_each(out, items, partial(_converter, begin, out), title, quiet, workers, table)
    finally:
        for folder in {target.parent for _, target in targets}:
            sweep(folder)  # what processes were writing when they were ended
    ignored = [path for path in ignored if path != Path(table.name)]
    notes = (f"Not copied: {_listed(ignored)}.",) if ignored else ()
    return replace(made, notes=(*table.notes, *notes), details={**made.details, "n_ignored": len(ignored)})


def make_each(
    out: Path,
    items: Sequence[Item[GivenT] | Failed],
    begin: Callable[[], Callable[[GivenT], MadeFile]],
    title: str,
    quiet: bool,
    n_processes: int = 1,
    table: FolderTable = NO_TABLE,
) -> Made:
    """Make a file of a folder of each item, several at a time; the manifest lists all, also after an interruption.

    The arguments are those of `each_item`; ``table`` is that of the sources.

    Raises BadFolder if the folder cannot be written to, or its manifest is none.
    """
    make_folder(out)
    manifest_lines(out / MANIFEST_FILE)  # refuse a file of that name that is not a manifest before any work

    def add(files: Sequence[MadeFile]) -> None:
        if files:
            records = [record_of(out, file, table.facts.get(str(file.origin.get("source")))) for file in files]
            add_records(out, {str(record["audio_filepath"]): record for record in records})

    files, failed = each_item(items, begin, title, quiet, n_processes, add)
    return Made(out=out, files=files, failed=failed, details={"manifest": out / MANIFEST_FILE})


def _converter(begin: Callable[[Path], ConvertFile], folder: Path) -> Callable[[tuple[Path, Path]], MadeFile]:
    """Return the function that converts a file into another, whose folder need not exist."""
    convert = begin(folder)

    def convert_into(paths: tuple[Path, Path]) -> MadeFile:
        source, out = paths
        out.parent.mkdir(parents=True, exist_ok=True)
        made = convert(source, out)
        name = (out.relative_to(folder).parent / source.name).as_posix()  # below the folder of the sounds
        return replace(made, origin={**made.origin, "source": name})

    return convert_into


def _listed(files: Sequence[Path]) -> str:
    """Return the first files of a list and the number of the others; those of the folder itself come first."""
    named = [each.as_posix() for each in sorted(files, key=lambda path: (len(path.parts), path))]
    n_more = len(named) - MOST_NAMED
    shown = ", ".join(map(printable, named[:MOST_NAMED]))
    return f"{shown} and {n_more} more" if n_more > 0 else shown


def _sound_files(folder: Path, out: Path) -> tuple[list[Path], list[Path], list[Failed]]:
    """Return the sound files below a folder and the other files, relative to it, and what cannot be opened.

    ``out`` is left out.
    """
    found = files_below(folder)
    failed = [each for each in found if isinstance(each, Failed)]
    files = [
        path.relative_to(folder)
        for path in found
        if isinstance(path, Path) and not path.resolve().is_relative_to(out.resolve())
    ]
    names = [path for path in files if path.suffix.lower() in SOUND_SUFFIXES]
    if not names:
        opened = f" that can be opened: {first_of(failed)}." if failed else "; give a folder of recordings."
        raise BadFolder(f"{folder} contains no sound file{opened}")
    return names, [path for path in files if path.suffix.lower() not in SOUND_SUFFIXES], failed


def _targets(names: Sequence[Path], out: Path, suffix: str | None) -> list[tuple[Path, Path]]:
    """Return each sound with the file to write; where two would have the same name, one gets its own ending too."""
    targets: list[tuple[Path, Path]] = []
    used: set[Path] = set()
    for sound in names:
        target = sound if suffix is None and is_video(sound) else sound.with_suffix(suffix or suffix_like(sound))
        if target in used:
            target = sound.with_name(f"{sound.name}{target.suffix}")
        used.add(target)
        targets.append((sound, inside(out, target)))
    return targets


def _seconds(path: Path) -> float:
    """Return the length of a sound file, 0 if it is unknown or cannot be read."""
    try:
        return open_sound(path).header.seconds or 0.0
    except EXPECTED_ERRORS:
        return 0.0


def _folder_beside(folder: Path, done: str) -> Path:
    named = folder if folder.name else folder.resolve()  # such as "."
    if not named.name:
        raise BadFolder(f"{folder} has no name to derive that of another folder from; give one with --out.")
    return named.with_name(f"{named.name}-{done}")
