"""Text with markup (Markdown, HTML) as the plain text that is spoken; places in the text given are kept."""

from __future__ import annotations

import copy
from typing import Literal, Protocol

from .characters import Characters

Markup = Literal["none", "markdown", "html"]


class _Converter(Protocol):
    def plain(self, given: str) -> Characters: ...


class Plain:
    """Converts the parts of one text in their order; what a part leaves open, such as a code block, goes on in the next."""

    def __init__(self, markup: Markup = "none") -> None:
        self._converter = _converter(markup)

    def read(self, part: str) -> Characters:
        """Return the plain text of the next part; each character has its place in ``part``."""
        return Characters(part, None) if self._converter is None or not part else self._converter.plain(part)

    def peek(self, part: str) -> str:
        """Return the plain text of a part that may come next, without going on."""
        return part if self._converter is None or not part else copy.copy(self._converter).plain(part).text


def _converter(markup: Markup) -> _Converter | None:
    """What converts a kind of markup, imported where it is needed."""
    if markup == "markdown":
        from .markdown import Markdown

        return Markdown()
    if markup == "html":
        from .html import Html

        return Html()
    return None
