"""The worker process: runs one task after another, each in the folder of its job; models stay loaded."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

from .... import models
from ....base.errors import EXPECTED_ERRORS, sentence_of
from ....base.interruption import is_interruption, stopped_results
from ....base.json_text import line_of
from ....base.progress_bar import progress_reported_to
from ....families.loading import models_stay_open
from ....tasks.catalogue import describe_function, function_of
from ....tasks.description import http_tasks

# --- Files that a worker process may open, by list: those of its job, of models, of Python and its libraries

SYSTEM_FILES = (
    *("/dev/null", "/dev/urandom", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo", "/proc/mounts", "/proc/stat"),
    *("/proc/version", "/etc/localtime", "/etc/mime.types", "/etc/timezone"),
)
SYSTEM_FOLDERS = (
    *("/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm", "/etc/fonts", "/usr/share/zoneinfo"),
    *("/usr/share/fonts", "/usr/local/share/fonts", "/usr/X11R6/lib/X11/fonts", "/System/Library/Fonts"),
)
"""Files of the system that libraries read: properties of the processor, fonts and time zones."""

PROCESS_FILES = ("status", "stat", "statm", "maps", "mounts", "mountinfo", "cgroup", "cmdline")
"""Of a process, below ``/proc``; its environment is not among them."""

LISTING = ("os.listdir", "os.scandir")
CHANGING = {
    **dict.fromkeys(("os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.chown", "os.truncate", "os.utime"), (0,)),
    **{"os.rename": (0, 1), "os.link": (0, 1), "os.symlink": (1,), "shutil.rmtree": (0,), "shutil.move": (0, 1)},
    "sqlite3.connect": (0,),
}
"""Events of Python that change files, with the positions of the paths among their arguments."""

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
COMPILED = "__pycache__"  # folders of the installation in which libraries write what they compile
Argument: TypeAlias = Any  # of functions of ``os``
REASON = "a job opens only files that were sent with it"


class FileAccess:
    """Refuses all files and folders that are not listed: to open, list, change or look for them.

    Files of others look as if they were not there, whether they are or not.

    - ``runs_folder``: folder of the runs, which jobs read models from.
    - ``is_long``: the process trains: it writes runs, and the cache of prepared clips.
    - ``model_folders``: further folders that it may read.
    """

    def __init__(self, runs_folder: Path, is_long: bool = False, model_folders: Iterable[Path] = ()) -> None:
        own = [folder for folder in _cache_folders(is_long) if _make(folder)]
        written = [*own, *([runs_folder] if is_long else ())]
        self._written = tuple(dict.fromkeys(map(_real, written)))
        read: tuple[Path | str, ...] = (*_library_folders(), runs_folder, *models.search_path(), *SYSTEM_FOLDERS)
        read = (*read, *model_folders)
        self._read = (*dict.fromkeys(map(_real, read)), *self._written)
        self._cache = _real(_cache_of("wavewright"))
        self._files = frozenset((*SYSTEM_FILES, *map(_real, SYSTEM_FILES)))
        self._of_job: tuple[str, ...] = ()
        self._inside = threading.local()

    def install(self) -> None:
        """Start to refuse, for as long as this process lives."""
        for name in ("stat", "lstat", "access", "readlink"):  # of which Python reports no event
            setattr(os, name, self._seeing(getattr(os, name)))
        sys.addaudithook(self._hook)

    def allow(self, folders: Iterable[Path]) -> None:
        """Allow further folders, those of one job, instead of the previous ones."""
        with self._unchecked():
            self._of_job = tuple(_real(folder) for folder in folders)

    def is_allowed(self, path: str, writes: bool = False) -> bool:
        """Return whether a file may be opened, links resolved."""
        with self._unchecked():
            real = os.path.realpath(path)
        if _is_below(real, self._of_job) or real == os.devnull:
            return True
        if writes:
            is_compiled = COMPILED in Path(real).parts and _is_below(real, self._read)
            return is_compiled or _is_below(real, self._written) or str(Path(real).parent) == self._cache
        if real in self._files or str(Path(real).parent) == self._cache:
            return True
        return _is_below(real, self._read) or _is_of_process(real)

    def is_visible(self, path: str) -> bool:
        """Return whether it may be seen that a file exists: an allowed one, or a folder that leads to one."""
        if self.is_allowed(path):
            return True
        with self._unchecked():
            real = os.path.realpath(path)
        start = real.rstrip(os.sep) + os.sep
        return any(each.startswith(start) for each in (*self._of_job, *self._read, *self._files, self._cache))

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & WRITES) if isinstance(flags, int) else str(mode or "r")[:1] != "r"
            self._check(path, writes)
        elif event in LISTING:
            self._check(arguments[0], writes=False)
        elif event in CHANGING:
            is_relative = event != "shutil.move" and isinstance(arguments[-1], int) and arguments[-1] > 0
            for position in CHANGING[event] if not is_relative else ():  # to an open folder, which was checked
                self._check(arguments[position], writes=True)

    def _check(self, path: object, writes: bool) -> None:
        if getattr(self._inside, "is_on", False) or not isinstance(path, str | bytes | os.PathLike):
            return
        name = os.fsdecode(path)
        if not self.is_allowed(name, writes):
            raise PermissionError(errno.EACCES, REASON, name)

    def _seeing(self, function: Callable[..., Argument]) -> Callable[..., Argument]:
        """Return a function of ``os`` that finds no file that is not visible."""

        @wraps(function)
        def call(path: Argument, *args: Argument, **kwargs: Argument) -> Argument:
            is_checked = isinstance(path, str | bytes | os.PathLike) and kwargs.get("dir_fd") is None
            if is_checked and not getattr(self._inside, "is_on", False) and not self.is_visible(os.fsdecode(path)):
                if function.__name__ == "access":
                    return False
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fsdecode(path))
            return function(path, *args, **kwargs)

        return call

    @contextmanager
    def _unchecked(self) -> Iterator[None]:
        """Resolve links of any path."""
        before = getattr(self._inside, "is_on", False)
        self._inside.is_on = True
        try:
            yield
        finally:
            self._inside.is_on = before


def _library_folders() -> list[str]:
    """Return the folders of Python, its packages and Wavewright; the current folder is not one of them."""
    places = sysconfig.get_paths()
    found = [places[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [entry for entry in sys.path if entry and _real(entry) != _real(".")]
    return [*found, str(Path(__file__).parents[3])]


def _cache_folders(is_long: bool) -> list[Path]:
    """Return the folders in which libraries keep what they compute again and again."""
    from platformdirs import user_config_path

    names = ("NUMBA_CACHE_DIR", "MPLCONFIGDIR", *(["TORCHINDUCTOR_CACHE_DIR"] if is_long else []))
    found = [Path(os.environ[name]) for name in names if os.environ.get(name)]
    found += [_cache_of("numba"), user_config_path("matplotlib")]
    found += [_cache_of("wavewright") / name for name in ("compiled", "matplotlib")]
    return [*found, *(_cache_of("wavewright") / name for name in ("clips", "torch") if is_long)]


def _cache_of(program: str) -> Path:
    from platformdirs import user_cache_path

    return user_cache_path(program, appauthor=False)


def _make(folder: Path) -> bool:
    """Make a folder that libraries will write to; return whether it is there."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder.is_dir()


def _is_of_process(real: str) -> bool:
    folder, name = os.path.split(real)
    return folder == f"/proc/{os.getpid()}" and name in PROCESS_FILES


def _is_below(real: str, folders: Iterable[str]) -> bool:
    return any(real == folder or real.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def _real(path: Path | str) -> str:
    return os.path.realpath(path).rstrip(os.sep) or os.sep


NICENESS = 5
"""Trainings give way to speech and to jobs that somebody waits for."""

REPORT_SECONDS = 0.1
MAX_WARNINGS = 50


def run_worker(
    connection: Connection, runs_folder: str, temporary_folder: str, is_long: bool, model_folders: list[str]
) -> None:
    """Run the jobs that arrive.

    - ``connection``: receives jobs as JSON: ``task``, ``entry``, ``arguments``, ``folder``; sends messages, see
      `_Messages`.
    - ``runs_folder``: the folder of the runs, an absolute path.
    - ``temporary_folder``: folder for temporary files.
    - ``is_long``: it trains, and gives way to other processes.
    - ``model_folders``: further folders of models that it may read.
    """
    _close_streams()
    sys.unraisablehook = interrupt_again
    if is_long and hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(NICENESS)
    tempfile.tempdir = temporary_folder
    os.environ["TMPDIR"] = temporary_folder
    models.RUNS_FOLDER = runs_folder
    access = FileAccess(Path(runs_folder), is_long, map(Path, model_folders))
    access.install()
    send = _Messages(connection, runs_folder)
    with models_stay_open():
        send("ready")
        if not is_long:
            _import_tasks(connection)
        while True:
            job = json.loads(connection.recv_bytes())
            os.chdir(job["folder"])
            access.allow([Path(job["folder"]), Path(temporary_folder)])
            _run(job["task"], job["entry"], job["arguments"], send)


def interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Interrupt once more where an interruption came in a destructor or a callback, of which Python only tells."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        main = threading.main_thread().ident or 0
        threading.Timer(REPORT_SECONDS, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(lost)


def _import_tasks(connection: Connection) -> None:
    """Import the tasks, one after another, until a job arrives, which then needs to import less."""
    with suppress(EOFError, OSError):
        for task in http_tasks().values():
            if connection.poll():
                return
            function_of(task.entry)


class _Messages:
    """Sends messages as JSON, with the folder of the runs by its name alone; called by several threads."""

    def __init__(self, connection: Connection, runs_folder: str) -> None:
        self._connection = connection
        shown = re.escape(json.dumps(runs_folder, ensure_ascii=False)[1:-1])
        self._runs_folder = re.compile(rf"(?<![\w./\\-]){shown}(?![\w.-])")
        self._shown_folder = Path(runs_folder).name
        self._lock = threading.Lock()
        self._reported_at = 0.0

    def __call__(self, kind: str, **fields: object) -> None:
        line = self._runs_folder.sub(self._shown_folder, line_of({"kind": kind, **fields}))
        with self._lock:
            self._connection.send_bytes(line.encode())

    def progress(self, message: str, fraction: float | None) -> None:
        """Send progress, at most ten times a second."""
        if time.monotonic() - self._reported_at >= REPORT_SECONDS:
            self._reported_at = time.monotonic()
            self("progress", message=message, fraction=fraction)


def _run(task: str, entry: str, arguments: dict[str, object], send: _Messages) -> None:
    """Run a task and send its result, or the sentence of its error."""
    try:
        with progress_reported_to(send.progress), stopped_results():
            output = describe_function(task, function_of(entry)).run(arguments)
        warnings, sounds = output.warnings[:MAX_WARNINGS], [*map(str, output.sounds)]
        send("done", result=output.result, text=output.text, warnings=warnings, sounds=sounds)
    except KeyboardInterrupt:
        send("failed", error="The job was stopped.")
    except EXPECTED_ERRORS as error:
        send("failed", error=sentence_of(error))
    except Exception as error:
        if is_interruption(error):
            send("failed", error="The job was stopped.")
            return
        import traceback

        traceback.print_exc()
        send("failed", error=f"The task failed ({type(error).__name__}); the log of the server has the details.")


def _close_streams() -> None:
    """Read and print nothing."""
    for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY)):
        null = os.open(os.devnull, flags)
        os.dup2(null, number)
        os.close(null)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it lasts as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
