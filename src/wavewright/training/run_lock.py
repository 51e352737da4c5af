"""A lock on a run folder, which the system releases when the process that holds it ends, however it ends."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import BadFolder

LOCK_FILE = ".lock"
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""What file systems that know no locks answer; there a run goes without."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder; raises BadFolder where another process holds it. A lock file that was left behind does no harm."""
    lock = FileLock(folder / LOCK_FILE)
    with ExitStack() as stack:
        try:
            stack.enter_context(lock.acquire(timeout=0))
        except Timeout as error:
            raise BadFolder(
                f"Another process is training in {folder}; wait until it ends or stop it, or give another folder with --out."
            ) from error
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        yield
