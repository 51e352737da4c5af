"""Faults of the server itself, whose details are in its log alone."""

from __future__ import annotations

from ...base.errors import WavewrightError


class ServerFault(WavewrightError):
    """A fault of the server itself, without its details."""


def server_fault(error: Exception) -> ServerFault:
    """Return what a client is told of an error that nobody expected."""
    return ServerFault(f"The server failed ({type(error).__name__}); its log has the details.")
