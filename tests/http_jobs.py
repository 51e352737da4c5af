"""Uploads and jobs over HTTP, for tests."""

from __future__ import annotations

import io
import uuid
import wave

import numpy as np
from local_server import request

WAIT = "?wait=300"
"""The longest wait that the server takes; ``do`` and ``ended`` ask again."""


def tone(seconds: float = 0.1, sample_rate: int = 8_000, hz: float = 440.0) -> bytes:
    """Return a WAV file of a sine."""
    samples = np.sin(2 * np.pi * hz * np.arange(round(seconds * sample_rate)) / sample_rate)
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, sample_rate, 0, "NONE", ""))
        written.writeframes(np.int16(10_000 * samples).tobytes())
    return file.getvalue()


def form(*parts: tuple[str, str | None, bytes]) -> tuple[bytes, dict[str, str]]:
    """Return a form of parts (name, file name, contents), and its headers."""
    boundary = uuid.uuid4().hex
    body = b""
    for name, file_name, contents in parts:
        shown = "" if file_name is None else f'; filename="{file_name}"'
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n\r\n'.encode()
        body += contents + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def upload(server, name: str = "tone.wav", contents: bytes | None = None) -> dict[str, str]:
    """Upload a file; return a reference to it."""
    reply = request(server, "POST", "/v1/uploads", *form(("file", name, tone() if contents is None else contents)))
    assert reply.status == 201, reply.body
    return {"upload": reply.json["uploads"][0]["id"]}


def do(server, task: str, wait: str = WAIT, **parameters):
    """Run a task; return the reply, with ``wait`` that of the job's end."""
    reply = request(server, "POST", f"/v1/tasks/{task}{wait}", parameters)
    while wait and reply.status < 300 and reply.json["state"] in ("queued", "running"):
        reply = request(server, "GET", f"/v1/jobs/{reply.json['id']}{wait}")
    return reply


def ended(server, job: dict) -> dict:
    """Wait until a job has ended; return its last state."""
    while job["state"] in ("queued", "running"):
        job = request(server, "GET", f"/v1/jobs/{job['id']}{WAIT}").json
    return job
