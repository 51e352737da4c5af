"""A server in a process of its own, and what is measured about that."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 120.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True)
class LocalServer:
    """A server that runs, and the folder that it was started in."""

    process: subprocess.Popen[str]
    port: int
    folder: Path

    def request(
        self, method: str, path: str, body: object = None, timeout: float = 120.0
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request with a JSON body; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {} if data is None else {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, dict(reply.headers), reply.read()
        finally:
            connection.close()

    def megabytes(self) -> float:
        """Return the memory of the process, without its children; 0 where the system does not tell."""
        statistics = Path(f"/proc/{self.process.pid}/statm")
        return int(statistics.read_text().split()[1]) * PAGE_BYTES / 1e6 if statistics.is_file() else 0.0

    def n_threads(self) -> int:
        """Return the number of threads of the process; 0 where the system does not tell."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return len(list(tasks.iterdir())) if tasks.is_dir() else 0

    def children(self) -> list[int]:
        """Return the ids of its child processes that run jobs."""
        found: list[int] = []
        for path in Path(f"/proc/{self.process.pid}/task").glob("*/children"):  # each thread starts its own
            with suppress(OSError):
                found += map(int, path.read_text().split())
        return [number for number in found if _is_worker(number)]


@contextmanager
def serving(options: Sequence[str] = ()) -> Iterator[LocalServer]:
    """Run ``wavewright serve`` at a free port, in an empty folder, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "wavewright", "serve", "--port", "0", *options]
        log = Path(folder) / "serve.log"
        work = Path(folder) / "work"
        work.mkdir()
        with log.open("w") as sink:
            process = subprocess.Popen(command, cwd=work, stderr=sink, stdout=sink, text=True)
        try:
            server = LocalServer(process, _port_in(log, process), work)
            _wait_until_ready(server)
            yield server
        finally:
            process.terminate()
            process.wait(30)


def _is_worker(number: int) -> bool:
    """Return whether a process runs jobs."""
    try:
        return b"spawn_main" in Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return False


def free_port() -> int:
    """Return a port that no program listens at."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _port_in(log: Path, process: subprocess.Popen[str]) -> int:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start: {log.read_text()[-500:]}")


def _wait_until_ready(server: LocalServer) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if server.request("GET", "/ready")[0] == 200:
            return
        time.sleep(0.1)
    raise RuntimeError("The default voice was not loaded in time.")
