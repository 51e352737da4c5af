"""One job: its state, its files, and listeners that wait for changes."""

from __future__ import annotations

import asyncio
import mimetypes
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field, TypeAdapter, WithJsonSchema
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from ....tasks.json_results import RESULT_SCHEMA
from .request import PreparedTask

State = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED = frozenset({"done", "failed", "cancelled"})

MEDIA_TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".mid": "audio/midi",
    ".jsonl": "application/jsonl",
    ".toml": "application/toml",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".abc": "text/vnd.abc",
}
"""Media types by the end of a name, before those that the system knows."""


def media_type_of(name: str) -> str:
    """Return the media type of a file by the end of its name."""
    suffix = Path(name).suffix.lower()
    return MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


class JobFile(TypedDict):
    """A file that a job wrote, as the client sees it."""

    name: str
    bytes: int
    type: str
    url: str


class JobStatus(TypedDict):
    """A job as the client sees it."""

    id: str
    task: str
    state: State
    progress: Annotated[float | None, Field(ge=0, le=1)]
    message: str
    error: str | None
    result: Annotated[object, WithJsonSchema(RESULT_SCHEMA)]
    text: Annotated[str, Field(description="The result as the command line prints it.")]
    warnings: list[str]
    files: list[JobFile]
    command: Annotated[str, Field(description="The command line that does the same.")]
    run: Annotated[
        str | None,
        Field(description="Name of the run folder of a training, which is that of its model; null for other tasks."),
    ]


def job_schemas(ref_template: str) -> dict[str, Any]:
    """Return the JSON schemas of a job and of its parts, which refer to each other by a template."""
    job = TypeAdapter(JobStatus).json_schema(ref_template=ref_template)
    return {**job.pop("$defs"), "Job": job}


@dataclass(eq=False)
class TaskJob:
    """A task that waits, runs or has ended. Threads change it by `change`; the event loop reads it."""

    id: str
    folder: Path
    prepared: PreparedTask  # what to run
    loop: asyncio.AbstractEventLoop  # the event loop, in which listeners wait
    state: State = "queued"
    progress: float | None = None
    message: str = ""
    error: str | None = None
    result: object = None
    text: str = ""
    warnings: list[str] = field(default_factory=list)
    files: tuple[JobFile, ...] = ()
    is_cancelled: bool = False
    is_released: bool = False
    started_at: float = 0.0
    ended_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _version: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self.state in ENDED

    def change(self, **values: object) -> None:
        """Set attributes, and wake the listeners; nothing changes once the job has ended."""
        with self._lock:
            if self.has_ended:
                return
            for name, value in values.items():
                setattr(self, name, value)
            if values.get("state") == "running":
                self.started_at = time.monotonic()
            if self.has_ended:
                self.ended_at = time.monotonic()
        with suppress(RuntimeError):  # the event loop has been closed
            self.loop.call_soon_threadsafe(self._wake)

    def release(self) -> None:
        """End the streams of events, though not the job. Called in the event loop."""
        self.is_released = True
        self._wake()

    def end(self, state: State, error: str | None = None, **values: object) -> None:
        """End the job: list its files, which are those that were not there before."""
        files = () if state == "cancelled" else tuple(self._written_files())
        self.change(error=error, files=files, **values, state=state)

    async def wait_for_change(self, version: int, seconds: float) -> int:
        """Wait until the job differs from a version, at most so long; return the version that it has then."""
        if self._version == version and not self.has_ended:
            changed = self._changed
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await changed.wait()
        return self._version

    async def wait_for_end(self, seconds: float) -> None:
        """Wait until the job has ended, at most so long."""
        end = time.monotonic() + seconds
        version = self._version
        while not self.has_ended and (rest := end - time.monotonic()) > 0:
            version = await self.wait_for_change(version, rest)

    def status(self) -> JobStatus:
        """Return the job as the client sees it."""
        with self._lock:
            return {
                "id": self.id,
                "task": self.prepared.task.name,
                "state": self.state,
                "progress": 1.0 if self.state == "done" else self.progress,
                "message": self.message,
                "error": self.error,
                "result": self.result,
                "text": self.text,
                "warnings": self.warnings,
                "files": [*self.files],
                "command": self.prepared.command,
                "run": self.prepared.run,
            }

    def file(self, name: str) -> Path | None:
        """Return the path of a file that the job wrote, None if there is none of this name."""
        is_known = any(file["name"] == name for file in self.files)
        return self.folder / name if is_known else None

    def _written_files(self) -> Iterator[JobFile]:
        """Yield the files of the folder that were not given, without hidden ones and links."""
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            is_hidden = any(part.startswith(".") for part in name.split("/"))
            if not is_hidden and name not in self.prepared.files and path.is_file() and not path.is_symlink():
                url = f"/v1/jobs/{self.id}/files/{quote(name)}"
                yield {"name": name, "bytes": path.stat().st_size, "type": media_type_of(name), "url": url}

    def _wake(self) -> None:
        self._version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
