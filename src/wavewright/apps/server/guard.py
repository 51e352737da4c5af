"""Refuse requests before they are read: foreign host names and origins, missing keys, bodies that are too long."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .measurements import Measurements
from .settings import ServerSettings
from .speech_request import BadRequest

KEY_PROTOCOL = "openai-insecure-api-key."
"""Start of the subprotocol with a key, as OpenAI's clients for browsers send it."""

KEY_COOKIE = "wavewright-key"
"""Cookie with a key, as the studio sets it for browsers of other devices."""

PROTOCOLS = ("wavewright", "realtime")
"""Subprotocols that the server accepts: a browser that offers a key needs another one that is accepted."""


class Keys:
    """The keys of a server.

    - ``keys``: the keys; without any, every request is accepted.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = [_digest(key.encode()) for key in keys]

    def are_satisfied_by(self, scope: Scope) -> bool:
        """Return whether a request has one of the keys, or needs none."""
        if not self._digests:
            return True
        scheme, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
        offered = [key.strip().encode("latin-1", "replace")] if scheme.lower() == "bearer" else []
        if scope["type"] == "websocket":
            texts = [each.removeprefix(KEY_PROTOCOL) for each in _protocols(scope) if each.startswith(KEY_PROTOCOL)]
            offered += [found for text in texts[:2] for found in (text.encode(), unquote_to_bytes(text))]
        cookie = cookie_parser(Headers(scope=scope).get("cookie", "")).get(KEY_COOKIE)
        offered += [] if cookie is None else [unquote_to_bytes(cookie)]
        matches = [self.have(key) for key in offered]  # all of them, whichever matches
        return any(matches)

    def have(self, key: bytes) -> bool:
        """Compare a key with all keys, in a time that does not depend on them."""
        digest = _digest(key)
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        return any(matches)


def without_key(scope: Scope) -> Scope:
    """Return the scope of a WebSocket without its keys, which nothing behind the check needs or could log."""
    protocols = b", ".join(each.encode("latin-1") for each in _accepted(scope))
    headers = [
        (name, protocols if name.lower() == b"sec-websocket-protocol" else value)
        for name, value in scope["headers"]
        if name.lower() not in (b"authorization", b"cookie")
    ]
    return {**scope, "headers": headers, "subprotocols": _accepted(scope)}


def _accepted(scope: Scope) -> list[str]:
    return [each for each in _protocols(scope) if each in PROTOCOLS]


def _protocols(scope: Scope) -> list[str]:
    """Return the subprotocols that a client offers, which Uvicorn below 0.51 has as one text for each header."""
    return [name.strip() for each in scope.get("subprotocols", ()) for name in str(each).split(",")]


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


OPEN_PATHS = (
    "/health",
    "/ready",
    "/docs",
    "/openapi.json",
    *(f"{prefix}/audio/{name}" for prefix in ("", "/v1") for name in ("voices", "models")),
)
"""Paths without a key: probes, the description, and the lists that Open WebUI asks for without one."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CORS_METHODS = "GET, POST, DELETE, OPTIONS"
CORS_HEADERS = "Authorization, Content-Type"
CORS_SECONDS = "600"
LEAST_BYTES_PER_SECOND = 10_000.0
"""Each so many bytes of a body give it another second."""

HAS_KEY = "has_key"  # in the state of a request that may use more than what is open to all
DISCARD_SECONDS = 1.0
MOST_DISCARDED_BYTES = 16_000_000  # of a body that is too long


class Guard:
    """Middleware around all routes.

    A web page of another host cannot use the server: its ``Origin`` is refused, and a host name that someone points to
    this machine (DNS rebinding) is refused by its ``Host``.

    - ``measurements``: counts requests by path and status.
    - ``open_paths``: further paths that need no key; one that ends with ``/`` stands for all below it.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: ServerSettings,
        measurements: Measurements,
        paths: Iterable[str],
        open_paths: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._settings = settings
        self._measurements = measurements
        self._paths = frozenset(paths)
        self._hosts = {"localhost", settings.host.lower(), *(host.lower() for host in settings.hosts)}
        if not settings.is_local:
            self._hosts.add(socket.gethostname().lower())
        further = tuple(open_paths)
        self._open_paths = frozenset((*OPEN_PATHS, *further))
        self._open_folders = tuple(path for path in further if path.endswith("/") and path != "/")
        self._keys = Keys(settings.keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        path = scope["path"] if scope["path"] in self._paths else "other"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "websocket.accept":
                message = {**message, "subprotocol": next(iter(_accepted(scope)), None)}
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    added.setdefault(name, value)
                if origin in self._settings.origins:
                    _add_cors(added, origin or "")
                labels = f'path="{path}",status="{message["status"]}"'
                self._measurements.count("requests_total", labels=labels)
            await send(message)

        refusal = self._refusal(scope, headers, origin)
        if refusal is not None:
            await refuse(refusal, scope, send_with_headers)
        elif origin in self._settings.origins and scope["type"] == "http" and scope["method"] == "OPTIONS":
            await send_with_headers({"type": "http.response.start", "status": 204, "headers": []})
            await send_with_headers({"type": "http.response.body"})
        else:
            inner = without_key(scope) if scope["type"] == "websocket" else scope
            await self._app(inner, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers, origin: str | None) -> BadRequest | None:
        host = headers.get("host", "")
        if not self._is_own_host(host):
            return BadRequest(
                f"The host name {host[:100]!r} is not one of this server; start it with --allow-host to use that name.",
                code="host_not_allowed",
                status=421,
            )
        if origin is not None and not self._is_allowed_origin(origin, host):
            return BadRequest(
                f"Pages of {origin[:100]!r} may not use this server; start it with --allow-origin to allow them.",
                code="origin_not_allowed",
                status=403,
            )
        if "content-length" in headers and "transfer-encoding" in headers:
            return BadRequest(
                "The request has both Content-Length and Transfer-Encoding, of which programs believe different ones; "
                "send one of them.",
                code="two_lengths",
            )
        is_preflight = scope["type"] == "http" and scope["method"] == "OPTIONS"
        is_open = scope["path"] in self._open_paths or scope["path"].startswith(self._open_folders)
        has_key = scope.setdefault("state", {})[HAS_KEY] = self._keys.are_satisfied_by(scope)
        if not (is_open or is_preflight or has_key):
            return BadRequest(
                "The key is missing or wrong; send one as Authorization: Bearer KEY.",
                code="invalid_api_key",
                status=401,
            )
        return None

    def _is_own_host(self, host: str) -> bool:
        """Return whether ``Host`` is an address, which no rebinding can use, or one of our names."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
            _ = urlsplit(f"//{host}").port
        except ValueError:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._hosts
        return True

    def _is_allowed_origin(self, origin: str, host: str) -> bool:
        return origin in self._settings.origins or origin in (f"http://{host}", f"https://{host}")


async def refuse(error: BadRequest, scope: Scope, send: Send) -> None:
    """Answer a request with an error and close the connection, whose body is not read."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": str(error)[:100]})
        return
    added = [(b"connection", b"close")]
    if error.status == 401:
        added.append((b"www-authenticate", b"Bearer"))
    await _send_whole(send, error.status, error_body(error, error.status), added)


def error_body(error: Exception, status: int, param: str | None = None, code: str | None = None) -> bytes:
    """Return an error in the JSON form of OpenAI's API, which its clients show."""
    return json.dumps(error_object(error, status, param, code)).encode()


def error_object(
    error: Exception, status: int, param: str | None = None, code: str | None = None
) -> dict[str, dict[str, str | None]]:
    """Return an error in the form of OpenAI's API as an object."""
    if isinstance(error, BadRequest):
        param, code = error.param, error.code
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    return {"error": {"message": str(error), "type": kind, "param": param, "code": code}}


async def check_length(receive: Receive, headers: Headers, max_bytes: int) -> None:
    """Raise BadRequest if the header announces a body of more than ``max_bytes``, which is discarded."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > max_bytes:
        if "expect" not in headers:  # a client that expects a word before the body has sent none
            await discard(receive)
        raise body_too_long(max_bytes)


def body_too_long(max_bytes: int) -> BadRequest:
    """Return the error of a body that is too long."""
    return BadRequest(
        f"The body of the request has more than {max_bytes} bytes; send less.", code="body_too_long", status=413
    )


async def discard(receive: Receive, has_more: bool = True) -> None:
    """Read the rest of a body without keeping it, within limits: many clients read no answer before they sent all."""
    n_bytes = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while has_more and n_bytes <= MOST_DISCARDED_BYTES:
                message = await receive()
                n_bytes += len(message.get("body", b""))
                has_more = message["type"] != "http.disconnect" and message.get("more_body", False)


async def read_body(receive: Receive, headers: Headers, max_bytes: int) -> bytes:
    """Read the body of a request piece by piece, at most ``max_bytes``.

    Raises BadRequest if it is longer, by its header or as it arrives, or if the client left.
    """
    await check_length(receive, headers, max_bytes)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The client left before the request was complete.", status=499)
        body += message.get("body", b"")
        if len(body) > max_bytes:
            await discard(receive, message.get("more_body", False))
            raise body_too_long(max_bytes)
        if not message.get("more_body", False):
            return bytes(body)


async def read_body_in_time(receive: Receive, headers: Headers, settings: ServerSettings) -> bytes:
    """Read the body of a request; raise BadRequest if it is too long, or does not arrive in time."""
    try:
        async with asyncio.timeout(settings.body_seconds):
            return await read_body(receive, headers, settings.max_body_bytes)
    except TimeoutError:
        raise BadRequest(
            f"The body did not arrive within {settings.body_seconds:g} s; send it at once.", status=408
        ) from None


async def _send_whole(send: Send, status: int, body: bytes, added: Iterable[tuple[bytes, bytes]]) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *added]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _add_cors(headers: MutableHeaders, origin: str) -> None:
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Allow-Methods"] = CORS_METHODS
    headers["Access-Control-Allow-Headers"] = CORS_HEADERS
    headers["Access-Control-Max-Age"] = CORS_SECONDS
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    headers.add_vary_header("Origin")
