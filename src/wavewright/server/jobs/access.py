"""What a worker process may open: the files of its job, models, and those of Python and its libraries."""

from __future__ import annotations

import errno
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from ... import models

SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/opt", "/proc", "/sys", "/dev", "/etc/fonts", "/etc/ssl", "/nix")
SYSTEM_FILES = ("/etc/localtime", "/etc/mime.types", "/etc/ld.so.cache", "/etc/machine-id", "/etc/timezone")
CACHE_VARIABLES = ("NUMBA_CACHE_DIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "SYSTEMROOT")


class FileAccess:
    """An audit hook that refuses to open files outside of folders.

    Parameters
    ----------
    runs_folder : Path
        Folder of the runs, which jobs read models from and train into.
    """

    def __init__(self, runs_folder: Path) -> None:
        self._lasting = (*_library_folders(), *map(_real, (runs_folder, *models.search_path())))
        self._of_job: tuple[str, ...] = ()
        self._is_on = False

    def install(self) -> None:
        """Start to refuse, for as long as this process lives."""
        self._is_on = True
        sys.addaudithook(self._hook)

    def allow(self, folders: Iterable[Path]) -> None:
        """Allow further folders, those of one job, instead of the previous ones."""
        self._of_job = tuple(_real(folder) for folder in folders)

    def is_allowed(self, path: str) -> bool:
        """Return whether a file may be opened, links resolved."""
        real = os.path.realpath(path)
        if real in SYSTEM_FILES:
            return True
        return any(real == folder or real.startswith(folder + os.sep) for folder in (*self._of_job, *self._lasting))

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or isinstance(arguments[0], int):
            return
        path = os.fsdecode(arguments[0])  # type: ignore[arg-type]
        if not self.is_allowed(path):
            raise PermissionError(errno.EACCES, "a job opens only files that were sent with it", path)


def _library_folders() -> tuple[str, ...]:
    """Return the folders of Python, its packages, Wavewright and caches; the current folder is not one of them."""
    from platformdirs import user_cache_path, user_config_path

    found = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values(), *SYSTEM_FOLDERS]
    found += [entry for entry in sys.path if entry and _real(entry) != _real(".")]
    found += [str(Path(__file__).parents[3])]
    found += [os.environ[name] for name in CACHE_VARIABLES if os.environ.get(name)]
    found += [str(user_cache_path()), str(user_config_path("matplotlib"))]
    return tuple(dict.fromkeys(map(_real, found)))


def _real(path: Path | str) -> str:
    return os.path.realpath(path).rstrip(os.sep) or os.sep
