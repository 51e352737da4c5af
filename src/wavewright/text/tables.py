"""Read the tables of facts of a front end: rows of ``.tsv`` files and lists of words in its folder ``data``."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path


class Tables:
    """The tables in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._spoken: dict[str, dict[str, tuple[str, ...]]] = {}

    def data_bytes(self, name: str) -> bytes:
        """Return the contents of a file in ``data/``."""
        return (self.folder / name).read_bytes()

    def data_text(self, name: str) -> str:
        """Return the text of a file in ``data/``."""
        return self.data_bytes(name).decode("utf-8")

    def rows(self, name: str, n_columns: int) -> list[list[str]]:
        """Read a table.

        - ``name``: name of the file in ``data/``, without ``.tsv``. Its lines that begin with ``#`` and a space are
          comments.
        - returns: rows of ``n_columns`` fields; missing last fields are empty.
        """
        text = self.data_text(f"{name}.tsv")
        lines = [line.split("\t") for line in text.splitlines() if line and not line.startswith("# ")]
        return [[*fields, *[""] * (n_columns - len(fields))] for fields in lines]

    def mapping(self, name: str) -> dict[str, str]:
        """Return ``data/<name>.tsv`` of two columns as a dictionary."""
        return {fields[0]: fields[1] for fields in self.rows(name, 2)}

    def spoken(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return the phones of words or letters, the columns of ``data/<name>.tsv``, read once."""
        if name not in self._spoken:
            self._spoken[name] = {word: tuple(phones.split()) for word, phones in self.mapping(name).items()}
        return self._spoken[name]

    def entries(self, *names: str) -> dict[str, str]:
        """Return the phones, with spaces, of words in files of ``data/`` with a word and its phones in a line."""
        lines = "\n".join(map(self.data_text, names)).splitlines()
        return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))

    def word_list(self, name: str) -> frozenset[str]:
        """Return the words of a list in ``data/word_lists.txt``."""
        return frozenset(self._word_lists[name])

    @functools.cached_property
    def _word_lists(self) -> dict[str, list[str]]:
        lists: dict[str, list[str]] = {}
        words: list[str] = []
        for line in self.data_text("word_lists.txt").splitlines():
            if line.startswith(" "):
                words += line.split()
            elif line.endswith(":") and not line.startswith("#"):
                words = lists[line[:-1]] = []
        return lists


def of_kind(table: list[list[str]], kind: str) -> dict[str, str]:
    """Return the third field by the first of the rows whose second field is ``kind``."""
    return {fields[0]: fields[2] for fields in table if fields[1] == kind}


def alternatives(words: Iterable[str]) -> str:
    """Return a regular expression that matches any of ``words``, the longest first."""
    return re.escape("\0".join(sorted(words, key=lambda word: (-len(word), word)))).replace("\0", "|")
