"""SFZ as text: headers with their opcodes, written one region a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LINE_HEADERS = ("region", "control")
"""Headers whose opcodes stand on their line; those of others follow, one a line."""


@dataclass(frozen=True)
class SfzHeader:
    """A header, such as ``<group>``, and the opcodes that follow it.

    - ``name``: without brackets.
    - ``opcodes``: values as they stand in the file, by opcode.
    """

    name: str
    opcodes: Mapping[str, str] = field(default_factory=dict)


def sfz_text(headers: Sequence[SfzHeader], comment: str = "") -> str:
    """Return the text of an SFZ file, which begins with the lines of a comment."""
    lines = [f"// {line}" for line in comment.splitlines()]
    for header in headers:
        opcodes = [f"{name}={value}" for name, value in header.opcodes.items()]
        if header.name in LINE_HEADERS:
            # A value may hold blanks, so that of the sample ends its line.
            opcodes.sort(key=lambda each: each.startswith("sample="))
            lines.append(" ".join([f"<{header.name}>", *opcodes]))
        else:
            lines += ["", f"<{header.name}>", *opcodes]
    return "\n".join(lines) + "\n"
