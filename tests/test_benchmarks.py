"""Every benchmark runs on tiny sizes and writes tables with the columns that it declares."""

from __future__ import annotations

import ast
import functools
import json
import math
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import benchmark as benchmark_of, names, run
from benchmarks.harness.peers import Peer
from benchmarks.harness.script import TARGETS, Benchmark, Report, Table, columns, optional
from benchmarks.harness.timing import median_seconds, time_process
from wavewright.base.errors import MissingExtra
from wavewright.metrics.sampling import Interval

ROOT = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = names()
SOURCES = sorted(ROOT.rglob("*.py"))


def finite_numbers(value: object) -> list[float]:
    """Return the numbers of a cell, all of an interval; raise AssertionError unless they are finite."""
    numbers = list(value.values()) if isinstance(value, dict) else [value]
    assert all(isinstance(each, int | float) and math.isfinite(each) for each in numbers), value
    return numbers


def check_tables(result: dict[str, object], benchmark: Benchmark) -> None:
    """Raise AssertionError unless a result has the rows and columns that its benchmark declares."""
    tables = result["tables"]
    assert list(tables) == [table.name for table in benchmark.tables]
    for table in benchmark.tables:
        rows = tables[table.name]
        assert rows or table.is_optional, f"{table.name} has no rows"
        for row in rows:
            assert list(row) == list(table.columns)
            for name, column in table.columns.items():
                if row[name] is None:
                    assert column.is_optional, f"{name} of {table.name} is missing"
                elif column.is_text:
                    assert isinstance(row[name], bool) or row[name].strip()
                else:
                    finite_numbers(row[name])


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_fills_the_tables_that_it_declares(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    benchmark = benchmark_of(script)
    out = tmp_path / "result.json"
    assert benchmark.name == script
    assert benchmark.run(["--smoke", "--json", str(out)]) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    check_tables(result, benchmark)
    assert result["benchmark"] == script
    printed = capsys.readouterr().out
    for name, rows in result["tables"].items():
        assert (f"\n{name}\n\n| " in printed) == bool(rows)
    assert {path.name for path in tmp_path.iterdir()} <= {"result.json", ".cache"}


def test_without_a_name_all_benchmarks_are_listed(capsys):
    assert run([]) == 0
    assert capsys.readouterr().out.split("\n\n")[1].split() == SCRIPTS
    assert run(["codec.opsu"]) == 2


COMMAND = re.compile(r"python\s+-m\s+benchmarks\s+([a-z_]+\.[a-z_]+)((?:\\+\n|[^`#\n)\\])*)")


# Processor time, too, depends on what else the machine does.
CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "thread_time", "monotonic_ns", "perf_counter_ns"}


nodes_of = functools.lru_cache(maxsize=1)(lambda source: [*ast.walk(ast.parse(source))])


def measured_times(source: str) -> list[int]:
    """Return the lines where a source takes the time since a moment before: a clock less a name."""
    return [
        node.lineno
        for node in nodes_of(source)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and isinstance(node.left, ast.Call)
        and getattr(node.left.func, "attr", "") in CLOCKS
        and isinstance(node.right, ast.Name | ast.Attribute)
    ]


WAITS = {"join", "wait", "wait_for", "settimeout", "set_default_timeout"}
LIMITS = {"timeout", "open_timeout", "close_timeout"}


def own_limits(source: str) -> list[int]:
    """Return the lines where a source waits for a number of seconds of its own."""
    calls = [node for node in nodes_of(source) if isinstance(node, ast.Call)]
    return [
        call.lineno
        for call in calls
        for value in (
            *(keyword.value for keyword in call.keywords if keyword.arg in LIMITS),
            *(call.args if getattr(call.func, "attr", "") in WAITS else ()),
        )
        if isinstance(value, ast.Constant) and isinstance(value.value, int | float)
    ]


def test_no_test_knows_the_time():
    """What measures time, or gives up after some, fails on a machine that is busy or slow; benchmarks measure it."""
    assert measured_times("start = time.perf_counter()\nassert time.perf_counter() - start < 2") == [2]
    assert measured_times("long_ago = time.time() - 24 * 3_600") == []
    assert own_limits("thread.join(30)\nrun(command, timeout=60)\n', '.join(names)\nevent.wait(LIMIT_SECONDS)") == [
        1,
        2,
    ]
    for path in Path(__file__).parent.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert (path.name, measured_times(source), own_limits(source)) == (path.name, [], [])


def test_every_section_of_the_benchmarks_has_a_command():
    pages = sorted((ROOT.parent / "docs" / "benchmarks").glob("*.md"))
    if not pages:
        pytest.skip("the documents are not beside the tests")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert "no command" not in text
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    command = re.compile(
        r"python -m |python (recipes|tests)/|wavewright |`recipes/\w+\.py`"
    )  # a recipe lists its commands
    without = [each.splitlines()[0] for each in sections if not command.search(each)]
    assert without == []


def commands() -> list[tuple[str, str, list[str]]]:
    """Return the file, the script and the arguments of each command in the documents, the recipes and the scripts."""
    project = ROOT.parent
    files = [*project.glob("*.md"), *(project / "docs").rglob("*.md"), *(project / "recipes").rglob("*.py"), *SOURCES]
    return [
        (str(file.relative_to(project)), script, shlex.split(re.sub(r"\\+\n", " ", arguments)))
        for file in files
        for script, arguments in COMMAND.findall(file.read_text(encoding="utf-8"))
    ]


def test_every_command_names_a_script_and_its_options(capsys):
    pytest.importorskip("torch")
    named = commands()
    assert {script for _, script, _ in named} >= set(SCRIPTS)  # each has its command in its docstring
    for file, script, arguments in named:
        if "[" not in " ".join(arguments):
            parser = benchmark_of(script).parser()
            try:
                parser.parse_args([argument for argument in arguments if argument != "..."])
            except SystemExit:
                pytest.fail(f"{file}: {script} {arguments}: {capsys.readouterr().err.splitlines()[-1]}")


# --- The harness

CELLS = Table("cells", columns(name="s", value=".1f") | optional(extra=".2f"))


def test_a_row_must_have_the_declared_columns():
    assert CELLS.checked({"value": 2, "name": "a"}) == {"name": "a", "value": 2, "extra": None}
    with pytest.raises(ValueError, match=r"unknown columns \['other'\]"):
        CELLS.checked({"name": "a", "value": 1.0, "other": 2})
    with pytest.raises(ValueError, match=r"lacks \['value'\]"):
        CELLS.checked({"name": "a"})


def test_markdown_aligns_numbers_and_leaves_out_empty_columns():
    rows = [
        CELLS.checked({"name": "first", "value": Interval(2.0, 1.0, 30.0)}),
        CELLS.checked({"name": "b", "value": 1}),
    ]
    assert CELLS.markdown(rows).splitlines() == [
        "| name  |             value |",
        "| ----- | ----------------: |",
        "| first | 2.0 (1.0 to 30.0) |",
        "| b     |               1.0 |",
    ]


@pytest.mark.parametrize(
    ("value", "limits", "is_met"),
    [(2.0, {"at_most": 2.0}, True), (2.0, {"at_least": 2.5}, False), (Interval(1.0, 0.0, 9.0), {"at_most": 3}, True)],
)
def test_a_target_compares_a_value_with_its_limit(value, limits, is_met, tmp_path):
    report = Report("test", (TARGETS,), {}, tmp_path / "out.json")
    report.target("subject", "target", None, at_most=1.0)  # not measured
    report.target("subject", "target", value, **limits)
    (row,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["tables"]["targets"]
    assert row["is_met"] is is_met


def test_a_cut_run_leaves_the_rows_so_far(tmp_path):
    def measure(options, report):
        report.add(CELLS, {"name": "a", "value": 1.0})
        raise KeyboardInterrupt

    benchmark = Benchmark(measure)
    with pytest.raises(KeyboardInterrupt):
        benchmark.run(["--json", str(tmp_path / "out.json")])
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["tables"]["cells"][0]["value"] == 1.0


def test_a_missing_corpus_is_one_sentence_and_exit_code_2(capsys):
    from benchmarks.codec.opus import BENCHMARK

    with pytest.raises(SystemExit) as ended:
        BENCHMARK.run(["--clips", "speech=nowhere:test"])
    assert ended.value.code == 2
    assert "nowhere" in capsys.readouterr().err.splitlines()[-1]


def test_a_peer_that_is_not_installed_says_how_to_install_it():
    peer = Peer("No such tool", "apt install no-such-tool", program="no-such-tool")
    assert not peer.is_installed
    with pytest.raises(MissingExtra, match="No such tool is not installed \\(apt install no-such-tool\\)"):
        peer.require()
    assert Peer("NumPy", "", module="numpy").is_installed


def test_the_median_leaves_out_the_first_call():
    readings = iter([20.0, 21.0, 30.0, 33.0, 40.0, 48.0])
    calls = []
    assert median_seconds(lambda: calls.append(1), 3, lambda: next(readings)) == 3.0
    assert len(calls) == 4


def test_the_first_bytes_of_a_process_come_before_its_end():
    program = [sys.executable, "-c", "print('ab')"]
    times = time_process(program, n_first_bytes=2)
    assert 0 < times.seconds_to_first_bytes < times.seconds
    assert time_process(program, n_first_bytes=100).seconds_to_first_bytes > 0
    with pytest.raises(subprocess.CalledProcessError):
        time_process([sys.executable, "-c", "raise SystemExit(3)"])
