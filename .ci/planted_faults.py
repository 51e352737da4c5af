"""Plant small faults at random places and count those that `pytest` finds of those that `pytest --all` finds.

    pytest --all --measure --cov --cov-context=test --cov-report=
    python .ci/planted_faults.py --count 100 --seed 1

A fault is another comparison, another operator, a number that is larger by one, a negated condition or a swapped
constant in the body of a function of src/wavewright. The first command, which .ci/choose_tests.py needs as well, notes
the tests that run each line. First those of them that `pytest` runs are run with the fault; where none fails, the
others. A fault that neither finds does not count. A run that does not end has found it.

Seeds 7 to 9, of no part in the choice of the tests: `pytest` found 99 of 101 (95 % interval 93 to 100), and 40 further
faults were found by no test.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from choose_tests import DURATIONS, PACKAGE, ROOT, lines_of_cases

FEW_SECONDS = 10  # of tests that are quicker in one process than in several that each begin anew
MEMORY = 24 * 2**30  # bytes of addresses that a process may take with a fault
COMPARISONS = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.In: "not in"}
OPERATORS = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "+"}


def decorators_of(tree: ast.AST) -> list[ast.expr]:
    """Return the decorators of a function or class, none of anything else."""
    return getattr(tree, "decorator_list", [])


def expressions(tree: ast.AST, called: bool = False) -> Iterator[ast.expr]:
    """Yield the expressions of functions' bodies, without parts of f-strings, which have no places of their own."""
    if any("compiled" in ast.unparse(each) or "inlined" in ast.unparse(each) for each in decorators_of(tree)):
        return  # Python does not run it
    for name, field in ast.iter_fields(tree):
        within = called or (name == "body" and isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))
        for child in field if isinstance(field, list) else [field]:
            if within and isinstance(child, ast.expr):
                yield child
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr | ast.pattern):
                yield from expressions(child, within)


def faults_of(source: str) -> Iterator[tuple[ast.expr, str]]:
    """Yield the expression, and the text that replaces it, of each fault that a source can have."""
    for node in expressions(ast.parse(source)):
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
        yield node, new


def replaced(source: str, node: ast.expr, new: str) -> str:
    """Return the source with an expression replaced."""
    lines = source.encode().splitlines(keepends=True)
    begin = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: (node.end_lineno or 0) - 1])) + (node.end_col_offset or 0)
    text = b"".join(lines)
    return (text[:begin] + new.encode() + text[end:]).decode()


def drawn_faults(generator: random.Random) -> list[tuple[Path, ast.expr, str]]:
    """Return all faults of the package's files in random order."""
    paths = sorted(path for path in PACKAGE.rglob("*.py") if not path.match("*kernels.py"))
    sources = {path: path.read_text(encoding="utf-8") for path in paths if path.parent != PACKAGE}
    all_faults = [
        (path.relative_to(PACKAGE), *fault) for path, source in sources.items() for fault in faults_of(source)
    ]
    return generator.sample(all_faults, len(all_faults))


def tests_of_lines() -> dict[tuple[Path, int], set[str]]:
    """Return the tests that run each line of a file below PACKAGE."""
    tests: dict[tuple[Path, int], set[str]] = defaultdict(set)
    for case, files in lines_of_cases(ROOT / ".coverage").items():
        for path, lines in files.items():
            for line in lines:
                tests[path, line].add(f"tests/{case}")
    return tests


def run(options: list[str], copy: Path, seconds: float) -> bool:
    """Run pytest on a copy of the repository; return whether all tests pass in so many seconds."""
    command = [sys.executable, "-m", "pytest", "-qq", "--no-header", "--tb=no", *options]
    process = subprocess.Popen(
        command,
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy / "src")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def selected(options: list[str]) -> set[str]:
    """Return the tests that a call of pytest would run."""
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-q", "--collect-only", *options]  # an id a line
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {line for line in listing.splitlines() if "::" in line}


def fails(tests: Collection[str], copy: Path, durations: dict[str, float]) -> bool:
    """Whether one of the tests fails, cannot even be collected or does not end; the quickest go first."""
    if not tests:
        return False
    seconds = {test: durations.get(test.removeprefix("tests/"), 0.0) for test in tests}
    listed = copy / "tests.txt"
    listed.write_text("\n".join(sorted(tests, key=lambda test: (seconds[test], test))) + "\n", encoding="utf-8")
    estimate = sum(seconds.values()) + 0.03 * len(tests)
    alone = ["-n", "0"] if estimate < FEW_SECONDS else []
    return not run(["-x", *alone, f"@{listed}"], copy, 900 + 20 * estimate)


def main() -> int:
    """Print each fault and by which run it is found, then the share; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="faults that the whole run finds")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tests_by_line, default = tests_of_lines(), selected([])
    durations = json.loads(DURATIONS.read_text(encoding="utf-8"))
    found_by = {"default": 0, "all": 0, "none": 0}
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", "site", "corpora", "runs", ".coverage"))
        for path, node, new in drawn_faults(random.Random(options.seed)):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            tests = set().union(*(tests_by_line[path, line] for line in lines))
            if not tests:
                continue
            if found_by["default"] + found_by["all"] == options.count:
                break
            source = (PACKAGE / path).read_text(encoding="utf-8")
            planted = copy / PACKAGE.relative_to(ROOT) / path
            planted.write_text(replaced(source, node, new), encoding="utf-8")
            runs = (("default", tests & default), ("all", tests - default))
            found = next((name for name, some in runs if fails(some, copy, durations)), "none")
            planted.write_text(source, encoding="utf-8")
            found_by[found] += 1
            old = ast.get_source_segment(source, node)
            print(f"{found:8}{path}:{node.lineno}: {old!r} -> {new!r}", flush=True)
    n_found = found_by["default"] + found_by["all"]
    print(f"the default run finds {found_by['default']} of {n_found} faults that the whole run finds; {found_by}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
