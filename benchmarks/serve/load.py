"""Measure the server under load: first audio, parallel streams, speed, clients that leave, killed processes, memory.

    python -m benchmarks serve.load
    python -m benchmarks serve.load --soak-minutes 30

The server and the clients share this machine. The speed of the voice itself is measured in the same run, so that the
ratio does not depend on what else the machine does.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.apps.server.settings import usable_processors
from wavewright.speech.narration.narrator import NarratorLoader
from wavewright.speech.narration.settings import NarrationSettings

PARTS = ("first-audio", "describe", "parallel", "leaving", "jobs", "kills", "memory")
SENTENCE = "Hello there. This is a second sentence, and it goes on for a while, as sentences do. "
N_SYNTHESES = 10
RATE_BYTES = 48_000  # a second of pcm
DISCONNECT_SECONDS = 5.0

FIRST_AUDIO = Table(
    "first audio", columns(streams="d", requests="d", median_ms=".1f", p95_ms=".1f", voice_alone_ms=".1f")
)
DESCRIBE = Table("Wyoming, describe", columns(syntheses="d", requests="d", median_ms=".1f", largest_ms=".1f"))
PARALLEL = Table(
    "parallel streams", columns(streams="d", complete="d", failed="d", seconds=".1f", times_real_time=".1f")
)
JOBS = Table("repeated jobs", columns(task="s", requests="d", median_ms=".1f", p95_ms=".1f"))
LEAVING = Table(
    "clients that leave", columns(clients="d", median_ms=".1f", p95_ms=".1f", threads_more="d", megabytes_more=".1f")
)
KILLED = Table("killed processes", columns(kills="d", jobs="d", done="d", failed="d", hanging="d"))
MEMORY = Table("memory over time", columns(minutes=".1f", requests="d", megabytes=".1f"))


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


@dataclass(frozen=True)
class Streamed:
    """A request for speech: seconds to the first audio and to the end, bytes, and whether it was complete."""

    first_seconds: float
    seconds: float
    n_bytes: int
    is_complete: bool


async def stream(port: int, text: str, at_real_time: bool = False) -> Streamed:
    """Ask for speech; read it at once, or as fast as it plays."""
    body = json.dumps({"input": text, "response_format": "pcm"}).encode()
    started = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = (
            f"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        )
        writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        status = await reader.readline()
        while (await reader.readline()).strip():
            pass
        n_bytes, tail, first = 0, b"", 0.0
        while chunk := await reader.read(16_384):
            first = first or time.perf_counter() - started
            n_bytes += len(chunk)
            tail = (tail + chunk)[-5:]
            if at_real_time:
                await asyncio.sleep(max(0.0, n_bytes / RATE_BYTES - (time.perf_counter() - started) - 1.0))
        is_complete = b" 200 " in status and tail == b"0\r\n\r\n"
        return Streamed(first, time.perf_counter() - started, n_bytes, is_complete)
    finally:
        writer.close()


async def _without_fault(streamed: Awaitable[Streamed]) -> Streamed:
    try:
        return await streamed
    except OSError:
        return Streamed(0.0, 0.0, 0, is_complete=False)


def own_speed(n_threads: int, seconds: float) -> float:
    """Return seconds of audio per second that the voice makes by itself, in as many threads as the server has."""
    from concurrent.futures import ThreadPoolExecutor

    narrator = NarratorLoader().load(NarrationSettings())
    narrator.voice.warm_up()
    end = time.perf_counter() + seconds

    def speak(_: int) -> float:
        spoken = 0.0
        while time.perf_counter() < end:
            spoken += sum(chunk.wave.shape[1] for chunk in narrator.chunks(SENTENCE, lambda _: None))
        return spoken / narrator.voice.sample_rate

    started = time.perf_counter()
    with ThreadPoolExecutor(n_threads) as pool:
        spoken = sum(pool.map(speak, range(n_threads)))
    return spoken / (time.perf_counter() - started)


def own_first_audio_ms(n: int) -> float:
    """Return the median time in which the voice makes the first audio by itself, in this process."""
    narrator = NarratorLoader().load(NarrationSettings())
    narrator.voice.warm_up()
    times = []
    for _ in range(n):
        started = time.perf_counter()
        next(chunk for chunk in narrator.chunks("Hello there.", lambda _: None) if chunk.wave.shape[1])
        times.append(1e3 * (time.perf_counter() - started))
    return statistics.median(times)


def measure(options: Options, report: Report) -> None:
    """Measure one server, part by part."""
    wyoming_port = free_port()
    settings = ["--set", f"max_requests={2 * options.parallel + 100}", "--wyoming", "--wyoming-port", str(wyoming_port)]
    with serving(settings) as server:
        measured: dict[str, Callable[[], None]] = {
            "describe": lambda: _measure_describe(wyoming_port, options.requests, report),
            "parallel": lambda: _measure_parallel(server, options, report),
            "leaving": lambda: _measure_leaving(server, options.leaving, report),
            "jobs": lambda: _measure_jobs(server, max(3, options.requests // 3), report),
            "kills": lambda: _measure_kills(server, options.kills, report),
            "memory": lambda: _measure_memory(server, options.soak_minutes, report),
        }
        for n_streams in options.streams if "first-audio" in options.parts else ():
            _measure_first_audio(server, n_streams, options.requests, report)
        for name in options.parts:
            measured.get(name, lambda: None)()


def _measure_first_audio(server: LocalServer, n_streams: int, n_requests: int, report: Report) -> None:
    async def measured() -> list[float]:
        playing = [asyncio.create_task(_play_on(server.port)) for _ in range(n_streams)]
        await asyncio.sleep(2.0 if n_streams else 0.2)
        try:
            return [(await stream(server.port, "Hello there.")).first_seconds for _ in range(n_requests)]
        finally:
            for task in playing:
                task.cancel()
            await asyncio.gather(*playing, return_exceptions=True)

    times = [1e3 * seconds for seconds in asyncio.run(measured())]
    median = statistics.median(times)
    row = {"streams": n_streams, "requests": n_requests, "median_ms": median, "p95_ms": _p95(times)}
    report.add(FIRST_AUDIO, **row, voice_alone_ms=own_first_audio_ms(n_requests))
    if n_streams:
        report.target("first audio", f"median beside {n_streams} streams, ms", median, at_most=60)


def _measure_describe(port: int, n_requests: int, report: Report) -> None:
    """Measure the answer to Home Assistant's question for the voices, which it asks for one second."""
    from wyoming.client import AsyncTcpClient
    from wyoming.info import Describe
    from wyoming.tts import Synthesize

    async def speak() -> None:
        while True:
            async with AsyncTcpClient("127.0.0.1", port) as client:
                await client.write_event(Synthesize(SENTENCE * 5).event())
                while (event := await client.read_event()) is not None and event.type != "audio-stop":
                    pass

    async def measured() -> list[float]:
        speaking = [asyncio.create_task(speak()) for _ in range(N_SYNTHESES)]
        await asyncio.sleep(1.0)
        times = []
        for _ in range(n_requests):
            async with AsyncTcpClient("127.0.0.1", port) as client:
                started = time.perf_counter()
                await client.write_event(Describe().event())
                await client.read_event()
                times.append(1e3 * (time.perf_counter() - started))
        for task in speaking:
            task.cancel()
        await asyncio.gather(*speaking, return_exceptions=True)
        return times

    times = asyncio.run(measured())
    median = statistics.median(times)
    row = {"syntheses": N_SYNTHESES, "requests": n_requests, "median_ms": median, "largest_ms": max(times)}
    report.add(DESCRIBE, row)
    report.target("Wyoming", f"describe during {N_SYNTHESES} syntheses, median ms", median, at_most=100)


async def _play_on(port: int) -> None:
    while True:
        await stream(port, SENTENCE * 20, at_real_time=True)


def _measure_parallel(server: LocalServer, options: Options, report: Report) -> None:
    async def measured() -> list[Streamed]:
        texts = [SENTENCE * options.sentences] * options.parallel
        return list(await asyncio.gather(*(_without_fault(stream(server.port, text)) for text in texts)))

    alone = own_speed(usable_processors(), seconds=10.0 if options.parallel > 20 else 1.0)
    started = time.perf_counter()
    results = asyncio.run(measured())
    seconds = time.perf_counter() - started
    n_complete = sum(result.is_complete for result in results)
    speed = sum(result.n_bytes for result in results) / RATE_BYTES / seconds
    report.add(
        PARALLEL,
        streams=len(results),
        complete=n_complete,
        failed=len(results) - n_complete,
        seconds=seconds,
        times_real_time=speed,
    )
    report.note(f"The voice alone speaks {alone:.1f} times as fast as it plays, in {usable_processors()} threads.")
    report.target("parallel streams", "failed", float(len(results) - n_complete), at_most=0)
    report.target("speed", "share of the voice's own", speed / alone, at_least=0.8)


def _measure_leaving(server: LocalServer, n_clients: int, report: Report) -> None:
    """Measure how long the server computes for clients that leave after the first audio, and what they leave behind."""
    for _ in range(3):
        asyncio.run(_leave(server.port))
    _seconds_until(lambda: _n_jobs(server) == 0)
    threads, megabytes = server.n_threads(), server.megabytes()
    times = []
    for _ in range(n_clients):
        asyncio.run(_leave(server.port))
        times.append(1e3 * _seconds_until(lambda: _n_jobs(server) == 0))
    row = {"clients": n_clients, "median_ms": statistics.median(times), "p95_ms": _p95(times)}
    grown = {"threads_more": server.n_threads() - threads, "megabytes_more": server.megabytes() - megabytes}
    report.add(LEAVING, **row, **grown)
    report.target("clients that leave", "median until nothing is computed, ms", statistics.median(times), at_most=100)
    report.target("clients that leave", "threads more", float(grown["threads_more"]), at_most=0)


async def _leave(port: int) -> None:
    body = json.dumps({"input": SENTENCE * 100, "response_format": "pcm"}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await reader.read(8_192)
    writer.transport.abort()


def _n_jobs(server: LocalServer) -> int:
    text = server.request("GET", "/metrics")[2].decode()
    return round(float(next(line for line in text.splitlines() if line.startswith("wavewright_jobs ")).split()[1]))


def _measure_jobs(server: LocalServer, n_requests: int, report: Report) -> None:
    first, second = (
        {"job": job["id"], "file": job["files"][0]["name"]}
        for job in (
            _do(server, "generate", {"model": "drums", "label": label, "count": 1}) for label in ("kick", "snare")
        )
    )
    tasks = {
        "generate": {"model": "drums", "label": "kick", "count": 1},
        "morph": {"file_a": first, "file_b": second, "steps": 3},
    }
    for task, parameters in tasks.items():
        times = []
        for seed in range(n_requests + 2):
            started = time.perf_counter()
            job = _do(server, task, {**parameters, "seed": seed})
            assert job["state"] == "done", job["error"]
            times.append(1e3 * (time.perf_counter() - started))
        median = statistics.median(times[2:])
        row = {"task": task, "requests": n_requests, "median_ms": median, "p95_ms": _p95(times[2:])}
        report.add(JOBS, row)
        report.target(task, "median of a repeated job, ms", median, at_most=150)


def _measure_kills(server: LocalServer, n_kills: int, report: Report) -> None:
    """Kill processes of jobs at random while jobs run; each job ends or is refused."""
    draw = random.Random(1)
    ids = []
    killed = 0
    while killed < n_kills and len(ids) < 5 * n_kills:
        parameters = {"name": "wind", "seconds": draw.choice((1, 20)), "seed": len(ids)}
        status, _, body = server.request("POST", "/v1/tasks/synthesise", parameters)
        if status in (200, 202):
            ids.append(json.loads(body)["id"])
        time.sleep(draw.uniform(0.0, 1.0))
        workers = server.children()
        if workers and draw.random() < 0.5:
            os.kill(draw.choice(workers), signal.SIGKILL)
            killed += 1
    states = [json.loads(server.request("GET", f"/v1/jobs/{job}?wait=120")[2])["state"] for job in ids]
    hanging = sum(state in ("queued", "running") for state in states)
    row = {"kills": killed, "jobs": len(ids), "done": states.count("done"), "failed": states.count("failed")}
    report.add(KILLED, **row, hanging=hanging)
    report.target("killed processes", "jobs that hang", float(hanging), at_most=0)


def _measure_memory(server: LocalServer, minutes: float, report: Report) -> None:
    """Let clients speak and leave for some minutes, and note the memory of the server."""
    started = time.perf_counter()
    n_requests, sizes, draw = 0, [], random.Random(1)

    async def one_round() -> int:
        lengths = [draw.randint(1, 6) for _ in range(8)]
        results = await asyncio.gather(*(_without_fault(stream(server.port, SENTENCE * n)) for n in lengths))
        await asyncio.gather(*(_leave(server.port) for _ in range(2)))
        assert all(result.is_complete for result in results)
        return len(results) + 2

    while True:
        n_requests += asyncio.run(one_round())
        elapsed = (time.perf_counter() - started) / 60
        if elapsed >= (len(sizes) / 5) * minutes:
            sizes.append(server.megabytes())
            report.add(MEMORY, minutes=elapsed, requests=n_requests, megabytes=sizes[-1])
        if elapsed >= minutes and len(sizes) > 1:
            break
    if sizes[0]:
        report.target(
            "memory", "growth after the first fifth, share", sizes[-1] / sizes[min(1, len(sizes) - 1)] - 1, at_most=0.1
        )


def _do(server: LocalServer, task: str, parameters: dict[str, object]) -> dict[str, object]:
    job: dict[str, object] = json.loads(server.request("POST", f"/v1/tasks/{task}?wait=120", parameters)[2])
    return job


def _seconds_until(condition: Callable[[], bool]) -> float:
    started = time.perf_counter()
    while not condition() and time.perf_counter() < started + DISCONNECT_SECONDS:
        time.sleep(0.001)
    return time.perf_counter() - started


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, round(0.95 * (len(values) - 1)))]


BENCHMARK = Benchmark(
    __doc__,
    (FIRST_AUDIO, DESCRIBE, PARALLEL, LEAVING, JOBS, KILLED, MEMORY),
    measure,
    Option("parts", PARTS, choices=PARTS),
    Option("requests", 60, "for each latency", smoke=2),
    Option("streams", [0, 8], "that play beside the requests", smoke=[1]),
    Option("parallel", 200, smoke=3),
    Option("sentences", 4, "of each parallel stream", smoke=1),
    Option("leaving", 100, smoke=2),
    Option("kills", 20, smoke=1),
    Option("soak_minutes", 10.0, smoke=0.001),
)
