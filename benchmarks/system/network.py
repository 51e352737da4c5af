"""Trace the system calls of inference and training for over a minute: no socket, no file outside of cache and outputs.

    python -m benchmarks.system.network            # Linux, needs strace; exits with 1 where something is found

ONNX Runtime's telemetry begins 45 s after its import, so each process runs for 75 s.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 75
PROGRAM = Path(__file__).parents[2] / "tests" / "fresh_home.py"
CALLS = "socket,connect,bind,sendto,sendmsg"
STAYING = f"import runpy, time; runpy.run_path({str(PROGRAM)!r}, run_name='__main__'); time.sleep({SECONDS})"
OWN = (Path(".cache") / "wavewright",)


def watch(what: str, folder: Path) -> list[str]:
    """Run ``play`` or ``train`` in an empty home folder; return its network calls and the files left outside."""
    home, work, log = folder / "home", folder / "work", folder / "calls.txt"
    home.mkdir(parents=True)
    work.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "MPL", "ORT_"))}
    program = [sys.executable, "-c", STAYING, what]
    traced = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(log), *program]
    subprocess.run(traced, cwd=work, env=kept | {"HOME": str(home)}, check=True, stdout=subprocess.DEVNULL)
    files = [path.relative_to(home) for path in home.rglob("*") if path.is_file()]
    outside = [str(path) for path in files if not any(path.is_relative_to(own) for own in OWN)]
    calls = [line for line in log.read_text().splitlines() if "(" in line and "socketpair" not in line]
    return [*calls, *outside]


def main() -> int:
    if shutil.which("strace") is None:
        print("This needs strace, which is not installed.", file=sys.stderr)
        return 2
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for what in ("play", "train"):
            found[what] = watch(what, Path(folder) / what)
            print(f"{what}: {len(found[what])} calls or files", *found[what][:20], sep="\n  ")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
