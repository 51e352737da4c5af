"""The text of a chain: steps, each an effect with its values, and where in the text each stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...base.errors import BadSetting
from ...base.names import quoted

TOKEN = re.compile(r'(?:[^\s;"]|"[^"\n]*")+')
SEPARATOR = re.compile(r"\s*=\s*")
MAX_LENGTH = 100_000  # characters


@dataclass(frozen=True)
class Argument:
    """A value of a step, and the name of its setting if that is given."""

    name: str | None
    value: str


@dataclass(frozen=True)
class StepText:
    """One step of a chain as it is written, and its position: the line and the character in it, from 1 on."""

    name: str
    arguments: tuple[Argument, ...]
    text: str
    line: int
    character: int

    @property
    def position(self) -> str:
        """The line and the character as text, for messages."""
        return f"line {self.line}, character {self.character}"


def split_steps(text: str) -> list[StepText]:
    """Split the text of a chain into its steps.

    Steps are separated by semicolons or new lines. A step is the name of an effect and its values, separated by spaces:
    ``compress threshold=-18dB ratio=3``, or without names in their order, ``compress -18dB 3``. Text after ``#`` is a
    comment. Quotation marks enclose values with spaces, such as names of files.

    Raises
    ------
    BadSetting
        If a quotation mark is left open, or a value has no name before ``=``.
    """
    if len(text) > MAX_LENGTH:
        raise BadSetting(f"The chain has {len(text)} characters; at most {MAX_LENGTH} are read.")
    steps = []
    for number, line in enumerate(text.split("\n"), 1):
        steps += _steps_of_line(_without_comment(line), number)
    return steps


def _without_comment(line: str) -> str:
    """Return a line up to its comment, where ``#`` starts a word outside quotation marks."""
    is_quoted = False
    for index, character in enumerate(line):
        is_quoted ^= character == '"'
        if character == "#" and not is_quoted and (index == 0 or line[index - 1] in " \t;"):
            return line[:index]
    return line


def _steps_of_line(line: str, number: int) -> list[StepText]:
    if line.count('"') % 2:
        raise BadSetting(
            f"A quotation mark is left open in the chain at line {number}, character {line.rindex(chr(34)) + 1}; "
            "close it."
        )
    steps = []
    for match in re.finditer(r'(?:[^;"]|"[^"]*")+', line):
        text = match[0].strip()
        if not text:
            continue
        character = match.start() + len(match[0]) - len(match[0].lstrip()) + 1
        name, *values = TOKEN.findall(_joined(text))
        position = f"line {number}, character {character}"
        steps.append(
            StepText(name.lower(), tuple(_argument(value, position) for value in values), text, number, character)
        )
    return steps


def _joined(text: str) -> str:
    """Return a step without spaces around ``=`` outside quotation marks."""
    pieces = re.split(r'("[^"]*")', text)
    return "".join(piece if piece.startswith('"') else SEPARATOR.sub("=", piece) for piece in pieces)


def _argument(text: str, position: str) -> Argument:
    name, separator, value = text.partition("=")
    if not separator or name.startswith('"'):
        return Argument(None, text.replace('"', ""))
    if not name or not value:
        raise BadSetting(f"{quoted(text)} at {position} of the chain is no setting; write name=value.")
    return Argument(name.lower(), value.replace('"', ""))
