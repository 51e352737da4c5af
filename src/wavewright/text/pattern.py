"""Regular expressions compiled on first use, so that start-up costs only the rules that are needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .first_characters import beginning_of

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
