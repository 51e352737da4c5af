"""The files of the page, read once and served with a strict content security policy."""

from __future__ import annotations

import hashlib
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

PAGE = "page"
INDEX = "index.html"

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing is loaded from, or sent to, another host; scripts and styles are files of the page, none is inline."""


def page_routes() -> list[Route]:
    """Return a route for each file of the page; the page itself is at ``/``."""
    folder = resources.files(__package__).joinpath(PAGE)
    files = {file.name: file.read_bytes() for file in folder.iterdir() if _suffix(file.name) in MEDIA_TYPES}
    routes = [Route(f"/{name}", _PageFile(name, contents)) for name, contents in sorted(files.items())]
    return [Route("/", _PageFile(INDEX, files[INDEX])), *routes]


class _PageFile:
    """An ASGI application that answers one file, or that the browser's copy is up to date."""

    def __init__(self, name: str, contents: bytes) -> None:
        self._contents = contents
        self._type = MEDIA_TYPES[_suffix(name)]
        self._tag = f'"{hashlib.sha256(contents).hexdigest()[:16]}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "ETag": self._tag}
        if request.headers.get("if-none-match") == self._tag:
            await Response(status_code=304, headers=headers)(scope, receive, send)
            return
        headers["Content-Type"] = self._type
        await Response(self._contents, headers=headers)(scope, receive, send)


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
