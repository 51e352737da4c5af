"""Results of commands: what failed while the rest went on, and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .errors import BAD_INPUT, shortened

SHOWN_FAILURES = 20


@dataclass(frozen=True)
class Failed:
    """An item that could not be used or made: a file, a line (``line 3``), a model; and the reason, a sentence."""

    what: Path | str
    reason: str

    def __str__(self) -> str:
        """Return the reason, which names the item once."""
        return shortened(self.reason if str(self.what) in self.reason else f"{self.what}: {self.reason}")


@dataclass(frozen=True, kw_only=True)
class Result:
    """Result of a command.

    - ``notes``: what a user should know about it, one sentence each.
    - ``failed``: items that failed; the others were done.
    """

    notes: tuple[str, ...] = ()
    failed: tuple[Failed, ...] = ()

    is_about_failures: ClassVar[bool] = False
    """Whether items that failed are what the command was asked for, as in an inspection."""

    @property
    def exit_code(self) -> int:
        """Exit code of the command: 2 if anything failed that should not have."""
        return BAD_INPUT if self.failed and not self.is_about_failures else 0

    def endings(self, listed_by: str = "--json") -> list[str]:
        """Return the last lines of the text: notes, each of the first failures, and one that counts the others."""
        n_more = len(self.failed) - SHOWN_FAILURES
        lines = [*self.notes, *(f"  {each}" for each in self.failed[:SHOWN_FAILURES])]
        return lines + ([f"  and {n_more} more; {listed_by} lists all"] if n_more > 0 else [])


def count_of(n_new: int, n_kept: int, n_failed: int) -> str:
    """Return such as ``9 new, 3 kept, 1 failed``; kept are outputs that were there and up to date."""
    counts = {"kept": n_kept, "failed": n_failed}
    return ", ".join([f"{n_new} new", *(f"{count} {name}" for name, count in counts.items() if count)])


def first_of(failed: Sequence[Failed]) -> str:
    """Return the first item that failed and the number of the others, for the end of an error message."""
    first = str(failed[0]).rstrip(".")
    return first if len(failed) == 1 else f"{first}; and {len(failed) - 1} more"
