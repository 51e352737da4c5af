"""Convert text with markup (Markdown, HTML) to plain text, with the position of each character in the given text."""

from __future__ import annotations

import copy
from typing import Literal, Protocol

from .characters import Characters

Markup = Literal["none", "markdown", "html"]


class _Converter(Protocol):
    def plain(self, given: str) -> Characters: ...


class MarkupReader:
    """Converts the parts of one text in order; an open block, such as code, continues in the next part."""

    def __init__(self, markup: Markup = "none") -> None:
        self._converter = _converter(markup)

    def read(self, part: str) -> Characters:
        """Return the plain text of the next part, with the position of each character in ``part``."""
        return Characters(part, None) if self._converter is None or not part else self._converter.plain(part)

    def peek(self, part: str) -> str:
        """Return the plain text of a possible next part without changing the state."""
        return part if self._converter is None or not part else copy.copy(self._converter).plain(part).text


def _converter(markup: Markup) -> _Converter | None:
    """Return the converter of a kind of markup, imported only when needed."""
    if markup == "markdown":
        from .markdown import Markdown

        return Markdown()
    if markup == "html":
        from .html import Html

        return Html()
    return None
