"""The page of a search: its trials as a table, the best settings as a command, and plots of what mattered."""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import FrozenTrial, TrialState

from ...base.errors import MissingExtra
from ...base.whole_file import write_whole
from ...models import BEST_RUN, SEARCH_FILE
from ...plots.plots import GRID_COLOUR, INK, MAP_COLOURS, figure_class
from .search import N_RUNGS
from .trials import FAULT
from .tune import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE_FILE = "index.html"
MIN_FOR_IMPORTANCE = 4
"""Finished trials below which the importance of a dial says nothing."""

DEFAULT_COLOUR, BEST_COLOUR, OTHER_COLOUR = MAP_COLOURS[1], MAP_COLOURS[2], "#c9c9d4"
STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#2b2b33}
table{border-collapse:collapse;font-size:13px}td,th{padding:.2rem .6rem;border-bottom:1px solid #e3e3ea;text-align:left}
td{font-variant-numeric:tabular-nums}pre{background:#f4f4f7;padding:.7rem;overflow:auto}img{max-width:100%}
.best{background:#e7f4ee}.defaults{background:#fbeee4}.scroll{overflow-x:auto}
@media(prefers-color-scheme:dark){body{background:#1c1c22;color:#e6e6ee}pre{background:#26262e}td,th{border-color:#3a3a44}
.best{background:#1f3a2f}.defaults{background:#3f2a1c}img{background:#fff}}"""


def importance_of(outcome: Outcome) -> dict[str, float]:
    """Return the fraction of each dial in the differences between finished and ended trials; empty if they are few.

    References
    ----------
    S. Watanabe, A. Bansal, F. Hutter: "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
    subspaces", 2023.
    """
    if len(outcome.finished) < MIN_FOR_IMPORTANCE:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study()
        study.add_trials(outcome.finished)
        try:
            return optuna.importance.get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
        except (ValueError, RuntimeError):  # all trials are equally good
            return {}


def write_page(out: Path, outcome: Outcome, command: str) -> None:
    """Write PAGE_FILE and SEARCH_FILE into the folder of a search.

    - ``out``: folder of the search.
    - ``outcome``: its trials.
    - ``command``: that trains with the best settings.
    """
    importance = importance_of(outcome)
    rows = [_row(outcome, trial) for trial in _ordered(outcome)]
    contents = {
        "metric": outcome.metric,
        "best": outcome.finished[0].number,
        "command": command,
        "importance": importance,
        "trials": rows,
    }
    write_whole(out / SEARCH_FILE, (json.dumps(contents, indent=2) + "\n").encode())
    write_whole(out / PAGE_FILE, _page(out, outcome, command, rows, _figure_html(outcome, importance)).encode())


def _ordered(outcome: Outcome) -> list[FrozenTrial]:
    """Return the finished trials, best first, and then the others."""
    others = [trial for trial in outcome.trials if trial.state != TrialState.COMPLETE]
    return [*outcome.finished, *others]


def _row(outcome: Outcome, trial: FrozenTrial) -> dict[str, object]:
    reached = min(trial.intermediate_values.values(), default=None)
    states = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "ended early", TrialState.FAIL: "failed"}
    return {
        "trial": trial.number,
        "value": None if reached is None else outcome.shown(reached),
        "state": states.get(trial.state, "not finished"),
        "steps": trial.user_attrs.get("steps"),
        "minutes": trial.user_attrs.get("minutes"),
        "settings": dict(trial.params),
        "curve": {str(rung): outcome.shown(value) for rung, value in sorted(trial.intermediate_values.items())},
        "fault": trial.user_attrs.get(FAULT, ""),
    }


def _page(out: Path, outcome: Outcome, command: str, rows: Sequence[dict[str, object]], figure: str) -> str:
    name = outcome.metric.removeprefix("-")
    best = outcome.finished[0]
    defaults = next((trial for trial in outcome.finished if trial.number == 0), None)
    summary = f"Best: trial {best.number}, {name} {outcome.shown(best.value or 0.0):.4g}"
    if defaults is not None:
        summary += f"; the defaults: {outcome.shown(defaults.value or 0.0):.4g}"
    title = f"Search of {escape(out.resolve().name)}"
    direction = "higher" if outcome.metric.startswith("-") else "lower"
    dials = sorted({dial for trial in outcome.trials for dial in trial.params})
    header = "".join(f"<th>{escape(text)}</th>" for text in ("trial", name, "state", "steps", "minutes", *dials))
    body = "\n".join(_html_row(row, dials, best.number) for row in rows)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{STYLE}</style></head><body>
<h1>{title}</h1>
<p>{escape(summary)} ({direction} is better). The best run is the folder <code>{BEST_RUN}</code>.</p>
<h2>Train with these settings</h2>
<pre>{escape(command)}</pre>
{figure}
<h2>Trials</h2>
<div class="scroll"><table><thead><tr>{header}</tr></thead><tbody>
{body}
</tbody></table></div>
</body></html>
"""


def _html_row(row: dict[str, object], dials: Sequence[str], best: int) -> str:
    settings = row["settings"]
    assert isinstance(settings, dict)
    kind = "best" if row["trial"] == best else "defaults" if row["trial"] == 0 else ""
    state = f"{row['state']}: {row['fault']}" if row["fault"] else str(row["state"])
    cells = [row["trial"], row["value"], state, row["steps"], row["minutes"], *(settings.get(dial) for dial in dials)]
    return f'<tr class="{kind}">' + "".join(f"<td>{escape(_shown(cell))}</td>" for cell in cells) + "</tr>"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


# --- figures


def _figure_html(outcome: Outcome, importance: dict[str, float]) -> str:
    """Return the plots as HTML, or what to install for them."""
    try:
        figure = figure_class()(figsize=(10, 7.5), dpi=110, layout="constrained")
    except MissingExtra as error:
        return f"<p>{escape(str(error))}</p>"
    curves, bars, lines = _panels(figure)
    _draw_curves(curves, outcome)
    _draw_importance(bars, importance)
    _draw_parallel(lines, outcome)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    text = "Curves of the trials, importance of the dials, and settings of the finished trials"
    return f'<img alt="{text}" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'


def _panels(figure: Figure) -> tuple[Axes, Axes, Axes]:
    grid = figure.add_gridspec(2, 2, width_ratios=[1.6, 1])
    panels = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, :])
    for axes in panels:
        axes.tick_params(labelsize=8, colors=INK)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    return panels


def _colour(outcome: Outcome, trial: FrozenTrial) -> tuple[str, float, int]:
    """Return colour, width and order of a trial's line."""
    if trial.number == outcome.finished[0].number:
        return BEST_COLOUR, 2.2, 3
    return (DEFAULT_COLOUR, 2.2, 2) if trial.number == 0 else (OTHER_COLOUR, 1.0, 1)


def _draw_curves(axes: Axes, outcome: Outcome) -> None:
    """Draw the best value of each trial up to each evaluation."""
    for trial in outcome.trials:
        if trial.intermediate_values:
            rungs = sorted(trial.intermediate_values)
            colour, width, order = _colour(outcome, trial)
            label = {DEFAULT_COLOUR: "the defaults", BEST_COLOUR: f"best, trial {trial.number}"}.get(colour)
            values = [outcome.shown(trial.intermediate_values[rung]) for rung in rungs]
            fractions = [rung / N_RUNGS for rung in rungs]
            axes.plot(fractions, values, color=colour, lw=width, zorder=order, marker=".", label=label)
    axes.set_xlabel("fraction of the trial", fontsize=9)
    axes.set_ylabel(outcome.metric.removeprefix("-"), fontsize=9)
    axes.grid(color=GRID_COLOUR)
    axes.legend(fontsize=8, frameon=False)


def _draw_importance(axes: Axes, importance: dict[str, float]) -> None:
    """Draw the importance of each dial."""
    names = list(reversed(importance))
    axes.barh(names, [importance[name] for name in names], color=MAP_COLOURS[0])
    axes.set_title("importance" if names else "importance: too few finished trials", fontsize=9)


def _draw_parallel(axes: Axes, outcome: Outcome) -> None:
    """Draw each finished trial as a line over its settings, each from its smallest to its largest value."""
    dials = sorted(outcome.finished[0].params)
    for trial in outcome.finished:
        colour, width, order = _colour(outcome, trial)
        heights = [_position(outcome, dial, trial) for dial in dials]
        axes.plot(range(len(dials)), heights, color=colour, lw=width, zorder=order)
    for index, dial in enumerate(dials):
        values = sorted({trial.params[dial] for trial in outcome.finished}, key=_sort_key)
        axes.text(index, -0.04, _shown(values[0]), ha="center", va="top", fontsize=7)
        axes.text(index, 1.04, _shown(values[-1]), ha="center", va="bottom", fontsize=7)
    axes.set_xticks(range(len(dials)), [dial.replace(".", ".\n") for dial in dials], fontsize=7)
    axes.set_yticks([])
    axes.set_ylim(-0.15, 1.15)
    axes.grid(axis="x", color=GRID_COLOUR)


def _position(outcome: Outcome, dial: str, trial: FrozenTrial) -> float:
    """Return the height of a setting between 0 and 1: by its rank among the values, equal values at one height."""
    values = sorted({other.params[dial] for other in outcome.finished}, key=_sort_key)
    return float(np.interp(values.index(trial.params[dial]), [0, max(len(values) - 1, 1)], [0, 1]))


def _sort_key(value: object) -> tuple[bool, float, str]:
    is_number = isinstance(value, int | float)
    return not is_number, float(value) if isinstance(value, int | float) else 0.0, str(value)
