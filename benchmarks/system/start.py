"""Time commands from a cold process, relative to the start of Python itself.

    python -m benchmarks system.start

The first run of each, which compiles loops and byte code, is not counted. Byte code is stored in a folder of its own,
because ``PYTHONDONTWRITEBYTECODE`` would otherwise have every process compile what ``pip install`` compiles once.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import time_process

PYTHON = [sys.executable]
WAVEWRIGHT = [*PYTHON, "-m", "wavewright"]
TEXT = "Hello there, this is a test."
BARE = "python -c pass"
COMMANDS = {
    BARE: [*PYTHON, "-c", "pass"],
    "import numpy, onnxruntime": [*PYTHON, "-c", "import numpy, wavewright.base.onnx_runtime"],
    "models list": [*WAVEWRIGHT, "models", "list"],
    "speak": [*WAVEWRIGHT, "speak", TEXT, "--out", "hello.wav"],
    "speak --out -, first bytes": [*WAVEWRIGHT, "speak", TEXT, "--out", "-"],
    "generate drums, 5 sounds": [*WAVEWRIGHT, "generate", "drums", "--count", "5", "--out", "drums"],
    "encode, 3 s": [*WAVEWRIGHT, "encode", "hello.wav", "--out", "hello.wwc"],
}
NEEDS = {"encode, 3 s": "speak"}
"""Commands whose input another command writes."""

TARGET_SECONDS = {"speak": 0.6, "speak --out -, first bytes": 0.6}
FIRST_BYTES = 46  # more than the header of the WAV file

STARTS = Table("cold starts", columns(command="s", seconds=".2f", times_of_python=".0f"))


def measure(options: Options, report: Report) -> None:
    """Add a row for each command: the time to its end or, where it streams, to its first samples."""
    names = [name for name in COMMANDS if name in (BARE, *options.only, *(NEEDS.get(name) for name in options.only))]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        work.mkdir()
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = inherited | {"PYTHONPYCACHEPREFIX": str(Path(folder) / "byte-code")}
        bare_seconds = 0.0
        for name in names:
            is_stream = "-" in COMMANDS[name]
            n_bytes = FIRST_BYTES if is_stream else 1
            runs = [time_process(COMMANDS[name], n_bytes, work, environment) for _ in range(options.runs + 1)][1:]
            seconds = statistics.median(run.seconds_to_first_bytes if is_stream else run.seconds for run in runs)
            bare_seconds = bare_seconds or seconds
            report.add(STARTS, command=name, seconds=seconds, times_of_python=seconds / bare_seconds)
            report.target(name, "cold start, s", seconds if name in TARGET_SECONDS else None, TARGET_SECONDS.get(name))


BENCHMARK = Benchmark(
    measure,
    Option("runs", 9, smoke=1),
    Option("only", list(COMMANDS), f"besides {BARE}", choices=COMMANDS, smoke=["models list"]),
)
