"""Text with markup (Markdown, HTML) as the plain text that is spoken; places in the text given are kept."""

from __future__ import annotations

import copy
from typing import Literal

from .characters import Characters
from .html import Html
from .markdown import Markdown

Markup = Literal["none", "markdown", "html"]


class Plain:
    """Converts the parts of one text in their order; what a part leaves open, such as a code block, goes on in the next."""

    def __init__(self, markup: Markup = "none") -> None:
        self._converter = {"none": None, "markdown": Markdown, "html": Html}[markup]
        self._state = None if self._converter is None else self._converter()

    def read(self, part: str) -> Characters:
        """Return the plain text of the next part; each character has its place in ``part``."""
        return Characters(part, None) if self._state is None or not part else self._state.plain(part)

    def peek(self, part: str) -> str:
        """Return the plain text of a part that may come next, without going on."""
        return part if self._state is None or not part else copy.copy(self._state).plain(part).text
