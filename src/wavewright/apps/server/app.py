"""The application: routes, errors and what lives as long as the server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from ...base.errors import FULL_DISK, WavewrightError
from ...base.version import __version__
from ...speech.narration.settings import NarrationSettings
from .compression import text_route
from .faults import server_fault
from .guard import Guard, error_body
from .jobs.endpoints import JobEndpoints
from .jobs.warm_up import start_warm_up, stop_warm_up
from .live_socket import LiveSocket
from .live_works import LiveEnhancement, decoding_of, encoding_of
from .measurements import Measurements
from .openapi import InterfaceEndpoints
from .scheduler import Scheduler, TooManyRequests
from .settings import ServerSettings
from .shared_voices import SharedVoices
from .speaking import SpeechEndpoint
from .speech_request import MODELS, check_model, field_of
from .speech_socket import SpeechSocket
from .transcription import TranscriptionEndpoint

if TYPE_CHECKING:
    from .wyoming_server import WyomingServer

RETRY_SECONDS = "1"
POLL_SECONDS = 0.2
CREATED = 1_760_000_000
"""Time that lists of models give for all of them; clients expect one."""

PREFIXES = ("/v1", "")
"""Clients differ in whether they add ``/v1`` to the address."""


class Server:
    """The state of a server and its routes.

    - ``extra_routes``: further routes, such as those of a web page on this server.
    - ``open_paths``: paths that need no key; one that ends with ``/`` stands for all below it.
    """

    def __init__(
        self,
        settings: ServerSettings,
        extra_routes: Sequence[BaseRoute] = (),
        open_paths: Sequence[str] = (),
        wyoming: socket.socket | None = None,
    ) -> None:
        self.settings = settings
        self._extra_routes = tuple(extra_routes)
        self._open_paths = tuple(open_paths)
        self.jobs = JobEndpoints(settings)
        self.measurements = Measurements()
        self.voices = SharedVoices(settings.watermark, settings.watermark_key, settings.lexicon, settings.pauses)
        self.scheduler = Scheduler(settings.workers, settings.max_requests)
        self.wyoming: WyomingServer | None = None
        if wyoming is not None:
            from .wyoming_server import WyomingServer

            self.wyoming = WyomingServer(settings, wyoming, self.scheduler, self.voices, self.measurements)
        self.is_ready = False
        self.is_warm = False

    def app(self) -> Starlette:
        """Return the ASGI application."""
        speech = SpeechEndpoint(self.settings, self.scheduler, self.voices, self.measurements)
        interface = InterfaceEndpoints(self.settings)
        routes: list[BaseRoute] = [
            text_route("/openapi.json", interface.json),
            Route("/docs", interface.page),
            Route("/health", self.health),
            Route("/ready", self.ready),
            Route("/metrics", self.metrics),
        ]
        live_speech = SpeechSocket(self.settings, self.scheduler, self.voices, self.measurements)
        live_enhancement = LiveSocket(self.settings, "enhances", LiveEnhancement().work_of)
        live_encoding = LiveSocket(self.settings, "encodes", encoding_of)
        live_decoding = LiveSocket(self.settings, "decodes", decoding_of)
        transcription = TranscriptionEndpoint(self.settings, self.jobs)
        for prefix in PREFIXES:
            routes += [
                WebSocketRoute(f"{prefix}/audio/speech/stream", live_speech.answer),
                WebSocketRoute(f"{prefix}/audio/enhance/stream", live_enhancement.answer),
                WebSocketRoute(f"{prefix}/audio/encode/stream", live_encoding.answer),
                WebSocketRoute(f"{prefix}/audio/decode/stream", live_decoding.answer),
                Route(f"{prefix}/audio/transcriptions", transcription.transcribe, methods=["POST"]),
                Route(f"{prefix}/audio/translations", transcription.translate, methods=["POST"]),
                Route(f"{prefix}/audio/speech", speech, methods=["POST"]),
                Route(f"{prefix}/audio/voices", self.list_voices),
                Route(f"{prefix}/audio/models", self.list_models),
                Route(f"{prefix}/models", self.list_models),
                Route(f"{prefix}/models/{{name}}", self.show_model),
            ]
        routes += [*self.jobs.routes(), *self._extra_routes]
        guard = Middleware(
            Guard,
            settings=self.settings,
            measurements=self.measurements,
            paths=[route.path for route in routes if isinstance(route, Route)],
            open_paths=self._open_paths,
        )
        app = Starlette(
            routes=routes,
            middleware=[guard],
            lifespan=self.lifespan,
            exception_handlers={
                WavewrightError: _on_error,
                HTTPException: _on_http_error,
                OSError: _on_system_error,
                Exception: _on_failure,
            },
        )
        app.state.server = self
        return app

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Load the default voice in the background; end the threads at the end."""
        loading = asyncio.create_task(asyncio.to_thread(self.warm_up))
        warming = asyncio.create_task(self._warm_up_tasks())
        jobs = asyncio.create_task(self.jobs.run())
        try:
            async with AsyncExitStack() as stack:
                if self.wyoming is not None:
                    await stack.enter_async_context(self.wyoming.running())
                yield
        finally:
            for task in (warming, jobs):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            with suppress(WavewrightError):
                await loading
            await asyncio.to_thread(self.scheduler.close)

    def warm_up(self) -> None:
        """Load the default voice and speak a word, so that the first request does not wait for it."""
        try:
            self.voices.narrator(NarrationSettings(), "").voice.warm_up()
        except WavewrightError:
            return  # a request names the reason
        self.is_ready = True

    async def _warm_up_tasks(self) -> None:
        """Start the processes for jobs, and let another one compile the loops that tasks need."""
        if not self.settings.has_warm_up:
            return
        self.jobs.store.pool.start()
        process = start_warm_up()
        try:
            while process.poll() is None:
                await asyncio.sleep(POLL_SECONDS)
            self.is_warm = True  # also where it failed: the first job that needs a loop compiles it
        finally:
            stop_warm_up(process)

    async def health(self, _: Request) -> Response:
        """Answer that the process runs."""
        return JSONResponse({"status": "ok", "version": __version__})

    async def ready(self, request: Request) -> Response:
        """Answer whether the default voice is loaded, and whether tasks are compiled; ``?tasks=1`` asks for both."""
        waits_for_tasks = request.query_params.get("tasks", "0") != "0"
        is_ready = self.is_ready and (self.is_warm or not waits_for_tasks)
        return JSONResponse(
            {"ready": is_ready, "speech": self.is_ready, "tasks": self.is_warm}, 200 if is_ready else 503
        )

    async def metrics(self, _: Request) -> Response:
        """Answer all measurements for Prometheus."""
        text = self.measurements.text(
            jobs=self.scheduler.n_jobs, jobs_limit=self.scheduler.max_jobs, ready=float(self.is_ready)
        )
        return Response(text, media_type="text/plain; version=0.0.4")

    async def list_voices(self, _: Request) -> Response:
        """Answer all voices, under both keys that clients read."""
        names = await asyncio.to_thread(self.voices.names)
        listed = [
            {
                "id": name,
                "name": name,
                "object": "voice",
                "language": await asyncio.to_thread(self.voices.language, name),
            }
            for name in names
        ]
        return JSONResponse({"object": "list", "data": listed, "voices": listed})

    async def list_models(self, _: Request) -> Response:
        """Answer the names of models that requests may give."""
        listed = [_model(name) for name in MODELS]
        return JSONResponse({"object": "list", "data": listed, "models": listed})

    async def show_model(self, request: Request) -> Response:
        """Answer one model of the list."""
        name = request.path_params["name"]
        check_model(name)
        return JSONResponse(_model(name))


def _model(name: str) -> dict[str, object]:
    return {"id": name, "name": name, "object": "model", "created": CREATED, "owned_by": "wavewright"}


async def _on_error(_: Request, error: Exception) -> Response:
    """Answer the sentence of a WavewrightError."""
    if isinstance(error, TooManyRequests):
        return _reply(error_body(error, 429, code="too_many_requests"), 429, {"Retry-After": RETRY_SECONDS})
    assert isinstance(error, WavewrightError)
    param, code, status = field_of(error)
    close = {"Connection": "close"} if status in (408, 413, 499) else {}
    return _reply(error_body(error, status, param, code), status, close)


async def _on_http_error(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method."""
    assert isinstance(error, HTTPException)
    sentences = {
        404: f"There is nothing at {request.url.path[:100]!r}; speech is POST /v1/audio/speech.",
        405: f"{request.url.path[:100]!r} does not take {request.method[:20]}.",
    }
    is_plain = error.detail in ("Not Found", "Method Not Allowed")
    sentence = sentences.get(error.status_code, error.detail) if is_plain else error.detail
    return _reply(error_body(WavewrightError(sentence), error.status_code), error.status_code, error.headers)


async def _on_system_error(_: Request, error: Exception) -> Response:
    """Answer that the disk is full, whichever file did not fit; raise other errors of the system again."""
    assert isinstance(error, OSError)
    if error.errno not in FULL_DISK:
        raise error
    full = WavewrightError("The disk of the server is full; delete uploads and jobs, or try later.")
    return _reply(error_body(full, 507, code="no_room"), 507, {"Connection": "close"})


async def _on_failure(_: Request, error: Exception) -> Response:
    """Answer a fault of the server itself, without its details."""
    return _reply(error_body(server_fault(error), 500), 500)


def _reply(body: bytes, status: int, headers: object = None) -> Response:
    added = dict(headers) if headers else {}  # type: ignore[call-overload]
    return Response(body, status, added, "application/json")
