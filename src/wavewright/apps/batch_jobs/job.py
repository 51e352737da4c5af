"""Jobs of a batch: a task with its values, and what became of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from ...base.json_text import JsonValue

KEY_DIGITS = 16
"""Hexadecimal digits of a key."""


def digest_of(value: JsonValue) -> str:
    """Return hexadecimal digits that identify a JSON value, in whatever order its objects are written."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]


@dataclass(frozen=True)
class BatchJob:
    """A task to run once.

    - ``line``: number of its line in the list, from 1.
    - ``task``: name of the task.
    - ``values``: its values by the keys of its parameters, checked; files as they were given.
    - ``base``: folder or URL that relative paths of files refer to.
    """

    line: int
    task: str
    values: dict[str, JsonValue]
    base: str

    @cached_property
    def id(self) -> str:
        """Digits that identify what the line says, whatever its files contain."""
        return digest_of([self.task, self.values])


@dataclass(frozen=True)
class InputFile:
    """A file or folder that a job read.

    - ``name``: its name without folders.
    - ``digest``: SHA-256 of its content.
    - ``stamp``: its size and time of change, or what its store has instead, by which it is recognised as unchanged;
      empty for folders.
    """

    name: str
    digest: str
    stamp: str


@dataclass(frozen=True)
class JobOutcome:
    """Outcome of a job."""

    key: str  # digits of everything that the outputs depend on
    folder: str  # name of the folder with its outputs
    inputs: dict[str, InputFile]  # the files that it read, by key of the parameter and path as given
    output: dict[str, JsonValue]  # contents of the folder's ``result.json``
    is_new: bool = True  # false if the outputs were there already
