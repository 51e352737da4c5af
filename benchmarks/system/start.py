"""Time commands from a cold process, beside Python's own start: median seconds, and of the processor's time.

    python -m benchmarks.system.start [--runs 9] [--only speak]

The first run of each, which compiles loops and byte code, is not counted. Byte code is kept in a folder of its own, because
`PYTHONDONTWRITEBYTECODE` would otherwise have every process compile what `pip install` compiles once.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from wavewright.processor import processor_name

PYTHON = [sys.executable]
WAVEWRIGHT = [*PYTHON, "-m", "wavewright"]
TEXT = "Hello there, this is a test."
COMMANDS = {
    "python -c pass": [*PYTHON, "-c", "pass"],
    "import numpy, onnxruntime": [*PYTHON, "-c", "import numpy, wavewright.onnx_runtime"],
    "models list": [*WAVEWRIGHT, "models", "list"],
    "--help": [*WAVEWRIGHT, "--help"],
    "speak": [*WAVEWRIGHT, "speak", TEXT, "--out", "hello.wav"],
    "speak --stream, first bytes": [*WAVEWRIGHT, "speak", TEXT, "--stream"],
    "generate drums, 5 sounds": [*WAVEWRIGHT, "generate", "drums", "--count", "5", "--out", "drums"],
    "encode, 3 s": [*WAVEWRIGHT, "encode", "hello.wav", "--out", "hello.wwc"],
}
FIRST_BYTES = 46  # more than the header of the WAV file


def seconds_of(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Return the time from the start of a process to its end or, where it streams, to its first sample; and processor time."""
    used = processor_seconds()
    begin = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        if "--stream" in command:
            process.stdout.read(FIRST_BYTES)
            seconds = time.perf_counter() - begin
            process.stdout.read()
        else:
            process.stdout.read()
            process.wait()
            seconds = time.perf_counter() - begin
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
    return seconds, processor_seconds() - used


def processor_seconds() -> float:
    """Return the processor time of all processes that were started here and are over."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print a table: median seconds of each command, and its ratio to Python's own start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--only", help="a command of the table; Python's own start is always measured")
    given = parser.parse_args()
    n_runs = given.runs
    commands = {
        name: command
        for name, command in COMMANDS.items()
        if given.only in (None, name) or command[1:] == ["-c", "pass"]
    }
    with tempfile.TemporaryDirectory() as folder:
        work, byte_code = Path(folder) / "work", Path(folder) / "byte-code"
        work.mkdir()
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = kept | {"PYTHONPYCACHEPREFIX": str(byte_code)}
        print(processor_name(), f"Python {sys.version.split()[0]}", f"median of {n_runs}", sep=", ")
        bare = 0.0
        for name, command in commands.items():
            measured = [seconds_of(command, work, environment) for _ in range(n_runs + 1)][1:]
            seconds, used = (statistics.median(values) for values in zip(*measured, strict=True))
            bare = bare or seconds
            print(
                f"{name:28s} {seconds:6.2f} s  {used:6.2f} s of processor time  {seconds / bare:5.0f} times Python's start"
            )


if __name__ == "__main__":
    main()
