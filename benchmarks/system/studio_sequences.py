"""Random sequences of user actions in the studio: reloads, restarts of the server, a second tab, wrong files.

python -m benchmarks.system.studio_sequences                  # 500 sequences of 5 to 20 actions, by seed
python -m benchmarks.system.studio_sequences --first 40 --count 20
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from contextlib import chdir
from pathlib import Path

from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns

sys.path.append(str(Path(__file__).parents[2] / "tests"))

CHROMIUM = Peer("Chromium", "apt install chromium", program="chromium")
PLAYWRIGHT = Peer("Playwright", "pip install playwright", module="playwright")

SEQUENCES = Table("sequences", columns(sequences="d", actions="d", broken="d"), is_optional=True)
BROKEN = Table("broken", columns(seed="d", actions="d", problem="s"), is_optional=True)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--count", type=int, default=500, help="number of sequences")
    parser.add_argument("--actions", type=int, nargs=2, default=(5, 20), help="fewest and most actions of a sequence")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Walk every sequence that was asked for."""
    from studio_browser import reason_to_skip, running_browser
    from studio_sequences import Broken, Walk, make_files
    from test_studio import running_studio

    if reason_to_skip():
        report.skip(CHROMIUM if PLAYWRIGHT.is_installed else PLAYWRIGHT, "The studio")
        return
    n_actions, broken = 0, 0
    with tempfile.TemporaryDirectory() as name, chdir(name):
        folder = Path(name)
        os.environ["WAVEWRIGHT_HOME"] = str(folder / "models")
        files = make_files(folder)
        with running_studio(folder / "runs", job_workers=2) as server, running_browser() as browser:
            for seed in range(options.first, options.first + options.count):
                walk = Walk(browser, server, files, seed)
                try:
                    walk.walk(random.Random(seed).randint(*options.actions))
                except Broken as error:
                    broken += 1
                    report.add(BROKEN, {"seed": seed, "actions": walk.n_actions, "problem": str(error)})
                finally:
                    n_actions += walk.n_actions
                    walk.close()
    report.add(SEQUENCES, {"sequences": options.count, "actions": n_actions, "broken": broken})


BENCHMARK = Benchmark(__doc__, (SEQUENCES, BROKEN), add_options, measure, smoke={"count": 1, "actions": (2, 2)})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
