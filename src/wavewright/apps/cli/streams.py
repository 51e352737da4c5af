"""Standard streams of the process: replace closed ones by the null device, and tolerate a closed pipe at exit."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

STREAMS = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))


def open_standard_streams() -> None:
    """Open the null device in place of every closed standard stream; replace characters that the console cannot encode.

    A closed stream leaves its file descriptor free: the next file that is opened would receive the program's output.
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
            stream.reconfigure(errors="replace")  # file names may contain characters that the console cannot encode


def drop_unread_output() -> None:
    """Flush the output streams; discard what a closed reader did not take, so that the interpreter exits silently."""
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
