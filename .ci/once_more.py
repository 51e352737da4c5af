"""Run each test that failed once more by itself, in one process; name those that pass then as ``unsteady:``.

    python .ci/once_more.py

Exits with 0 where all pass then and they are at most three. Each unsteady test is a fault, of the test or of the code,
and is to be mended the same day. pytest keeps the tests that failed in its cache; without that list nothing ran.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
MOST_UNSTEADY = 3


def main() -> int:
    """Return the exit code."""
    failed = list(json.loads(FAILED.read_text(encoding="utf-8"))) if FAILED.exists() else []
    if not 1 <= len(failed) <= MOST_UNSTEADY:
        print(f"{len(failed)} tests failed; 1 to {MOST_UNSTEADY} are run once more.", file=sys.stderr)
        return 1
    codes = {}
    for test in failed:
        print(f"\nonce more: {test}", flush=True)
        command = [sys.executable, "-m", "pytest", "-n", "0", test]
        codes[test] = subprocess.run(command, cwd=ROOT, check=False).returncode
    for test, code in codes.items():
        print(f"{'unsteady' if code == 0 else 'failed twice'}: {test}", flush=True)
    return int(any(codes.values()))


if __name__ == "__main__":
    sys.exit(main())
