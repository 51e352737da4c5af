"""The studio for other devices in the network: a key, the address with it, and its QR code."""

from __future__ import annotations

import io
import secrets
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ..server.guard import KEY_COOKIE, Keys
from ..server.speech_request import BadRequest

ENTER_PATH = "/enter"
COOKIE_SECONDS = 30 * 24 * 3600
KEY_BYTES = 16
GET_ADDRESS = 0x8915
"""The request SIOCGIFADDR of Linux: the address of an interface."""


def new_key() -> str:
    """Return a random key."""
    return secrets.token_urlsafe(KEY_BYTES)


def enter_route(keys: Sequence[str]) -> Route:
    """Return the route that gives a browser with a key the cookie with which the page asks for all else."""
    known = Keys(keys)

    async def enter(request: Request) -> Response:
        key = request.query_params.get("key", "")
        if not known.have(key.encode()):
            raise BadRequest(
                "The key is missing or wrong; open the address that wavewright studio printed.",
                code="invalid_api_key",
                status=401,
            )
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(KEY_COOKIE, quote(key), COOKIE_SECONDS, httponly=True, samesite="strict")
        return answer

    return Route(ENTER_PATH, enter)


def addresses_with_key(address: str, key: str) -> list[str]:
    """Return the addresses by which devices enter: those of this machine in its networks in place of 0.0.0.0."""
    places = [address]
    for everywhere in ("//0.0.0.0:", "//[::]:"):
        if everywhere in address:
            places = [address.replace(everywhere, f"//{own}:") for own in own_addresses()]
    return [f"{place}{ENTER_PATH}?key={quote(key)}" for place in places]


def own_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine, that by which it reaches others first, that of the loopback last."""
    found = [_outgoing_address(), *_addresses_of_interfaces(), *_addresses_of_name()]
    return [*dict.fromkeys(each for each in found if not each.startswith("127.")), "127.0.0.1"]


def _outgoing_address() -> str:
    """Return the address by which this machine reaches others; that of the loopback without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documentation; nothing is sent
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _addresses_of_interfaces() -> list[str]:
    """Return the addresses of all network interfaces on Linux, none elsewhere."""
    if sys.platform != "linux":
        return []
    import fcntl

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # an interface without an address
                answer = fcntl.ioctl(probe.fileno(), GET_ADDRESS, struct.pack("256s", name.encode()[:15]))
                found.append(socket.inet_ntoa(answer[20:24]))
    return found


def _addresses_of_name() -> list[str]:
    """Return the addresses that the name of this machine has."""
    try:
        return [str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:
        return []


def qr_code(text: str) -> str:
    """Return a text as a QR code of block characters, for a terminal."""
    import segno

    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()
