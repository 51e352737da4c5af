"""List trainings beside each other: settings that differ, metrics and curves; needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.errors import BadSetting
from ..base.parameters import FREE_TEXT, POSITIONAL, READS_RUNS, TERMINAL, Writes
from ..base.result import Result
from ..base.task_parameters import checked
from ..base.whole_file import check_target, write_whole
from ..training.run_records.page import html_page, text_table
from ..training.run_records.records import RunRecord, differing_settings, find_runs

RUNS = Path("runs")


@dataclass(frozen=True)
class RunList(Result):
    """Runs beside each other.

    Attributes
    ----------
    runs
        Best first by the metric, or in the order of their names.
    differing
        Names of the settings that differ between runs of one family, by family.
    page
        The page that was written.
    """

    runs: tuple[RunRecord, ...]
    differing: dict[str, list[str]]
    page: Path | None = None

    def __str__(self) -> str:
        lines = [text_table(self.runs)]
        return "\n".join([*lines, *([str(self.page)] if self.page else [])])


@checked
def runs(
    folders: Annotated[
        tuple[Path, ...],
        Field(description="Run folders, or folders of them; default: runs."),
        POSITIONAL,
        TERMINAL,
        READS_RUNS,
    ] = (),
    sort: Annotated[
        str | None,
        Field(description="Metric to sort by, best first; with - in front where higher is better: -valid/accuracy."),
        FREE_TEXT,
    ] = None,
    html: Annotated[
        Path | None, Field(description="Page to write, with tables and curves."), Writes(".html", is_only=True)
    ] = None,
) -> RunList:
    """List trainings beside each other: settings that differ, metrics and curves.

    Raises BadFolder if a folder does not exist or contains no run; BadSetting if no run has the metric to sort by.
    """
    records = find_runs(folders or (RUNS,))
    if sort is not None:
        records = _sorted(records, sort)
    families = sorted({run.family for run in records if run.family})
    differing = {name: differing_settings([run for run in records if run.family == name]) for name in families}
    if html is not None:
        check_target(html)
        title = "Runs of " + ", ".join(str(folder) for folder in folders or (RUNS,))
        write_whole(html, html_page(records, title).encode())
    return RunList(tuple(records), differing, html)


def _sorted(records: list[RunRecord], metric: str) -> list[RunRecord]:
    """Return the runs in the order of a metric, those without it last; raise BadSetting if none has it."""
    name = metric.removeprefix("-")
    known = sorted({curve for run in records for curve in run.curves})
    if name not in known:
        raise BadSetting(f"No run has the metric {name!r}; there are {', '.join(known) or 'none yet'}.")
    sign = -1.0 if metric.startswith("-") else 1.0

    def key(run: RunRecord) -> tuple[bool, float]:
        value = run.best(metric)
        return value is None, 0.0 if value is None else sign * value

    return sorted(records, key=key)
