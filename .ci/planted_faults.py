"""Plant small faults at random lines and count those that `pytest` finds of those that `pytest --all` finds.

    python .ci/planted_faults.py --count 100 --seed 1

A fault is another comparison, another operator, a number that is larger by one, a negated condition or a swapped
constant, in a line of src/wavewright that a test runs. Lines are drawn first, so that `pytest --all` runs once with the
tests of each line noted in their files alone. First those tests of the default run that execute the line are run; where
none fails, all others that do. A fault that neither finds does not count. The sources are those of a copy.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from coverage import CoverageData

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("src") / "wavewright"
DRAWN = 4
"""Lines drawn for each fault that counts: some are run by no test, some faults change nothing."""

COMPARISONS = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.In: "not in"}
OPERATORS = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "+"}


def faults_of(source: str) -> Iterator[tuple[int, ast.expr, str]]:
    """Yield the line, the expression and the text that replaces it, of each fault that a source can have."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in COMPARISONS:
                new = f"({ast.unparse(left)} {COMPARISONS[type(operator)]} {ast.unparse(right)})"
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
                new = f"(({ast.unparse(left)}) {OPERATORS[type(operator)]} ({ast.unparse(right)}))"
            case ast.BoolOp(op=operator, values=values):
                word = " or " if isinstance(operator, ast.And) else " and "
                new = f"({word.join(f'({ast.unparse(value)})' for value in values)})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                new = f"({ast.unparse(operand)})"
            case ast.Constant(value=bool() as value):
                new = repr(not value)
            case ast.Constant(value=int() | float() as value):
                new = repr(value + 1)
            case _:
                continue
        yield node.lineno, node, new


def planted(source: str, node: ast.expr, new: str) -> str:
    """Return the source with an expression replaced."""
    lines = source.encode().splitlines(keepends=True)
    begin = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    text = source.encode()
    return (text[:begin] + new.encode() + text[end:]).decode()


def tests_by_line(paths: Collection[Path], file: Path) -> dict[Path, dict[int, set[str]]]:
    """Return the tests of `pytest --all` that run each line of some files; run it unless the file has that already."""
    if not file.is_file():
        settings = file.with_suffix(".cfg")
        settings.write_text("[run]\ninclude =\n" + "".join(f"    {path}\n" for path in sorted(paths)), encoding="utf-8")
        options = ("--all", "--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report=")
        environment = os.environ | {"COVERAGE_FILE": str(file)}
        subprocess.run([sys.executable, "-m", "pytest", *options], cwd=ROOT, env=environment, check=False)
    data = CoverageData(basename=str(file))
    data.read()
    return {
        path: {
            line: {context.partition("|")[0] for context in contexts} - {""}
            for line, contexts in data.contexts_by_lineno(str(path)).items()
        }
        for path in paths
    }


def selected(options: list[str]) -> set[str]:
    """Return the tests that a call of pytest would run."""
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-q", "--collect-only", *options]  # an id a line
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {line for line in listing.splitlines() if "::" in line}


def fails(tests: set[str], folder: Path) -> bool:
    """Whether one of the tests fails, or cannot even be collected, in a copy of the repository."""
    if not tests:
        return False
    listed = folder / "tests.txt"
    listed.write_text("\n".join(sorted(tests)) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-qq", "--no-header", "--tb=no", f"@{listed}"]
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode != 0


def main() -> int:
    """Print each fault and by which run it is found, then the share; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="faults that the whole run finds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="file of the tests of each line, which is kept for another call")
    options = parser.parse_args()
    generator = random.Random(options.seed)
    paths = sorted(path for path in (ROOT / PACKAGE).rglob("*.py") if not path.match("*kernels.py"))
    drawn = [(path, *fault) for path in paths for fault in faults_of(path.read_text(encoding="utf-8"))]
    drawn = generator.sample(drawn, min(len(drawn), DRAWN * options.count))
    default = selected([])
    found_by = {"default": 0, "all": 0, "none": 0}
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", "site", "corpora", "runs"))
        lines = tests_by_line({path for path, *_ in drawn}, options.data or Path(temporary) / "coverage")
        for path, line, node, new in drawn:
            tests = lines[path].get(line, set())
            if not tests:
                continue
            if found_by["default"] + found_by["all"] == options.count:
                break
            place = copy / path.relative_to(ROOT)
            source = place.read_text(encoding="utf-8")
            place.write_text(planted(source, node, new), encoding="utf-8")
            found = next(
                (name for name, some in (("default", tests & default), ("all", tests - default)) if fails(some, copy)),
                "none",
            )
            place.write_text(source, encoding="utf-8")
            found_by[found] += 1
            old = ast.get_source_segment(source, node)
            print(f"{found:8}{path.relative_to(ROOT / PACKAGE)}:{node.lineno}: {old!r} -> {new!r}", flush=True)
    n_found = found_by["default"] + found_by["all"]
    print(f"the default run finds {found_by['default']} of {n_found} faults that the whole run finds; {found_by}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
