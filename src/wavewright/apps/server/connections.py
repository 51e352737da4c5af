"""Connections of clients within limits: their number, the time that each state has, and what they write to the log.

A connection always waits for something (a header, a body, a message, a client that reads) or answers. One clock
(:class:`ConnectionClock`) runs while it waits, whatever its path; when all connections are taken, those that wait give
way to new ones, the slowest first.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .guard import HAS_KEY, LEAST_BYTES_PER_SECOND

if TYPE_CHECKING:
    import socket

HEADER_SECONDS = 10.0
"""Time in which the header of a request must arrive, from the first byte or the start of the connection on."""

STALLED_SECONDS = 45.0
"""Time after which a connection ends whose client does not read."""

BODY_MARGIN_SECONDS = 5.0
"""So much longer than a task, which answers with a sentence, the connection waits for a body or a first message."""

REST_SECONDS = 2.0
"""Time for the rest of a body that was answered before it was complete."""

QUIET_SECONDS = 10.0
"""A WebSocket gives way to new connections if it was silent for so long."""

LISTEN_BACKLOG = 512
"""Connections that wait in the system until they are accepted."""

ACCEPTED_AT_ONCE = 32
"""asyncio accepts so many connections before it looks at any of them."""

RESERVED_FILES = 256
"""Open files of the process besides connections: files of jobs, pipes, libraries."""

CLIENT_SHARE = 0.5
"""Most connections of one client, as a share of all."""

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
LOGGERS = ("uvicorn.error", "asyncio")
WITHOUT_TRACEBACK = ("Invalid UTF-8",)  # what clients send wrong

Passed: TypeAlias = Any  # what uvicorn passes on


class ConnectionClock:
    """The time that a connection has for what it waits for.

    - ``on_end``: called with what was waited for when the time is over; returns whether the connection ended.
    """

    def __init__(self, on_end: Callable[[str], bool]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._timer: asyncio.TimerHandle | None = None
        self.wait: str | None = None
        self._begin = self._seconds = self._patience = 0.0
        self._n_bytes = 0

    def start(self, wait: str, seconds: float = math.inf, patience: float = 0.0) -> None:
        """Wait for something else, or still for the same.

        - ``seconds``: after them, and one for each ``LEAST_BYTES_PER_SECOND`` bytes that are counted, it is over.
        - ``patience``: time in which the connection gives way to no other one.
        """
        if wait == self.wait:
            return
        self.stop()
        self.wait, self._begin, self._n_bytes = wait, self._loop.time(), 0
        self._seconds, self._patience = seconds, patience
        self._set_timer()

    def count(self, n_bytes: int) -> None:
        """Count bytes that came of what is waited for."""
        self._n_bytes += n_bytes

    def stop(self) -> None:
        """Nothing is waited for."""
        self.wait = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def gives_way(self) -> bool:
        """Whether the connection may be ended for another one."""
        return self.wait is not None and self._loop.time() - self._begin >= self._patience

    @property
    def rate(self) -> float:
        """Bytes a second of what is waited for."""
        return self._n_bytes / max(self._loop.time() - self._begin, 1e-3)

    def _set_timer(self) -> None:
        left = self._begin + self._seconds + self._n_bytes / LEAST_BYTES_PER_SECOND - self._loop.time()
        if math.isfinite(left):
            self._timer = self._loop.call_later(max(left, 0.1), self._end)

    def _end(self) -> None:
        wait = self.wait or ""
        is_over = self._begin + self._seconds + self._n_bytes / LEAST_BYTES_PER_SECOND <= self._loop.time()
        if not (is_over and self._on_end(wait)):
            self._set_timer()


class Connections:
    """The open connections, and which of them give way to new ones.

    - ``most``: most connections; a client, which is an address, has at most half of them.
    """

    def __init__(self, most: int, body_seconds: float) -> None:
        self.most = most
        self.most_of_client = max(1, round(CLIENT_SHARE * most))
        self.wait_seconds = body_seconds + BODY_MARGIN_SECONDS
        self._open: dict[LimitedHttp, str] = {}  # in the order in which they opened
        self._n_of_client: Counter[str] = Counter()

    def open(self, connection: LimitedHttp, client: str) -> bool:
        """Add a connection; return False if there is no room, and none that waits can be ended for it.

        The connections of one client give way to each other, those of all clients to any other one.
        """
        if self._n_of_client[client] >= self.most_of_client and not self._end_slowest(client):
            return False
        if len(self._open) >= self.most and not self._end_slowest(None):
            return False
        self._open[connection] = client
        self._n_of_client[client] += 1
        return True

    def close(self, connection: LimitedHttp) -> None:
        """Remove a connection, if it is there."""
        client = self._open.pop(connection, None)
        if client is not None:
            self._n_of_client[client] -= 1
            if not self._n_of_client[client]:
                del self._n_of_client[client]

    def _end_slowest(self, client: str | None) -> bool:
        """End the slowest connection that waits, of a client or of all; return whether there was one.

        Those without a key come first, of equally slow ones the one that opened first.
        """
        waiting = [each for each, owner in self._open.items() if each.clock.gives_way and client in (None, owner)]
        if not waiting:
            return False
        slowest = min(waiting, key=lambda each: (each.has_key, each.clock.rate))
        slowest.end()
        self.close(slowest)
        return True


class LimitedHttp(H11Protocol):
    """An HTTP connection that ends if its client does not send or read in time, or to make room."""

    def __init__(self, *arguments: Passed, connections: Connections, **options: Passed) -> None:
        super().__init__(*arguments, **options)
        self._all = connections
        self.clock = ConnectionClock(self._time_is_over)
        self._is_refused = False
        self._socket: LimitedWebSocket | None = None

    @property
    def has_key(self) -> bool:
        """Whether its last request had what the server asks for."""
        scope: Passed = self.scope if self._socket is None else self._socket.scope
        return bool(scope and scope["state"].get(HAS_KEY))

    def connection_made(self, transport: Passed) -> None:
        """Count it; refuse it if there is no room."""
        super().connection_made(transport)
        if not self._all.open(self, (self.client or ("",))[0]):
            self._is_refused = True
            self._close_with(BUSY)
            return
        self.clock.start("header", HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._all.close(self)
        self.clock.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if self._is_refused or self.transport.is_closing():
            return
        self.clock.count(len(data))
        super().data_received(data)
        if self.transport.get_protocol() is self:
            self._set_clock()

    def on_response_complete(self) -> None:
        """Wait for the rest of the body, or for the next request."""
        super().on_response_complete()
        self._set_clock()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over, with its clock; it stays counted until it is lost."""
        self.clock.stop()
        super().handle_websocket_upgrade(event)
        protocol = self.transport.get_protocol()
        if isinstance(protocol, LimitedWebSocket):
            self._socket = protocol
            protocol.take(self.clock, self._all.wait_seconds, partial(self._all.close, self))
        else:
            self._all.close(self)

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        self.clock.start("reader", STALLED_SECONDS)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self.clock.stop()
        self._set_clock()

    def end(self) -> None:
        """End it at once."""
        self.clock.stop()
        self.transport.abort()

    def _set_clock(self) -> None:
        """Wait for what comes next; nothing while it answers, and while it has taken more than was read."""
        is_answered = self.cycle is None or self.cycle.response_complete
        if self.flow.write_paused:
            return
        if self.conn.their_state is h11.SEND_BODY:
            if is_answered:
                self.clock.start("rest", REST_SECONDS)
            else:
                self.clock.start("body", self._all.wait_seconds)
        elif not is_answered:
            self.clock.stop()
        elif self.timeout_keep_alive_task is not None:  # uvicorn ends it if no byte comes
            self.clock.start("request")
        else:
            self.clock.start("header", HEADER_SECONDS)

    def _time_is_over(self, wait: str) -> bool:
        if wait == "body" and self.flow.read_paused:
            return False
        if wait == "header" or (wait == "body" and not self.cycle.response_started):
            self._close_with(TOO_SLOW)
        else:
            self.end()
        return True

    def _close_with(self, reply: bytes) -> None:
        self.clock.stop()
        if not self.transport.is_closing():
            self.transport.write(reply)
            self.transport.close()


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that ends if its client does not begin to speak or to read in time, or to make room."""

    scope: Passed = None
    _clock: ConnectionClock | None = None
    _on_lost: Callable[[], None] | None = None

    def take(self, clock: ConnectionClock, first_message_seconds: float, on_lost: Callable[[], None]) -> None:
        """Take the connection over from HTTP."""
        self._clock, self._on_lost = clock, on_lost
        clock.start("first message", first_message_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so."""
        if self._clock is not None:
            self._clock.stop()
        if self._on_lost is not None:
            self._on_lost()
        super().connection_lost(exc)

    def send_receive_event_to_app(self) -> None:
        """Pass a message on that is complete."""
        self._wait_again()
        super().send_receive_event_to_app()

    async def send(self, message: Passed) -> None:
        """Send a message; after the end of the connection, which a malformed frame brings about, the client is gone."""
        if self.handshake_complete and self.close_sent:
            raise ClientDisconnected
        if message["type"] == "websocket.send":
            self._wait_again()
        await super().send(message)

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        if self._clock is not None:
            self._clock.start("reader", STALLED_SECONDS)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._wait_again()

    def _wait_again(self) -> None:
        """Begin to wait for a message anew; how long it may take is up to what is behind the socket."""
        if self._clock is not None and self.writable.is_set():
            self._clock.stop()
            self._clock.start("message", patience=QUIET_SECONDS)


class LimitedServer(uvicorn.Server):
    """uvicorn's server, which accepts connections in small groups, so that open files never run out.

    - ``on_shutdown``: called before requests are waited for: it ends those that would last as long as the server.
    """

    def __init__(self, config: uvicorn.Config, on_shutdown: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_shutdown = on_shutdown

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and let more connections wait in the system than are accepted at once."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(LISTEN_BACKLOG)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End endless replies, wait for the others, and end."""
        self._on_shutdown()
        await super().shutdown(sockets)


class OneLineASecond(logging.Filter):
    """Passes one line a second of each kind; the next one says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is written."""
        if record.name == "uvicorn.error" and str(record.msg).startswith(WITHOUT_TRACEBACK):
            record.exc_info = None
        if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
            return False  # a request that the end of the server has cut short, which is said in one line
        kind = (str(record.msg)[:60], record.levelno)
        now = time.monotonic()
        last, n_left_out = self._seen.get(kind, (-1.0, 0))
        if last >= 0 and now - last < 1.0:
            self._seen[kind] = (last, n_left_out + 1)
            return False
        if len(self._seen) > 1_000:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        if n_left_out:
            record.msg, record.args = f"{record.getMessage()} ({n_left_out} more lines like this)", ()
        return True


def limit_log() -> None:
    """Have all loggers of the server write one line a second of each kind."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, OneLineASecond) for each in logger.filters):
            logger.addFilter(OneLineASecond())


def usable_connections(wanted: int) -> int:
    """Return how many connections the system allows, at most as many as wanted; ask it for more open files first."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - RESERVED_FILES))
