"""Read the tables of facts in ``data/``: rows of ``.tsv`` files and lists of words."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path

DATA = Path(__file__).with_name("data")


def data_bytes(name: str) -> bytes:
    """Return the contents of a file in ``data/``."""
    return (DATA / name).read_bytes()


def data_text(name: str) -> str:
    """Return the text of a file in ``data/``."""
    return data_bytes(name).decode("utf-8")


def rows(name: str, n_columns: int) -> list[list[str]]:
    """Read a table.

    - ``name``: name of the file in ``data/``, without ``.tsv``. Its lines that begin with ``#`` and a space are
      comments.
    - returns: rows of ``n_columns`` fields; missing last fields are empty.
    """
    lines = [line.split("\t") for line in data_text(f"{name}.tsv").splitlines() if line and not line.startswith("# ")]
    return [[*fields, *[""] * (n_columns - len(fields))] for fields in lines]


def mapping(name: str) -> dict[str, str]:
    """Return ``data/<name>.tsv`` of two columns as a dictionary."""
    return {fields[0]: fields[1] for fields in rows(name, 2)}


def of_kind(table: list[list[str]], kind: str) -> dict[str, str]:
    """Return the third field by the first of the rows whose second field is ``kind``."""
    return {fields[0]: fields[2] for fields in table if fields[1] == kind}


@functools.cache
def _word_lists() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    words: list[str] = []
    for line in data_text("word_lists.txt").splitlines():
        if line.startswith(" "):
            words += line.split()
        elif line.endswith(":") and not line.startswith("#"):
            words = lists[line[:-1]] = []
    return lists


def word_list(name: str) -> frozenset[str]:
    """Return the words of a list in ``data/word_lists.txt``."""
    return frozenset(_word_lists()[name])


def alternatives(words: Iterable[str]) -> str:
    """Return a regular expression that matches any of ``words``, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
