"""Trace the system calls of inference and training for over a minute: no socket, no file outside of cache and outputs.

    python -m benchmarks system.network

ONNX Runtime's telemetry starts 45 s after its import, so each process runs for 75 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness.peers import STRACE
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns

PROGRAM = Path(__file__).parents[2] / "tests" / "fresh_home.py"
NETWORK_CALLS = "socket,connect,bind,sendto,sendmsg"
OWN_FOLDERS = (Path(".cache") / "wavewright",)
SCRIPTS = {
    "import": "import wavewright.base.onnx_runtime",
    "play": f"import runpy; runpy.run_path({str(PROGRAM)!r}, run_name='__main__')",
    "train": f"import runpy; runpy.run_path({str(PROGRAM)!r}, run_name='__main__')",
}
"""Programs by the argument that tests/fresh_home.py takes, and one that only imports."""

CALLS = Table(
    "network calls and files", columns(process="s", seconds="g", network_calls="d", files_outside="d"), is_optional=True
)


def trace(process: str, seconds: float, folder: Path) -> tuple[list[str], list[str]]:
    """Run a program in an empty home folder; return its network calls and the files that it leaves elsewhere."""
    home, work, log = (folder / name for name in ("home", "work", "calls.txt"))
    home.mkdir(parents=True)
    work.mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "MPL", "ORT_"))}
    program = [sys.executable, "-c", f"import time; {SCRIPTS[process]}; time.sleep({seconds})", process]
    traced = ["strace", "-f", "-qq", "-e", f"trace={NETWORK_CALLS}", "-o", str(log), *program]
    environment = inherited | {"HOME": str(home)}
    subprocess.run(traced, cwd=work, env=environment, check=True, stdout=subprocess.DEVNULL)
    files = [path.relative_to(home) for path in home.rglob("*") if path.is_file()]
    outside = [str(path) for path in files if not any(path.is_relative_to(own) for own in OWN_FOLDERS)]
    calls = [line for line in log.read_text().splitlines() if "(" in line and "socketpair" not in line]
    return calls, outside


def measure(options: Options, report: Report) -> None:
    if not report.has(STRACE, "System calls"):
        return
    with tempfile.TemporaryDirectory() as folder:
        for process in options.only:
            calls, outside = trace(process, options.seconds, Path(folder) / process)
            row = {"network_calls": len(calls), "files_outside": len(outside)}
            report.add(CALLS, process=process, seconds=options.seconds, **row)
            for line in (*calls[:20], *outside[:20]):
                report.note(f"{process}: {line}")
            report.has_fault |= bool(calls or outside)


BENCHMARK = Benchmark(
    measure,
    Option("only", ["play", "train"], choices=SCRIPTS, smoke=["import"]),
    Option("seconds", 75.0, "that a process stays after its work", smoke=0.0),
)
