"""Measure the server under load: first audio, parallel streams, speed, clients that leave, killed processes, memory.

    python -m benchmarks serve.load

The server and the clients share this machine. The speed of the voice itself is measured in the same run, so that the
ratio does not depend on what else the machine does.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.servers import READY_SECONDS, LocalServer, serving
from benchmarks.harness.timing import median_seconds, timed
from wavewright.apps.server.settings import usable_processors
from wavewright.speech.narration.narrator import Narrator, NarratorLoader
from wavewright.speech.narration.settings import NarrationSettings

HELLO = "Hello there."
SENTENCE = "Hello there. This is a second sentence, and it goes on for a while, as sentences do. "
N_SYNTHESES = 10
RATE_BYTES = 48_000  # a second of pcm
DISCONNECT_SECONDS = 5.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

FIRST_AUDIO = Table(
    "first audio", columns(streams="d", requests="d", median_ms=".1f", p95_ms=".1f", voice_alone_ms=".1f")
)
DESCRIBE = Table("Wyoming, describe", columns(syntheses="d", requests="d", median_ms=".1f", largest_ms=".1f"))
PARALLEL = Table("parallel streams", columns(streams="d", failed="d", seconds=".1f", times_real_time=".1f"))
JOBS = Table("repeated jobs", columns(task="s", requests="d", median_ms=".1f"))
LEAVING = Table("clients that leave", columns(clients="d", median_ms=".1f", threads_more="d", megabytes_more=".1f"))
KILLED = Table("killed processes", columns(kills="d", jobs="d", done="d", failed="d", hanging="d"))
MEMORY = Table("memory over time", columns(minutes=".1f", requests="d", megabytes=".1f"))


def megabytes_of(server: LocalServer) -> float:
    """Return the memory of the process, without its children; 0 where the system does not tell."""
    statistics = Path(f"/proc/{server.process.pid}/statm")
    return int(statistics.read_text().split()[1]) * PAGE_BYTES / 1e6 if statistics.is_file() else 0.0


def n_threads_of(server: LocalServer) -> int:
    """Return the number of threads of the process; 0 where the system does not tell."""
    return len([*Path(f"/proc/{server.process.pid}/task").glob("*")])


def workers_of(server: LocalServer) -> list[int]:
    """Return the ids of its child processes that run jobs."""
    children = Path(f"/proc/{server.process.pid}/task").glob("*/children")  # each thread starts its own
    numbers = [number for path in children for number in _contents(path).decode().split()]
    return [int(number) for number in numbers if b"spawn_main" in _contents(Path(f"/proc/{number}/cmdline"))]


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended
        return b""


Streamed = tuple[float, int, bool]
"""A request for speech: seconds to the first audio, bytes, and whether it was complete."""


async def _ask(port: int, text: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for speech; return the connection."""
    body = json.dumps({"input": text, "response_format": "pcm"}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
    return reader, writer


async def stream(port: int, text: str, at_real_time: bool = False) -> Streamed:
    """Ask for speech; read it at once, or as fast as it plays."""
    started = time.perf_counter()
    reader, writer = await _ask(port, text)
    try:
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
        return first, n_bytes, b" 200 " in status and tail == b"0\r\n\r\n"
    finally:
        writer.close()


async def _without_fault(streamed: Awaitable[Streamed]) -> Streamed:
    try:
        return await streamed
    except OSError:
        return 0.0, 0, False


async def _leave(port: int) -> None:
    """Ask for speech, and leave after the first audio."""
    reader, writer = await _ask(port, SENTENCE * 100)
    await reader.read(8_192)
    writer.transport.abort()


async def _beside(
    others: Sequence[Coroutine[Any, Any, None]], settle_seconds: float, n: int, measured: Callable[[], Awaitable[float]]
) -> list[float]:
    """Return so many measured times in ms, one after the other, while others go on."""
    tasks = [asyncio.create_task(other) for other in others]
    await asyncio.sleep(settle_seconds)
    try:
        return [1e3 * await measured() for _ in range(n)]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def own_narrator() -> Narrator:
    """Return the server's voice in this process."""
    narrator = NarratorLoader().load(NarrationSettings())
    narrator.voice.warm_up()
    return narrator


def own_speed(n_threads: int, seconds: float) -> float:
    """Return seconds of audio per second that the voice makes by itself, in as many threads as the server has."""
    narrator = own_narrator()
    end = time.perf_counter() + seconds

    def speak(_: int) -> float:
        spoken = 0.0
        while time.perf_counter() < end:
            spoken += sum(chunk.wave.shape[1] for chunk in narrator.chunks(SENTENCE, lambda _: None))
        return spoken / narrator.voice.sample_rate

    with ThreadPoolExecutor(n_threads) as pool:
        spoken, taken = timed(lambda: sum(pool.map(speak, range(n_threads))), time.perf_counter)
    return spoken / taken


def measure(options: Options, report: Report) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        wyoming = str(bound.getsockname()[1])
    requests = f"max_requests={2 * options.parallel + 100}"
    with serving("serve", "--set", requests, "--wyoming", "--wyoming-port", wyoming) as server:
        if not _seconds_until(lambda: server.request("GET", "/ready")[0] == 200, READY_SECONDS, 0.1) < READY_SECONDS:
            raise RuntimeError("The default voice was not loaded in time.")
        for name in options.parts:
            PARTS[name](server, int(wyoming), options, report)


def _measure_first_audio(server: LocalServer, _: int, options: Options, report: Report) -> None:
    async def play_on() -> None:
        while True:
            await stream(server.port, SENTENCE * 20, at_real_time=True)

    async def first_seconds() -> float:
        return (await stream(server.port, HELLO))[0]

    narrator = own_narrator()

    def first_alone() -> object:
        return next(chunk for chunk in narrator.chunks(HELLO, lambda _: None) if chunk.wave.shape[1])

    for n_streams in options.streams:
        others = [play_on() for _ in range(n_streams)]
        times = asyncio.run(_beside(others, 2.0 if n_streams else 0.2, options.requests, first_seconds))
        median, p95 = np.percentile(times, [50, 95])
        row = {"streams": n_streams, "requests": options.requests, "median_ms": median, "p95_ms": p95}
        alone = median_seconds(first_alone, options.requests, time.perf_counter, n_warm_up=0)
        report.add(FIRST_AUDIO, row, voice_alone_ms=1e3 * alone)
        if n_streams:
            report.target("first audio", f"median beside {n_streams} streams, ms", median, at_most=60)


def _measure_describe(_: LocalServer, port: int, options: Options, report: Report) -> None:
    """Measure the answer to Home Assistant's question for the voices, which it asks for one second."""
    from wyoming.client import AsyncTcpClient
    from wyoming.info import Describe
    from wyoming.tts import Synthesize

    async def speak_on() -> None:
        while True:
            async with AsyncTcpClient("127.0.0.1", port) as client:
                await client.write_event(Synthesize(SENTENCE * 5).event())
                while (event := await client.read_event()) is not None and event.type != "audio-stop":
                    pass

    async def describe_seconds() -> float:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            started = time.perf_counter()
            await client.write_event(Describe().event())
            await client.read_event()
            return time.perf_counter() - started

    others = [speak_on() for _ in range(N_SYNTHESES)]
    times = asyncio.run(_beside(others, 1.0, options.requests, describe_seconds))
    median = float(np.median(times))
    report.add(DESCRIBE, syntheses=N_SYNTHESES, requests=len(times), median_ms=median, largest_ms=max(times))
    report.target("Wyoming", f"describe during {N_SYNTHESES} syntheses, median ms", median, at_most=100)


def _measure_parallel(server: LocalServer, _: int, options: Options, report: Report) -> None:
    async def all_streams() -> list[Streamed]:
        texts = [SENTENCE * options.sentences] * options.parallel
        return list(await asyncio.gather(*(_without_fault(stream(server.port, text)) for text in texts)))

    alone = own_speed(usable_processors(), seconds=10.0 if options.parallel > 20 else 1.0)
    results, seconds = timed(lambda: asyncio.run(all_streams()), time.perf_counter)
    n_failed = sum(not is_complete for *_, is_complete in results)
    speed = sum(n_bytes for _, n_bytes, _ in results) / RATE_BYTES / seconds
    report.add(PARALLEL, streams=len(results), failed=n_failed, seconds=seconds, times_real_time=speed)
    report.note(f"The voice alone speaks {alone:.1f} times as fast as it plays, in {usable_processors()} threads.")
    report.target("parallel streams", "failed", n_failed, at_most=0)
    report.target("speed", "share of the voice's own", speed / alone, at_least=0.8)


def _measure_leaving(server: LocalServer, _: int, options: Options, report: Report) -> None:
    """Measure how long the server computes for clients that leave after the first audio, and what they leave behind."""

    def leave() -> float:
        asyncio.run(_leave(server.port))
        return _seconds_until(lambda: _n_jobs(server) == 0, DISCONNECT_SECONDS, 0.001)

    for _ in range(3):
        leave()
    threads, megabytes = n_threads_of(server), megabytes_of(server)
    median = 1e3 * float(np.median([leave() for _ in range(options.leaving)]))
    grown = {"threads_more": n_threads_of(server) - threads, "megabytes_more": megabytes_of(server) - megabytes}
    report.add(LEAVING, clients=options.leaving, median_ms=median, **grown)
    report.target("clients that leave", "median until nothing is computed, ms", median, at_most=100)
    report.target("clients that leave", "threads more", grown["threads_more"], at_most=0)


def _n_jobs(server: LocalServer) -> int:
    text = server.request("GET", "/metrics")[1].decode()
    return round(float(next(line for line in text.splitlines() if line.startswith("wavewright_jobs ")).split()[1]))


def _do(server: LocalServer, task: str, **parameters: object) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(server.request("POST", f"/v1/tasks/{task}?wait=120", parameters)[1])
    assert job["state"] == "done", job["error"]
    return job


def _measure_jobs(server: LocalServer, _: int, options: Options, report: Report) -> None:
    drum = {"model": "drums", "count": 1}
    made = (_do(server, "generate", **drum, label=label) for label in ("kick", "snare"))
    ends = [{"job": job["id"], "file": job["files"][0]["name"]} for job in made]
    tasks = {"generate": {**drum, "label": "kick"}, "morph": {"file_a": ends[0], "file_b": ends[1], "steps": 3}}
    n_requests = max(3, options.requests // 3)
    for task, parameters in tasks.items():
        seeds = iter(range(n_requests + 2))
        again = partial(
            lambda task, values, seeds: _do(server, task, **values, seed=next(seeds)), task, parameters, seeds
        )
        median = 1e3 * median_seconds(again, n_requests, time.perf_counter, n_warm_up=2)
        report.add(JOBS, task=task, requests=n_requests, median_ms=median)
        report.target(task, "median of a repeated job, ms", median, at_most=150)


def _measure_kills(server: LocalServer, _: int, options: Options, report: Report) -> None:
    """Kill processes of jobs at random while jobs run; each job ends or is refused."""
    draw = random.Random(1)
    ids: list[str] = []
    killed = 0
    while killed < options.kills and len(ids) < 5 * options.kills:
        parameters = {"name": "wind", "seconds": draw.choice((1, 20)), "seed": len(ids)}
        status, body = server.request("POST", "/v1/tasks/synthesise", parameters)
        if status in (200, 202):
            ids.append(json.loads(body)["id"])
        time.sleep(draw.uniform(0.0, 1.0))
        workers = workers_of(server)
        if workers and draw.random() < 0.5:
            os.kill(draw.choice(workers), signal.SIGKILL)
            killed += 1
    states = [json.loads(server.request("GET", f"/v1/jobs/{job}?wait=120")[1])["state"] for job in ids]
    hanging = sum(state in ("queued", "running") for state in states)
    row = {"kills": killed, "jobs": len(ids), "done": states.count("done"), "failed": states.count("failed")}
    report.add(KILLED, row, hanging=hanging)
    report.target("killed processes", "jobs that hang", hanging, at_most=0)


def _measure_memory(server: LocalServer, _: int, options: Options, report: Report) -> None:
    """Let clients speak and leave for some minutes, and note the memory of the server."""
    started, minutes = time.perf_counter(), options.soak_minutes
    n_requests, sizes, draw = 0, [], random.Random(1)

    async def one_round() -> int:
        lengths = [draw.randint(1, 6) for _ in range(8)]
        results = await asyncio.gather(*(_without_fault(stream(server.port, SENTENCE * n)) for n in lengths))
        await asyncio.gather(*(_leave(server.port) for _ in range(2)))
        assert all(is_complete for *_, is_complete in results)
        return len(results) + 2

    elapsed = 0.0
    while elapsed < minutes or len(sizes) < 2:
        n_requests += asyncio.run(one_round())
        elapsed = (time.perf_counter() - started) / 60
        if elapsed >= (len(sizes) / 5) * minutes:
            sizes.append(megabytes_of(server))
            report.add(MEMORY, minutes=elapsed, requests=n_requests, megabytes=sizes[-1])
    if sizes[0]:
        report.target("memory", "growth after the first fifth, share", sizes[-1] / sizes[1] - 1, at_most=0.1)


def _seconds_until(condition: Callable[[], bool], longest: float, step: float) -> float:
    started = time.perf_counter()
    while not condition() and time.perf_counter() < started + longest:
        time.sleep(step)
    return time.perf_counter() - started


PARTS = {
    "first-audio": _measure_first_audio,
    "describe": _measure_describe,
    "parallel": _measure_parallel,
    "leaving": _measure_leaving,
    "jobs": _measure_jobs,
    "kills": _measure_kills,
    "memory": _measure_memory,
}

BENCHMARK = Benchmark(
    measure,
    Option("parts", list(PARTS), choices=PARTS),
    Option("requests", 60, "for each latency", smoke=2),
    Option("streams", [0, 8], "that play beside the requests", smoke=[1]),
    Option("parallel", 200, smoke=3),
    Option("sentences", 4, "of each parallel stream", smoke=1),
    Option("leaving", 100, smoke=2),
    Option("kills", 20, smoke=1),
    Option("soak_minutes", 10.0, smoke=0.001),
)
