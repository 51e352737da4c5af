"""Results of the study of generated clips: a file of cells, and a row with intervals for each setting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from wavewright.metrics.sampling import Interval

N_DRAWS = 2_000


@dataclass(frozen=True, order=True)
class Cell:
    """One classifier: ``same`` or ``all`` for the recordings of the generator, ``none`` for the control."""

    task: str
    share: float
    seed: int
    source: str
    ratio: float


@dataclass(frozen=True)
class Outcome:
    """Number of recordings and generated clips to learn from, 1 for each test recording that is recognised, else 0."""

    recordings: int
    generated: int
    correct: str
    minutes: float


def read_results(path: Path) -> dict[Cell, Outcome]:
    """Return the cells that are done; a line that was cut off by a kill is left out."""
    results = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            record = json.loads(line)
            results[Cell(**record["cell"])] = Outcome(**record["outcome"])
        except (ValueError, KeyError, TypeError):
            continue
    return results


def append_result(path: Path, cell: Cell, outcome: Outcome) -> None:
    """Append a cell to the file, on a line of its own."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"cell": asdict(cell), "outcome": asdict(outcome)}) + "\n")


def correct_of(outcome: Outcome) -> np.ndarray:
    """Return 1 for each test recording that is recognised, else 0, ``(n,)``."""
    return np.array([int(digit) for digit in outcome.correct], float)


def summary(results: dict[Cell, Outcome]) -> list[dict[str, object]]:
    """Return a row for each task, share, source and ratio, over the seeds that have the cell and its control."""
    rows: list[dict[str, object]] = []
    keys = sorted({(cell.task, cell.share, cell.source != "none", cell.source, cell.ratio) for cell in results})
    for task, share, _, source, ratio in keys:
        pairs = []
        for seed in sorted({cell.seed for cell in results}):
            cell, control = Cell(task, share, seed, source, ratio), Cell(task, share, seed, "none", 0.0)
            if cell in results and control in results:
                pairs.append((results[cell], results[control]))
        if not pairs:
            continue
        error, reduction = intervals([(correct_of(outcome), correct_of(control)) for outcome, control in pairs])
        rows.append(
            {
                "task": task,
                "source": source,
                "share": share,
                "recordings": pairs[0][0].recordings,
                "ratio": ratio,
                "generated": float(np.mean([outcome.generated for outcome, _ in pairs])),
                "seeds": len(pairs),
                "error": error,
                "reduction": reduction,
            }
        )
    return rows


def intervals(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[Interval, Interval]:
    """Return the error, and its reduction relative to the control, with 95 % intervals.

    Seeds are drawn with replacement, then recordings of each, the same for both.

    Parameters
    ----------
    pairs
        Of each seed: 1 for each recording that is recognised, else 0, ``(n,)``, by the classifier and the control.
    """
    rng = np.random.default_rng(0)

    def draw(rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
        error, control = (float(np.mean([1 - pair[k].mean() for pair in rows])) for k in (0, 1))
        return error, 1 - error / control if control else 0.0

    draws = []
    for _ in range(N_DRAWS):
        chosen = []
        for index in rng.integers(len(pairs), size=len(pairs)):
            rows = rng.integers(len(pairs[index][0]), size=len(pairs[index][0]))
            chosen.append((pairs[index][0][rows], pairs[index][1][rows]))
        draws.append(draw(chosen))
    values = draw(pairs)
    bounds = np.percentile(np.array(draws), [2.5, 97.5], axis=0)
    error, reduction = (Interval(values[k], float(bounds[0, k]), float(bounds[1, k])) for k in (0, 1))
    return error, reduction
