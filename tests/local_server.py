"""A server on a free port of this machine, in a thread, and raw requests to it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from wavewright.apps.server.serve import bind, make_server
from wavewright.apps.server.settings import ServerSettings


@contextmanager
def running(is_ready_first: bool = True, extra_routes=(), open_paths=(), **settings) -> Iterator[SimpleNamespace]:
    """Run a server; yield its port, address and the ``Server`` of its application.

    ``is_ready_first``: wait until the default voice is loaded, not only until it answers.
    """
    chosen = ServerSettings(port=0, **{"workers": 2, **settings})
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
def stand_in_voices(folder) -> Iterator[dict[str, object]]:
    """Have stand-in voices en-kathleen, en-ruth and de-kerstin alone; yield their models."""
    from tiny_speech import install

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        monkeypatch.setattr("wavewright.models.BUNDLED_FOLDER", folder / "none")
        yield install(monkeypatch, folder)


def wait_until(condition, seconds: float = 20.0) -> None:
    """Wait until a condition holds; raise AssertionError if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition does not hold"
        time.sleep(0.005)


def request(server, method: str, path: str, body=None, headers=None) -> SimpleNamespace:
    """Send a request; return status, headers, body and the JSON in it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=70)
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
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
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
