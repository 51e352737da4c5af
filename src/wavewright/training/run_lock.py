"""Lock a run folder so that one process at a time trains in it; the system releases the lock when that process ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..base.errors import BadFolder, InUse
from ..base.file_lock import locked

LOCK_FILE = ".wavewright-run.lock"


@contextmanager
def locked_run(folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder; raise BadFolder if another process holds it. A stale lock file is no obstacle."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder / LOCK_FILE, wait=False))
        except InUse as error:
            raise BadFolder(
                f"Another process is training in {folder}; wait until it ends or stop it, or give another folder with "
                "--out."
            ) from error
        yield
