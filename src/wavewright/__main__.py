"""The start of the command line, also as ``python -m wavewright``."""

from __future__ import annotations

import gc

# Objects that imports create live as long as the process, so a search for garbage among them is lost time.
GARBAGE_THRESHOLD = 100_000


def main() -> None:
    """Run the command line of this process and exit."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    from .apps import cli

    cli.main()


if __name__ == "__main__":
    main()
