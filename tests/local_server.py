"""A server on a free port of this machine, in a thread, and raw requests to it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from waiting import LIMIT_SECONDS, wait_until

from wavewright.apps.server import connections, guard
from wavewright.apps.server.jobs import pool
from wavewright.apps.server.serve import bind, make_server
from wavewright.apps.server.settings import ServerSettings

SHORT_LIMITS = {
    (module, name): getattr(module, name)
    for module, name in ((connections, "HEADER_SECONDS"), (guard, "DISCARD_SECONDS"), (pool, "SAVE_SECONDS"))
}
PATIENT = {"body_seconds": LIMIT_SECONDS, "idle_seconds": LIMIT_SECONDS}
"""Settings of a server that waits for as long as tests do."""


@contextmanager
def patient_server() -> Iterator[None]:
    """Let servers wait for as long as tests do, but where a test has set a time of its own.

    Their limits are for clients that do not go on; the clients of a test go on, though its machine may stall.
    """
    with pytest.MonkeyPatch.context() as monkeypatch:
        for (module, name), seconds in SHORT_LIMITS.items():
            if getattr(module, name) == seconds:
                monkeypatch.setattr(module, name, LIMIT_SECONDS)
        yield


@contextmanager
def running(is_ready_first: bool = True, extra_routes=(), open_paths=(), **settings) -> Iterator[SimpleNamespace]:
    """Run a server; yield its port, address and the ``Server`` of its application.

    ``is_ready_first``: wait until the default voice is loaded, not only until it answers.
    """
    chosen = ServerSettings(port=0, **{"workers": 2, **PATIENT, **settings})
    with patient_server():
        listener = bind(chosen)
        server = make_server(chosen, extra_routes, open_paths)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        port = listener.getsockname()[1]
        state = server.config.app.state.server
        try:
            wait_until(lambda: state.is_ready if is_ready_first else server.started)
            yield SimpleNamespace(port=port, url=f"http://127.0.0.1:{port}", state=state, app=server.config.app)
        finally:
            server.should_exit = True
            thread.join()
            listener.close()


@contextmanager
def jobs_held() -> Iterator[None]:
    """Let no job of a server in this process begin before the end of the block, so that none ends too soon."""
    is_over, run = threading.Event(), pool.JobLane.run

    def run_later(lane, item):
        wait_until(lambda: is_over.is_set() or item.given.is_cancelled or lane._is_stopped)
        return run(lane, item)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(pool.JobLane, "run", run_later)
        try:
            yield
        finally:
            is_over.set()


@contextmanager
def stand_in_voices(folder) -> Iterator[dict[str, object]]:
    """Have stand-in voices en-kathleen, en-ruth and de-kerstin alone; yield their models."""
    from tiny_speech import install

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        monkeypatch.setattr("wavewright.models.BUNDLED_FOLDER", folder / "none")
        yield install(monkeypatch, folder)


def request(server, method: str, path: str, body=None, headers=None) -> SimpleNamespace:
    """Send a request; return status, headers, body and the JSON in it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT_SECONDS)
    try:
        data = json.dumps(body) if isinstance(body, dict) else body
        connection.request(method, path, data, headers or {})
        reply = connection.getresponse()
        content = reply.read()
        is_json = reply.headers.get_content_type() == "application/json" and "Content-Encoding" not in reply.headers
        return SimpleNamespace(
            status=reply.status, headers=reply.headers, body=content, json=json.loads(content) if is_json else None
        )
    finally:
        connection.close()


def speak(server, text: str, **fields) -> SimpleNamespace:
    """Ask for speech as 24 kHz samples, unless fields say otherwise."""
    fields = {"model": "tts-1", "voice": "alloy", "response_format": "pcm", **fields}
    return request(server, "POST", "/v1/audio/speech", {"input": text, **fields})


def send_raw(server, data: bytes, ends: bool = False) -> bytes:
    """Send bytes as they are, also their end if ``ends``; return the reply up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT_SECONDS) as connection:
        reply = b""
        try:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65_536):
                reply += chunk
        except OSError:
            pass
        return reply
