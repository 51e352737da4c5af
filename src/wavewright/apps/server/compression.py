"""Replies of much text, compressed for browsers and clients that take them so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

_GZIP = [Middleware(GZipMiddleware, minimum_size=1_000)]


def text_route(path: str, endpoint: Callable[..., Any]) -> Route:
    """Return a route for GET whose replies are compressed, for texts: it would cost sounds time and gain nothing."""
    return Route(path, endpoint, middleware=_GZIP)
