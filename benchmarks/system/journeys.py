"""Time the command lines of the tutorials on a machine that has compiled nothing yet, without their trainings.

    python -m benchmarks.system.journeys
    python -m benchmarks.system.journeys --only musician

Each line runs in a new process, all lines of a page in one folder, with an empty cache of compiled loops. A training
takes two steps here, so that the lines after it have a model; its time is not counted. Processor seconds are those of
an idle machine.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from benchmarks.harness.timing import time_process

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("musician", "podcaster", "voice-developer", "student")
SERVES = "serve"
"""The command that ends with Ctrl-C."""

N_SENTENCES = 50
TARGET_SECONDS = 600.0

JOURNEYS = Table("journeys", columns(page="s", commands="d", seconds=".0f", processor_seconds=".0f"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--only", nargs="+", choices=PAGES, default=list(PAGES))
    parser.add_argument("--commands", type=int, help="only so many of each page")


def lines_of(page: str) -> list[list[str]]:
    """Return the arguments of the commands with which a page opens."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    block = re.search(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert block is not None
    return [shlex.split(line)[1:] for line in re.sub(r"\\\n\s*", "", block[1]).splitlines()]


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each page."""
    for page in options.only:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            work.mkdir()
            script = (DOCS / "voice" / "script.txt").read_text(encoding="utf-8").splitlines()[:N_SENTENCES]
            (work / "script.txt").write_text("\n".join(script), encoding="utf-8")
            (work / "words.txt").write_text("Wawrzyniak  V AA0 V ZH IH1 N Y AA0 K\n", encoding="utf-8")
            environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder) / "numba")}
            n_commands, seconds, processor_seconds = 0, 0.0, 0.0
            for arguments in lines_of(page)[: options.commands]:
                if arguments[0] == SERVES:
                    continue
                if arguments[0] == "train":
                    at = arguments.index("--max-minutes")
                    arguments[at : at + 2] = ["--set", "training.steps=2"]
                run = time_process([sys.executable, "-m", "wavewright", *arguments], 1, work, environment)
                if arguments[0] != "train":
                    n_commands += 1
                    seconds += run.seconds
                    processor_seconds += run.processor_seconds
            row = {"page": page, "commands": n_commands, "seconds": seconds, "processor_seconds": processor_seconds}
            report.add(JOURNEYS, row)
            report.target(page, "processor seconds", processor_seconds, at_most=TARGET_SECONDS)


BENCHMARK = Benchmark(__doc__, (JOURNEYS, TARGETS), add_options, measure, smoke={"only": ["podcaster"], "commands": 1})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
