"""Keys of requests: in a header or, for browsers' WebSockets, in a subprotocol; compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.types import Scope

KEY_PROTOCOL = "openai-insecure-api-key."
"""Start of the subprotocol with a key, as OpenAI's clients for browsers send it."""

PROTOCOLS = ("wavewright", "realtime")
"""Subprotocols that the server accepts: a browser that offers a key needs another one that is accepted."""


class Keys:
    """The keys of a server.

    Parameters
    ----------
    keys : iterable of str
        The keys; without any, every request is accepted.
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
        matches = [self._matches(key) for key in offered]  # all of them, whichever matches
        return any(matches)

    def _matches(self, key: bytes) -> bool:
        """Compare a key with all keys, in a time that does not depend on them."""
        digest = _digest(key)
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        return any(matches)


def without_key(scope: Scope) -> Scope:
    """Return the scope of a WebSocket without its keys, which nothing behind the check needs or could log."""
    headers = [
        (name, b", ".join(each.encode("latin-1") for each in _accepted(scope)) if _is_protocol(name) else value)
        for name, value in scope["headers"]
        if name.lower() != b"authorization"
    ]
    return {**scope, "headers": headers, "subprotocols": _accepted(scope)}


def accepted_protocol(scope: Scope) -> str | None:
    """Return the subprotocol that a WebSocket is answered with: the first one offered that is known."""
    return next(iter(_accepted(scope)), None)


def _accepted(scope: Scope) -> list[str]:
    return [each for each in _protocols(scope) if each in PROTOCOLS]


def _protocols(scope: Scope) -> list[str]:
    return [str(each) for each in scope.get("subprotocols", ())]


def _is_protocol(name: bytes) -> bool:
    return name.lower() == b"sec-websocket-protocol"


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
