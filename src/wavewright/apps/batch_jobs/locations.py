"""Files on this machine, and in object storage by URL where fsspec is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.request import url2pathname

from ...base.errors import BadFolder, MissingExtra, WavewrightError, how_to_install, printable

LOCAL_PREFIX = "file://"


def is_url(location: str) -> bool:
    """Return True for a URL such as ``s3://bucket/a.wav``."""
    return "://" in location


def located(location: str | Path) -> str:
    """Return a location, that of ``file://`` as a path."""
    text = str(location)
    return url2pathname(text.removeprefix(LOCAL_PREFIX)) if text.startswith(LOCAL_PREFIX) else text


def joined(base: str, location: str) -> str:
    """Return a location that may be relative to a folder or URL."""
    location = located(location)
    if is_url(location) or not is_url(base):
        return location if is_url(location) else str(Path(base) / location)
    return f"{base.rstrip('/')}/{location.lstrip('/')}"


def name_of(location: str) -> str:
    """Return the last part of a location."""
    return PurePosixPath(location).name if is_url(location) else Path(location).name


@contextmanager
def errors_of(url: str) -> Iterator[None]:
    """Raise BadFolder for every error of a store; libraries of stores have errors of their own."""
    try:
        yield
    except WavewrightError:
        raise
    except FileNotFoundError as error:
        raise BadFolder(f"{url} does not exist.") from error
    except Exception as error:
        raise BadFolder(printable(f"{url} cannot be used ({type(error).__name__}: {error}).")) from error


def open_store(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path on it.

    Raises MissingExtra if fsspec is not installed, or BadFolder if it does not know the kind of URL, or lacks the
    library for it.
    """
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtra(f"{url} is in object storage; {how_to_install('storage')}.") from error
    with errors_of(url):
        system, path = fsspec.core.url_to_fs(url)
    return system, path.rstrip("/")


def is_folder(location: str) -> bool:
    """Return True for a folder, or the prefix of objects."""
    if not is_url(location):
        return Path(location).is_dir()
    system, path = open_store(location)
    with errors_of(location):
        return bool(system.isdir(path))


def files_below(folder: str) -> list[str]:
    """Return the files of a folder and its folders, relative to it; those whose names start with a dot are left out."""
    if is_url(folder):
        system, root = open_store(folder)
        with errors_of(folder):
            paths = [path.removeprefix(root).lstrip("/") for path in system.find(root)]
    else:
        paths = [path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()]
    return sorted(path for path in paths if not any(part.startswith(".") for part in path.split("/")))


def is_below(location: str, folder: str) -> bool:
    """Return True for a location in a folder or its folders."""
    if is_url(location) or is_url(folder):
        return location.startswith(f"{folder.rstrip('/')}/")
    return Path(location).resolve().is_relative_to(Path(folder).resolve())


def matches(path: str, pattern: str) -> bool:
    """Return True if the name of a file, or its whole relative path, matches a pattern."""
    return fnmatch(path, pattern) or fnmatch(PurePosixPath(path).name, pattern)


def read_bytes(location: str) -> bytes:
    """Return the contents of a file."""
    if not is_url(location):
        return Path(location).read_bytes()
    system, path = open_store(location)
    with errors_of(location):
        contents: bytes = system.cat_file(path)
    return contents


def stamp_of(location: str) -> str:
    """Return what changes whenever a file changes, such as its size and time; empty for folders and missing files."""
    if is_url(location):
        system, path = open_store(location)
        try:
            with errors_of(location):
                system.invalidate_cache()
                return str(system.ukey(path))
        except BadFolder:
            return ""
    try:
        status = Path(location).stat()
    except OSError:
        return ""
    return "" if Path(location).is_dir() else f"{status.st_size} {status.st_mtime_ns}"


def local_copy(location: str, folder: Path) -> Path:
    """Return the path of a file on this machine: its own, or that of a copy in a folder."""
    if not is_url(location):
        return Path(location)
    system, path = open_store(location)
    folder.mkdir()
    with errors_of(location):
        system.get_file(path, str(folder / name_of(location)))
    return folder / name_of(location)
