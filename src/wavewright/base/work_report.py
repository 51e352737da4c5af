"""Report on work with many files or lines, of which some may fail while the others go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

SHOWN_FAILURES = 20
EXIT_CODE = 2
"""Exit code of a command of whose files or lines some failed."""

Failures: TypeAlias = Mapping[int, str] | Mapping[str, str]
"""The sentence that says why something failed, by the path of its file, or by the number of its line."""


@dataclass(frozen=True, kw_only=True)
class WorkReport:
    """Results of work with many files or lines.

    - ``failed``: what failed, and why.
    - ``exit_code``: exit code of the command: 2 if anything failed.
    """

    failed: Failures = field(default_factory=dict)
    exit_code: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Set the exit code."""
        object.__setattr__(self, "exit_code", EXIT_CODE if self.failed else 0)

    def counts(self, n_new: int, n_kept: int) -> str:
        """Return such as ``9 new, 3 kept, 1 failed``; kept are outputs that were there and up to date."""
        counts = {"kept": n_kept, "failed": len(self.failed)}
        return ", ".join([f"{n_new} new", *(f"{count} {name}" for name, count in counts.items() if count)])

    def failures(self, listed_by: str = "--json") -> list[str]:
        """Return a line for each of the first failures, which names its file once, and one that counts the others."""
        lines = [f"  {named(name, sentence)}" for name, sentence in islice(self.failed.items(), SHOWN_FAILURES)]
        n_more = len(self.failed) - SHOWN_FAILURES
        return lines + ([f"  and {n_more} more; {listed_by} lists all"] if n_more > 0 else [])


def named(name: object, sentence: str) -> str:
    """Return a sentence with the file or line that it is about."""
    if isinstance(name, int):
        return f"line {name}: {sentence}"
    return sentence if str(name) in sentence else f"{name}: {sentence}"
