"""Read the lines of a batch: texts with the names of their sound files and settings of their own, from CSV, JSONL or plain text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..clip import FORMATS
from ..errors import BadFolder, BadText

TEXT_COLUMN = "text"
NAME_COLUMNS = ("name", "file")
"""Columns with the names of sound files, where none is asked for; without one the files are numbered."""

SETTING_COLUMNS = ("voice", "rate", "pitch", "range", "energy", "volume_db", "style", "seed", "lufs")
"""Columns with settings that a line has of its own, called as the options of ``speak``; an empty cell is none."""

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".txt")
DELIMITERS = ",;\t"
LONGEST_NAME_BYTES = 200  # of 255 that file systems allow
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps to itself."""


@dataclass(frozen=True)
class Line:
    """A line of a batch: where it stands in its file, from 1, the name of its sound file without the ending, text and settings."""

    number: int
    name: str
    text: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be spoken, and the sentence that says why."""

    number: int
    name: str
    problem: str


@dataclass(frozen=True)
class Lines:
    """The lines of a batch in their order, and the columns that mean nothing to it."""

    lines: tuple[Line | BadLine, ...]
    unused_columns: tuple[str, ...] = ()


def read_lines(path: Path, name_column: str | None = None) -> Lines:
    """Read a batch.

    Parameters
    ----------
    path : Path
        ``.csv`` with the names of columns in its first line, ``.jsonl`` with an object a line, or ``.txt``, whose lines are texts.
    name_column : str, optional
        The column with the names of the sound files; by default the first of NAME_COLUMNS that there is, or else files are numbered.

    Raises
    ------
    BadFolder
        Where the file does not exist or is of another kind.
    BadText
        Where it is no UTF-8, has no lines, no texts or no such column.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadFolder(f"{path} ends in {path.suffix!r}; a batch is a .csv, .jsonl or .txt file.")
    if not path.is_file():
        raise BadFolder(f"{path} does not exist; give a .csv, .jsonl or .txt file with a text a line.")
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadText(f"{path} is no text in UTF-8 (byte {error.start}); convert it to UTF-8.") from error
    if path.suffix.lower() == ".txt":
        return _plain(path, content, name_column)
    records = _csv_records(path, content) if path.suffix.lower() in (".csv", ".tsv") else _json_records(content)
    return _named(path, list(records), name_column)


def name_problem(name: str) -> str:
    """Say why ``name`` cannot be that of a file in a folder, on any system; empty where it can."""
    if not name.strip():
        return "has no name"
    if re.search(r'[/\\:*?"<>|\x00-\x1f\x7f\u2028\u2029]', name):
        return f'has the name {name!r}; a name has none of / \\ : * ? " < > | and no control characters'
    if name.startswith((".", " ")) or name.endswith((".", " ")):
        return f"has the name {name!r}; a name neither begins nor ends with a dot or a space"
    if RESERVED.fullmatch(name):
        return f"has the name {name!r}, which Windows keeps to itself"
    if is_broken(name):
        return f"has the name {name!r}, which is no Unicode text"
    if len(name.encode()) > LONGEST_NAME_BYTES:
        return f"has a name of more than {LONGEST_NAME_BYTES} bytes"
    return ""


def is_broken(text: str) -> bool:
    """Whether there is half of a character in a text, as ``"\\ud800"`` is in JSON, which no file can hold."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _plain(path: Path, content: str, name_column: str | None) -> Lines:
    """Every line that is not empty is a text; its file has its number."""
    if name_column is not None:
        raise BadText(
            f"{path} has no columns, so there is none called {name_column!r}; leave --name-column out, or give a .csv."
        )
    texts = [(number, text.strip()) for number, text in enumerate(content.split("\n"), 1) if text.strip()]
    if not texts:
        raise BadText(f"{path} has no text to speak; write one a line.")
    return Lines(tuple(Line(number, numbered(place), text) for place, (number, text) in enumerate(texts, 1)))


def numbered(place: int) -> str:
    """The name of the file of a text that has none, by its place among the texts, from 1."""
    return f"{place:04d}"


def _named(path: Path, records: Sequence[tuple[int, dict[str, Any] | str]], name_column: str | None) -> Lines:
    """Records, or sentences that say why there is none, with names, texts and settings."""
    columns = list(dict.fromkeys(name for _, record in records if isinstance(record, dict) for name in record))
    if TEXT_COLUMN not in columns:
        raise BadText(f"{path} has no column called {TEXT_COLUMN!r}; {_listed(columns)}.")
    if name_column is not None and name_column not in columns:
        raise BadText(f"{path} has no column called {name_column!r}; {_listed(columns)}.")
    named_by = name_column or next((name for name in NAME_COLUMNS if name in columns), None)
    lines: list[Line | BadLine] = []
    taken: dict[str, int] = {}
    for place, (number, record) in enumerate(records, 1):
        line = _line(number, record, named_by, numbered(place))
        if isinstance(line, Line):
            first = taken.setdefault(line.name.casefold(), number)
            if first != number:
                line = BadLine(number, line.name, f"has the name {line.name!r}, as line {first} has; every line needs its own")
        lines.append(line)
    known = {TEXT_COLUMN, named_by, *SETTING_COLUMNS}
    return Lines(tuple(lines), tuple(name for name in columns if name not in known))


def _line(number: int, record: dict[str, Any] | str, named_by: str | None, unnamed: str) -> Line | BadLine:
    if isinstance(record, str):
        return BadLine(number, "", record)
    cells = {name: value for name, value in record.items() if value not in (None, "")}
    nested = next((name for name, value in cells.items() if isinstance(value, dict | list)), None)
    name = unnamed if named_by is None else str(cells.get(named_by, ""))
    if Path(name).suffix.lower() in FORMATS:
        name = name[: -len(Path(name).suffix)]
    if nested is not None:
        return BadLine(number, name, f"has a list or an object as its {nested}; write text or a number")
    if problem := name_problem(name):
        return BadLine(number, name, problem)
    text = str(cells.get(TEXT_COLUMN, "")).strip()
    if not text:
        return BadLine(number, name, "has no text")
    if is_broken(text):
        return BadLine(number, name, "has half of a character in its text (a lone surrogate)")
    return Line(number, name, text, {column: cells[column] for column in SETTING_COLUMNS if column in cells})


def _csv_records(path: Path, content: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Rows by the numbers of the lines that they begin in."""
    first = content.partition("\n")[0]
    rows = csv.reader(io.StringIO(content, newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True)
    line = 0
    columns: list[str] = []
    try:
        for row in rows:
            begin, line = line + 1, rows.line_num
            if not columns:
                columns = [name.strip() for name in row]
                if len({*columns}) != len(columns):
                    raise BadText(f"{path} has two columns of one name; {_listed(columns)}.")
            elif len(row) > len(columns):
                yield begin, "has more values than there are columns; put a text with commas in quotes"
            elif any(row):
                yield begin, dict(zip(columns, row, strict=False))
    except csv.Error as error:
        raise BadText(f"{path}, line {rows.line_num}: this is not CSV ({error}); check the quotes.") from error


def _json_records(content: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, text in enumerate(content.split("\n"), 1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            record = None
        yield number, record if isinstance(record, dict) else 'is no JSON object; write {"name": ..., "text": ...}'


def _listed(columns: Sequence[str]) -> str:
    return f"it has {', '.join(columns)}" if any(columns) else "it has no columns"
