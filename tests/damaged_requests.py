"""Damaged requests to the server: none may crash it, get status 500 or a file that was not sent to it.

    python tests/damaged_requests.py 10000

Paths, headers and bodies of valid requests are changed at random.
"""

from __future__ import annotations

import json
import random
import re
import socket
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

SECRET = b"a-secret-that-no-reply-may-have"
SECONDS = 30.0
N_CLIENTS = 8
MAX_REPLY_BYTES = 4_000_000

PATHS = (
    *("/health", "/ready", "/metrics", "/openapi.json", "/docs", "/v1/models", "/v1/audio/voices", "/v1/models/tts-1"),
    *(
        "/v1/audio/speech",
        "/audio/speech",
        "/v1/tasks",
        "/v1/tasks/phonemes",
        "/v1/tasks/edit",
        "/v1/tasks/models-show",
    ),
    *(
        "/v1/uploads",
        "/v1/uploads/{id}",
        "/v1/jobs",
        "/v1/jobs/{id}",
        "/v1/jobs/{id}/files/{name}",
        "/v1/jobs/{id}/stop",
    ),
    *("/v1/jobs/{id}/events", "/v1/jobs/{id}/files.zip", "/v1/audio/speech/stream", "/v1/audio/enhance/stream"),
)
METHODS = ("GET", "POST", "DELETE", "PUT", "OPTIONS", "HEAD", "PATCH", "X", "GET\tGET")
NAMES = (
    *("../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "....//secret.txt", "/etc/passwd", "secret.txt"),
    *(
        "..\\secret.txt",
        "%00",
        "a.wav%00.txt",
        "C:\\secret.txt",
        "\u00e9",
        "%ff",
        "." * 300,
        "//",
        "~",
        "file:///etc/passwd",
    ),
)
STRANGE = (
    *(None, True, -1, 0, 1e308, 10**30, "", " ", "\0", "\ud800", "../secret.txt", "/etc/passwd", "x" * 5_000),
    *([], [[]], {}, {"a": {}}, {"upload": "../secret.txt"}, {"job": "..", "file": "../secret.txt"}, [{"upload": 1}]),
)
BODIES = (
    {"input": "Hello.", "voice": "alloy", "response_format": "pcm"},
    {"input": "<speak>Hello</speak>", "voice": {"id": "en-kathleen"}, "speed": 1.0, "stream_format": "sse"},
    {"text": "Hello.", "language": "en", "lexicon": {"upload": "0"}},
    {"source": {"upload": "0"}, "do": "append ../secret.txt", "attachments": [{"job": "0"}], "out": "a.wav"},
    {"name": "drums"},
)
HEADERS = (
    ("Host", "127.0.0.1"),
    ("Content-Type", "application/json"),
    ("Authorization", "Bearer x"),
    ("Origin", "http://127.0.0.1"),
    ("Range", "bytes=0-10"),
    ("Connection", "close"),
    ("Accept", "*/*"),
)
STRANGE_HEADERS = (
    *(("Host", "evil.example"), ("Host", "[::1"), ("Host", ""), ("Origin", "null"), ("Range", "bytes=9-1,,-")),
    *(("Content-Length", "-1"), ("Content-Length", "99999999999999999999"), ("Transfer-Encoding", "chunked")),
    *(("Content-Type", "multipart/form-data"), ("Content-Type", "multipart/form-data; boundary="), ("X", "y" * 9_000)),
    *(
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "x"),
        ("Cookie", "\u00ff"),
        ("Authorization", "Bearer"),
        ("A b", "c"),
    ),
)


@dataclass(frozen=True)
class DamagedRequest:
    """Bytes to send, and which part of the request was changed most."""

    kind: str
    data: bytes


def damaged_requests(seed: int, n: int) -> Iterator[DamagedRequest]:
    """Yield damaged requests, the same ones for a seed."""
    draw = random.Random(seed)
    for _ in range(n):
        kind = draw.choice(("path", "headers", "body", "form", "bytes"))
        yield DamagedRequest(kind, _request(draw, kind))


def _request(draw: random.Random, kind: str) -> bytes:
    path = draw.choice(PATHS).replace("{id}", draw.choice(("0", *NAMES))).replace("{name}", draw.choice(NAMES))
    if kind == "path":
        path = _damaged_text(draw, path + draw.choice(("", "?wait=x", "?wait=1e999", "/..", "/" + draw.choice(NAMES))))
    headers = [list(each) for each in HEADERS if draw.random() < 0.9 or each[0] == "Connection"]
    if kind == "headers":
        headers += [list(draw.choice(STRANGE_HEADERS)) for _ in range(draw.randint(1, 3))]
        draw.shuffle(headers)
    is_post = kind in ("body", "form") or draw.random() < 0.4
    method = draw.choice(METHODS) if kind in ("path", "headers") else "POST" if is_post else "GET"
    body = b""
    if kind == "form":
        body, content_type = _form(draw)
        headers = [each for each in headers if each[0] != "Content-Type"] + [["Content-Type", content_type]]
    elif is_post:
        body = _json(draw, is_damaged=kind == "body")
    if not any(name == "Content-Length" for name, _ in headers):
        headers.append(["Content-Length", str(len(body) + draw.choice((0, 0, 0, 0, 5, -1 if body else 0)))])
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    data = "\r\n".join(lines).encode("latin-1", "replace") + body
    return _damaged_bytes(draw, data) if kind == "bytes" else data


def _json(draw: random.Random, is_damaged: bool) -> bytes:
    fields = dict(draw.choice(BODIES))
    if not is_damaged:
        return json.dumps(fields).encode()
    for _ in range(draw.randint(1, 3)):
        name = draw.choice((*fields, "seed", "model", "out", "file", "folder", "x"))
        fields[name] = draw.choice(STRANGE)  # type: ignore[assignment]
    data = json.dumps(fields).encode()
    return draw.choice((data, data, data[: len(data) // 2], b"[" * 5_000, _damaged_bytes(draw, data)))


def _form(draw: random.Random) -> tuple[bytes, str]:
    boundary = "b"
    body = b""
    for _ in range(draw.randint(0, 3)):
        name = draw.choice(("file", "source", "parameters", "", "x" * 300))
        shown = draw.choice(("", f'; filename="{draw.choice((*NAMES, "a.wav"))}"'))
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n\r\n'.encode()
        body += draw.choice((b"RIFF", b"{}", b'{"do": "reverse"}', bytes(2_000))) + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    if draw.random() < 0.4:
        body = _damaged_bytes(draw, body)
    return body, f"multipart/form-data; boundary={boundary}"


def _damaged_text(draw: random.Random, text: str) -> str:
    position = draw.randint(0, len(text))
    inserted = draw.choice(("", "", "%", "%2", "\u00ff", "//", "/../", "%2e%2e%2f", "?", "#", ";", "\t"))
    return (text[:position] + inserted + text[position:]).replace(" ", "%20")


def _damaged_bytes(draw: random.Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        if damaged:
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
    return bytes(damaged[: draw.randint(1, len(damaged))] if draw.random() < 0.3 and damaged else damaged)


def send(port: int, request: DamagedRequest) -> tuple[int, bytes]:
    """Send a request and its end; return the status, 0 without one, and the reply."""
    reply = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.sendall(request.data)
            connection.shutdown(socket.SHUT_WR)
            while len(reply) < MAX_REPLY_BYTES and (chunk := connection.recv(65_536)):
                reply += chunk
    except OSError:
        pass
    status = re.match(rb"HTTP/1\.1 (\d{3})", reply)
    return (int(status[1]) if status else 0), reply


def main(count: int) -> None:
    """Send requests to a server that is started here, and print how many got each status; raise for a fault."""
    from local_server import request, running

    with tempfile.TemporaryDirectory() as name, chdir(name), running(job_workers=1, max_upload_mb=1) as server:
        Path("secret.txt").write_bytes(SECRET)
        with ThreadPoolExecutor(N_CLIENTS) as pool:
            damaged = list(damaged_requests(1, count))
            replies = pool.map(lambda each: send(server.port, each), damaged)
            for each, (status, reply) in zip(damaged, replies, strict=True):
                if status == 500 or SECRET in reply:
                    raise AssertionError(f"{status}: {each}")
        if request(server, "GET", "/health").status != 200 or [*Path().iterdir()] != [Path("secret.txt")]:
            raise AssertionError("The server is gone, or wrote where it was started.")
    print(f"{count} damaged requests: no status 500, no file, and the server answers.")


if __name__ == "__main__":
    main(int(sys.argv[1]))
