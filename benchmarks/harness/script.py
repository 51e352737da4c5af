"""Run a benchmark: options, tiny settings for a smoke test, tables on standard output and in a JSON file."""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from benchmarks.harness.peers import Peer
from benchmarks.harness.tables import TARGETS, Row, Table, Value
from wavewright.base.errors import WavewrightError
from wavewright.base.processor import instruction_sets, processor_name
from wavewright.metrics.sampling import Interval
from wavewright.tasks.plain_data import plain

Smoke: TypeAlias = Mapping[str, object]
"""Options of the smoke mode by their name; a function is called with a temporary folder for its value."""


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

    def add(self, table: Table, row: Row) -> None:
        """Add a row to a table and report it on standard error."""
        checked = self.tables[table.name].checked(row)
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

    def skip(self, peer: Peer, skipped: str) -> None:
        """Say that something is left out because a package or program is not installed."""
        self.note(f"{skipped}: left out, since {peer.missing}")

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


@dataclass(frozen=True)
class Benchmark:
    """A script: its help text, tables, options, and the function that measures.

    ``tables`` are all that ``measure`` adds rows to; ``smoke`` has options of tiny sizes and synthetic corpora.
    """

    description: str
    tables: tuple[Table, ...]
    add_options: Callable[[argparse.ArgumentParser], None]
    measure: Callable[[argparse.Namespace, Report], None]
    smoke: Smoke = field(default_factory=dict)

    def run(self, arguments: Sequence[str] | None = None) -> int:
        """Parse ``arguments``, those of the process by default, measure and print the tables.

        Returns
        -------
        int
            0, or 1 where the report has a fault.

        Raises
        ------
        SystemExit
            With 2 for options that are wrong, or a corpus or model that is not there.
        """
        parser = self.parser()
        is_smoke = "--smoke" in (sys.argv[1:] if arguments is None else arguments)
        with tempfile.TemporaryDirectory() as folder:
            if is_smoke:
                parser.set_defaults(**{name: _resolved(value, Path(folder)) for name, value in self.smoke.items()})
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
            description=self.description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        self.add_options(parser)
        parser.add_argument("--json", type=Path, default=None, help="file for the results")
        parser.add_argument("--smoke", action="store_true", help="tiny sizes and synthetic corpora, for a quick test")
        return parser

    @property
    def name(self) -> str:
        """Subject and script, such as ``codec.opus``, also where it runs as ``__main__``."""
        path = Path(inspect.getfile(self.measure))
        return f"{path.parent.name}.{path.stem}"


def _resolved(value: object, folder: Path) -> object:
    """Return an option of the smoke mode, calling a function with the temporary folder."""
    return value(folder) if callable(value) else value
