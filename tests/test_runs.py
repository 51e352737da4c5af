"""Runs beside each other: settings that differ, metrics, curves, and run folders that are damaged."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from wavewright.apps.cli import run as run_command
from wavewright.base.errors import BadFolder, BadSetting
from wavewright.tasks.runs import runs
from wavewright.training.run_records.page import html_page, sparkline, text_table
from wavewright.training.run_records.records import differing_settings, find_runs, read_run

CLIPS = {"count": 7, "sha256": "0" * 64}


def write_run(folder: Path, losses: dict[int, float], family: str = "gan", **training: object) -> Path:
    folder.mkdir(parents=True)
    settings = {"steps": 100, "metric": "valid/loss", **training}
    contents = {
        "family": family,
        "recipe": {"model": {"channels": 8}, "data": {}, "training": settings},
        "clips": CLIPS,
    }
    (folder / "run.json").write_text(json.dumps(contents))
    lines = [{"time": 1.0, "step": step, "valid/loss": loss, "valid/other": -loss} for step, loss in losses.items()]
    lines.append({"time": 2.0, "step": max(losses, default=0), "minutes": 3.25, "ms_per_step": 5.0, "g/loss": 0.5})
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture
def folder(tmp_path) -> Path:
    write_run(tmp_path / "runs" / "a", {10: 3.0, 20: 1.0, 30: 2.0})
    write_run(tmp_path / "runs" / "b", {10: 2.5, 20: 0.5}, learning_rate=0.01)
    write_run(tmp_path / "runs" / "search" / "trials" / "0001", {50: 4.0}, "vae")
    return tmp_path / "runs"


def test_runs_are_read_from_folders_at_any_depth(folder):
    found = {run.name: run for run in find_runs([folder])}
    assert list(found) == ["runs/a", "runs/b", "runs/search/trials/0001"]
    a = found["runs/a"]
    assert (a.family, a.n_clips, a.step, a.minutes) == ("gan", 7, 30, 3.25)
    assert a.curves["valid/loss"] == [(10, 3.0), (20, 1.0), (30, 2.0)]
    assert (a.best("valid/loss"), a.best("-valid/loss"), a.last("valid/loss")) == (1.0, 3.0, 2.0)
    assert "time" not in a.curves
    assert [run.name for run in find_runs([folder / "a", folder])] == ["a", "runs/b", "runs/search/trials/0001"]


def test_runs_are_looked_for_as_deep_as_searches_have_them(tmp_path):
    for place in ("a/b/c", "a/b/d/too-deep", ".hidden/c", "a/b/c/within"):
        write_run(tmp_path / "runs" / place, {1: 1.0})
    assert [run.name for run in find_runs([tmp_path / "runs"])] == ["runs/a/b/c"]


def test_settings_that_differ_are_those_of_some_runs(folder):
    assert differing_settings(find_runs([folder / "a", folder / "b"])) == ["training.learning_rate"]
    assert runs((folder,)).differing == {"gan": ["training.learning_rate"], "vae": []}


def test_runs_are_sorted_by_their_best_value(folder):
    assert [run.name for run in runs((folder,), sort="valid/loss").runs] == [
        "runs/b",
        "runs/a",
        "runs/search/trials/0001",
    ]
    assert next(run.name for run in runs((folder,), sort="-valid/loss").runs) == "runs/search/trials/0001"
    with pytest.raises(BadSetting, match=r"No run has the metric 'loss'; there are g/loss, valid/loss"):
        runs((folder,), sort="loss")


def test_the_table_shows_best_values_and_curves(folder):
    table = text_table(find_runs([folder]))
    assert "gan: 2 runs" in table
    assert "vae: 1 run\n" in table
    line = next(line for line in table.splitlines() if line.startswith("runs/a"))
    assert line.split()[:5] == ["runs/a", "30", "3.2", "1", "█▁▅"]  # the best value, not the last


def test_a_resumed_run_has_one_curve(folder):
    with (folder / "a" / "log.jsonl").open("a") as log:
        log.write('{"step": 20, "valid/loss": 0.7}\n{"step": 40, "valid/loss": 0.6}\n{"step": 50, "valid/lo')
    assert read_run(folder / "a").curves["valid/loss"] == [(10, 3.0), (20, 0.7), (40, 0.6)]


@pytest.mark.parametrize(
    "line",
    ["[1, 2]", "nonsense", '{"step": "x", "valid/loss": 1}', '{"step": 60, "valid/loss": NaN}', "[" * 9_999, "\0"],
)
def test_strange_lines_are_left_out(folder, line):
    before = read_run(folder / "a").curves
    with (folder / "a" / "log.jsonl").open("a") as log:
        log.write(line + "\n")
    assert read_run(folder / "a").curves == before


def test_what_went_wrong_is_said_once_with_its_step(folder):
    with (folder / "a" / "log.jsonl").open("a") as log:
        log.write('{"step": 20, "warning": "<it> copies."}\n{"step": 30, "warning": "<it> copies."}\n{"warning": 5}\n')
    assert read_run(folder / "a").warnings == ((20, "<it> copies."),)
    found = find_runs([folder])
    assert text_table(found).splitlines()[4] == "runs/a, step 20: <it> copies."
    assert "<li>runs/a, step 20: &lt;it&gt; copies.</li>" in html_page(found, "Runs")


def test_a_damaged_run_is_listed_with_its_problem(folder):
    (folder / "b" / "run.json").write_text('{"family": 5')
    found = find_runs([folder])
    assert [bool(run.problem) for run in sorted(found, key=lambda run: run.name)] == [False, True, False]
    assert "runs/b: " in text_table(found)
    assert "cannot be read" in html_page(found, "Runs")


def test_the_page_draws_a_line_for_each_run(folder):
    write_run(folder / "<b>", {1: 1.0, 2: 1.0})
    page = html_page(find_runs([folder]), "Runs of <x>")
    assert "<b>" not in page
    charts = [
        ElementTree.fromstring(part.split("</svg>")[0] + "</svg>")
        for part in page.split("<div class")[0:]
        for part in ["<svg" + rest for rest in part.split("<svg")[1:]]
    ]
    losses = next(
        svg for svg in charts if svg.attrib["aria-label"] == "valid/loss by step" and len(svg.findall("polyline")) == 3
    )
    heights = [float(point.split(",")[1]) for point in losses.findall("polyline")[1].attrib["points"].split()]
    assert heights[1] > heights[2] > heights[0]  # of 3, 1 and 2: low values are further down
    assert "http" not in page


def test_a_sparkline_spans_its_values():
    assert sparkline([(0, 1.0), (1, 2.0), (2, 1.5)]) == "▁█▅"
    assert sparkline([(0, 1.0)]) == sparkline([(3, -7.0)]) == "▁"
    assert sparkline(None) == ""
    assert len(sparkline([(step, float(step)) for step in range(1_000)])) == 16


def test_the_command_writes_a_page_and_prints_json(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_command(["runs", "--html", "page.html", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["details"]
    assert [run["name"] for run in listed["runs"]] == ["runs/a", "runs/b", "runs/search/trials/0001"]
    assert listed["runs"][0]["curves"]["valid/loss"] == [[10, 3.0], [20, 1.0], [30, 2.0]]
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["nowhere"], "no folder nowhere"), (["."], "contains no run"), (["runs", "--html", "page.png"], "ends in .html")],
)
def test_wrong_arguments_are_refused(folder, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path if arguments != ["."] else write_empty(tmp_path))
    assert run_command(["runs", *arguments]) == 2
    assert message in capsys.readouterr().err


def write_empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(BadFolder):
        find_runs([tmp_path])
