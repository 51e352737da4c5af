"""Runs beside each other: a table for the terminal, and a page with tables and curves as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .records import Curve, RunRecord, differing_settings, shown_metrics

BARS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 16
N_METRICS = 3  # in the terminal
MAX_CELL = 24  # characters

COLOURS = ("#3f5fa8", "#c2571a", "#2f8f6b", "#8a4fb0", "#b8912b", "#c0406f", "#3a9bb5", "#6b6b76")
WIDTH, HEIGHT, LEFT, BOTTOM = 520, 220, 60, 26  # of a chart and its margins, pixels
STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#2b2b33}
table{border-collapse:collapse;font-size:13px}td,th{padding:.2rem .6rem;border-bottom:1px solid #e3e3ea;text-align:left}
td{font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}.charts{display:flex;flex-wrap:wrap;gap:1rem}
svg text{font-size:11px;fill:currentColor}.dot{display:inline-block;width:.8em;height:.8em;border-radius:50%}
@media(prefers-color-scheme:dark){body{background:#1c1c22;color:#e6e6ee}td,th{border-color:#3a3a44}}"""


def text_table(runs: Sequence[RunRecord]) -> str:
    """Return the runs of each family as a table: steps, minutes, metrics with their curves, settings that differ."""
    return "\n\n".join(_family_table(family, members) for family, members in _families(runs))


def _families(runs: Sequence[RunRecord]) -> list[tuple[str, list[RunRecord]]]:
    names = sorted({run.family for run in runs})
    return [(name, [run for run in runs if run.family == name]) for name in names]


def _family_table(family: str, runs: Sequence[RunRecord]) -> str:
    if not family:
        return "\n".join(f"{run.name}: {run.problem}" for run in runs)
    metrics, settings = shown_metrics(runs)[:N_METRICS], differing_settings(runs)
    header = ["run", "step", "minutes", *(cell for metric in metrics for cell in (metric, "")), *settings]
    rows = []
    for run in runs:
        measured = [(_number(_ranked(run, metric)), sparkline(run.curves.get(metric))) for metric in metrics]
        known = [_short(run.settings.get(name)) for name in settings]
        rows.append(
            [run.name, str(run.step), f"{run.minutes:.1f}", *(cell for pair in measured for cell in pair), *known]
        )
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (header, *rows)]
    title = f"{family}: {len(runs)} run{'s' * (len(runs) != 1)}"
    return "\n".join([title, *(line.rstrip() for line in lines), *_warnings(runs)])


def _warnings(runs: Sequence[RunRecord]) -> list[str]:
    """Return what went wrong in runs, a line for each sentence."""
    return [f"{run.name}, step {step}: {text}" for run in runs for step, text in run.warnings]


def _ranked(run: RunRecord, metric: str) -> float | None:
    """Return the best value of the metric that ranks a run, the last value of any other."""
    return run.best(run.metric) if run.metric.removeprefix("-") == metric else run.last(metric)


def sparkline(curve: Curve | None) -> str:
    """Return a curve as a line of bars, from its lowest to its highest value."""
    if not curve:
        return ""
    values = [value for _, value in curve]
    count = min(SPARK_WIDTH, len(values))
    chosen = [values[round(index * (len(values) - 1) / max(count - 1, 1))] for index in range(count)]
    low, high = min(chosen), max(chosen)
    return "".join(BARS[round((value - low) / (high - low) * (len(BARS) - 1)) if high > low else 0] for value in chosen)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _short(value: object) -> str:
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 3] + "..."


# --- HTML


def html_page(runs: Sequence[RunRecord], title: str) -> str:
    """Return a page that loads nothing: for each family a table and a chart of each metric."""
    sections = "\n".join(_section(family, members) for family, members in _families(runs))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
{sections}
</body></html>
"""


def _section(family: str, runs: Sequence[RunRecord]) -> str:
    if not family:
        return "<ul>" + "".join(f"<li>{escape(run.name)}: {escape(run.problem)}</li>" for run in runs) + "</ul>"
    metrics, settings = shown_metrics(runs), differing_settings(runs)
    losses = sorted({name for run in runs for name in run.curves} - set(metrics))
    header = "".join(f"<th>{escape(name)}</th>" for name in ("", "run", "step", "minutes", *metrics, *settings))
    rows = "\n".join(_row(run, index, metrics, settings) for index, run in enumerate(runs))
    charts = "\n".join(chart(name, runs) for name in (*metrics, *losses))
    warnings = "".join(f"<li>{escape(line)}</li>" for line in _warnings(runs))
    return f"""<h2>{escape(family)}</h2>
<div class="scroll"><table><thead><tr>{header}</tr></thead><tbody>
{rows}
</tbody></table></div>
{f"<ul>{warnings}</ul>" if warnings else ""}
<div class="charts">
{charts}
</div>"""


def _row(run: RunRecord, index: int, metrics: Sequence[str], settings: Sequence[str]) -> str:
    cells = [run.name, run.step, run.minutes, *(_number(_ranked(run, metric)) for metric in metrics)]
    cells += [_short(run.settings.get(name)) for name in settings]
    dot = f'<span class="dot" style="background:{COLOURS[index % len(COLOURS)]}"></span>'
    return f"<tr><td>{dot}</td>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


def chart(name: str, runs: Sequence[RunRecord]) -> str:
    """Return the curves of one loss or metric as SVG, one for each run that has it."""
    curves = [(index, run.name, run.curves[name]) for index, run in enumerate(runs) if name in run.curves]
    points = [point for _, _, curve in curves for point in curve]
    last = max(step for step, _ in points)
    low, high = min(value for _, value in points), max(value for _, value in points)
    span = (high - low) or 1.0

    def position(step: int, value: float) -> str:
        x = LEFT + (WIDTH - LEFT - 10) * step / max(last, 1)
        return f"{x:.1f},{10 + (HEIGHT - BOTTOM - 20) * (high - value) / span:.1f}"

    lines = "".join(
        f'<polyline fill="none" stroke="{COLOURS[index % len(COLOURS)]}" stroke-width="1.6" '
        f'points="{" ".join(position(*point) for point in curve)}"><title>{escape(run)}</title></polyline>'
        for index, run, curve in curves
    )
    baseline = HEIGHT - BOTTOM
    return f"""<svg role="img" aria-label="{escape(name)} by step" width="{WIDTH}" height="{HEIGHT}">
<text x="{LEFT}" y="{HEIGHT - 6}">0</text><text x="{WIDTH - 10}" y="{HEIGHT - 6}" text-anchor="end">step {last}</text>
<text x="{LEFT - 6}" y="16" text-anchor="end">{high:.4g}</text>
<text x="{LEFT - 6}" y="{baseline - 8}" text-anchor="end">{low:.4g}</text>
<text x="{(LEFT + WIDTH) // 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(name)}</text>
<path d="M{LEFT} 6V{baseline}H{WIDTH - 6}" fill="none" stroke="#b9b9c4"/>{lines}</svg>"""
