"""Choose the tests of `pytest` from those of `pytest --all`, by what each takes and the lines that it runs.

    pytest --all --measure --cov --cov-context=test --cov-report=
    python .ci/choose_tests.py --share 0.955

The first command writes `.pytest_cache/seconds.json` and `.coverage`. All cases below QUICK_SECONDS are chosen, and
those below FEW_SECONDS that run no function of the package in their process, such as those of imports and documents,
and those of the site, whose parts lie outside the package. Of the others, the one with the largest gain for each
second is chosen next, until the chosen ones would find that share of what all would find. The gain of a case is how
many faults it would be the first to find, were there one on each line in functions that it runs: a test finds a fault
on a line that it runs with a probability of FIRST, and each further case of a test that is chosen already with
FURTHER; both are estimates from what .ci/planted_faults.py printed with seed 4. Seconds are those of the first
command, so what else the machine did counts alike for all. The rest is written to tests/durations.json: cases
("file.py::test[case]"), and files whose cases all wait ("file.py"). Of files that were not measured it keeps what it
has.
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
ALWAYS = "test_site.py::"
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


class Choice:
    """Cases, and how likely a fault on each line is that none of them finds."""

    def __init__(self, seconds: dict[str, float], lines: dict[str, np.ndarray], n_lines: int) -> None:
        self.seconds, self.lines = seconds, lines
        self.left = np.ones(n_lines)
        self.cases: set[str] = set()
        self.tests: set[str] = set()

    def add(self, case: str) -> None:
        """Choose a case."""
        self.left[self._lines_of(case)] *= 1 - self._probability(case)
        self.cases.add(case)
        self.tests.add(case.partition("[")[0])

    def gain(self, case: str) -> float:
        """Return the faults that a case would find besides, a second."""
        return float(self.left[self._lines_of(case)].sum()) * self._probability(case) / self.seconds[case]

    @property
    def n_found(self) -> float:
        """How many of the faults, one on each line, the cases find."""
        return float((1 - self.left).sum())

    def _lines_of(self, case: str) -> np.ndarray:
        return self.lines.get(case, np.zeros(0, int))

    def _probability(self, case: str) -> float:
        return FURTHER if case.partition("[")[0] in self.tests else FIRST


def chosen_cases(seconds: dict[str, float], lines: dict[str, np.ndarray], n_lines: int, share: float) -> set[str]:
    """Return the cases of the default run: the quick ones, and of the others those with the largest gains a second."""
    whole, choice = Choice(seconds, lines, n_lines), Choice(seconds, lines, n_lines)
    for case, each in seconds.items():
        whole.add(case)
        if each < (QUICK_SECONDS if case in lines else FEW_SECONDS) or case.startswith(ALWAYS):
            choice.add(case)
    queue = [(-choice.gain(case), case) for case in seconds if case not in choice.cases]
    heapq.heapify(queue)
    while queue and choice.n_found < share * whole.n_found:
        case = heapq.heappop(queue)[1]
        now = -choice.gain(case)
        if queue and now > queue[0][0]:  # it gains less since others were chosen
            heapq.heappush(queue, (now, case))
        else:
            choice.add(case)
    return choice.cases


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
