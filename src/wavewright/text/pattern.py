"""Regular expressions compiled on first use, so that start-up costs only the rules that are needed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub")

if TYPE_CHECKING:
    Pattern = re.Pattern[str]

    def pattern(expression: str, flags: int = 0) -> Pattern:
        """Return a regular expression that is compiled on first use."""
        ...

else:

    class Pattern:
        """A regular expression with the methods of ``re.Pattern``, compiled on first use.

        ``match`` does without where no match can begin with the character at the position.
        """

        def __init__(self, expression: str, flags: int = 0) -> None:
            self.pattern, self.flags = expression, flags

        def __getattr__(self, name: str) -> object:
            if name not in METHODS:
                raise AttributeError(name)
            compiled = re.compile(self.pattern, self.flags)
            self.__dict__.update({method: getattr(compiled, method) for method in METHODS})
            return self.__dict__[name]

        def match(self, text: str, position: int = 0, *end: int) -> re.Match[str] | None:
            """Return the match at a position, see ``re.Pattern.match``."""
            if "beginning" not in self.__dict__:
                self.beginning = None if self.flags else beginning_of(self.pattern)
            if self.beginning is not None and not self.beginning.has(text[position : position + 1]):
                return None
            return self.__getattr__("match")(text, position, *end)

    pattern = Pattern


ASSERTIONS = ("(?=", "(?!", "(?<=", "(?<!")
WITHOUT_WIDTH = "bBAZ"
CLASSES = {"d": str.isnumeric, "w": lambda sign: sign.isalnum() or sign == "_", "s": str.isspace}


class _Unknown(Exception):
    """Any character may begin a match, as far as is read here."""


@dataclass
class Beginning:
    """Characters, some of which a match may begin with; no match begins with any other one."""

    literals: set[str] = field(default_factory=set)
    ranges: list[tuple[str, str]] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)

    def has(self, character: str) -> bool:
        """Return True if a match may begin with a character; with none, at the end of a text, it cannot."""
        return character in self.literals or (
            bool(character)
            and (
                any(low <= character <= high for low, high in self.ranges)
                or any(CLASSES[name](character) for name in self.classes)
            )
        )


def beginning_of(expression: str) -> Beginning | None:
    """Return the possible first characters of an expression without flags; None if they are not known."""
    found = Beginning()
    try:
        is_open, _ = _alternatives(expression, 0, found)
    except (_Unknown, IndexError):
        return None
    return None if is_open else found


def _alternatives(source: str, position: int, found: Beginning) -> tuple[bool, int]:
    """Add the beginnings of alternatives up to the end of their group; return whether one may be empty, and the end."""
    may_be_empty = False
    while True:
        is_open = True
        while is_open and position < len(source) and source[position] not in "|)":
            is_open, position = _item(source, position, found)
        position = _skip(source, position)
        may_be_empty |= is_open
        if position >= len(source) or source[position] == ")":
            return may_be_empty, position
        position += 1


def _item(source: str, position: int, found: Beginning) -> tuple[bool, int]:
    """Add the beginning of one item; return whether the next one may also begin the match, and the position after."""
    if source.startswith(ASSERTIONS, position):
        return True, _skip(source, position + 1) + 1
    sign = source[position]
    if sign in "^$":
        return True, position + 1
    if sign == "\\" and source[position + 1] in WITHOUT_WIDTH:
        return True, position + 2
    if sign == ".":
        raise _Unknown
    is_empty = False
    if sign == "(":
        is_empty, position = _alternatives(source, _inside(source, position), found)
        position += 1
    elif sign == "[":
        position = _class(source, position, found)
    elif sign == "\\":
        _escaped(source[position + 1], found)
        position += 2
    else:
        found.literals.add(sign)
        position += 1
    is_optional = source[position : position + 1] in ("?", "*") or source.startswith(("{0", "{,"), position)
    while source[position : position + 1] in ("?", "*", "+"):
        position += 1
    if source.startswith("{", position):
        position = source.index("}", position) + 1
        position += source.startswith("?", position)
    return is_empty or is_optional, position


def _inside(source: str, position: int) -> int:
    """Return the position of what is in a group."""
    if source[position + 1] != "?":
        return position + 1
    if source.startswith("(?:", position):
        return position + 3
    if source.startswith("(?P<", position):
        return source.index(">", position) + 1
    raise _Unknown  # flags, references, conditions


def _escaped(sign: str, found: Beginning) -> None:
    if sign in CLASSES:
        found.classes.add(sign)
    elif sign.isalnum():
        raise _Unknown
    else:
        found.literals.add(sign)


def _class(source: str, position: int, found: Beginning) -> int:
    """Add a class of characters, which begins with a bracket; return the position after it."""
    end = _end_of_class(source, position)
    position += 1
    if source[position] == "^":
        raise _Unknown
    while position < end - 1:
        sign = source[position]
        if sign == "\\":
            _escaped(source[position + 1], found)
            position += 2
        elif source[position + 1] == "-" and position + 2 < end - 1:
            high = source[position + 2]
            if high == "\\":
                raise _Unknown
            found.ranges.append((sign, high))
            position += 3
        else:
            found.literals.add(sign)
            position += 1
    return end


def _skip(source: str, position: int) -> int:
    """Return the position of the next ``|`` or ``)`` of the same depth, or the end."""
    depth = 0
    while position < len(source):
        sign = source[position]
        if sign == "\\":
            position += 1
        elif sign == "[":
            position = _end_of_class(source, position) - 1
        elif sign == "(":
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
        elif sign in "|)" and not depth:
            break
        position += 1
    return position


def _end_of_class(source: str, position: int) -> int:
    """Return the position after a class of characters."""
    position += 1
    position += source.startswith("^", position)
    position += source.startswith("]", position)
    while source[position] != "]":
        position += 2 if source[position] == "\\" else 1
    return position + 1
