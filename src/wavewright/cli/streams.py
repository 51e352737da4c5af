"""Standard streams of the process: closed ones lead nowhere, and a reader that has left is no error."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

STREAMS = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))


def open_standard_streams() -> None:
    """Open the null device in place of every closed standard stream, and let unknown letters be replaced in what is printed.

    Otherwise the next file that is opened takes the stream's number, and what is printed ends up in it.
    """
    for number, (name, flags) in enumerate(STREAMS):
        if _is_closed(number):
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
        stream = getattr(sys, name)
        if stream is None:
            mode = "r" if flags == os.O_RDONLY else "w"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 (it lasts as long as the process)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        if flags == os.O_WRONLY and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console may lack a letter of a file's name


def drop_unread_output() -> None:
    """Flush the output streams; where their reader has left, drop what it did not read, or the interpreter complains at its exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, stream.fileno())
                os.close(null)


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False
