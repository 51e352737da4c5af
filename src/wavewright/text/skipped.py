"""What a front end leaves out of a text, and how that is reported."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import SkippedText

MOST_LISTED = 5
"""Passages that a warning lists by their text."""
LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Skipped:
    """A passage that is not spoken as written.

    ``start`` and ``end`` are its place in the text given; ``reason`` says why it is left out, such as ``Hebrew script``.
    """

    text: str
    start: int
    end: int
    reason: str

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= LONGEST_SHOWN else f"{self.text[: LONGEST_SHOWN - 3]}..."
        return f"{shown!r} at character {self.start + 1} ({self.reason})"


OnSkip = Callable[[Skipped], None]
"""Called with every passage that is left out, before the sentence that it stands in is returned."""


def skipped_line(skipped: Sequence[Skipped]) -> str:
    """Return the sentence that lists the passages left out, the first few by their text."""
    listed = [str(passage) for passage in skipped[:MOST_LISTED]]
    others = len(skipped) - len(listed)
    more = f" and {others} more" if others else ""
    return f"Skipped {', '.join(listed)}{more}; a strict reading refuses the text instead."


def warn(passage: Skipped) -> None:
    """Warn of one passage."""
    warn_of([passage])


def warn_of(skipped: Sequence[Skipped]) -> None:
    """Issue one `SkippedText` warning for all passages, none where nothing was left out."""
    if skipped:
        warnings.warn(skipped_line(skipped), SkippedText, stacklevel=3)
