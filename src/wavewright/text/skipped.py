"""Passages that a front end skips, and the warning that lists them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..base.errors import BadText, SkippedText

OBJECT = "\ufffc"
"""Stands in a text for what is no text, such as a formula or a drawing."""

MAX_LISTED = 5  # passages in a warning
MAX_SHOWN_CHARACTERS = 40  # characters of a passage


@dataclass(frozen=True)
class Skipped:
    """A passage that is not spoken as written.

    - ``text``: the passage.
    - ``start``, ``end``: position of its first character, and of the character after its last one, in the text.
    - ``reason``: a phrase such as ``Hebrew script``.
    """

    text: str
    start: int
    end: int
    reason: str

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= MAX_SHOWN_CHARACTERS else f"{self.text[: MAX_SHOWN_CHARACTERS - 3]}..."
        return f"{shown!r} at character {self.start + 1} ({self.reason})"


OnSkip = Callable[[Skipped], None]
"""Callback for each skipped passage, called before the sentence that contains it is returned."""


def report_objects(text: str, on_skip: OnSkip | None) -> None:
    """Report the objects that stand in a text; raise BadText for the first one if ``on_skip`` is None."""
    for found in re.finditer(OBJECT, text):
        if on_skip is None:
            raise BadText(
                f"The text has a formula or drawing at character {found.start() + 1}; describe it (``alttext`` of "
                "``math``, ``title`` of ``svg``), or leave it out."
            )
        on_skip(Skipped(OBJECT, *found.span(), "a formula or drawing without a description"))


def skipped_message(skipped: Sequence[Skipped]) -> str:
    """Return the message that lists skipped passages, the first few by their text."""
    listed = [str(passage) for passage in skipped[:MAX_LISTED]]
    others = len(skipped) - len(listed)
    more = f" and {others} more" if others else ""
    return f"Skipped {', '.join(listed)}{more}; a strict reading refuses the text instead."


def warn(passage: Skipped) -> None:
    """Issue a `SkippedText` warning for one passage."""
    warn_of([passage])


def warn_of(skipped: Sequence[Skipped]) -> None:
    """Issue one `SkippedText` warning for all passages, none if there are none."""
    if skipped:
        warnings.warn(skipped_message(skipped), SkippedText, stacklevel=3)
