"""Convert text with markup (Markdown, HTML) to plain text, with the position of each character in the original."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ..base.parameters import Markup
from .characters import Characters

SUFFIXES: Mapping[str, Markup] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
}
"""Markup of files by the end of their names."""


def markup_of(file: Path) -> Markup:
    """Return the markup of a text file by its name."""
    return SUFFIXES.get(file.suffix.lower(), "none")


class _Converter(Protocol):
    def convert(self, segment: str) -> Characters: ...


class MarkupReader:
    """Converts the segments of one text in order; an open block, such as code, continues in the next segment.

    - ``markup``: markup of the text.
    """

    def __init__(self, markup: Markup = "none") -> None:
        self._converter = _converter(markup)

    def read(self, segment: str) -> Characters:
        """Return the plain text of the next segment, with the position of each character in `segment`."""
        return Characters(segment, None) if self._converter is None or not segment else self._converter.convert(segment)

    def peek(self, segment: str) -> Characters:
        """Return what `read` would return for a possible next segment, without changing the state."""
        if self._converter is None or not segment:
            return Characters(segment, None)
        return copy.copy(self._converter).convert(segment)


def _converter(markup: Markup) -> _Converter | None:
    """Return the converter of a kind of markup, imported only when needed."""
    if markup == "markdown":
        from .markdown import Markdown

        return Markdown()
    if markup == "html":
        from .html import Html

        return Html()
    return None
