"""Calls of the command line that must be refused."""

from __future__ import annotations

from wavewright.apps.cli import run


def refused(capsys, *arguments: str) -> str:
    """Return the message of a call that must be refused with one sentence on standard error."""
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("wavewright: ")
    assert line.endswith(".")
    return line.removeprefix("wavewright: ")
