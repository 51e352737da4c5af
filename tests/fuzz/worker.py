"""The process that runs fuzzing cases one after another and reports the outcome of each."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sys
import time
import traceback
import warnings
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from fuzz.driver import readers

DEPTH = ("a", "b", "c", "d")
"""Folders above that of a case, so that a name such as ``../../../x`` stays within the searched folders."""

MAX_SENTENCE_LENGTH = 2_000
HALF_WRITTEN = (".wavewright-", ".export-", ".lock")
WRITING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree"}

Answer = dict[str, Any]


class Watch:
    """Records what Python writes outside of ``folders``, by its audit events."""

    def __init__(self, folders: list[Path]) -> None:
        self._allowed = tuple(os.path.realpath(folder) for folder in folders)
        self.is_on = False
        self.outside: list[str] = []
        sys.addaudithook(self._on_event)

    def _on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else mode != "r"
            paths = [path] if writes else []
        elif event in WRITING:
            paths = [argument for argument in arguments if isinstance(argument, (str, bytes, os.PathLike))][-2:]
            paths = paths[-1:] if event == "os.symlink" else paths
        else:
            return
        for path in paths:
            if isinstance(path, (str, bytes, os.PathLike)) and not self._is_allowed(os.fsdecode(path)):
                self.outside.append(f"{event} {os.fsdecode(path)}")

    def _is_allowed(self, path: str) -> bool:
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))  # noqa: PTH118, PTH119, PTH120
        return real == os.devnull or any(real.startswith(folder) for folder in self._allowed)


def main() -> None:
    """Answer requests, one a line, until there are no more."""
    requests, answers = _pipes()
    sandbox = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    known = readers()
    watch = Watch([sandbox, Path(os.environ["NUMBA_CACHE_DIR"])])
    for line in requests:
        request = json.loads(line)
        if "warm_up" in request:
            _send(answers, _warm_up(known[request["warm_up"]]))
            continue
        reader = known[request["reader"]].READERS[request["reader"]]
        sys.dont_write_bytecode = True  # of what a case is the first to import
        for case in request["cases"]:
            rng = random.Random(f"{request['reader']} {request['seed']} {case}")
            _send(answers, _run(reader, rng, sandbox, watch))


def _send(answers: BinaryIO, answer: Answer) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the driver's pipes, and connect the standard streams of the cases to the null device."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    return requests, answers


@cache
def _prepare(module: Any) -> None:
    """Run the WARM_UP of a module, once for all of its readers."""
    getattr(module, "WARM_UP", lambda: None)()


def _warm_up(module: Any) -> Answer:
    try:
        _prepare(module)
    except Exception:
        return {"error": traceback.format_exc()}
    return {"bytes": _memory("VmRSS"), "yardstick_seconds": _yardstick()}


def _yardstick() -> float:
    """Return the processor seconds of a fixed piece of work, by which machines compare."""
    begun = time.process_time()
    sum((Fraction(1, 1 + n % 7) for n in range(150_000)), Fraction(0))
    return time.process_time() - begun


def _run(reader: Any, rng: random.Random, sandbox: Path, watch: Watch) -> Answer:
    """Run a case in an empty folder and check the files that it leaves."""
    cases = sandbox / "cases"
    folder = cases.joinpath(*DEPTH, "case")
    folder.mkdir(parents=True)
    os.chdir(folder)
    _forget_peak()
    watch.outside, watch.is_on = [], True
    begun = time.process_time()
    kind, message = _ending(reader, rng, folder)
    seconds = time.process_time() - begun
    peak_bytes = _memory("VmHWM")
    watch.is_on = False
    os.chdir(sandbox)
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    if kind in ("passed", "refused"):
        problem = _left(cases, folder, kind == "refused")
        problem = problem or (f"writes {watch.outside[0]}" if watch.outside else "")
        kind, message = ("left", problem) if problem else (kind, message)
    shutil.rmtree(cases)
    return {"kind": kind, "message": message, "seconds": seconds, "peak_bytes": peak_bytes, "n_bytes": n_bytes}


def _ending(reader: Any, rng: random.Random, folder: Path) -> tuple[str, str]:
    """Run a reader; return the kind of its outcome and the message."""
    from wavewright.base.errors import WavewrightError

    try:
        reader(rng, folder)
    except WavewrightError as error:
        return _checked(str(error))
    except OSError as error:  # the command line makes a sentence of it
        return _checked(f"{error.filename}: {error.strerror or error}")
    except BaseException:
        return "traceback", traceback.format_exc()
    return "passed", ""


def _checked(sentence: str) -> tuple[str, str]:
    """Return a refusal whose sentence can be shown: one line, not too long, no control characters."""
    if not sentence.strip():
        return "sentence", "The refusal says nothing."
    if len(sentence) > MAX_SENTENCE_LENGTH:
        return "sentence", f"The refusal has {len(sentence)} characters: {sentence[:200]!r}"
    if any(ord(character) < 32 or ord(character) == 127 for character in sentence):
        return "sentence", f"The refusal has control characters: {sentence!r}"
    return "refused", sentence


def _left(cases: Path, folder: Path, is_refused: bool) -> str:
    """Return what is wrong with the files that a case leaves; an empty string where nothing is."""
    above = folder
    while above != cases:
        if others := [path.name for path in above.parent.iterdir() if path != above]:
            return f"writes {others[0]!r} outside of its folder"
        above = above.parent
    for path in folder.rglob("*"):
        if path.name.startswith(HALF_WRITTEN) or path.name.endswith(".part"):
            return f"leaves {path.relative_to(folder)}"
    if is_refused and (outputs := [path.name for path in folder.iterdir() if path.name.partition(".")[0] == "out"]):
        return f"is refused and leaves {outputs[0]}"
    return ""


def _memory(name: str) -> int:
    """Return a memory figure of this process from Linux's ``/proc``, in bytes; 0 on other systems."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return 0


def _forget_peak() -> None:
    """Reset the peak memory of this process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    main()
