"""Read the record of a run folder: settings, steps, minutes, and the curve of each loss and metric."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...base.errors import BadFolder, BadSetting
from ...models.card import CARD_FILE
from ..run_file import CHECKPOINTS, LAST, RUN_FILE, read_run_file


@dataclass(frozen=True)
class RunPlan:
    """Progress of a run.

    - ``step``, ``steps``: steps done and planned.
    - ``minutes``: minutes of training so far.
    - ``finished``: why the run is finished; empty if it is not.
    """

    step: int
    steps: int
    minutes: float
    finished: str

    @property
    def minutes_left(self) -> float:
        """Minutes that the planned steps still need, if they take as long as those before."""
        return 0.0 if self.finished else self.minutes * (self.steps - self.step) / self.step


def read_plan(folder: Path) -> RunPlan | None:
    """Return the plan of a run folder, None if no step has been saved or the checkpoint cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / CHECKPOINTS / LAST, framework="numpy") as checkpoint:
            progress = json.loads((checkpoint.metadata() or {})["progress"])
        return _plan_of(progress)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _plan_of(progress: Mapping[str, Any]) -> RunPlan | None:
    plan = RunPlan(int(progress["step"]), int(progress["steps"]), float(progress["minutes"]), str(progress["finished"]))
    is_valid = 0 < plan.step <= plan.steps and math.isfinite(plan.minutes) and plan.minutes >= 0
    return plan if is_valid else None


LOG_FILE = "log.jsonl"  # in a run folder
NOT_CURVES = {"time", "step", "minutes", "ms_per_step"}  # in a line of the log
MAX_LINE = 1_000_000  # characters of a line of the log
DEEPEST = 3  # folders between a given one and its runs, such as those of a search

Curve = list[tuple[int, float]]
"""Steps and values."""


@dataclass(frozen=True)
class RunRecord:
    """One training.

    - ``name``, ``folder``: path relative to the folder that was searched, and the path.
    - ``family``: name of the family.
    - ``settings``: of the recipe by ``section.field``, and ``from``, the model that the run started from.
    - ``n_clips``: training clips.
    - ``step``, ``minutes``: last step in the log, and minutes of training up to it.
    - ``curves``: losses and metrics by name.
    - ``warnings``: what went wrong, with the step; each sentence once.
    - ``problem``: why the folder cannot be read; empty if it can.
    """

    name: str
    folder: str
    family: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    n_clips: int = 0
    step: int = 0
    minutes: float = 0.0
    curves: Mapping[str, Curve] = field(default_factory=dict)
    warnings: tuple[tuple[int, str], ...] = ()
    problem: str = ""

    @property
    def metric(self) -> str:
        """The metric that chose the best checkpoint, with ``-`` in front where higher is better; empty if none did."""
        return str(self.settings.get("training.metric", ""))

    def last(self, name: str) -> float | None:
        """Return the last value of a curve, None if there is none."""
        return self.curves[name][-1][1] if name in self.curves else None

    def best(self, metric: str) -> float | None:
        """Return the best value of a curve; ``-`` in front of its name: the highest."""
        values = [value for _, value in self.curves.get(metric.removeprefix("-"), ())]
        if not values:
            return None
        return max(values) if metric.startswith("-") else min(values)


def find_runs(folders: Sequence[Path]) -> list[RunRecord]:
    """Read the runs that folders are or contain, up to DEEPEST folders down, in the order of their names.

    Raises BadFolder if a folder does not exist, or contains no run.
    """
    records: dict[Path, RunRecord] = {}
    for folder in folders:
        if not folder.is_dir():
            raise BadFolder(f"There is no folder {folder}; `wavewright train` writes runs into runs/.")
        paths = sorted(_run_folders(folder, DEEPEST))
        if not paths:
            raise BadFolder(f"{folder} contains no run; give a run folder, or a folder of them such as runs/.")
        for path in paths:
            name = str(path.relative_to(folder.parent)) if path != folder else folder.name or str(folder)
            records.setdefault(path.resolve(), read_run(path, name))
    return list(records.values())


def _run_folders(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / RUN_FILE).is_file():
        yield folder
    elif depth:
        for path in folder.iterdir():
            if path.is_dir() and not path.name.startswith(".") and not path.is_symlink():
                yield from _run_folders(path, depth - 1)


def read_run(folder: Path, name: str = "") -> RunRecord:
    """Read one run; what is wrong with it is in its ``problem``."""
    name = name or folder.name
    try:
        first = read_run_file(folder / RUN_FILE)
    except (BadSetting, OSError) as error:
        return RunRecord(name, str(folder), problem=str(error))
    settings: dict[str, object] = {
        f"{section}.{key}": value for section, values in first["recipe"].items() for key, value in values.items()
    }
    if "from" in first:
        settings["from"] = first["from"].get("name", "")
    curves, step, minutes, warnings = _read_log(folder / LOG_FILE)
    minutes = max(minutes, _minutes_on_card(folder / CARD_FILE))  # the log has them every so many steps
    n_clips = first["clips"]["count"] if "clips" in first else 0
    return RunRecord(name, str(folder), first["family"], settings, n_clips, step, round(minutes, 2), curves, warnings)


def _minutes_on_card(path: Path) -> float:
    """Return the minutes of training on a card, 0 if there is none."""
    try:
        minutes = json.loads(path.read_bytes())["training"]["minutes"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return 0.0
    return float(minutes) if isinstance(minutes, int | float) and math.isfinite(minutes) else 0.0


def _read_log(path: Path) -> tuple[dict[str, Curve], int, float, tuple[tuple[int, str], ...]]:
    """Return the curves of a log, its last step, minutes and warnings; lines that a kill has cut off are left out."""
    curves: dict[str, Curve] = {}
    warnings: dict[str, int] = {}
    last_step, minutes = 0, 0.0
    for line in _lines(path):
        step = line.get("step")
        if not isinstance(step, int):
            continue
        last_step = max(last_step, step)
        value = line.get("minutes")
        minutes = max(minutes, float(value)) if isinstance(value, int | float) else minutes
        if isinstance(warning := line.get("warning"), str):
            warnings.setdefault(warning, step)
        for name, number in line.items():
            if name not in NOT_CURVES and isinstance(number, int | float) and math.isfinite(number):
                curve = curves.setdefault(name, [])
                while curve and curve[-1][0] >= step:  # of a run that was resumed from an earlier step
                    curve.pop()
                curve.append((step, float(number)))
    return curves, last_step, minutes, tuple((step, text) for text, step in warnings.items())


def _lines(path: Path) -> Iterator[dict[str, object]]:
    try:
        file = path.open(encoding="utf-8", errors="replace")
    except OSError:
        return
    with file:
        for text in file:
            try:
                line = json.loads(text) if len(text) <= MAX_LINE else None
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict):
                yield line


def differing_settings(runs: Sequence[RunRecord]) -> list[str]:
    """Return the names of the settings that are not the same in all runs."""
    names = sorted({name for run in runs for name in run.settings})
    return [name for name in names if len({json.dumps(run.settings.get(name)) for run in runs}) > 1]


def shown_metrics(runs: Sequence[RunRecord]) -> list[str]:
    """Return the names of the metrics of evaluations: those of ranking first, then those of validation."""
    ranking = [run.metric.removeprefix("-") for run in runs if run.metric]
    names = sorted({name for run in runs for name in run.curves})
    known = [name for name in dict.fromkeys(ranking) if name in names]
    return [*known, *(name for name in names if name.startswith("valid/") and name not in known)]
