"""Live enhancement over a WebSocket: 16-bit samples in, as many samples out, equal to those of a file."""

from __future__ import annotations

import asyncio
import queue
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...audio.pcm import FULL_SCALE, to_pcm
from ...base.errors import WavewrightError
from ...base.json_text import parse
from ...base.names import name_problem, quoted
from ...inference.enhancement.files import Enhancement, Processors
from ...tasks.catalogue import TaskDescription, describe
from ...tasks.enhance import enhancement_of
from .faults import server_fault
from .scheduler import TooManyRequests
from .settings import ServerSettings
from .speech_request import BadRequest
from .speech_socket import NORMAL, close_with, receive_in_time

DEFAULT_RATE = 16_000
RATES = (8_000, 192_000)
MAX_CHANNELS = 8
MAX_PENDING_SECONDS = 60.0
"""Sound that was not sent back yet; a client that sends faster, or does not read, waits."""

MAX_PROCESSORS = 8
"""Settings for which models stay open."""

KEYS = ("denoise", "dereverb", "max_attenuation_db", "mix", "size", "model", "separate")
"""Parameters of the task ``enhance`` that apply to a stream."""

WAIT_SECONDS = 0.05


class EnhanceSocket:
    """``/v1/audio/enhance/stream``, an endpoint for WebSockets; each connection has a thread.

    - ``settings``: the limits.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._most = 4 * settings.workers
        self._idle_seconds = settings.idle_seconds
        self._n_open = 0
        self._lock = threading.Lock()
        self._processors: dict[Enhancement, Processors] = {}

    async def answer(self, socket: WebSocket) -> None:
        """Answer one connection."""
        await socket.accept()
        try:
            if self._n_open >= self._most:
                raise TooManyRequests(
                    f"The server enhances {self._most} streams, as many as it takes; try again in a moment."
                )
            self._n_open += 1
            try:
                with suppress(WebSocketDisconnect):
                    await self._answer(socket)
            finally:
                self._n_open -= 1
        except WavewrightError as error:
            await close_with(socket, error)

    async def _answer(self, socket: WebSocket) -> None:
        rate = _number(socket.query_params, "sample_rate", DEFAULT_RATE, *RATES)
        n_channels = _number(socket.query_params, "channels", 1, 1, MAX_CHANNELS)
        enhancement = _enhancement_of(socket.query_params)
        stream = _LiveSound(rate, n_channels, asyncio.get_running_loop())
        thread = threading.Thread(target=self._enhance, args=(enhancement, stream), daemon=True, name="enhance")
        thread.start()
        reading = asyncio.create_task(_read(socket, stream, self._idle_seconds))
        try:
            n_samples = 0
            while (data := await stream.results.get()) is not None:
                if isinstance(data, WavewrightError):
                    raise data
                await socket.send_bytes(data)
                n_sent = len(data) // (2 * n_channels)
                n_samples += n_sent
                stream.n_pending -= n_sent
            if not stream.is_cancelled:
                await socket.send_json({"type": "done", "samples": n_samples})
                await socket.close(NORMAL)
        finally:
            stream.cancel()
            reading.cancel()
            with suppress(asyncio.CancelledError, WavewrightError, WebSocketDisconnect):
                await reading

    def _enhance(self, enhancement: Enhancement, stream: _LiveSound) -> None:
        """Enhance a stream to its end, in a thread."""
        try:
            with self._lock:
                if enhancement not in self._processors and len(self._processors) >= MAX_PROCESSORS:
                    self._processors.pop(next(iter(self._processors)))
                processors = self._processors.setdefault(enhancement, Processors(enhancement))
                processor = processors.of(stream.sample_rate)
            for wave in processor.process_blocks(stream.waves(), stream.sample_rate, stream.n_channels):
                if wave.shape[1]:
                    stream.put(to_pcm(wave))
            stream.put(None)
        except WavewrightError as error:
            stream.put(error)
        except Exception as error:
            traceback.print_exc()
            stream.put(server_fault(error))


class _LiveSound:
    """Sound between the event loop, where a client sends it, and the thread that enhances it."""

    def __init__(self, sample_rate: int, n_channels: int, loop: asyncio.AbstractEventLoop) -> None:
        self.sample_rate = sample_rate
        self.n_channels = n_channels
        self.is_cancelled = False
        self.results: asyncio.Queue[bytes | WavewrightError | None] = asyncio.Queue()
        self.n_pending = 0  # samples that came and were not sent back
        self._loop = loop
        self._arrived: queue.Queue[np.ndarray | None] = queue.Queue()
        self._rest = b""

    async def push(self, data: bytes) -> None:
        """Add samples as bytes, of which a part of a sample may follow; wait while much is pending."""
        data = self._rest + data
        frame = 2 * self.n_channels
        n_whole = len(data) // frame * frame
        self._rest = data[n_whole:]
        wave = np.frombuffer(data[:n_whole], "<i2").astype(np.float32).reshape(-1, self.n_channels).T / FULL_SCALE
        self.n_pending += wave.shape[1]
        self._arrived.put(np.ascontiguousarray(wave))
        while self.n_pending > MAX_PENDING_SECONDS * self.sample_rate and not self.is_cancelled:
            await asyncio.sleep(WAIT_SECONDS)

    def end(self) -> None:
        """No samples follow."""
        self._arrived.put(None)

    def cancel(self) -> None:
        """Let the thread end."""
        self.is_cancelled = True
        self._arrived.put(None)

    def waves(self) -> Iterator[np.ndarray]:
        """Yield the sound as it comes, ``(channels, time)``; called by the thread."""
        while (wave := self._arrived.get()) is not None and not self.is_cancelled:
            yield wave

    def put(self, result: bytes | WavewrightError | None) -> None:
        """Hand a result to the event loop, None at the end."""
        with suppress(RuntimeError):  # the event loop has been closed
            self._loop.call_soon_threadsafe(self.results.put_nowait, result)


async def _read(socket: WebSocket, stream: _LiveSound, seconds: float | None) -> None:
    """Take binary messages with samples until a text message ``{"type": "end"}``, or the client leaves or is silent."""
    while True:
        try:
            message = await receive_in_time(socket, seconds)
        except BadRequest as error:
            stream.put(error)
            return
        if message["type"] != "websocket.receive":
            stream.cancel()
            stream.put(None)
            return
        if message.get("bytes") is not None:
            await stream.push(message["bytes"])
            continue
        if not _is_end(message.get("text") or ""):
            stream.put(BadRequest('The message is not {"type": "end"}; send samples as binary messages.', "type"))
            return
        stream.end()
        seconds = None


def _is_end(contents: str) -> bool:
    try:
        value = parse(contents)
    except ValueError:
        return False
    return isinstance(value, dict) and value.get("type") == "end"


def _enhancement_of(query: QueryParams) -> Enhancement:
    """Return what the parameters of an address ask for; raise BadRequest for one that is not valid."""
    task = describe("enhance")
    values: dict[str, Any] = {key: _value(task, key, query[key]) for key in KEYS if query.get(key)}
    model = values.get("model")
    if isinstance(model, str) and name_problem(model, is_file=True) is not None:
        raise BadRequest(f"model is {quoted(model)}; give the name of a denoiser of this server.", "model")
    return enhancement_of(**values)


def _value(task: TaskDescription, key: str, text: str) -> object:
    try:
        return task.parameter(key).check(text)
    except WavewrightError as error:
        raise BadRequest(str(error), key) from error


def _number(query: QueryParams, name: str, default: int, low: int, high: int) -> int:
    text = query.get(name, str(default))
    number = int(text) if text.isdecimal() and len(text) < 10 else -1
    if not low <= number <= high:
        raise BadRequest(f"{name} is {quoted(text)}; it must be a whole number from {low} to {high}.", name)
    return number
