"""Bytes in, bytes out over a WebSocket, as they come: enhancement of live sound, and a codec's packets."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...audio.pcm import FULL_SCALE
from ...base.errors import WavewrightError
from ...base.json_text import parse_sent
from ...base.names import name_problem, quoted
from .faults import server_fault
from .scheduler import TooManyRequests
from .settings import ServerSettings
from .speech_request import BadRequest
from .speech_socket import NORMAL, close_with, receive_in_time

MAX_WAITING_BYTES = 4_000_000
"""That a client sent and the thread has not read, or the thread wrote and the client has not read; more waits."""

WAIT_SECONDS = 0.05
RATES = (8_000, 192_000)
"""Sample rates of live sound, Hz."""

MAX_CHANNELS = 8


class LiveBytes:
    """Bytes between the event loop, where a client sends and reads them, and the thread that works on them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_cancelled = False
        self.results: asyncio.Queue[bytes | WavewrightError | dict[str, int]] = asyncio.Queue()
        self._loop = loop
        self._has_changed = threading.Condition()
        self._arrived: deque[bytes] = deque()
        self._is_complete = False
        self._n_unread = 0
        self._n_unsent = 0

    async def push(self, data: bytes) -> None:
        """Add bytes; wait while many are unread."""
        with self._has_changed:
            self._arrived.append(data)
            self._n_unread += len(data)
            self._has_changed.notify_all()
        while self._n_unread > MAX_WAITING_BYTES and not self.is_cancelled:
            await asyncio.sleep(WAIT_SECONDS)

    def end(self) -> None:
        """No bytes follow."""
        with self._has_changed:
            self._is_complete = True
            self._has_changed.notify_all()

    def cancel(self) -> None:
        """Let the thread end."""
        self.is_cancelled = True
        self.end()

    def sent(self, n_bytes: int) -> None:
        """Count what the client has been sent."""
        with self._has_changed:
            self._n_unsent -= n_bytes
            self._has_changed.notify_all()

    def read1(self, n_bytes: int = -1, /) -> bytes:
        """Return bytes that arrived, at most ``n_bytes``, none only at the end; called by the thread."""
        with self._has_changed:
            self._has_changed.wait_for(lambda: self._arrived or self._is_complete)
            if not self._arrived or self.is_cancelled:
                return b""
            data = self._arrived.popleft()
            if 0 <= n_bytes < len(data):
                self._arrived.appendleft(data[n_bytes:])
                data = data[:n_bytes]
            self._n_unread -= len(data)
            return data if data else self.read1(n_bytes)

    def read(self, n_bytes: int, /) -> bytes:
        """Return so many bytes, fewer only at the end; called by the thread."""
        data = b""
        while len(data) < n_bytes and (more := self.read1(n_bytes - len(data))):
            data += more
        return data

    def blocks(self, n_bytes: int) -> Iterator[bytes]:
        """Yield what arrives in whole frames of ``n_bytes``; what is left at the end is dropped."""
        rest = b""
        while data := self.read1():
            rest += data
            n_whole = len(rest) // n_bytes * n_bytes
            if n_whole:
                yield rest[:n_whole]
            rest = rest[n_whole:]

    def waves(self, n_channels: int) -> Iterator[np.ndarray]:
        """Yield 16-bit little-endian samples as they come, ``(channels, time)`` float32; called by the thread."""
        for data in self.blocks(2 * n_channels):
            samples = np.frombuffer(data, "<i2").astype(np.float32).reshape(-1, n_channels).T
            yield np.ascontiguousarray(samples / FULL_SCALE)

    def write(self, data: bytes) -> int:
        """Send bytes as one message; wait while the client reads none. Called by the thread."""
        with self._has_changed:
            self._has_changed.wait_for(lambda: self._n_unsent <= MAX_WAITING_BYTES or self.is_cancelled)
            self._n_unsent += len(data)
        if data:
            self.put(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: every message is sent at once."""

    def put(self, result: bytes | WavewrightError | dict[str, int]) -> None:
        """Hand bytes, an error, or the counts of the end to the event loop."""
        with suppress(RuntimeError):  # the event loop has been closed
            self._loop.call_soon_threadsafe(self.results.put_nowait, result)


LiveWork = Callable[[LiveBytes], dict[str, int]]
"""The work of a thread: read from a stream, write to it, return the counts that the last message states."""


class LiveSocket:
    """An endpoint for WebSockets, of whose connections each has a thread.

    - ``purpose``: of the server, in the sentence that refuses one connection too many.
    - ``work_of``: returns the work that the parameters of an address ask for; raises BadRequest for one that is not
      valid.
    """

    def __init__(self, settings: ServerSettings, purpose: str, work_of: Callable[[QueryParams], LiveWork]) -> None:
        self._most = 4 * settings.workers
        self._idle_seconds = settings.idle_seconds
        self._purpose = purpose
        self._work_of = work_of
        self._n_open = 0

    async def answer(self, socket: WebSocket) -> None:
        """Answer one connection."""
        await socket.accept()
        try:
            if self._n_open >= self._most:
                raise TooManyRequests(
                    f"The server {self._purpose} {self._most} streams, as many as it takes; try again in a moment."
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
        work = self._work_of(socket.query_params)
        stream = LiveBytes(asyncio.get_running_loop())
        threading.Thread(target=_run, args=(work, stream), daemon=True, name="live").start()
        reading = asyncio.create_task(_read(socket, stream, self._idle_seconds))
        try:
            while isinstance(result := await stream.results.get(), bytes):
                await socket.send_bytes(result)
                stream.sent(len(result))
            if isinstance(result, WavewrightError):
                raise result
            if not stream.is_cancelled:
                await socket.send_json({"type": "done", **result})
                await socket.close(NORMAL)
        finally:
            stream.cancel()
            reading.cancel()
            with suppress(asyncio.CancelledError, WavewrightError, WebSocketDisconnect):
                await reading


def _run(work: LiveWork, stream: LiveBytes) -> None:
    """Work on a stream to its end, in a thread."""
    try:
        stream.put(work(stream))
    except WavewrightError as error:
        stream.put(error)
    except Exception as error:
        traceback.print_exc()
        stream.put(server_fault(error))


async def _read(socket: WebSocket, stream: LiveBytes, seconds: float | None) -> None:
    """Take binary messages until a text message ``{"type": "end"}``, or the client leaves or is silent."""
    while True:
        try:
            message = await receive_in_time(socket, seconds)
        except BadRequest as error:
            stream.put(error)
            return
        if message["type"] != "websocket.receive":
            stream.cancel()
            stream.put({})
            return
        if message.get("bytes") is not None:
            await stream.push(message["bytes"])
            continue
        if not _is_end(message.get("text") or ""):
            stream.put(BadRequest('The message is not {"type": "end"}; send the stream as binary messages.', "type"))
            return
        stream.end()
        seconds = None


def _is_end(contents: str) -> bool:
    try:
        value = parse_sent(contents)
    except ValueError:
        return False
    return isinstance(value, dict) and value.get("type") == "end"


def whole_number(query: QueryParams, name: str, default: int, low: int, high: int) -> int:
    """Return a whole number of the parameters of an address; raise BadRequest for another value."""
    text = query.get(name, str(default))
    number = int(text) if text.isdecimal() and len(text) < 10 else -1
    if not low <= number <= high:
        raise BadRequest(f"{name} is {quoted(text)}; it must be a whole number from {low} to {high}.", name)
    return number


def checked_model(name: str, kind: str) -> str:
    """Return the name of a model; raise BadRequest if it is a path."""
    if name_problem(name, is_file=True) is not None:
        raise BadRequest(f"model is {quoted(name)}; give the name of a {kind} of this server.", "model")
    return name
