"""Run a benchmark: options with tiny settings for a smoke test, tables on standard output and in a JSON file."""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.harness.peers import Peer
from wavewright.base.errors import WavewrightError
from wavewright.base.processor import instruction_sets, processor_name
from wavewright.metrics.sampling import Interval
from wavewright.tasks.json_results import plain

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

        Raises ValueError if the row has another column, or lacks one that is not optional.
        """
        unknown = row.keys() - self.columns.keys()
        missing = [name for name, column in self.columns.items() if not column.is_optional and row.get(name) is None]
        if unknown or missing:
            raise ValueError(f"A row of {self.name!r} has unknown columns {sorted(unknown)} or lacks {missing}.")
        values = {name: row.get(name) for name in self.columns}
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}

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


TARGETS = Table("targets", columns(subject="s", target="s", value=".4g", limit=".4g", is_met="s"), is_optional=True)
"""Values that must be reached, each beside its limit; those that were not measured have no row."""

Options: TypeAlias = argparse.Namespace
"""Values of the declared options by name."""


@dataclass(frozen=True)
class Option:
    """An option, whose default says whether it is a switch, a value or several, and of which type.

    ``type`` is that of values whose default does not show it, ``smoke`` the value of the smoke mode or a function that
    makes it in a temporary folder, None where that is the default.
    """

    name: str
    default: object = None
    help: str = ""
    smoke: object = None
    choices: Collection[str] | None = None
    type: Callable[[str], object] | None = None
    is_positional: bool = False

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Add the option to the parser of the command line."""
        flag = self.name if self.is_positional else "--" + self.name.replace("_", "-")
        if isinstance(self.default, bool):
            parser.add_argument(flag, action="store_true", help=self.help)
            return
        is_list = isinstance(self.default, list | tuple)
        shown = (*self.default, None)[0] if is_list else self.default
        kind, count = self.type or (str if shown is None else type(shown)), {"nargs": "*"} if is_list else {}
        parser.add_argument(flag, type=kind, default=self.default, choices=self.choices, help=self.help, **count)

    def smoke_value(self, folder: Path) -> object:
        """Return the value of the smoke mode."""
        return self.smoke(folder) if callable(self.smoke) else self.smoke


class Report:
    """Rows of the declared tables, printed as they are measured and kept in a JSON file, where one is named."""

    def __init__(self, name: str, tables: Sequence[Table], settings: Mapping[str, object], path: Path | None) -> None:
        self.tables = {table.name: table for table in tables}
        self.rows: dict[str, list[Row]] = {table.name: [] for table in tables}
        self.details: dict[str, object] = {}
        self.notes: list[str] = []
        self.has_fault = False
        self._heading = {
            "benchmark": name,
            "processor": processor_name(),
            "instructions": ", ".join(instruction_sets()),
            "python": sys.version.split()[0],
            "settings": {key: str(value) for key, value in settings.items()},
        }
        self._path = path

    def add(self, table: Table, row: Row | None = None, /, **cells: Value) -> None:
        """Add a row to a table, from a mapping, cells by name or both, and report it on standard error."""
        checked = self.tables[table.name].checked({**(row or {}), **cells})
        self.rows[table.name].append(checked)
        cells = (
            f"{name} {column.cell(checked[name])}"
            for name, column in table.columns.items()
            if checked[name] is not None
        )
        print(f"{table.name}: {', '.join(cells)}", file=sys.stderr, flush=True)
        self._write()

    def target(
        self, subject: str, target: str, value: Value, at_most: float | None = None, at_least: float | None = None
    ) -> None:
        """Add a row to the table of targets; a value of None, which was not measured, has no row."""
        if value is None:
            return
        measured = value.value if isinstance(value, Interval) else float(value)
        limit = at_most if at_most is not None else at_least
        if limit is None:
            raise ValueError(f"The target {target!r} has neither at_most nor at_least.")
        is_met = measured <= limit if at_most is not None else measured >= limit
        row: Row = {"subject": subject, "target": target, "value": measured, "limit": limit, "is_met": is_met}
        self.add(TARGETS, row)

    def note(self, sentence: str) -> None:
        """Print a sentence that belongs to the result."""
        self.notes.append(sentence)
        print(sentence, flush=True)
        self._write()

    def has(self, peer: Peer, skipped: str = "") -> bool:
        """Return whether a package or program is installed; say once what is left out where it is not."""
        sentence = f"{skipped or peer.name}: left out, since {peer.missing}"
        if not peer.is_installed and sentence not in self.notes:
            self.note(sentence)
        return peer.is_installed

    def attach(self, name: str, result: object) -> None:
        """Keep a result that no table holds in the JSON file."""
        self.details[name] = plain(result)
        self._write()

    def print_tables(self) -> None:
        """Print the processor and all tables that have rows."""
        print(f"\n{self._heading['processor']}, {self._heading['instructions']}, Python {self._heading['python']}")
        for name, rows in self.rows.items():
            if rows:
                print(f"\n{name}\n\n{self.tables[name].markdown(rows)}")

    def _write(self) -> None:
        """Write everything that was measured so far, so that a long run that is cut leaves its results."""
        if self._path is not None:
            result = {
                **self._heading,
                "notes": self.notes,
                "tables": {name: [plain(dict(row)) for row in rows] for name, rows in self.rows.items()},
                "details": self.details,
            }
            self._path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


class Benchmark:
    """A script: the function that measures, and its options; the help text and the tables are those of its module."""

    def __init__(self, measure: Callable[[Options, Report], None], *options: Option) -> None:
        self.measure, self.options = measure, options
        module = sys.modules[measure.__module__]
        self.description = module.__doc__
        tables = [each for each in vars(module).values() if isinstance(each, Table) and each is not TARGETS]
        self.tables = (*tables, TARGETS)
        path = Path(inspect.getfile(measure))
        self.name = f"{path.parent.name}.{path.stem}"  # such as codec.opus

    def run(self, arguments: Sequence[str]) -> int:
        """Parse arguments, measure and print the tables; return 1 where the report has a fault, else 0.

        Raises SystemExit with 2 for options that are wrong, or a corpus or model that is not there.
        """
        parser = self.parser()
        with tempfile.TemporaryDirectory() as folder:
            if "--smoke" in arguments:
                smoked = [each for each in self.options if each.smoke is not None]
                parser.set_defaults(**{each.name: each.smoke_value(Path(folder)) for each in smoked})
            options = parser.parse_args(arguments)
            report = Report(self.name, self.tables, vars(options), options.json)
            try:
                self.measure(options, report)
            except WavewrightError as error:
                parser.error(str(error))
            report.print_tables()
        return int(report.has_fault)

    def parser(self) -> argparse.ArgumentParser:
        """Return the parser of the command line."""
        parser = argparse.ArgumentParser(
            f"python -m benchmarks {self.name}" if self.measure.__module__.startswith("benchmarks.") else None,
            description=self.description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for option in self.options:
            option.add_to(parser)
        parser.add_argument("--json", type=Path, default=None, help="file for the results")
        parser.add_argument("--smoke", action="store_true", help="tiny sizes and synthetic corpora, for a quick test")
        return parser
