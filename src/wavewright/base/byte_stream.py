"""Byte streams whose bytes arrive over time, and whether a call is about one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from .errors import BadSetting
from .parameters import STANDARD_STREAM


@runtime_checkable
class _SupportsRead1(Protocol):
    def read1(self, n_bytes: int = -1, /) -> bytes: ...


def available_reader(source: BinaryIO) -> Callable[[int], bytes]:
    """Return a function that reads up to so many bytes and returns those that have arrived, none only at the end.

    A source without ``read1`` waits for all of the bytes.
    """
    return source.read1 if isinstance(source, _SupportsRead1) else source.read


def is_stream(source: Path, out: Path | None) -> bool:
    """Return whether a sound goes from standard input to standard output.

    Raises BadSetting if one of the two is a file, or a terminal.
    """
    if STANDARD_STREAM not in (source, out):
        return False
    if source != STANDARD_STREAM or out not in (None, STANDARD_STREAM):
        raise BadSetting(f"A stream goes from standard input to output, not from {source} to {out}; name two files.")
    for name, end in (("input", sys.stdin), ("output", sys.stdout)):
        if end.isatty():
            raise BadSetting(
                f"A stream goes from a file or program to another, and standard {name} is the terminal; redirect it."
            )
    return True
