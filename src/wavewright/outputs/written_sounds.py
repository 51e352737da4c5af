"""Which tasks write sound files that can be signed, and how their results list them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

SIGNED_TASKS = (
    "speak",
    "generate",
    "morph",
    "vary",
    "adjust",
    "edit",
    "split",
    "mix",
    "layer",
    "synthesise",
    "render",
    "enhance",
)
"""Commands whose files say in their comments what made them."""


@runtime_checkable
class WroteSounds(Protocol):
    """A result of a task that lists its sound files."""

    @property
    def sound_files(self) -> tuple[Path, ...]:
        """The sound files that were written."""


def written_sounds(task: str, result: object) -> tuple[Path, ...] | None:
    """Return the sound files that a task wrote and that can be signed, None if it writes none."""
    return result.sound_files if task in SIGNED_TASKS and isinstance(result, WroteSounds) else None
