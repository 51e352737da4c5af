"""Run a benchmark by its name, or list all of them: ``python -m benchmarks [NAME [options]]``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from benchmarks.harness.script import Benchmark

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of all benchmarks, such as ``codec.opus``."""
    scripts = [path for path in FOLDER.glob("*/*.py") if "\nBENCHMARK = " in path.read_text(encoding="utf-8")]
    return sorted(f"{path.parent.name}.{path.stem}" for path in scripts)


def benchmark(name: str) -> Benchmark:
    """Return a benchmark by its name."""
    return importlib.import_module(f"benchmarks.{name}").BENCHMARK


def run(arguments: list[str]) -> int:
    """Run a benchmark; return its exit code."""
    if not arguments or arguments[0] not in names():
        print("Name one of these benchmarks; with --help behind the name, one lists its options:\n")
        print("\n".join(names()))
        return 2 if arguments and arguments[0] not in ("-h", "--help") else 0
    return benchmark(arguments[0]).run(arguments[1:])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
