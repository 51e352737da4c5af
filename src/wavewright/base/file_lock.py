"""Lock files that exclude other processes and threads; the system releases a lock when its process ends."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import InUse
from .interruption import uninterrupted

LOCK_OFFSET = 2**30
"""Offset of the byte that Windows locks, past the content, so that other processes can read that."""

POLL_SECONDS = 0.02
"""Pause between two attempts to lock, on systems whose blocking lock times out."""

NO_LOCKS = {getattr(errno, name) for name in ("ENOLCK", "ENOSYS", "EOPNOTSUPP", "ENOTSUP") if hasattr(errno, name)}
"""Errors of file systems without locks."""

_open_locks: set[int] = set()


@contextmanager
def locked(path: Path, wait: bool) -> Iterator[bool]:
    """Hold the lock file ``path`` exclusively; create it if it is missing and remove it at the end.

    Processes exclude each other, and so do threads of one process. The system releases the lock when the process that
    holds it ends, however it ends; a lock file that is left behind locks nothing. The lock is not reentrant.

    - ``wait``: wait until the lock is free; otherwise raise InUse at once if another one holds it.

    Raises InUse if ``wait`` is false and another process or thread holds the lock, or OSError if the lock file cannot
    be created.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder) / ".lock", wait=False) as is_held:
    ...     is_held
    True
    """
    descriptor, is_held = _acquire(path, wait)
    try:
        yield is_held
    finally:
        with uninterrupted():
            _release(descriptor, path)


def _acquire(path: Path, wait: bool) -> tuple[int, bool]:
    """Open and lock the file at ``path``; retry if the previous holder removed it meanwhile."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            is_held = _lock(descriptor, path, wait)
            if _is_at(descriptor, path):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, str(os.getpid()).encode())
                _open_locks.add(descriptor)
                return descriptor, is_held
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path, wait: bool) -> bool:
    """Lock an open file; return False on a file system without locks, raise InUse if it is locked and not ``wait``."""
    while True:
        try:
            _system_lock(descriptor, wait)
        except OSError as error:
            if error.errno in NO_LOCKS:
                return False
            if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK):
                raise
            if not wait:
                raise InUse(
                    f"{path.parent} is in use by another process{_holder(path)}; wait until it has ended, or choose "
                    "another folder."
                ) from None
            time.sleep(POLL_SECONDS)
        else:
            return True


def _holder(path: Path) -> str:
    """Return the process number in a lock file, in brackets; an empty string if it cannot be read."""
    with suppress(OSError, ValueError):
        return f" ({int(path.read_text())})"
    return ""


def _is_at(descriptor: int, path: Path) -> bool:
    """Return True if the open file is still the one at ``path``."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _release(descriptor: int, path: Path) -> None:
    """Remove the lock file, then release the lock."""
    if descriptor not in _open_locks:  # a forked child: the lock is its parent's
        return
    _open_locks.discard(descriptor)
    if sys.platform == "win32":  # cannot remove an open file
        os.close(descriptor)
        with suppress(OSError):  # the next holder has it open already
            path.unlink()
        return
    with suppress(OSError):
        path.unlink()
    os.close(descriptor)


def _forget_in_child() -> None:
    """Close a parent's locks in its forked child, which would otherwise hold them after the parent ends."""
    for descriptor in _open_locks:
        with suppress(OSError):
            os.close(descriptor)
    _open_locks.clear()


if sys.platform == "win32":
    import msvcrt

    def _system_lock(descriptor: int, wait: bool) -> None:
        del wait  # _lock polls
        os.lseek(descriptor, LOCK_OFFSET, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _system_lock(descriptor: int, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

    os.register_at_fork(after_in_child=_forget_in_child)
