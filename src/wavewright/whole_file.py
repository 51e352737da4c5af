"""Write files whole or not at all: beside their place first, then into it in one step."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .errors import BadFolder, WavewrightError
from .names import inside

FULL_BYTES = 2**20
"""A disk with less free space than this counts as full: libraries that write for us say no more than that it went wrong."""


def write_whole(path: Path, contents: bytes) -> None:
    """Write ``contents`` to ``path``; where that fails (a full disk, an interruption), what was there stays as it was.

    Raises OSError, which names ``path``.
    """
    with whole_file(path) as file:
        file.write(contents)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A hidden file to write to, which at the end takes the place ``path``; where the block fails, what was there stays as it was.

    An OSError of the hidden file names ``path``.
    """
    temporary = path.with_name(f".wavewright-{secrets.token_hex(4)}")  # short, for names may be as long as a system allows
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave the new name with the old disk's content
        temporary.replace(path)
    except OSError as error:
        if error.filename not in (None, str(temporary), temporary):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: Path, last: str) -> Iterator[Path]:
    """A hidden folder to write files into; at the end all of them move into ``folder``, the one called ``last`` after the others.

    Where the block fails, ``folder`` stays as it was, and the error speaks of it and not of the hidden one. Raises BadFolder where
    ``folder`` is a file or lies in one, and where a link in it would take a file elsewhere.
    """
    existed = folder.is_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=".wavewright-", dir=folder))
    except (FileExistsError, NotADirectoryError) as error:
        raise BadFolder(f"{folder} is a file or lies in one; give a folder to write to with --out.") from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
    try:
        yield hidden
        made = sorted((path for path in hidden.rglob("*") if path.is_file()), key=lambda path: path.name == last)
        for path, place in [(path, inside(folder, path.relative_to(hidden))) for path in made]:
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
    except WavewrightError as error:
        raise type(error)(str(error).replace(str(hidden), str(folder))) from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(error.filename or folder).replace(str(hidden), str(folder))) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        if not existed:
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
