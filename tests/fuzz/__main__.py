"""``python -m tests.fuzz`` or ``python tests/fuzz``."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "src")]

from fuzz.driver import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
