"""Choose the tests of `pytest` from those of `pytest --all`, by what each takes and the lines that it runs.

    pytest --all --measure --cov --cov-context=test --cov-report=
    python .ci/choose_tests.py --share 0.955

The first command writes `.pytest_cache/seconds.json` and `.coverage`. All cases below QUICK_SECONDS are chosen, and
those below FEW_SECONDS that run no function of the package in their process, such as those of imports and documents. Of
the others, the one with the largest gain for each second is chosen next, until the chosen ones would find that share of
what all would find. The gain of a case is how many faults it would be the first to find, were there one on each line in
functions that it runs: a test finds a fault on a line that it runs with a probability of FIRST, and each further case
of a test that is chosen already with FURTHER; both are estimates from what .ci/planted_faults.py printed with seed 4.
Seconds are those of the first command, so what else the machine did counts alike for all. The rest is written to
tests/durations.json: cases ("file.py::test[case]"), and files whose cases all wait ("file.py"). Of files that were not
measured it keeps what it has.
"""

from __future__ import annotations

import argparse
import ast
import heapq
import json
import sqlite3
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from coverage.numbits import numbits_to_nums

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "wavewright"
DURATIONS = ROOT / "tests" / "durations.json"
QUICK_SECONDS, FEW_SECONDS = 0.04, 2.0
FIRST, FURTHER = 0.14, 0.036
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def lines_in_functions(source: str) -> set[int]:
    """Return the numbers of the lines in bodies of functions: those outside run when a module is imported."""
    functions = (each for each in ast.walk(ast.parse(source)) if isinstance(each, FUNCTIONS))
    return {line for each in functions for line in range(each.body[0].lineno, (each.end_lineno or 0) + 1)}


def lines_of_cases(path: Path) -> dict[str, dict[Path, set[int]]]:
    """Return the lines in functions that each case ran, by file below PACKAGE, from a coverage file with contexts."""
    rows = sqlite3.connect(path).execute(
        "select context.context, file.path, numbits from line_bits "
        "join context on context.id = context_id join file on file.id = file_id"
    )
    inside: dict[str, set[int]] = {}
    cases: dict[str, dict[Path, set[int]]] = defaultdict(lambda: defaultdict(set))
    for context, file, numbits in rows:
        if not context:  # outside of tests
            continue
        if file not in inside:
            inside[file] = lines_in_functions(Path(file).read_text(encoding="utf-8"))
        case = context.rpartition("|")[0].removeprefix("tests/")
        cases[case][Path(file).relative_to(PACKAGE)] |= inside[file].intersection(numbits_to_nums(numbits))
    return cases


def numbered(cases: dict[str, dict[Path, set[int]]]) -> tuple[dict[str, np.ndarray], int]:
    """Return the lines of each case as numbers of all lines that any runs, and how many there are."""
    numbers: dict[tuple[Path, int], int] = {}
    lines = {
        case: np.array([numbers.setdefault((file, line), len(numbers)) for file in files for line in files[file]], int)
        for case, files in cases.items()
        if any(files.values())
    }
    return lines, len(numbers)


def chosen_cases(seconds: dict[str, float], lines: dict[str, np.ndarray], n_lines: int, share: float) -> set[str]:
    """Return the cases of the default run: the quick ones, and of the others those with the largest gains a second."""
    left, nothing = np.ones(n_lines), np.zeros(0, int)  # how likely a fault on each line is still not found
    chosen: set[str] = set()
    tests: set[str] = set()

    def probability(case: str) -> float:
        return FURTHER if case.partition("[")[0] in tests else FIRST

    def choose(case: str) -> None:
        left[lines.get(case, nothing)] *= 1 - probability(case)
        chosen.add(case)
        tests.add(case.partition("[")[0])

    def gain(case: str) -> float:
        return float(left[lines.get(case, nothing)].sum()) * probability(case) / seconds[case]

    for case in seconds:
        choose(case)
    enough = share * float((1 - left).sum())
    left[:] = 1
    chosen.clear()
    tests.clear()
    for case, each in seconds.items():
        if each < (QUICK_SECONDS if case in lines else FEW_SECONDS):
            choose(case)
    queue = [(-gain(case), case) for case in seconds if case not in chosen]
    heapq.heapify(queue)
    while queue and float((1 - left).sum()) < enough:
        case = heapq.heappop(queue)[1]
        now = -gain(case)
        if queue and now > queue[0][0]:  # it gains less since others were chosen
            heapq.heappush(queue, (now, case))
        else:
            choose(case)
    return chosen


def main() -> int:
    """Write tests/durations.json, and print what was chosen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.955, help="of the faults that the whole run would find")
    options = parser.parse_args()
    seconds = json.loads((ROOT / ".pytest_cache" / "seconds.json").read_text(encoding="utf-8"))
    lines, n_lines = numbered(lines_of_cases(ROOT / ".coverage"))
    chosen = chosen_cases(seconds, lines, n_lines, options.share)
    waiting = {case: max(round(each, 1), 0.1) for case, each in seconds.items() if case not in chosen}
    files_chosen = {case.partition("::")[0] for case in chosen}
    for case in [*waiting]:
        if (file := case.partition("::")[0]) not in files_chosen:
            waiting[file] = round(waiting.get(file, 0.0) + waiting[case], 1)
    measured = {case.partition("::")[0] for case in seconds}
    former = json.loads(DURATIONS.read_text(encoding="utf-8"))
    waiting |= {name: each for name, each in former.items() if name.partition("::")[0] not in measured}
    DURATIONS.write_text(json.dumps(dict(sorted(waiting.items())), indent=0) + "\n", encoding="utf-8")
    covered = np.unique(np.concatenate([lines.get(case, np.zeros(0, int)) for case in chosen])).size
    total, taken = sum(seconds.values()), sum(seconds[case] for case in chosen)
    print(f"{len(chosen)} of {len(seconds)} cases, {taken:.0f} of {total:.0f} s, {covered} of {n_lines} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
