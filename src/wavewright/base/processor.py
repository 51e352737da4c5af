"""Name the processor of this machine and its vector instructions; count the processes that ``torchrun`` started."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

INSTRUCTION_SETS = {
    "avx2": "AVX2",
    "avx512bw": "AVX-512",
    "avx512vnni": "AVX-512 VNNI",
    "avxvnni": "AVX-VNNI",
    "avx512bf16": "AVX-512 BF16",
    "amx-int8": "AMX INT8",
    "neon": "NEON",
    "dotprod": "dot product",
    "sve": "SVE",
}
"""Common names of the LLVM processor features that affect the speed of inference."""


@cache
def processor_name() -> str:
    """Return the brand of the processor and, if it is known, its microarchitecture."""
    brand = _brand() or platform.processor() or platform.machine()
    generation = _generation()
    return f"{brand} ({generation})" if generation and generation not in brand else brand


@cache
def instruction_sets() -> tuple[str, ...]:
    """Return the names in ``INSTRUCTION_SETS`` that this processor supports; empty if that is unknown."""
    with suppress(ImportError, RuntimeError):
        from llvmlite.binding import get_host_cpu_features

        features = get_host_cpu_features()
        return tuple(name for feature, name in INSTRUCTION_SETS.items() if features.get(feature))
    return ()


def description() -> str:
    """Return one line on the processor, for timings: name, instruction sets, architecture and system."""
    sets = ", ".join(instruction_sets()) or "no vector instructions known"
    return f"{processor_name()}, {sets}, {platform.machine()}, {platform.system()}"


def _generation() -> str:
    """Return LLVM's name of the microarchitecture, such as ``znver4`` or ``cascadelake``; empty if unknown."""
    with suppress(ImportError, RuntimeError):
        from llvmlite.binding import get_host_cpu_name

        return str(get_host_cpu_name())
    return ""


def _brand() -> str:
    """Return the brand that the system reports; empty if it reports none."""
    with suppress(OSError, subprocess.SubprocessError):
        if sys.platform == "linux":
            return _brand_in(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
        if sys.platform == "darwin":
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    return ""


def _brand_in(cpuinfo: str) -> str:
    """Return the first ``model name`` of a Linux ``/proc/cpuinfo``; empty if there is none, as on ARM."""
    fields = (line.partition(":") for line in cpuinfo.splitlines())
    return next((value.strip() for key, _, value in fields if key.strip() == "model name"), "")


def n_processes() -> int:
    """Return the number of processes that ``torchrun`` started, 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Return True in the process of rank 0, which prints the result."""
    return n_processes() == 1 or os.environ.get("RANK", "0") == "0"
