"""The folder of a batch in object storage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...base.json_text import line_of, parse
from ...base.whole_file import scratch_folder
from .locations import errors_of, open_store
from .store import LOG_FOLDER, RESULT_FILE, RESULTS_FILE, Record, records_of

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
