"""Write files whole or not at all: to a hidden path first, which then replaces the file in one step."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .errors import FULL_DISK, BadFolder, BadSetting, InUse, WavewrightError
from .file_lock import locked
from .interruption import uninterrupted
from .names import MAX_NAME_BYTES, inside

FULL_BYTES = 2**20
"""Free space below which a disk counts as full: libraries do not report why writing failed."""

FULL_REASONS = tuple(map(os.strerror, FULL_DISK))

HIDDEN_NAME = re.compile(r"(\.wavewright-[0-9]+-[0-9a-f]{8})(\..*)?")
"""Names of unfinished files and folders, and of their locks: process number and eight random digits."""

FOLDER_LOCK = ".wavewright.lock"
"""Lock file that is held while files move into a folder."""

_swept: set[Path] = set()


def write_whole(path: Path, contents: bytes) -> None:
    """Write a file; if that fails (a full disk, an interruption), the previous file is unchanged.

    Raises BadFolder and OSError as :func:`whole_file`.
    """
    with whole_file(path) as file:
        file.write(contents)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a hidden file that replaces ``path`` at the end; if the block fails, ``path`` is unchanged.

    Raises BadFolder if the name is too long, or OSError if the file cannot be written; it names ``path``.
    """
    with _errors_of(path), temporary_path(path) as temporary:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave the new name with the old disk's content
        temporary.replace(path)


@contextmanager
def temporary_path(path: Path) -> Iterator[Path]:
    """Yield a hidden path at which to write a file or folder before it moves to ``path``.

    What is there at the end is removed. The first call for a folder also removes the unfinished files of killed
    processes.

    Raises BadFolder if the name is too long, or OSError if nothing can be written there.
    """
    check_name(path)
    sweep_once(path.parent)
    with hidden_path(path.parent, path.suffix) as temporary:
        try:
            yield temporary
        except (OSError, RuntimeError) as error:  # while the unfinished file takes the space
            if is_full(path.parent):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
            raise


def check_name(path: Path) -> None:
    """Raise BadFolder if the name of a file or folder is longer than file systems allow, or that of a pipe or device.

    A file that is written whole would replace those.
    """
    kind = 0
    with suppress(OSError, ValueError):  # nothing is there, or its name is none
        kind = stat.S_IFMT(path.stat().st_mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadFolder(f"{path} is a pipe, socket or device; give the name of a file to write.")
    n_bytes = len(os.fsencode(path.name))
    if n_bytes > MAX_NAME_BYTES:
        raise BadFolder(
            f"The name {path.name[:20]}...{path.name[-20:]} has {n_bytes} bytes; file systems allow "
            f"{MAX_NAME_BYTES}: choose a shorter one."
        )


def check_target(path: Path, *read: Path) -> None:
    """Raise BadFolder, before any work, if the folder of ``path`` is missing, or ``path`` is no file to write.

    ``read`` are the files that the work reads; raise BadSetting if ``path`` is one of them.
    """
    check_name(path)
    if not path.parent.is_dir():
        raise BadFolder(f"{path} cannot be written, because the folder {path.parent} does not exist; create it first.")
    if path.is_dir():
        raise BadFolder(f"{path} is a folder; give the name of a file to write.")
    check_not_read(path, *read)


def new_target(path: Path) -> Path:
    """Return the path of a file to write whose name was not given; raise BadFolder if there is one already."""
    if path.exists():
        raise BadFolder(f"{path} exists; give it with --out to replace it, or another name.")
    return path


def check_not_read(path: Path, *read: Path) -> None:
    """Raise BadSetting if ``path`` is one of the files that are read, which are never replaced."""
    if is_one_of(path, read):
        raise BadSetting(f"{path} is a file that is read, and is never replaced; give another name with --out.")


def is_one_of(path: Path, others: Sequence[Path]) -> bool:
    """Return whether a path is a file that is among others, by whatever name."""
    return path.exists() and any(other.exists() and path.samefile(other) for other in others)


def make_folder(out: Path) -> None:
    """Create a folder, or remove the temporary files of killed processes from it; raise BadFolder if that fails."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        sweep_once(out)
    except (FileExistsError, NotADirectoryError) as error:
        raise BadFolder(f"{out} is a file or lies in one; give a folder to write to with --out.") from error
    except OSError as error:
        raise BadFolder(why_not_written(out, error.strerror or str(error))) from error


def sweep_once(folder: Path) -> None:
    """Sweep a folder at the first call of this process for it.

    Call it also if an existing file makes writing unnecessary: a process may be killed after the file has moved to its
    path and before its lock is removed.
    """
    if folder.absolute() not in _swept:
        _swept.add(folder.absolute())
        sweep(folder)


def sweep(folder: Path) -> None:
    """Remove unfinished files of ended processes from a folder; locks protect those of running ones."""
    with suppress(OSError):
        matches = [match for entry in os.scandir(folder) if (match := HIDDEN_NAME.fullmatch(entry.name))]
        for stem in {match[1] for match in matches}:
            with suppress(OSError, InUse), locked(folder / f"{stem}.lock", wait=False) as is_held:
                for match in matches if is_held else ():
                    if match[1] == stem and match[2] != ".lock":
                        _remove(folder / match[0])


@contextmanager
def hidden_path(folder: Path, suffix: str = "") -> Iterator[Path]:
    """Yield a hidden path in a folder, locked while this process runs; remove what is there at the end."""
    stem = (
        f".wavewright-{os.getpid()}-{secrets.token_hex(4)}"  # short, since names may be as long as a file system allows
    )
    with locked(folder / f"{stem}.lock", wait=True):
        path = folder / f"{stem}{suffix}"
        try:
            yield path
        finally:
            with uninterrupted():
                _remove(path)
            _swept.difference_update([swept for swept in [*_swept] if swept.is_relative_to(path.absolute())])


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder among the temporary files, removed at the end, or by a later call if this process is killed.

    Raises BadFolder if no folder can be made.
    """
    base = temporary_base()
    sweep(base)
    with hidden_path(base) as folder:
        folder.mkdir()
        yield folder


def temporary_base() -> Path:
    """Return a folder of this user alone among the temporary files; raise BadFolder if it cannot be made."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    base = Path(tempfile.gettempdir()) / f"wavewright-{user}"
    try:
        base.mkdir(mode=0o700, exist_ok=True)
        is_ours = not hasattr(os, "getuid") or base.lstat().st_uid == user
    except OSError as error:
        raise BadFolder(
            f"The folder {base} for temporary files cannot be made ({error.strerror}); set TMPDIR."
        ) from error
    if base.is_symlink() or not is_ours:
        raise BadFolder(f"The temporary folder {base} belongs to someone else; set TMPDIR to another folder.")
    return base


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Name ``path`` instead of the hidden file in an OSError."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not HIDDEN_NAME.fullmatch(Path(error.filename).name):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def whole_folder(folder: Path, last: str, finish: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """Yield a hidden folder to write files into; at the end move them into ``folder``, the one named ``last`` at last.

    - ``folder``: the final folder. If the block or ``finish`` fails it is unchanged, and the error names it instead of
      the hidden one.
    - ``last``: name of the file that moves last, such as a manifest.
    - ``finish``: called with the hidden folder right before the files move, while other processes cannot write into
      ``folder``: it can read ``folder`` and add files to the hidden one.

    Raises BadFolder if ``folder`` is a file or inside one, or a link in it leads outside.
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
                if finish is not None:
                    finish(hidden)
                with uninterrupted():
                    _move_files(hidden, folder, last)
        except WavewrightError as error:
            raise type(error)(str(error).replace(str(hidden), str(folder))) from error
        except OSError as error:
            named = str(error.filename or folder).replace(str(hidden), str(folder))
            raise OSError(error.errno, error.strerror, named) from error


def _move_files(hidden: Path, folder: Path, last: str) -> None:
    """Move all files of a hidden folder, the one named ``last`` at last, after checking all targets."""
    files = sorted((path for path in hidden.rglob("*") if path.is_file()), key=lambda path: path.name == last)
    for path, target in [(path, inside(folder, path.relative_to(hidden))) for path in files]:
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def _remove_if_empty(folder: Path | None) -> None:
    if folder is not None:
        with suppress(OSError):  # it is not empty
            folder.rmdir()


def is_full(folder: Path) -> bool:
    """Return True if the disk of a folder is full, or the share of it that its user may have."""
    with suppress(OSError):
        return shutil.disk_usage(folder).free < FULL_BYTES
    return False


def why_not_written(path: Path, reason: str) -> str:
    """Return the message for a file that could not be written: the cause, as far as it is known, and the remedy.

    ``reason`` is the message of the system or of a library.
    """
    with suppress(OSError):
        if reason in FULL_REASONS or is_full(path.parent):
            return f"There is no space left to write {path}; free some, or write to another disk."
        if not os.access(path.parent, os.W_OK):
            return f"{path} cannot be written, because its folder is read-only; choose another folder."
    return f"{path} could not be written ({reason.rstrip('.')}); choose another folder."
