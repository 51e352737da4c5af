"""Tables of other programs, with the numbers of their lines: CSV with any delimiter, and JSON."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TypeAlias

from .errors import BadText
from .json_text import JsonValue, parse

TableRecord: TypeAlias = dict[str, JsonValue]

DELIMITERS = ",;\t"
SEPARATOR = re.compile(r"\"?sep=([^\w\s\"]|\t|\\t)\"?[^\S\n]*(?:\n|$)", re.IGNORECASE)
"""The first line of a table that names its separator, as Excel writes and reads it."""


def lines_of(text: str) -> list[str]:
    """Return the lines of a table; splitlines would also divide at U+2028, which may be in a name."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def csv_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of CSV that are not empty: the number of the first line, and the cells without spaces around them.

    Raises csv.Error with the line if its quotes are wrong.
    """
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = 0
    try:
        for row in rows:
            begin, line = line + 1, rows.line_num
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield begin, cells
    except csv.Error as error:
        raise csv.Error(f"line {max(1, rows.line_num)}: this is not CSV ({error}); check the quotes") from error


def table_records(path: PurePath, text: str, example: str) -> Iterator[tuple[int, TableRecord | str]]:
    """Yield the lines of a table that are not empty, by their numbers; a text is why one cannot be read.

    - ``path``: ``.csv`` or ``.tsv`` with the names of columns in its first line, which may follow one with the
      separator (``sep=;``); ``.json`` with an array, whose entries are numbered; else an object of JSON a line.
      Cells that are empty are None.
    - ``example``: an object of JSON for messages.

    Raises BadText if CSV has two columns of one name, or wrong quotes.
    """
    if path.suffix.lower() in (".csv", ".tsv"):
        yield from _csv_records(path, text)
        return
    lines = ((line, each) for line, each in enumerate(lines_of(text), 1) if each.strip())
    values = ((line, _value(each)) for line, each in lines)
    if path.suffix.lower() == ".json":
        whole = _value(text)
        if not (isinstance(whole, ValueError) and text.lstrip().startswith("{")):
            values = ((line, each) for line, each in enumerate(whole if isinstance(whole, list) else [whole], 1))
    for line, value in values:
        if isinstance(value, ValueError):
            yield line, f"is not JSON ({value}); write an object a line, such as {example}"
        else:
            yield line, value if isinstance(value, dict) else f"is no JSON object; write {example}"


def listed(columns: Sequence[str]) -> str:
    """Return the columns that a table has as a part of a sentence."""
    return f"it has {', '.join(columns)}" if any(columns) else "it has no columns"


def _csv_records(path: PurePath, text: str) -> Iterator[tuple[int, TableRecord | str]]:
    separator = SEPARATOR.match(text)
    delimiter = separator[1].replace("\\t", "\t") if separator else max(DELIMITERS, key=text.partition("\n")[0].count)
    if separator:
        text = "\n" + text[separator.end() :]  # the same numbers of lines
    columns: list[str] = []
    try:
        for line, cells in csv_rows(text, delimiter):
            if not columns:
                columns = cells
                if len({*columns}) != len(columns):
                    raise BadText(f"{path} has two columns of one name; {listed(columns)}.")
            elif len(cells) > len(columns):
                yield line, "has more values than there are columns; put a text with commas in quotes"
            else:
                yield line, {name: cell or None for name, cell in zip(columns, cells, strict=False)}
    except csv.Error as error:
        raise BadText(f"{path}, {error}.") from error


def _value(text: str) -> JsonValue | ValueError:
    """Return a value of JSON, or why the text has none."""
    try:
        return parse(text)
    except ValueError as error:
        return error
