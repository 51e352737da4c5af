"""Connections of clients within limits: their number, the time for a header, and what they may write to the log."""

from __future__ import annotations

import asyncio
import logging
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

if TYPE_CHECKING:
    import socket

HEADER_SECONDS = 10.0
"""Time in which the header of a request must arrive, from the first byte or the start of the connection on."""

STALLED_SECONDS = 300.0
"""Time after which a connection ends whose client does not read."""

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


class Connections:
    """The open connections, which know when they wait for a request and may end.

    - ``most``: most connections; a client, which is an address, has at most half of them.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.most_of_client = max(1, round(CLIENT_SHARE * most))
        self._open: dict[LimitedHttp, str] = {}  # in the order in which they opened
        self._n_of_client: Counter[str] = Counter()

    def open(self, connection: LimitedHttp, client: str) -> bool:
        """Add a connection; return False if there is no room, and none that waits can be ended for it.

        The connections of one client give way to each other, those of all clients to any other one.
        """
        if self._n_of_client[client] >= self.most_of_client and not self._end_waiting(client):
            return False
        if len(self._open) >= self.most and not self._end_waiting(None):
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

    def _end_waiting(self, client: str | None) -> bool:
        """End the connection that has waited for a request longest, of a client or of all; return whether one did."""
        waiting = (each for each, owner in self._open.items() if each.is_waiting and client in (None, owner))
        longest = next(waiting, None)
        if longest is None:
            return False
        longest.end()
        self.close(longest)
        return True


class LimitedHttp(H11Protocol):
    """An HTTP connection that ends if no header arrives in time, if it does not read, or to make room."""

    def __init__(self, *arguments: Passed, connections: Connections, **options: Passed) -> None:
        super().__init__(*arguments, **options)
        self._all = connections
        self._header_timer: asyncio.TimerHandle | None = None
        self._stalled_timer: asyncio.TimerHandle | None = None
        self._is_upgraded = False
        self._is_refused = False

    @property
    def is_waiting(self) -> bool:
        """Whether it has no request, or the header of one is not complete."""
        return not self._is_upgraded and self.conn.their_state is h11.IDLE and self._is_idle

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: Passed) -> None:
        """Count it; refuse it if there is no room."""
        super().connection_made(transport)
        if not self._all.open(self, (self.client or ("",))[0]):
            self._is_refused = True
            self._close_with(BUSY)
            return
        self._start_header_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._all.close(self)
        stop(self._header_timer, self._stalled_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; the time for a header runs while it is not complete."""
        if self._is_refused or self.transport.is_closing():
            return
        super().data_received(data)
        if not self.is_waiting:
            stop(self._header_timer)
            self._header_timer = None
        elif self._header_timer is None and self.timeout_keep_alive_task is None:
            self._start_header_timer()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over; it stays counted until it is lost."""
        self._is_upgraded = True
        super().handle_websocket_upgrade(event)
        protocol = self.transport.get_protocol()
        if isinstance(protocol, LimitedWebSocket):
            protocol.on_lost = partial(self._all.close, self)
        else:
            self._all.close(self)

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        stop(self._stalled_timer)
        self._stalled_timer = self.loop.call_later(STALLED_SECONDS, self.end)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        stop(self._stalled_timer)

    def end(self) -> None:
        """End it at once."""
        self.transport.abort()

    def _start_header_timer(self) -> None:
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self._close_with, TOO_SLOW)

    def _close_with(self, reply: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(reply)
            self.transport.close()


def stop(*timers: asyncio.TimerHandle | None) -> None:
    """Cancel timers."""
    for timer in timers:
        if timer is not None:
            timer.cancel()


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that says when it is lost."""

    on_lost: Callable[[], None] | None = None
    _stalled_timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so."""
        stop(self._stalled_timer)
        if self.on_lost is not None:
            self.on_lost()
        super().connection_lost(exc)

    async def send(self, message: Passed) -> None:
        """Send a message; after the end of the connection, which a malformed frame brings about, the client is gone."""
        if self.handshake_complete and self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        stop(self._stalled_timer)
        self._stalled_timer = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        stop(self._stalled_timer)


class LimitedServer(uvicorn.Server):
    """uvicorn's server, which accepts connections in small groups, so that open files never run out.

    - ``config``: as uvicorn takes it.
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
