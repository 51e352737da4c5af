"""``POST /v1/audio/transcriptions``: speech to text for clients of OpenAI's API, by the recogniser of the server."""

from __future__ import annotations

import asyncio
import json

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ...base.names import quoted
from ...speech.subtitles import FORMATS as SUBTITLE_FORMATS
from ...tasks.description import http_tasks
from .jobs.endpoints import JobEndpoints
from .jobs.forms import read_form, store_files
from .jobs.request import prepare
from .jobs.task_job import TaskJob
from .settings import ServerSettings
from .speech_request import BadRequest

FORMATS = {"text": "txt", "verbose_json": "json", **{each: each for each in SUBTITLE_FORMATS}}
"""Values of ``response_format``, and the format of captions that each is made of."""

MAX_FIELD_BYTES = 20_000
MAX_SECONDS = 86_400.0  # a server ends jobs before


class TranscriptionEndpoint:
    """Answers recordings with what is said in them, each by a job of the task ``caption``.

    - ``settings``: name the recogniser; without one, requests are answered with status 501.
    """

    def __init__(self, settings: ServerSettings, jobs: JobEndpoints) -> None:
        self._settings = settings
        self._jobs = jobs

    async def transcribe(self, request: Request) -> Response:
        """Answer the text of a recording."""
        if self._settings.tools.recogniser is None:
            raise HTTPException(
                501,
                "This server recognises no words, since it was started without --recogniser; send recordings to "
                "another one, such as a server of Whisper's.",
            )
        settings, store = self._settings, self._jobs.store
        form = await read_form(request, settings.max_upload_bytes, settings.body_seconds, MAX_FIELD_BYTES)
        try:
            fields = _fields(form)
            (upload,) = await store_files(store, [_file(form)])
        finally:
            await form.close()
        kind = str(fields.get("response_format") or "json")
        try:
            given = {"file": {"upload": upload.id}, "format": FORMATS[kind], "language": fields.get("language") or None}
            fixed = settings.fixed_values
            prepared = await asyncio.to_thread(
                prepare, http_tasks()["caption"], given, store.source_of, store.runs_folder, fixed
            )
            job = store.submit(prepared)
            try:
                await job.wait_for_end(MAX_SECONDS)
                return await asyncio.to_thread(_answer, job, kind)
            finally:
                await asyncio.to_thread(store.remove_job, job)
        finally:
            await asyncio.to_thread(store.remove_upload, upload)

    async def translate(self, _: Request) -> Response:
        """Answer that recordings are not translated here."""
        raise HTTPException(501, "This server translates no recordings at once; the task dub speaks them again.")


def _fields(form: FormData) -> dict[str, str]:
    """Return the fields that are no files; raise BadRequest for a format that there is not."""
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    kind = fields.get("response_format") or "json"
    if kind not in FORMATS:
        raise BadRequest(
            f"response_format is {quoted(kind)}; it can be {', '.join(FORMATS)}.", "response_format", "bad_value"
        )
    return fields


def _file(form: FormData) -> UploadFile:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise BadRequest("There is no file; send multipart/form-data with a part file.", "file", "missing_file")
    return file


def _answer(job: TaskJob, kind: str) -> Response:
    """Return the answer of a job that has ended; raise BadRequest if it failed."""
    path = next((job.folder / file["name"] for file in job.files), None)
    if job.state != "done" or path is None:
        raise BadRequest(job.error or "The recording was not recognised.", "file", "not_recognised")
    contents = path.read_text(encoding="utf-8")
    if kind == "json":
        return JSONResponse({"text": json.loads(contents)["text"]})
    if kind == "verbose_json":
        return JSONResponse(_verbose(contents))
    return PlainTextResponse(contents.rstrip("\n") if kind == "text" else contents)


def _verbose(contents: str) -> dict[str, object]:
    found = json.loads(contents)
    segments = [
        {"id": number, **{name: row[name] for name in ("start", "end", "text")}}
        for number, row in enumerate(found["segments"])
    ]
    return {
        "task": "transcribe",
        "language": found["language"],
        "duration": found["seconds"],
        "text": found["text"],
        "segments": segments,
        "words": [word for row in found["segments"] for word in row["words"]],
    }
