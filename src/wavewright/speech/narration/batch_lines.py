"""Read the lines of a batch from CSV, JSONL or plain text: texts, names of sound files, and settings."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...audio.clip import FORMATS
from ...base.errors import BadFolder, BadText
from ...base.names import MAX_STEM_BYTES, RESERVED, name_problem, quoted

TEXT_COLUMN = "text"
NAME_COLUMNS = ("name", "file")
"""Default columns with the names of sound files; without one the files are numbered."""

SETTING_COLUMNS = (
    *("voice", "rate", "pitch", "range", "energy", "volume_db", "style", "seed", "lufs"),
    *("sentence_pause", "clause_pause", "paragraph_pause"),
)
"""Columns with settings of a line, named as the options of ``speak``; empty cells are ignored."""

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".txt")
DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Line:
    """A line of a batch: its number in the file, from 1, the name of its sound file without the suffix, and its text.

    ``settings`` override those of the batch, by the names of `SETTING_COLUMNS`.
    """

    number: int
    name: str
    text: str
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class FailedLine:
    """A line that is not spoken, and the reason."""

    line: int
    name: str
    problem: str


@dataclass(frozen=True)
class BatchLines:
    """The lines of a batch in their order, and the columns that are ignored."""

    lines: tuple[Line | FailedLine, ...]
    unused_columns: tuple[str, ...] = ()


def read_lines(path: Path, name_column: str | None = None) -> BatchLines:
    """Read a batch.

    Parameters
    ----------
    path : Path
        ``.csv`` with the names of columns in its first line, ``.jsonl`` with an object a line, or ``.txt``, whose lines
        are texts.
    name_column : str, optional
        Column with the names of the sound files; by default the first of `NAME_COLUMNS` that exists. Without one, files
        are numbered.

    Returns
    -------
    BatchLines
        The lines.

    Raises
    ------
    BadFolder
        If the file does not exist or has another suffix.
    BadText
        If it is not UTF-8, or has no lines, no texts or no such column.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadFolder(f"{path} ends in {path.suffix!r}; a batch is a .csv, .jsonl or .txt file.")
    if not path.is_file():
        raise BadFolder(f"{path} does not exist; give a .csv, .jsonl or .txt file with a text a line.")
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadText(f"{path} is not UTF-8 (byte {error.start}); convert it to UTF-8.") from error
    if path.suffix.lower() == ".txt":
        return _plain(path, content, name_column)
    records = _csv_records(path, content) if path.suffix.lower() in (".csv", ".tsv") else _json_records(content)
    return _named(path, list(records), name_column)


def stem_problem(name: str) -> str | None:
    """Return the reason why a file name without its suffix is not valid on every system, None if it is.

    Stricter than `wavewright.base.names.name_problem`, because the name is used as it is. The reason is the end of a
    sentence.
    """
    if not name.strip():
        return "has no name; give one, or leave the column of names out"
    if re.search(r'[/\\:*?"<>|]', name):
        return f'has the name {quoted(name)}; a name has none of / \\ : * ? " < > |'
    problem = name_problem(name, is_file=True)
    if problem is not None:
        return f"has the name {quoted(name)}, which {problem}"
    if name.startswith((".", " ")) or name.endswith((".", " ")):
        return f"has the name {quoted(name)}; a name neither begins nor ends with a dot or a space"
    if name.partition(".")[0].upper() in RESERVED:
        return f"has the name {quoted(name)}, which Windows reserves for a device; choose another one"
    if len(name.encode()) > MAX_STEM_BYTES:
        return f"has a name of more than {MAX_STEM_BYTES} bytes; shorten it"
    return None


def has_lone_surrogate(text: str) -> bool:
    """Return whether a text has half of a surrogate pair, which JSON can contain and UTF-8 cannot encode."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _plain(path: Path, content: str, name_column: str | None) -> BatchLines:
    """Return each line that is not empty as a text with a numbered file."""
    if name_column is not None:
        raise BadText(
            f"{path} has no columns, so there is none called {name_column!r}; leave --name-column out, or give a .csv."
        )
    texts = [(number, text.strip()) for number, text in enumerate(content.split("\n"), 1) if text.strip()]
    if not texts:
        raise BadText(f"{path} has no text to speak; write one a line.")
    return BatchLines(tuple(Line(number, _numbered(index), text) for index, (number, text) in enumerate(texts, 1)))


def _numbered(index: int) -> str:
    """Return the file name of a text without a name, by its index among the texts, from 1."""
    return f"{index:04d}"


def _named(path: Path, records: Sequence[tuple[int, dict[str, object] | str]], name_column: str | None) -> BatchLines:
    """Return the lines of records; a record may be the reason why it cannot be read."""
    columns = list(dict.fromkeys(name for _, record in records if isinstance(record, dict) for name in record))
    if TEXT_COLUMN not in columns:
        raise BadText(f"{path} has no column called {TEXT_COLUMN!r}; {_listed(columns)}.")
    if name_column is not None and name_column not in columns:
        raise BadText(f"{path} has no column called {name_column!r}; {_listed(columns)}.")
    named_by = name_column or next((name for name in NAME_COLUMNS if name in columns), None)
    lines: list[Line | FailedLine] = []
    line_by_name: dict[str, int] = {}
    for index, (number, record) in enumerate(records, 1):
        line = _line(number, record, named_by, _numbered(index))
        if isinstance(line, Line):
            first = line_by_name.setdefault(line.name.casefold(), number)
            if first != number:
                line = _failed(
                    number, line.name, f"has the name {line.name!r}, as line {first} has; every line needs its own"
                )
        lines.append(line)
    known = {TEXT_COLUMN, named_by, *SETTING_COLUMNS}
    return BatchLines(tuple(lines), tuple(name for name in columns if name not in known))


def _line(number: int, record: dict[str, object] | str, named_by: str | None, unnamed: str) -> Line | FailedLine:
    if isinstance(record, str):
        return _failed(number, "", record)
    cells = {name: value for name, value in record.items() if value not in (None, "")}
    nested = next((name for name, value in cells.items() if isinstance(value, dict | list)), None)
    name = unnamed if named_by is None else str(cells.get(named_by, ""))
    if Path(name).suffix.lower() in FORMATS:
        name = name[: -len(Path(name).suffix)]
    if nested is not None:
        return _failed(number, name, f"has a list or an object as its {nested}; write text or a number")
    problem = stem_problem(name)
    if problem is not None:
        return _failed(number, name, problem)
    text = str(cells.get(TEXT_COLUMN, "")).strip()
    if not text:
        return _failed(number, name, "has no text; write one, or delete the line")
    if has_lone_surrogate(text):
        return _failed(number, name, "has a lone surrogate in its text; replace that character")
    return Line(number, name, text, {column: cells[column] for column in SETTING_COLUMNS if column in cells})


def _failed(number: int, name: str, problem: str) -> FailedLine:
    """Return a line that is not spoken; ``problem`` is the rest of the sentence that says why."""
    return FailedLine(number, name, f"It {problem}.")


def _csv_records(path: Path, content: str) -> Iterator[tuple[int, dict[str, object] | str]]:
    """Yield the rows of a CSV file with the numbers of their first lines."""
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


def _json_records(content: str) -> Iterator[tuple[int, dict[str, object] | str]]:
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
