"""Measure the module of Speech Dispatcher as a screen reader uses it: time to the first sound, and to stop.

    python -m benchmarks serve.screen_reader

The module runs in a process of its own, and this one takes the place of Speech Dispatcher. Each text is spoken once
before it is measured. The first sound is the first event with samples; a stop is sent at a random time after it, and is
answered by its event.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns

TEXTS = {
    "letter": ("CHAR", "a"),
    "menu": ("SPEAK", "<speak>File menu</speak>"),
    "key": ("KEY", "control_shift_a"),
    "sentence": ("SPEAK", "<speak>The document was saved, and it is open in another window, too.</speak>"),
}
LONG = "<speak>" + "The quick brown fox jumps over the lazy dog, and then it sleeps. " * 20 + "</speak>"
LONGEST_WAIT_SECONDS = 0.3

TIMES = Table("time", columns(what="s", median_ms=".1f", worst_ms=".1f", runs="d"))


class Module:
    """A running module; times are those of the clock of `time.perf_counter`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._source, self._sink = process.stdout, process.stdin

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


def measure(options: Options, report: Report) -> None:
    rng = random.Random(1)
    command = [sys.executable, "-m", "wavewright", "speechd"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        module = Module(process)
        started = module.send("INIT\n")
        times = {"start": [1000 * (module.wait(b"299") - started)]}
        module.send("AUDIO\naudio_output_method=server\n.\n")
        module.wait(b"203")
        for name, (kind, text) in TEXTS.items():
            module.first_sound_ms(kind, text)
            times[name] = [module.first_sound_ms(kind, text) for _ in range(options.runs)]
        times["stop"] = [module.stop_ms(rng.uniform(0, LONGEST_WAIT_SECONDS)) for _ in range(options.runs)]
        process.stdin.close()
    for what, each in times.items():
        report.add(TIMES, what=what, median_ms=statistics.median(each), worst_ms=max(each), runs=len(each))
    report.target("stop", "from STOP to its event, median, ms", statistics.median(times["stop"]), at_most=10.0)


BENCHMARK = Benchmark(measure, Option("runs", 20, smoke=2))
