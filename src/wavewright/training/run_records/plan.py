"""The plan of a run, read from its last checkpoint without PyTorch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..run_file import CHECKPOINTS, LAST


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
