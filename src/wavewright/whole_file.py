"""Write files whole or not at all: beside their place first, then into it in one step."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .errors import BadFolder, InUse, WavewrightError
from .file_lock import locked
from .interruption import uninterrupted
from .names import LONGEST_NAME_BYTES, inside

FULL_BYTES = 2**20
"""A disk with less free space than this counts as full: libraries that write for us say no more than that it went wrong."""


PART = re.compile(r"(\.wavewright-[0-9]+-[0-9a-f]{8})(\..*)?")
"""Names of files and folders that are being written, and of their locks: process number and eight random digits."""

FOLDER_LOCK = ".wavewright.lock"
"""Lock file that is held while files move into a folder together."""

_swept: set[Path] = set()


def write_whole(path: Path, contents: bytes) -> None:
    """Write ``contents`` to ``path``; where that fails (a full disk, an interruption), what was there stays as it was.

    Raises as :func:`whole_file`.
    """
    with whole_file(path) as file:
        file.write(contents)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a hidden file that replaces ``path`` at the end; where the block fails, ``path`` is unchanged.

    Raises BadFolder for a name that is too long, OSError, which names ``path``, where it cannot be written.
    """
    with _named_errors(path), part_of(path) as part:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave the new name with the old disk's content
        part.replace(path)


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """Yield a hidden path, with the same ending, at which to write a file or folder before it moves to ``path``.

    It is removed at the end. The first call for a folder also removes what killed processes left there. Raises
    BadFolder for a name that is too long, OSError where nothing can be written."""
    check_name(path)
    sweep_once(path.parent)
    with hidden_path(path.parent, path.suffix) as part:
        yield part


def check_name(path: Path) -> None:
    """Raise BadFolder where the name of a file or folder to write is longer than file systems allow."""
    n_bytes = len(os.fsencode(path.name))
    if n_bytes > LONGEST_NAME_BYTES:
        raise BadFolder(
            f"The name {path.name[:20]}...{path.name[-20:]} has {n_bytes} bytes; file systems take {LONGEST_NAME_BYTES}: "
            "choose a shorter one."
        )


def sweep_once(folder: Path) -> None:
    """Sweep a folder at the first call of this process for it.

    Call it also where an existing file makes writing unnecessary: a process may be killed after the file has moved to
    its path and before its lock is removed.
    """
    if folder.absolute() not in _swept:
        _swept.add(folder.absolute())
        sweep(folder)


def sweep(folder: Path) -> None:
    """Remove unfinished files of ended processes from a folder; locks protect those of running ones."""
    with suppress(OSError):
        matches = [match for entry in os.scandir(folder) if (match := PART.fullmatch(entry.name))]
        for stem in {match[1] for match in matches}:
            with suppress(OSError, InUse), locked(folder / f"{stem}.lock", wait=False) as is_held:
                for match in matches if is_held else ():
                    if match[1] == stem and match[2] != ".lock":
                        _remove(folder / match[0])


@contextmanager
def hidden_path(folder: Path, suffix: str = "") -> Iterator[Path]:
    """Yield a hidden path in a folder, locked while this process lives; remove what is there at the end."""
    stem = f".wavewright-{os.getpid()}-{secrets.token_hex(4)}"  # short, for names may be as long as a system allows
    with locked(folder / f"{stem}.lock", wait=True):
        part = folder / f"{stem}{suffix}"
        try:
            yield part
        finally:
            with uninterrupted():
                _remove(part)


def _remove(part: Path) -> None:
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part, ignore_errors=True)
    else:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Replace the hidden file's name in an OSError by ``path``."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not PART.fullmatch(Path(error.filename).name):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def whole_folder(folder: Path, last: str, finish: Callable[[Path], None] = lambda hidden: None) -> Iterator[Path]:
    """Yield a hidden folder to write files into; at the end move them into ``folder``, the one called ``last`` at last.

    Parameters
    ----------
    folder : Path
        Where the files go. Where the block or ``finish`` fails it is unchanged, and the error names it instead of the
        hidden one.
    last : str
        Name of the file that moves last, such as a manifest.
    finish : callable
        Called with the hidden folder right before the files move, while other processes cannot write into ``folder``:
        there it can read ``folder`` and add files.

    Raises
    ------
    BadFolder
        Where ``folder`` is a file or lies in one, and where a link in it leads outside.
    """
    check_name(folder)
    existed = folder.is_dir()
    with ExitStack() as stack:
        stack.callback(_remove_if_empty, None if existed else folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            sweep(folder)
            hidden = stack.enter_context(hidden_path(folder))
            hidden.mkdir()
        except (FileExistsError, NotADirectoryError) as error:
            raise BadFolder(f"{folder} is a file or lies in one; give a folder to write to with --out.") from error
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(folder)) from error
        try:
            yield hidden
            with locked(folder / FOLDER_LOCK, wait=True):
                finish(hidden)
                with uninterrupted():
                    _move_files(hidden, folder, last)
        except WavewrightError as error:
            raise type(error)(str(error).replace(str(hidden), str(folder))) from error
        except OSError as error:
            named = str(error.filename or folder).replace(str(hidden), str(folder))
            raise OSError(error.errno, error.strerror, named) from error


def _move_files(hidden: Path, folder: Path, last: str) -> None:
    made = sorted((path for path in hidden.rglob("*") if path.is_file()), key=lambda path: path.name == last)
    for path, place in [(path, inside(folder, path.relative_to(hidden))) for path in made]:
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)


def _remove_if_empty(folder: Path | None) -> None:
    if folder is not None:
        with suppress(OSError):  # there is something in it
            folder.rmdir()


def why_not_written(path: Path, reason: str) -> str:
    """The sentence for a file that could not be written, for which the system or a library gave ``reason``."""
    with suppress(OSError):
        if shutil.disk_usage(path.parent).free < FULL_BYTES:
            return f"There is no space left to write {path}; free some, or write to another disk."
        if not os.access(path.parent, os.W_OK):
            return f"{path} cannot be written, because its folder is read-only; choose another folder."
    return f"{path} could not be written ({reason.rstrip('.')}); choose another folder."
