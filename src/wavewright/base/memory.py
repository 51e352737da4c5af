"""Memory that this process may use."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int | None:
    """Return the memory that is free, or that the container leaves, in bytes; None where the system does not say."""
    limits = []
    with suppress(OSError):
        if match := re.search(r"^MemAvailable:\s+(\d+) kB", MEMINFO.read_text(), re.MULTILINE):
            limits.append(1024 * int(match[1]))
    with suppress(OSError, ValueError):  # "max" where the container has no limit
        limits.append(int((CGROUP / "memory.max").read_text()) - int((CGROUP / "memory.current").read_text()))
    return max(min(limits), 0) if limits else None
