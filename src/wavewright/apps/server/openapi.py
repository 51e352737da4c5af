"""The description of the interface as OpenAPI, made of the descriptions of the tasks, and a page that shows it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...base.version import __version__
from ...speech.prosody import STYLES
from ...tasks.description import http_tasks
from .encoders import SPEECH_FORMATS
from .jobs.schemas import FILE_SCHEMA, parameters_schema, task_record
from .jobs.task_job import job_schemas
from .settings import ServerSettings
from .speech_request import MAX_INSTRUCTIONS, MODELS, OWN_FIELDS, STREAM_FORMATS
from .transcription import FORMATS

PAGE = "interface.html"
REF = "#/components/schemas/{model}"

Schema = dict[str, Any]

SPEECH_FIELDS: Schema = {
    "input": {"type": "string", "description": "The text; SSML if it starts with <speak."},
    "model": {"type": "string", "enum": list(MODELS), "description": "All are the same: the voice selects the model."},
    "voice": {"type": "string", "description": "A name of /v1/audio/voices, or one of OpenAI's voices."},
    "response_format": {"type": "string", "enum": list(SPEECH_FORMATS), "default": next(iter(SPEECH_FORMATS))},
    "speed": {"type": "number", "minimum": 0.25, "maximum": 4, "default": 1, "description": "Speaking rate."},
    "instructions": {
        "type": "string",
        "maxLength": MAX_INSTRUCTIONS,
        "description": f"The first style that they name is used: {', '.join(STYLES)}.",
    },
    "stream_format": {"type": "string", "enum": list(STREAM_FORMATS), "default": STREAM_FORMATS[0]},
    "word_timestamps": {"type": "boolean", "default": False, "description": "With sse: times of words."},
}

ERROR: Schema = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {key: {"type": ["string", "null"]} for key in ("message", "type", "param", "code")},
        }
    },
}

WAIT: Schema = {
    "name": "wait",
    "in": "query",
    "description": "Answer when the job has ended, or after so many seconds.",
    "schema": {"type": "number", "minimum": 0, "maximum": 300, "default": 0},
}
ID: Schema = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
NAME: Schema = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}


@cache
def description(has_keys: bool) -> Schema:
    """Return the OpenAPI 3.1 description of a server, whose requests need a key if ``has_keys``."""
    described: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "Wavewright",
            "version": __version__,
            "summary": "Speech for clients of OpenAI's API, and every task as a job.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {**_server_paths(), **_speech_paths(), **_job_paths(), **_task_paths()},
        "components": {"schemas": {**job_schemas(REF), "File": FILE_SCHEMA, "Error": ERROR}},
    }
    if has_keys:
        described["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        described["security"] = [{"key": []}]
    return described


class InterfaceEndpoints:
    """``/openapi.json`` and ``/docs``."""

    def __init__(self, settings: ServerSettings) -> None:
        self._has_keys = bool(settings.keys)

    async def json(self, _: Request) -> Response:
        """Answer the description as JSON."""
        return JSONResponse(description(self._has_keys))

    async def page(self, _: Request) -> Response:
        """Answer a page that shows the description, and loads nothing but it."""
        contents, policy = _page()
        return Response(contents, 200, {"Content-Security-Policy": policy}, "text/html")


@cache
def _page() -> tuple[bytes, str]:
    """Return the page and its policy, which allows its own script and style by their hashes."""
    contents = files(__package__).joinpath(PAGE).read_text(encoding="utf-8")
    script, style = (_hash(contents.split(f"<{tag}>")[1].split(f"</{tag}>")[0]) for tag in ("script", "style"))
    policy = (
        f"default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return contents.encode(), policy


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _operation(summary: str, tag: str, answer: Schema | str, status: str = "200", **more: object) -> Schema:
    """Return an operation, whose answer is a schema or a media type."""
    content = {answer: {}} if isinstance(answer, str) else {"application/json": {"schema": answer}}
    failed = {"description": "An error.", "content": {"application/json": {"schema": _ref("Error")}}}
    responses = {status: {"description": "The answer.", "content": content}, "4XX": failed}
    return {"summary": summary, "tags": [tag], "responses": responses, **more}


def _ref(name: str) -> Schema:
    return {"$ref": REF.format(model=name)}


def _json_body(schema: Schema, is_required: bool = True) -> Schema:
    return {"required": is_required, "content": {"application/json": {"schema": schema}}}


def _server_paths() -> Schema:
    answers = {
        "/health": "Whether the process runs.",
        "/ready": "Whether the default voice is loaded and, with ?tasks=1, whether the tasks are compiled, too.",
        "/openapi.json": "This description.",
    }
    paths = {path: {"get": _operation(summary, "server", {"type": "object"})} for path, summary in answers.items()}
    return {**paths, "/metrics": {"get": _operation("Measurements for Prometheus.", "server", "text/plain")}}


def _speech_paths() -> Schema:
    own = http_tasks()["speak"].description
    fields = parameters_schema(http_tasks()["speak"])["properties"]
    assert isinstance(fields, dict)
    schema: Schema = {
        "type": "object",
        "required": ["input"],
        "properties": SPEECH_FIELDS | {name: fields[name] for name in OWN_FIELDS if name in own.parameters},
    }
    speak = _operation("Speak a text.", "speech", "audio/mpeg", requestBody=_json_body(schema))
    fields_of_form = {
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        "response_format": {"type": "string", "enum": [*FORMATS], "default": "json"},
        "language": {"type": "string"},
    }
    form: Schema = {"schema": {"type": "object", "required": ["file"], "properties": fields_of_form}}
    transcribe = _operation(
        "Write what is said in a recording; needs a server with a recogniser.",
        "speech",
        {"type": "object"},
        requestBody={"required": True, "content": {"multipart/form-data": form}},
    )
    lists = {"voices": "All voices.", "models": "The names of models that requests may give."}
    paths = {
        f"/v1/audio/{name}": {"get": _operation(text, "speech", {"type": "object"})} for name, text in lists.items()
    }
    models = {"get": _operation("The names of models that requests may give.", "speech", {"type": "object"})}
    spoken = {"/v1/audio/speech": {"post": speak}, "/v1/audio/transcriptions": {"post": transcribe}}
    return {**spoken, **paths, "/v1/models": models}


def _job_paths() -> Schema:
    jobs: Schema = {"type": "object", "properties": {"jobs": {"type": "array", "items": _ref("Job")}}}
    file: Schema = {"type": "array", "items": {"type": "string", "contentMediaType": "application/octet-stream"}}
    form = {"schema": {"type": "object", "properties": {"file": file}}}
    upload = _operation(
        "Store files.",
        "uploads",
        {"type": "object"},
        "201",
        requestBody={"required": True, "content": {"multipart/form-data": form}},
    )
    job = _ref("Job")
    at_id: Schema = {"parameters": [ID]}
    with_wait: Schema = {"parameters": [ID, WAIT]}
    return {
        "/v1/uploads": {"post": upload},
        "/v1/uploads/{id}": {"delete": _operation("Remove a file.", "uploads", "text/plain", "204", **at_id)},
        "/v1/jobs": {"get": _operation("All jobs, the newest first.", "jobs", jobs)},
        "/v1/jobs/{id}": {
            "get": _operation("A job.", "jobs", job, **with_wait),
            "delete": _operation("Cancel a job if it runs, and remove its files.", "jobs", job, **at_id),
        },
        "/v1/jobs/{id}/stop": {"post": _operation("End a job; a training saves.", "jobs", job, **with_wait)},
        "/v1/jobs/{id}/events": {"get": _operation("A job after each change.", "jobs", "text/event-stream", **at_id)},
        "/v1/jobs/{id}/files.zip": {"get": _operation("All files of a job.", "jobs", "application/zip", **at_id)},
        "/v1/jobs/{id}/files/{name}": {
            "get": _operation(
                "A file of a job, or a range of it.", "jobs", "application/octet-stream", parameters=[ID, NAME]
            )
        },
    }


def _task_paths() -> Schema:
    listed = {"get": _operation("All tasks with the schemas of their parameters.", "tasks", {"type": "object"})}
    paths: Schema = {"/v1/tasks": listed}
    for name, task in http_tasks().items():
        summary = str(task_record(task)["summary"])
        body = _json_body(parameters_schema(task), is_required=False)
        start = _operation(summary, "tasks", _ref("Job"), "202", requestBody=body, parameters=[WAIT])
        start["responses"]["200"] = {**start["responses"]["202"], "description": "The job has ended."}
        shown = _operation(f"Describe {name}.", "tasks", {"type": "object"})
        paths[f"/v1/tasks/{name}"] = {"get": shown, "post": start}
    return paths
