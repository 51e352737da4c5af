"""Measure the module of Speech Dispatcher as a screen reader uses it: time to the first sound, and to stop.

    python -m benchmarks.serve.screen_reader
    python -m benchmarks.serve.screen_reader --runs 50

The module runs in a process of its own, and this one takes the place of Speech Dispatcher. Each text is spoken once
before it is measured. The first sound is the first event with samples; a stop is sent at a random time after it, and is
answered by its event.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns

TEXTS = {
    "letter": ("CHAR", "a"),
    "menu": ("SPEAK", "<speak>File menu</speak>"),
    "key": ("KEY", "control_shift_a"),
    "sentence": ("SPEAK", "<speak>The document was saved, and it is open in another window, too.</speak>"),
}
LONG = "<speak>" + "The quick brown fox jumps over the lazy dog, and then it sleeps. " * 20 + "</speak>"
LONGEST_WAIT_SECONDS = 0.3
STOP_TARGET_MS = 10.0

STARTS = Table("start", columns(init_s=".1f", first_sound_s=".1f", resident_mb=".0f"))
FIRST_SOUNDS = Table("first sound", columns(text="s", median_ms=".0f", worst_ms=".0f"))
STOPS = Table("stop", columns(runs="d", median_ms=".1f", worst_ms=".1f"))


class Module:
    """A running module; times are those of the clock of `time.perf_counter`."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        self._source = source
        self._sink = sink

    def send(self, text: str) -> float:
        """Send lines; return the time before."""
        started = time.perf_counter()
        self._sink.write(text.encode())
        self._sink.flush()
        return started

    def wait(self, *codes: bytes) -> float:
        """Wait for the last line of a reply or event with one of some codes; return the time."""
        while line := self._source.readline():
            if line[:3] in codes and line[3:4] == b" ":
                return time.perf_counter()
        raise RuntimeError("The module ended.")

    def first_sound_ms(self, kind: str, text: str) -> float:
        """Speak a message to its end; return the time to its first samples in ms."""
        started = self.send(f"{kind}\n{text}\n.\n")
        first = self.wait(b"705")
        self.wait(b"702")
        return 1000 * (first - started)

    def stop_ms(self, wait_seconds: float) -> float:
        """Speak a long text and stop it; return the time to the event in ms."""
        self.send(f"SPEAK\n{LONG}\n.\n")
        self.wait(b"705")
        end = time.perf_counter() + wait_seconds
        while time.perf_counter() < end:
            self.wait(b"705")  # as Speech Dispatcher reads on
        started = self.send("STOP\n")
        return 1000 * (self.wait(b"703") - started)


@contextmanager
def running() -> Iterator[tuple[Module, int]]:
    """Start the module; yield it and the number of its process."""
    command = [sys.executable, "-m", "wavewright", "speechd"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Module(process.stdout, process.stdin), process.pid
        process.stdin.close()


def resident_mb(process: int) -> float:
    """Return the memory of a process in MB, 0 where the system does not say it."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS")), 0.0)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=20)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Start the module, and measure it."""
    rng = random.Random(1)
    with running() as (module, process):
        started = module.send("INIT\n")
        initialised = module.wait(b"299") - started
        module.send("AUDIO\naudio_output_method=server\n.\n")
        module.wait(b"203")
        first = module.first_sound_ms(*TEXTS["menu"]) / 1000
        for name, (kind, text) in TEXTS.items():
            module.first_sound_ms(kind, text)
            times = [module.first_sound_ms(kind, text) for _ in range(options.runs)]
            report.add(FIRST_SOUNDS, {"text": name, "median_ms": statistics.median(times), "worst_ms": max(times)})
        stops = [module.stop_ms(rng.uniform(0, LONGEST_WAIT_SECONDS)) for _ in range(options.runs)]
        report.add(STARTS, {"init_s": initialised, "first_sound_s": first, "resident_mb": resident_mb(process)})
    row = {"runs": options.runs, "median_ms": statistics.median(stops), "worst_ms": max(stops)}
    report.add(STOPS, row)
    report.target("stop", "from STOP to its event, median, ms", row["median_ms"], at_most=STOP_TARGET_MS)


BENCHMARK = Benchmark(__doc__, (STARTS, FIRST_SOUNDS, STOPS, TARGETS), add_options, measure, smoke={"runs": 2})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
