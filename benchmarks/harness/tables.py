"""Tables of a benchmark: declared columns, rows that are checked against them, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from wavewright.metrics.sampling import Interval

Value: TypeAlias = str | bool | int | float | Interval | None
"""One cell; None where nothing was measured."""

Row: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True)
class Column:
    """A column: the format of its values, ``s`` for text and truth values, and whether a cell may be None."""

    format: str
    is_optional: bool = False

    @property
    def is_text(self) -> bool:
        """True for text and truth values."""
        return self.format == "s"

    def cell(self, value: Value) -> str:
        """Return a value as Markdown, an interval as ``value (low to high)``."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "**no**"
        if isinstance(value, Interval):
            return f"{value.value:{self.format}} ({value.low:{self.format}} to {value.high:{self.format}})"
        return format(value, self.format)


def columns(**formats: str) -> dict[str, Column]:
    """Return columns by name with the formats of their text (``s``), finite numbers or intervals (``.2f``)."""
    return {name: Column(form) for name, form in formats.items()}


def optional(**formats: str) -> dict[str, Column]:
    """Return columns as :func:`columns` does, whose cells are None where nothing was measured."""
    return {name: Column(form, is_optional=True) for name, form in formats.items()}


@dataclass(frozen=True)
class Table:
    """A table with a name and declared columns; ``is_optional`` where it may have no rows."""

    name: str
    columns: Mapping[str, Column]
    is_optional: bool = False

    def checked(self, row: Row) -> Row:
        """Return ``row`` in the order of the columns, with None for optional cells that it lacks.

        Raises
        ------
        ValueError
            If the row has another column, or lacks one that is not optional.
        """
        unknown = row.keys() - self.columns.keys()
        missing = [name for name, column in self.columns.items() if not column.is_optional and row.get(name) is None]
        if unknown or missing:
            raise ValueError(f"A row of {self.name!r} has unknown columns {sorted(unknown)} or lacks {missing}.")
        return {name: _plain(row.get(name)) for name in self.columns}

    def markdown(self, rows: Sequence[Row]) -> str:
        """Return the rows as an aligned Markdown table, columns without any value left out."""
        names = [name for name in self.columns if any(row[name] is not None for row in rows)]
        cells = [[name.replace("_", " ") for name in names]]
        cells += [[self.columns[name].cell(row[name]) for name in names] for row in rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        pads = [str.ljust if self.columns[name].is_text else str.rjust for name in names]
        rules = [
            "-" * width if self.columns[name].is_text else "-" * (width - 1) + ":"
            for name, width in zip(names, widths, strict=True)
        ]
        padded = [[pad(cell, width) for pad, cell, width in zip(pads, line, widths, strict=True)] for line in cells]
        return "\n".join(f"| {' | '.join(line)} |" for line in (padded[0], rules, *padded[1:]))


def _plain(value: Value) -> Value:
    """Return NumPy's scalars as Python's, other values as they are."""
    if isinstance(value, np.generic):
        scalar: str | bool | int | float = value.item()
        return scalar
    return value


TARGETS = Table("targets", columns(subject="s", target="s", value=".4g", limit=".4g", is_met="s"), is_optional=True)
"""Values that must be reached, each beside its limit; those that were not measured have no row."""
