"""Hostile connections: unfinished, silent, malformed and many; the server answers others, and its log stays short."""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import socket
import sys
from contextlib import ExitStack, suppress
from types import SimpleNamespace

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

from local_server import request, running, send_raw, stand_in_voices
from test_server_sockets import StandInEnhancer
from waiting import LIMIT_SECONDS, wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from wavewright.apps.server import connections, serve
from wavewright.apps.server.connections import OneLineASecond, usable_connections
from wavewright.apps.server.settings import ServerSettings
from wavewright.apps.server.speech_request import is_model
from wavewright.base.errors import BadSetting

UNFINISHED = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "
SPEECH = "/v1/audio/speech/stream"


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    with stand_in_voices(tmp_path_factory.mktemp("models")) as found:
        yield found


def opened(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), timeout=LIMIT_SECONDS, source_address=(source, 0))


@pytest.fixture
def protocols(monkeypatch):
    """The connections of servers, in the order in which they were made."""
    made = []
    original = connections.LimitedHttp.connection_made

    def connection_made(protocol, transport):
        original(protocol, transport)
        made.append(protocol)

    monkeypatch.setattr(connections.LimitedHttp, "connection_made", connection_made)
    return made


def reply_of(connection) -> bytes:
    reply = b""
    with suppress(OSError):
        while chunk := connection.recv(65_536):
            reply += chunk
    return reply


# ------------------------------------------------------------------------------------------------------ connections


@pytest.mark.parametrize("start", [b"", UNFINISHED, b"GET", b"\r\n"], ids=["nothing", "header", "method", "empty line"])
def test_unfinished_connections_give_way(voices, capfd, start):
    """2,000 of them in all, at most 800 at a time."""
    with running(is_ready_first=False, max_connections=64) as server, ExitStack() as stack:
        held = []
        for number in range(2_000):
            held.append(stack.enter_context(opened(server.port)))
            if start:
                with suppress(OSError):
                    held[-1].sendall(start)
            if len(held) > 800:
                held.pop(0).close()
            if number % 400 == 0:
                assert request(server, "GET", "/health").status == 200
        assert request(server, "GET", "/health").status == 200
    assert len(capfd.readouterr().err) < 5_000


def test_a_header_has_a_time_limit(voices, monkeypatch):
    monkeypatch.setattr(serve, "KEEP_ALIVE_SECONDS", LIMIT_SECONDS)
    with running(is_ready_first=False) as server:
        with opened(server.port) as connection:  # the second request of a connection
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200")
            monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
            connection.sendall(UNFINISHED)
            assert b"HTTP/1.1 408" in reply_of(connection)
        for start in (b"", UNFINISHED):  # and the first
            with opened(server.port) as connection:
                with suppress(OSError):  # it may be too late already
                    connection.sendall(start)
                assert reply_of(connection).startswith(b"HTTP/1.1 408 Request Timeout\r\nConnection: close")


def test_a_body_has_a_time_limit_of_its_own(voices, protocols):
    with running(is_ready_first=False) as server:
        body = b'{"input": "Hello.", "response_format": "pcm"}'
        with opened(server.port) as connection:
            head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body[:10])
            wait_until(lambda: protocols and protocols[0].clock.wait == "body")
            connection.sendall(body[10:])
            assert connection.recv(1_000).startswith(b"HTTP/1.1 200")


KEY = "a key of sixteen".replace(" ", "-")
WITH_KEY = f"Authorization: Bearer {KEY}\r\n".encode()
BETWEEN_BYTES = 0.05  # seconds
LONG_BODY = b"Content-Length: 100000\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=b\r\n"
UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def head(line: str, *lines: bytes) -> bytes:
    return line.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"".join(lines) + b"\r\n"


HALF_OPEN = {
    "nothing": b"",
    "header": UNFINISHED,
    "body on an open path": head("GET /health", LONG_BODY) + b"x",
    "body of a preflight": head("OPTIONS /v1/models", b"Origin: http://127.0.0.1\r\n", LONG_BODY) + b"x",
    "body without a key": head("POST /v1/audio/speech", LONG_BODY) + b"{",
    "body": head("POST /v1/audio/speech", WITH_KEY, LONG_BODY) + b"{",
    "upload": head("POST /v1/uploads", WITH_KEY, FORM, LONG_BODY) + b"--b\r\n",
    "silent WebSocket": head(f"GET {SPEECH}", WITH_KEY, UPGRADE),
    "half of a frame": head(f"GET {SPEECH}", WITH_KEY, UPGRADE) + b"\x81\xfe\x01\x00\0\0\0\0x",
}
"""Beginnings of connections that do not go on; each byte more is one of what is waited for."""


@pytest.mark.parametrize("begin", HALF_OPEN.values(), ids=HALF_OPEN)
def test_half_open_connections_give_way_to_a_request_with_a_key(voices, begin):
    sources = [f"127.0.0.{number}" for number in (1, 2, 3)] if sys.platform == "linux" else ["127.0.0.1"]
    with running(is_ready_first=False, max_connections=8, keys=(KEY,)) as server, ExitStack() as stack:
        held = []
        for number in range(24):
            held.append(stack.enter_context(opened(server.port, sources[number % len(sources)])))
            with suppress(OSError):
                held[-1].sendall(begin)
        for _ in range(5):
            for connection in held:
                with suppress(OSError):
                    connection.send(b"x")
            headers = {"Authorization": f"Bearer {KEY}"}
            assert request(server, "GET", "/v1/models", headers=headers).status == 200


@pytest.mark.parametrize("kind", ["body on an open path", "body", "upload", "silent WebSocket", "half of a frame"])
def test_half_open_connections_end(voices, monkeypatch, kind):
    """However often another byte comes; the limits are those of the product, shortened."""
    monkeypatch.setattr(connections, "REST_SECONDS", 0.2)
    monkeypatch.setattr(connections, "BODY_MARGIN_SECONDS", 0.2)
    with running(is_ready_first=False, keys=(KEY,), body_seconds=0.2, idle_seconds=0.2) as server:
        with opened(server.port) as connection:
            connection.sendall(HALF_OPEN[kind])
            while True:
                try:
                    connection.sendall(b"x")
                    connection.settimeout(BETWEEN_BYTES)
                    if not connection.recv(65_536):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
        assert request(server, "GET", "/health").status == 200


class StandInConnection:
    """A connection as the limits see it."""

    def __init__(self, rate, has_key=True, gives_way=True):
        self.clock = SimpleNamespace(rate=rate, gives_way=gives_way)
        self.has_key, self.is_ended = has_key, False

    def end(self):
        self.is_ended = True


def test_the_slowest_without_a_key_gives_way_first():
    limits = connections.Connections(most=4, body_seconds=30.0)
    held = [
        StandInConnection(5.0),
        StandInConnection(1.0),
        StandInConnection(9.0, has_key=False),
        StandInConnection(0.0, gives_way=False),
    ]
    assert all(limits.open(each, f"client {number}") for number, each in enumerate(held))
    for number, expected in enumerate((2, 1, 0)):
        assert limits.open(StandInConnection(0.0, gives_way=False), f"new client {number}")
        assert [each.is_ended for each in held].count(True) == number + 1
        assert held[expected].is_ended
    assert not limits.open(StandInConnection(0.0), "another client")  # all others answer


def test_a_client_has_half_of_the_connections():
    limits = connections.Connections(most=8, body_seconds=30.0)
    assert all(limits.open(StandInConnection(0.0, gives_way=False), "one") for _ in range(4))
    assert not limits.open(StandInConnection(0.0), "one")
    waiting = StandInConnection(3.0)
    assert limits.open(waiting, "two")
    assert not limits.open(StandInConnection(0.0), "one")  # those of others do not give way to it
    assert not waiting.is_ended


def test_two_lengths_are_refused(voices):
    chunked = b"2\r\n{}\r\n0\r\n\r\n"
    with running(is_ready_first=False) as server:
        for lengths in (
            b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        ):
            head = b"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1\r\n" + lengths + b"\r\n"
            reply = send_raw(server, head + chunked + b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert reply.startswith(b"HTTP/1.1 400")
            assert reply.count(b"HTTP/1.1 ") == 1  # what follows is no request
            assert b"both Content-Length and Transfer-Encoding" in reply


def test_connections_leave_files_for_the_rest():
    assert 1 <= usable_connections(512) <= 512
    assert usable_connections(10**9) < 10**9 or sys.platform == "win32"


# ------------------------------------------------------------------------------------------------------- WebSockets


@pytest.mark.parametrize("path", [SPEECH, "/v1/audio/enhance/stream?model=half"])
def test_idle_sockets_are_closed(voices, monkeypatch, path):
    monkeypatch.setattr("wavewright.families.loading.load_enhancer", lambda _: StandInEnhancer())
    with running(idle_seconds=0.3, body_seconds=0.3) as server:
        with connect(f"ws://127.0.0.1:{server.port}{path}", open_timeout=LIMIT_SECONDS) as silent:
            answer = json.loads(silent.recv(timeout=LIMIT_SECONDS))
            assert answer["error"]["code"] == "idle"
            assert "No message came for 0.3 s" in answer["error"]["message"]
            with pytest.raises(ConnectionClosed):
                silent.recv(timeout=LIMIT_SECONDS)
        if path == SPEECH:
            with connect(f"ws://127.0.0.1:{server.port}{path}", open_timeout=LIMIT_SECONDS) as paused:
                paused.send(json.dumps({"type": "text", "text": "Hello there. And"}))
                messages = []
                with suppress(ConnectionClosed):
                    while True:
                        messages.append(paused.recv(timeout=LIMIT_SECONDS))
                assert "idle" in messages[-1]
        wait_until(lambda: server.state.scheduler.n_jobs == 0)


@pytest.mark.parametrize("path", [SPEECH, "/v1/audio/enhance/stream"])
@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x82\0\0\0\0\xff\xfe",  # text that is not UTF-8
        b"\x83\x80\0\0\0\0",  # a reserved kind
        b"\x81\x02ab",  # without a mask
        b"\xc1\x80\0\0\0\0",  # a reserved bit
        b"\x80\x80\0\0\0\0",  # a continuation of nothing
        b"\x89\xfe\x01\x00\0\0\0\0" + bytes(256),  # a ping that is too long
        b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",  # a length beyond all limits
        b"\x88\x81\0\0\0\0\1",  # a close of one byte
        b"\x81\x81\0\0\0\0{",  # JSON that breaks off
        b"\x81\x82\0\0\0\0{}",
        b"\x82\x81\0\0\0\0\1",  # an odd number of bytes of sound
    ],
)
def test_malformed_frames_print_no_traceback(voices, capfd, path, frame):
    upgrade = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()
    text = json.dumps({"type": "text", "text": "Hello there. It is a long text. And"}).encode()
    text = b"\x81" + bytes([0x80 | len(text)]) + bytes(4) + text
    server = _server()
    for before in (b"", text) if path == SPEECH else (b"",):  # also while the server speaks
        with opened(server.port) as connection:
            connection.sendall(upgrade)
            assert connection.recv(12) == b"HTTP/1.1 101"
            connection.sendall(before)
            if before:
                connection.recv(1_000)
            connection.sendall(frame)
            with suppress(OSError):  # the server has closed it already
                connection.shutdown(socket.SHUT_WR)
            reply_of(connection)
    assert request(server, "GET", "/health").status == 200
    wait_until(lambda: server.state.scheduler.n_jobs == 0)
    printed = capfd.readouterr().err
    assert "Traceback" not in printed
    assert "Error" not in printed


_SERVERS = []


def _server():
    if not _SERVERS:
        manager = running(max_connections=64)
        _SERVERS.append((manager.__enter__(), manager))
    return _SERVERS[0][0]


@pytest.fixture(scope="module", autouse=True)
def _end_servers():
    yield
    while _SERVERS:
        _SERVERS.pop()[1].__exit__(None, None, None)


# -------------------------------------------------------------------------------------------------------------- log


def test_a_log_has_one_line_a_second_of_a_kind(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(connections.time, "monotonic", lambda: now[0])
    log = OneLineASecond()

    def passes(text, level=logging.WARNING):
        record = logging.LogRecord("uvicorn.error", level, "", 0, text, (), None)
        return record.getMessage() if log.filter(record) else None

    assert passes("Invalid HTTP request received.") == "Invalid HTTP request received."
    assert [passes("Invalid HTTP request received.") for _ in range(1_000)] == [None] * 1_000
    assert passes("Something else") == "Something else"
    now[0] += 1
    assert passes("Invalid HTTP request received.") == ("Invalid HTTP request received. (1000 more lines like this)")
    now[0] += 1
    assert passes("Invalid HTTP request received.") == "Invalid HTTP request received."


def test_damaged_requests_do_not_fill_the_log(voices, capfd):
    with running(is_ready_first=False) as server:
        for number in range(300):
            send_raw(server, [b"\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nA B\r\n\r\n"][number % 3])
    assert len(capfd.readouterr().err) < 3_000


# ---------------------------------------------------------------------------------------------- names and origins


def test_names_of_models_are_those_of_openais_client():
    names = ["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15", "tts-1-1106", "tts-1-hd-1106"]
    if importlib.util.find_spec("openai") is not None:
        from typing import get_args

        from openai.types.audio import speech_model

        names += get_args(speech_model.SpeechModel)
    assert all(map(is_model, names))
    for name in ("gpt-4o", "tts-2", "tts-1-", "tts-1-hd-x", "gpt-4o-mini-tts-2025", "gpt-4o-mini-tts-2025-12-15x"):
        assert not is_model(name) or re.fullmatch(r".*-\d{4}", name)


def test_a_dated_model_speaks_and_is_shown(voices):
    server = _server()
    fields = {"input": "Hello.", "model": "gpt-4o-mini-tts-2025-12-15", "voice": "alloy", "response_format": "pcm"}
    assert request(server, "POST", "/v1/audio/speech", fields).status == 200
    assert request(server, "GET", "/v1/models/tts-1-1106").json["id"] == "tts-1-1106"


def test_origins_of_browser_extensions_can_be_allowed(voices):
    for origin in ("chrome-extension://abcdefgh", "moz-extension://1b2c-3d", "safari-web-extension://A1-B2"):
        with running(is_ready_first=False, origins=(origin,)) as server:
            reply = request(server, "GET", "/v1/models", headers={"Origin": origin})
            assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, origin)
            for other in ("chrome-extension://other", f"{origin}.example", "null"):
                assert request(server, "GET", "/v1/models", headers={"Origin": other}).status == 403
    for wrong in ("null", "*", "file:///x", "http://", "http://a/b", "://a", "http://a b", "http://u@a"):
        with pytest.raises(BadSetting, match="it must be a scheme with a host"):
            ServerSettings(origins=(wrong,))
