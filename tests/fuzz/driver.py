"""Run fuzzing cases in a worker process that is watched: its time, its memory, what it writes and how it ends."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

LIMIT_SECONDS = 10.0
"""Largest processor time of a case."""

WAIT_SECONDS = 120.0
"""Largest wall time of a case; a busy machine takes many times as long as an idle one."""

LIMIT_BYTES = 2**30
"""Largest memory of a case beyond that of the worker before its first case."""

BASE_SECONDS, SECONDS_PER_MB = 3.0, 30.0
BASE_BYTES, BYTES_PER_BYTE = 2**27, 500
"""Processor time and memory of a case in proportion to the bytes of its files, which reveal quadratic readers."""

YARDSTICK_SECONDS = 0.25
"""Processor time of the worker's yardstick on the machine that the limits of time are for; a slower one has more."""

WARM_UP_SECONDS = 300.0
POLL_SECONDS = 0.05
NO_READERS = ("driver", "worker", "mutate", "__main__")

Reader = Callable[[Any, Path], None]


@dataclass(frozen=True)
class Outcome:
    """The result of a case: ``passed``, ``refused`` with a sentence, or a kind of failure with a message."""

    reader: str
    seed: int
    case: int
    kind: str
    message: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0
    n_bytes: int = 0

    @property
    def is_failure(self) -> bool:
        """Whether something has to be repaired."""
        return self.kind not in ("passed", "refused")

    def __str__(self) -> str:
        again = f"python -m tests.fuzz --reader {self.reader} --seed {self.seed} --case {self.case}"
        return f"{self.kind}: {again}\n{self.message}".rstrip()


def readers() -> dict[str, ModuleType]:
    """Return the module of each reader, by the reader's name."""
    package = importlib.import_module("fuzz")
    modules: dict[str, ModuleType] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in NO_READERS:
            imported = importlib.import_module(f"fuzz.{module.name}")
            for name in getattr(imported, "READERS", {}):
                if name in modules:
                    raise ValueError(
                        f"two readers are called {name!r}: in {modules[name].__name__} and {imported.__name__}"
                    )
                modules[name] = imported
    return modules


def readers_by_module() -> list[str]:
    """Return the readers of outside data, those of a module one after another: they have one worker."""
    known = readers()
    return sorted((name for name in known if name[0] != "_"), key=lambda name: (known[name].__name__, name))


class Driver:
    """Runs cases of any reader, one after another; each module of readers has its own worker, replaced when it dies.

    ``is_timed``: whether a case that takes long for the bytes of its files is a failure. Only the command line measures
    that: processor time, too, depends on what else a machine does.
    """

    def __init__(
        self,
        limit_seconds: float = LIMIT_SECONDS,
        limit_bytes: int = LIMIT_BYTES,
        wait_seconds: float = WAIT_SECONDS,
        is_timed: bool = True,
    ) -> None:
        self._is_timed = is_timed
        self._limit_seconds = limit_seconds
        self._wait_seconds = wait_seconds
        self._limit_bytes = limit_bytes
        self._worker: subprocess.Popen[bytes] | None = None
        self._module = ""  # of the readers that the worker runs
        self._base_bytes = 0
        self._slowness = 1.0  # of this machine
        self._held = b""  # of an answer
        self._warm: set[str] = set()
        self.sandbox = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        shutil.rmtree(self.sandbox, ignore_errors=True)

    def run(self, reader: str, seed: int, case: int) -> Outcome:
        """Run one case."""
        return next(self.run_all(reader, seed, [case]))

    def run_all(self, reader: str, seed: int, cases: Iterable[int]) -> Iterator[Outcome]:
        """Run cases; send them to the worker all at once, because a busy machine is slow to switch processes."""
        waiting = deque(cases)
        module = readers()[reader].__name__
        if module != self._module:  # a module's WARM_UP may patch functions, which must not affect other readers
            self._stop()
            self._module = module
        while waiting:
            if self._worker is None:
                self._start()
            if reader not in self._warm:
                self._warm_up(reader)
            self._send({"reader": reader, "seed": seed, "cases": [*waiting]})
            while waiting and self._worker is not None:
                answer = self._answer(self._slowness * self._limit_seconds, self._wait_seconds, self._limit_bytes)
                yield self._outcome(reader, seed, waiting.popleft(), answer)

    def _warm_up(self, reader: str) -> None:
        self._send({"warm_up": reader})
        answer = self._answer(WARM_UP_SECONDS, 10 * WARM_UP_SECONDS, 0)
        if "error" in answer or "died" in answer:
            raise RuntimeError(f"the reader {reader} cannot be set up:\n{answer.get('error', answer)}")
        self._warm.add(reader)
        self._base_bytes = max(self._base_bytes, answer["bytes"])
        self._slowness = max(1.0, answer["yardstick_seconds"] / YARDSTICK_SECONDS)

    def _outcome(self, reader: str, seed: int, case: int, answer: dict[str, Any]) -> Outcome:
        if "died" in answer:
            self._stop()
            return Outcome(reader, seed, case, answer["died"], answer["message"])
        peak = answer["peak_bytes"] - self._base_bytes
        kind, message = answer["kind"], answer["message"]
        if kind in ("passed", "refused") and peak > self._limit_bytes:
            kind, message = "memory", f"{peak / 1e6:.0f} MB more"
        elif kind in ("passed", "refused") and answer["seconds"] > self._slowness * self._limit_seconds:
            kind, message = "slow", f"{answer['seconds']:.1f} s"
        elif kind in ("passed", "refused"):
            seconds = answer["seconds"] / self._slowness if self._is_timed else 0.0
            kind, message = _growth(seconds, peak, answer["n_bytes"]) or (kind, message)
        return Outcome(reader, seed, case, kind, message, answer["seconds"], peak, answer["n_bytes"])

    def _start(self) -> None:
        folders = {name: self.sandbox / name for name in ("home", "temporary", "cases")}
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        tests = Path(__file__).resolve().parents[1]
        package = Path(importlib.import_module("wavewright").__file__ or "").parents[1]
        compiled = importlib.import_module("wavewright.dsp.compiled").FOLDER  # or each worker compiles again
        home = str(folders["home"])
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tests), str(package)]),
            "HOME": home,
            "USERPROFILE": home,
            "XDG_CACHE_HOME": home,
            "XDG_DATA_HOME": home,
            "TMPDIR": str(folders["temporary"]),
            "OMP_NUM_THREADS": "1",
            "NUMBA_CACHE_DIR": str(compiled),
        }
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "fuzz.worker", str(self.sandbox)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folders["home"],
            env=environment,
            start_new_session=True,
        )
        self._warm, self._base_bytes, self._held = set(), 0, b""

    def _stop(self) -> None:
        if self._worker is None:
            return
        if self._worker.poll() is None:
            if hasattr(os, "killpg"):
                os.killpg(self._worker.pid, signal.SIGKILL)
            else:
                self._worker.kill()
        self._worker.communicate()
        self._worker = None

    def _send(self, request: dict[str, Any]) -> None:
        assert self._worker is not None
        assert self._worker.stdin is not None
        self._worker.stdin.write(json.dumps(request).encode() + b"\n")
        self._worker.stdin.flush()

    def _answer(self, limit_seconds: float, wait_seconds: float, limit_bytes: int) -> dict[str, Any]:
        """Watch the worker until it answers; return an answer with "died" where it exceeds a limit or ends."""
        worker = self._worker
        assert worker is not None
        assert worker.stdout is not None
        begun, used = time.monotonic(), _cpu_seconds(worker.pid)
        while b"\n" not in self._held:
            if select.select([worker.stdout], [], [], POLL_SECONDS)[0]:
                output = os.read(worker.stdout.fileno(), 2**16)
                if not output:
                    return {"died": "died", "message": f"the process ended with {worker.wait()}"}
                self._held += output
                continue
            seconds, cpu = time.monotonic() - begun, _cpu_seconds(worker.pid) - used
            if cpu > limit_seconds or seconds > wait_seconds:
                return {"died": "hang", "message": f"stopped after {seconds:.1f} s, {cpu:.1f} s of them computing"}
            n_bytes = _resident_bytes(worker.pid) - self._base_bytes
            if limit_bytes and n_bytes > limit_bytes:
                return {"died": "memory", "message": f"stopped at {n_bytes / 1e6:.0f} MB more, after {seconds:.1f} s"}
        line, _, self._held = self._held.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _growth(seconds: float, peak_bytes: int, n_bytes: int) -> tuple[str, str] | None:
    """Return what is out of proportion to the bytes of the files of a case, None if nothing is."""
    if seconds > BASE_SECONDS + SECONDS_PER_MB * n_bytes / 1e6:
        return "slow", f"{seconds:.1f} s for {n_bytes} bytes"
    if peak_bytes > BASE_BYTES + BYTES_PER_BYTE * n_bytes:
        return "memory", f"{peak_bytes / 1e6:.0f} MB more for {n_bytes} bytes"
    return None


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a process; 0 where the system does not report it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


def _resident_bytes(pid: int) -> int:
    """Return the resident memory of a process in bytes; 0 where the system does not report it."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def run_cases(names: list[str], cases: range, seed: int, report: Callable[[Outcome], None]) -> Iterator[Outcome]:
    """Run the cases of each reader, and report and yield every outcome."""
    with Driver() as driver:
        for name in names:
            for outcome in driver.run_all(name, seed, cases):
                report(outcome)
                yield outcome


def main() -> int:
    """Run the command line; the exit code is 1 where a case failed."""
    options = _options()
    known = readers()
    names = readers_by_module() if options.all else options.reader
    if unknown := [name for name in names if name not in known]:
        print(f"There is no reader {', '.join(unknown)}; there are {', '.join(sorted(known))}.", file=sys.stderr)
        return 2
    first = 0 if options.case is None else options.case
    cases = range(first, first + (options.cases if options.case is None else 1))
    counts: Counter[tuple[str, str]] = Counter()
    failures: list[Outcome] = []
    slowest = dict.fromkeys(names, (0.0, 0))
    largest = dict.fromkeys(names, (0, 0))

    def report(outcome: Outcome) -> None:
        counts[outcome.reader, outcome.kind] += 1
        slowest[outcome.reader] = max(slowest[outcome.reader], (outcome.seconds, outcome.case))
        largest[outcome.reader] = max(largest[outcome.reader], (outcome.peak_bytes, outcome.case))
        if outcome.is_failure:
            failures.append(outcome)
        if not options.json and (outcome.is_failure or options.case is not None):
            print(outcome, flush=True)

    begun = time.monotonic()
    for _ in run_cases(names, cases, options.seed, report):
        pass
    kinds = {name: {kind: n for (reader, kind), n in sorted(counts.items()) if reader == name} for name in names}
    if options.json:
        print(
            json.dumps({"seed": options.seed, "readers": kinds, "failures": [asdict(failure) for failure in failures]})
        )
    else:
        for name in names:
            listed = ", ".join(f"{n} {kind}" for kind, n in kinds[name].items())
            (seconds, slow), (n_bytes, large) = slowest[name], largest[name]
            print(f"{name}: {listed}; at most {seconds:.2f} s (case {slow}), {n_bytes / 1e6:.0f} MB (case {large})")
        print(f"{sum(counts.values())} cases in {time.monotonic() - begun:.0f} s, {len(failures)} failures")
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--reader", action="append", default=[], help="Reader to try; may be given again.")
    parser.add_argument("--all", action="store_true", help="Try every reader.")
    parser.add_argument("--cases", type=int, default=500, help="Cases of each reader.")
    parser.add_argument("--seed", type=int, default=0, help="Same seed, same cases.")
    parser.add_argument("--case", type=int, help="Run only the case of this number.")
    parser.add_argument("--json", action="store_true", help="Print the result as JSON.")
    options = parser.parse_args()
    if not options.reader and not options.all:
        parser.error("name a --reader, or try them --all")
    return options
