"""The worker process: runs one task after another, each in the folder of its job; models stay loaded."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from .... import models
from ....base.errors import EXPECTED_ERRORS, sentence_of
from ....base.interruption import is_interruption, stopped_results
from ....base.json_text import line_of
from ....base.progress_bar import progress_reported_to
from ....families.loading import models_stay_open
from ....tasks.catalogue import describe_function, function_of
from ....tasks.description import http_tasks
from .file_access import FileAccess

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
