"""Commands of Wavewright that serve, in processes of their own."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 120.0


@dataclass(frozen=True)
class LocalServer:
    """A server that runs, at a port of this machine."""

    process: subprocess.Popen[bytes]
    port: int

    def request(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Send a request with a JSON body; return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=READY_SECONDS)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {} if data is None else {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()


@contextmanager
def serving(*command: str) -> Iterator[LocalServer]:
    """Run ``serve`` or ``studio`` at a free port, in a folder without models, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        log, work = Path(folder) / "log", Path(folder) / "work"
        work.mkdir()
        environment = {**os.environ, "WAVEWRIGHT_HOME": str(Path(folder) / "models")}
        arguments = [sys.executable, "-m", "wavewright", *command, "--port", "0"]
        with log.open("wb") as sink:
            process = subprocess.Popen(arguments, cwd=work, env=environment, stderr=sink, stdout=sink)
        try:
            yield LocalServer(process, _port_in(log, process))
        finally:
            process.terminate()
            process.wait(30)


def _port_in(log: Path, process: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.01)
    raise RuntimeError(f"The server did not start: {log.read_text()[-500:]}")
