"""The folder of a batch: a folder for each job's outputs, logs of what became of jobs, and their results."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...base.errors import BadFolder
from ...base.file_lock import locked
from ...base.interruption import uninterrupted
from ...base.json_text import JsonValue, line_of, parse
from ...base.whole_file import (
    FOLDER_LOCK,
    make_folder,
    scratch_folder,
    sweep,
    temporary_path,
    why_not_written,
    write_whole,
)
from .locations import errors_of, open_store

RESULT_FILE = "result.json"
"""Of each job: its task, its values, what the task returned, and the SHA-256 of its other files."""

RESULTS_FILE = "results.jsonl"
LOG_FOLDER = ".wavewright-batch"
"""Folder of the logs, one of each shard, with a line for each job that ended."""

EXISTS = (errno.ENOTEMPTY, errno.EEXIST)

Record = dict[str, JsonValue]


class Store(Protocol):
    """The folder of a batch; it is sent to workers."""

    def prepare(self) -> None:
        """Make it ready; raise BadFolder if it cannot be used."""

    def names(self) -> set[str]:
        """Return the names of the folders of all jobs that were done."""

    def output(self, name: str) -> Record | None:
        """Return the contents of the ``result.json`` of a job, None if it was not done."""

    def new(self, name: str) -> AbstractContextManager[Path]:
        """Return a context with a local folder, which becomes that of a job at its end unless there is one already."""

    def log(self, shard: str) -> AbstractContextManager[Callable[[Record], None]]:
        """Return a context with a function that adds a record to the log of a shard."""

    def records(self) -> list[Record]:
        """Return the records of all logs, the oldest first."""

    def write_results(self, lines: Callable[[], Iterable[Record]]) -> None:
        """Write the results; ``lines`` is called while no other process writes them."""

    def sweep(self) -> None:
        """Remove what ended workers left behind."""


@dataclass(frozen=True)
class FolderStore:
    """The folder of a batch on a file system."""

    folder: Path  # the folder, which several machines may have in common

    def prepare(self) -> None:
        """Create the folder; raise BadFolder if that fails."""
        make_folder(self.folder)
        make_folder(self.folder / LOG_FOLDER)

    def names(self) -> set[str]:
        """Return the names of the folders of all jobs that were done."""
        return {path.name for path in self.folder.iterdir() if not path.name.startswith(".") and path.is_dir()}

    def output(self, name: str) -> Record | None:
        """Return the contents of the ``result.json`` of a job, None if it was not done."""
        try:
            record = parse((self.folder / name / RESULT_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (ValueError, NotADirectoryError) as error:
            raise BadFolder(
                f"{self.folder / name} is not the folder of a job; remove it, and run the batch again."
            ) from error
        return record if isinstance(record, dict) else None

    @contextmanager
    def new(self, name: str) -> Iterator[Path]:
        """Yield a hidden folder that becomes the folder of a job in one step, unless there is one already."""
        final = self.folder / name
        with temporary_path(final) as hidden:
            hidden.mkdir()
            yield hidden
            try:
                with uninterrupted():
                    hidden.rename(final)
            except OSError as error:
                if error.errno not in EXISTS:
                    raise BadFolder(why_not_written(final, error.strerror or str(error))) from error

    @contextmanager
    def log(self, shard: str) -> Iterator[Callable[[Record], None]]:
        """Yield a function that adds a record to the log of a shard; raise InUse if another process writes to it."""
        path = self.folder / LOG_FOLDER / f"{shard}.jsonl"
        with locked(path.with_suffix(".lock"), wait=False), path.open("a+b", buffering=0) as file:
            if file.tell() and not _ends_in_line(path):
                file.write(b"\n")  # after a line that a power cut left unfinished
            yield lambda record: _write_all(file.write, line_of(record).encode())

    def records(self) -> list[Record]:
        """Return the records of all logs, the oldest first."""
        paths = sorted((self.folder / LOG_FOLDER).glob("*.jsonl"))
        return records_of(path.read_text(encoding="utf-8", errors="replace") for path in paths)

    def write_results(self, lines: Callable[[], Iterable[Record]]) -> None:
        """Write the results; ``lines`` is called while no other process writes them."""
        with locked(self.folder / FOLDER_LOCK, wait=True):
            write_whole(self.folder / RESULTS_FILE, "".join(map(line_of, lines())).encode())

    def sweep(self) -> None:
        """Remove what ended workers left behind."""
        sweep(self.folder)


def records_of(logs: Iterable[str]) -> list[Record]:
    """Return the records in the texts of logs, the oldest first, without lines that a power cut left unfinished."""
    records: list[Record] = []
    for line in (line for log in logs for line in log.split("\n")):
        with suppress(ValueError, TypeError, KeyError):
            record = parse(line)
            records.append({**record, "time": float(record["time"])})
    return sorted(records, key=lambda record: record["time"])


def _ends_in_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"


def _write_all(write: Callable[[bytes], int | None], contents: bytes) -> None:
    while contents:
        contents = contents[write(contents) or 0 :]


# --- The folder of a batch in object storage

N_BUFFERED = 200
"""Records of an object of the log; those of the last object are lost if the process is killed."""


@dataclass(frozen=True)
class RemoteStore:
    """The folder of a batch at a URL: objects have no rename, so ``result.json`` is written last and makes a job done.

    - ``url``: URL of the folder, which all workers must reach.
    """

    url: str

    def prepare(self) -> None:
        """Check that the store can be used; raise BadFolder or MissingExtra."""
        self.names()

    def names(self) -> set[str]:
        """Return the names of the folders of all jobs that were done."""
        with self._opened() as (system, root):
            return {path.split("/")[-2] for path in system.glob(f"{root}/*/{RESULT_FILE}")}

    def output(self, name: str) -> Record | None:
        """Return the contents of the ``result.json`` of a job, None if it was not done."""
        with self._opened() as (system, root):
            path = f"{root}/{name}/{RESULT_FILE}"
            if not system.exists(path):
                return None
            record: Record = parse(system.cat_file(path).decode("utf-8"))
        return record

    @contextmanager
    def new(self, name: str) -> Iterator[Path]:
        """Yield a local folder whose files are copied at the end, ``result.json`` last, unless the job is done."""
        with scratch_folder() as temporary:
            folder = temporary / name
            folder.mkdir()
            yield folder
            files = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
            with self._opened() as (system, root):
                if system.exists(f"{root}/{name}/{RESULT_FILE}"):
                    return
                for file in [*(file for file in files if file != RESULT_FILE), RESULT_FILE]:
                    system.makedirs(f"{root}/{name}/{file}".rpartition("/")[0], exist_ok=True)
                    system.put_file(str(folder / file), f"{root}/{name}/{file}")

    @contextmanager
    def log(self, shard: str) -> Iterator[Callable[[Record], None]]:
        """Yield a function that adds a record; objects are written whole, so a few records share one."""
        buffered: list[Record] = []

        def write() -> None:
            if buffered:
                self._write(f"{LOG_FOLDER}/{shard}-{time.time_ns()}.jsonl", "".join(map(line_of, buffered)))
                buffered.clear()

        def add(record: Record) -> None:
            buffered.append(record)
            if len(buffered) >= N_BUFFERED:
                write()

        try:
            yield add
        finally:
            write()

    def records(self) -> list[Record]:
        """Return the records of all logs, the oldest first."""
        with self._opened() as (system, root):
            paths = sorted(system.glob(f"{root}/{LOG_FOLDER}/*.jsonl"))
            return records_of(system.cat_file(path).decode("utf-8", errors="replace") for path in paths)

    def write_results(self, lines: Callable[[], Iterable[Record]]) -> None:
        """Write the results."""
        self._write(RESULTS_FILE, "".join(map(line_of, lines())))

    def sweep(self) -> None:
        """Do nothing: what a killed worker wrote is in the temporary folder of its machine, or written again."""

    def _write(self, name: str, text: str) -> None:
        with self._opened() as (system, root):
            system.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
            system.pipe_file(f"{root}/{name}", text.encode())

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, str]]:
        system, root = open_store(self.url)
        with errors_of(self.url):
            system.invalidate_cache()
            yield system, root
