"""Routes of tasks, uploads and jobs."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ....base.json_text import JsonValue
from ....base.names import quoted
from ....tasks.description import CommandTask, http_tasks
from ..compression import text_route
from ..guard import read_body_in_time
from ..settings import ServerSettings
from ..speech_request import BadRequest, JsonObject, parse_object
from .forms import read_form, store_files
from .request import parameters_of, prepare
from .schemas import task_record
from .store import JobStore
from .task_job import ENDED, TaskJob, media_type_of

if TYPE_CHECKING:
    from typing_extensions import Buffer


BLOCK_BYTES = 2**18
MANIFEST = "job.json"
"""The status of the job: task, command, result, names of files."""

STORED = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".aac", ".m4a", ".m4b", ".png", ".wwc"})
"""Endings of files that deflate would hardly make shorter, or slowly."""


class _Pieces(io.RawIOBase):
    """A file that cannot seek, whose contents are taken out as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        contents = bytes(data)
        self._written += contents
        return len(contents)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


def zip_pieces(job: TaskJob) -> Iterator[bytes]:
    """Yield a ZIP archive of all files of a job, with a manifest, piece by piece."""
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(job.status(), indent=2))
        for file in job.files:
            path = job.folder / file["name"]
            info = zipfile.ZipInfo.from_file(path, file["name"], strict_timestamps=False)
            info.compress_type = zipfile.ZIP_STORED if path.suffix.lower() in STORED else zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(info, "w") as target:
                while block := source.read(BLOCK_BYTES):
                    target.write(block)
                    yield pieces.take()
    yield pieces.take()


MAX_WAIT_SECONDS = 300.0
ALIVE_SECONDS = 15.0
"""Time after which a stream of events sends a comment, so that no proxy ends it."""

PARAMETERS_PART = "parameters"
"""Name of the part of a form that has the parameters as JSON."""


class JobEndpoints:
    """Tasks as jobs: answers to requests under ``/v1/tasks``, ``/v1/uploads`` and ``/v1/jobs``."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._store: JobStore | None = None

    @property
    def store(self) -> JobStore:
        """The uploads and jobs, made when they are first needed."""
        if self._store is None:
            self._store = JobStore(self._settings)
        return self._store

    def routes(self, prefix: str = "/v1") -> list[Route]:
        """Return the routes."""
        return [
            text_route(f"{prefix}/tasks", self.list_tasks),
            Route(f"{prefix}/tasks/{{name}}", self.show_task),
            Route(f"{prefix}/tasks/{{name}}", self.start_task, methods=["POST"]),
            Route(f"{prefix}/uploads", self.upload, methods=["POST"]),
            Route(f"{prefix}/uploads/{{id}}", self.delete_upload, methods=["DELETE"]),
            Route(f"{prefix}/jobs", self.list_jobs),
            Route(f"{prefix}/jobs/{{id}}", self.show_job),
            Route(f"{prefix}/jobs/{{id}}", self.delete_job, methods=["DELETE"]),
            Route(f"{prefix}/jobs/{{id}}/stop", self.stop_job, methods=["POST"]),
            Route(f"{prefix}/jobs/{{id}}/events", self.events),
            Route(f"{prefix}/jobs/{{id}}/files.zip", self.download_all),
            Route(f"{prefix}/jobs/{{id}}/files/{{name:path}}", self.download),
        ]

    async def run(self) -> None:
        """Remove what is too old until cancelled, then everything."""
        try:
            while self._store is None:
                await asyncio.sleep(0.5)
            await self._store.sweep_forever()
        finally:
            if self._store is not None:
                self._store.close()

    def end_events(self) -> None:
        """End the streams of events, since the server ends. Called in the event loop."""
        if self._store is not None:
            for job in self._store.jobs.values():
                job.release()

    # ------------------------------------------------------------------------------------------------- tasks

    async def list_tasks(self, _: Request) -> Response:
        """Answer all tasks with their parameters; the processes start, since jobs will follow."""
        records = await asyncio.to_thread(lambda: [_record(name) for name in _tasks()])
        self.store.pool.start()
        return JSONResponse({"tasks": records})

    async def show_task(self, request: Request) -> Response:
        """Answer one task."""
        name = _task_of(request).name
        return JSONResponse(await asyncio.to_thread(_record, name))

    async def start_task(self, request: Request) -> Response:
        """Start a job; with ``?wait=SECONDS`` answer when it has ended, or after that time."""
        task = _task_of(request)
        seconds = _wait_of(request)
        fields = await self._fields_of(request, task)
        store, fixed = self.store, self._settings.fixed_values
        prepared = await asyncio.to_thread(prepare, task, fields, store.source_of, store.runs_folder, fixed)
        job = self.store.submit(prepared)
        await job.wait_for_end(seconds)
        headers = {"Location": f"/v1/jobs/{job.id}"}
        status = job.status()
        return JSONResponse(status, 200 if status["state"] in ENDED else 202, headers)

    async def _fields_of(self, request: Request, task: CommandTask) -> JsonObject:
        """Return the parameters of a request, with references to the files that came with it."""
        settings = self._settings
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return parse_object(await read_body_in_time(request.receive, request.headers, settings) or b"{}")
        form = await read_form(
            request, settings.max_upload_bytes, settings.body_seconds, max_field_bytes=settings.max_body_bytes
        )
        async with contextlib.aclosing(_Closing(form)):
            fields = _parameters_in(form.getlist(PARAMETERS_PART))
            names = {each.key for each in parameters_of(task)}
            files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
            for name in {name for name, _ in files}:
                if name not in names | {"attachments"}:
                    raise BadRequest(f"{task.name} has no parameter {quoted(name)} for a file.", name[:100])
            uploads = await store_files(self.store, [file for _, file in files])
        references: dict[str, list[JsonValue]] = {}
        for (name, _), upload in zip(files, uploads, strict=True):
            references.setdefault(name, []).append({"upload": upload.id})
        return fields | {name: found[0] if len(found) == 1 else found for name, found in references.items()}

    # ----------------------------------------------------------------------------------------------- uploads

    async def upload(self, request: Request) -> Response:
        """Store the files of a form."""
        settings = self._settings
        form = await read_form(request, settings.max_upload_bytes, settings.body_seconds, max_field_bytes=1_000)
        async with contextlib.aclosing(_Closing(form)):
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            if not files:
                raise BadRequest("There is no file; send multipart/form-data with a part file.", "file", "missing_file")
            uploads = await store_files(self.store, files)
        return JSONResponse({"uploads": [upload.record() for upload in uploads]}, 201)

    async def delete_upload(self, request: Request) -> Response:
        """Remove an upload."""
        self.store.remove_upload(self.store.find_upload(request.path_params["id"]))
        return Response(status_code=204)

    # -------------------------------------------------------------------------------------------------- jobs

    async def list_jobs(self, _: Request) -> Response:
        """Answer all jobs, the newest first."""
        return JSONResponse({"jobs": [job.status() for job in reversed(self.store.jobs.values())]})

    async def show_job(self, request: Request) -> Response:
        """Answer one job; with ``?wait=SECONDS`` when it has ended, or after that time."""
        job = self._job_of(request)
        await job.wait_for_end(_wait_of(request))
        return JSONResponse(job.status())

    async def delete_job(self, request: Request) -> Response:
        """Cancel a job if it runs, and remove its files; answer its last status."""
        job = self._job_of(request)
        await asyncio.to_thread(self.store.remove_job, job)
        return JSONResponse(job.status())

    async def stop_job(self, request: Request) -> Response:
        """End a job, a training so that it saves; its status stays."""
        job = self._job_of(request)
        if not job.has_ended:
            await asyncio.to_thread(self.store.pool_of(job.prepared).cancel, job)
        await job.wait_for_end(_wait_of(request))
        return JSONResponse(job.status())

    async def events(self, request: Request) -> Response:
        """Answer a stream of events, one for each change of a job, until it has ended."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events_of(self._job_of(request)), 200, headers, "text/event-stream")

    async def download(self, request: Request) -> Response:
        """Answer a file of a job, or a range of it."""
        job, name = self._job_of(request), request.path_params["name"]
        path = job.file(name)
        if path is None or not path.is_file():
            raise BadRequest(f"The job has no file {quoted(name)}; its status lists its files.", "name", status=404)
        headers = {"Cache-Control": "private, max-age=3600"}
        return FileResponse(path, 200, headers, media_type_of(name), filename=path.name)

    async def download_all(self, request: Request) -> Response:
        """Answer all files of a job as a ZIP archive, with a manifest."""
        job = self._job_of(request)
        if not job.has_ended:
            raise BadRequest("The job has not ended; its files are there when it has.", "id", "not_ended", 409)
        headers = {"Content-Disposition": f'attachment; filename="wavewright-{job.prepared.task.name}-{job.id}.zip"'}
        return StreamingResponse(zip_pieces(job), 200, headers, "application/zip")

    def _job_of(self, request: Request) -> TaskJob:
        return self.store.find_job(request.path_params["id"])


class _Closing:
    """Closes the files of a form."""

    def __init__(self, form: object) -> None:
        self._form = form

    async def aclose(self) -> None:
        await self._form.close()  # type: ignore[attr-defined]


@cache
def _tasks() -> dict[str, CommandTask]:
    return http_tasks()


@cache
def _record(name: str) -> dict[str, object]:
    return task_record(_tasks()[name])


def _task_of(request: Request) -> CommandTask:
    name = request.path_params["name"]
    task = _tasks().get(name)
    if task is None:
        raise BadRequest(f"There is no task {quoted(name)}; /v1/tasks lists all.", "name", "task_not_found", 404)
    return task


def _wait_of(request: Request) -> float:
    """Return the seconds of ``?wait=SECONDS``; raise BadRequest if it is no number of seconds."""
    text = request.query_params.get("wait", "0")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise BadRequest(
            f"wait is {quoted(text)}; it must be a number of seconds from 0 to {MAX_WAIT_SECONDS:g}.", "wait"
        )
    return seconds


def _parameters_in(parts: Sequence[object]) -> JsonObject:
    """Return the parameters of a form, {} without them."""
    if not parts:
        return {}
    part = parts[0]
    if not isinstance(part, str):
        raise BadRequest("The part parameters of the form is a file; send it as text, a JSON object.", PARAMETERS_PART)
    return parse_object(part.encode())


async def events_of(job: TaskJob) -> AsyncIterator[bytes]:
    """Yield server-sent events: the status of a job after each change, the last of which is its end."""
    version = -1
    while True:
        seen = version
        version = await job.wait_for_change(version, ALIVE_SECONDS)
        if job.is_released:
            return
        if version == seen and not job.has_ended:
            yield b": alive\n\n"
            continue
        status = job.status()
        yield f"event: job\ndata: {json.dumps(status)}\n\n".encode()
        if status["state"] in ENDED:  # not job.has_ended: it may have ended since, and the client must see that
            return
