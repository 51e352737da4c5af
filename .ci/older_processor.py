"""Run a command as on an older processor: without AVX-512, VNNI and bfloat16.

    python .ci/older_processor.py pytest -n 0 tests/test_integer_products.py
    python .ci/older_processor.py --instructions avx512 wavewright speak "Good morning."

PyTorch, oneDNN, NumPy and numba have environment variables for this. ONNX Runtime has none: its library is copied, each
``cpuid`` instruction in the copy becomes a breakpoint, and a small preloaded library answers it as the older processor
would. All speed stays, so timings are those of the older instructions on this processor. Needs Linux on x86-64 with
gcc and objdump; otherwise it says so and exits with 3. ``avx512`` is AVX-512 without VNNI, as in processors of 2017.
"""

from __future__ import annotations

import argparse
import importlib.util
import mmap
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ANSWERS = r"""
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <stdlib.h>
#include <ucontext.h>
#include <cpuid.h>

static unsigned without(unsigned value, const int *bits) {
    for (; *bits >= 0; bits++) value &= ~(1u << *bits);
    return value;
}

static const int EBX_AVX512[] = {16, 17, 21, 26, 27, 28, 30, 31, -1};   /* F DQ IFMA PF ER CD BW VL */
static const int ECX_AVX512[] = {1, 6, 12, 14, -1};                     /* VBMI VBMI2 BITALG VPOPCNTDQ */
static const int ECX_VNNI[] = {11, -1};
static const int EDX_MATRICES[] = {22, 23, 24, 25, -1};                 /* AMX-BF16 FP16 AMX-TILE AMX-INT8 */
static const int EAX1_VNNI[] = {4, 5, 21, 23, -1};                      /* AVX-VNNI BF16 AMX-FP16 AVX-IFMA */
static const int EDX1_VNNI[] = {4, 5, 10, -1};                          /* AVX-VNNI-INT8 NE-CONVERT VNNI-INT16 */

static void answer(int signal, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    unsigned leaf = registers[REG_RAX], sub = registers[REG_RCX], a, b, c, d;
    __cpuid_count(leaf, sub, a, b, c, d);
    if (leaf == 7 && sub == 0) {
        c = without(c, ECX_VNNI);
        d = without(d, EDX_MATRICES);
        if (!getenv("OLDER_PROCESSOR_AVX512")) { b = without(b, EBX_AVX512); c = without(c, ECX_AVX512); }
    }
    if (leaf == 7 && sub == 1) { a = without(a, EAX1_VNNI); d = without(d, EDX1_VNNI); }
    registers[REG_RAX] = a; registers[REG_RBX] = b; registers[REG_RCX] = c; registers[REG_RDX] = d;
}

__attribute__((constructor)) static void install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = answer;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGTRAP, &action, 0);
}
"""

BREAKPOINT = b"\xcc\x90"  # int3, nop: as long as cpuid
CPUID = b"\x0f\xa2"
PROCESSORS = {"avx2": "haswell", "avx512": "skylake-avx512"}
TORCH_LEVELS = {"avx2": "avx2", "avx512": "avx512"}
ONEDNN_LEVELS = {"avx2": "AVX2", "avx512": "AVX512_CORE"}
NUMPY_DISABLED = {"avx2": "X86_V4 AVX512_ICL AVX512_SPR", "avx512": "AVX512_ICL AVX512_SPR"}


def positions_of_cpuid(library: Path) -> list[int]:
    """Return the file offsets of the ``cpuid`` instructions in a shared library."""
    sections = subprocess.run(["objdump", "-h", "-j", ".text", library], capture_output=True, text=True, check=True)
    address, offset = re.search(r"\.text\s+\w+\s+(\w+)\s+\w+\s+(\w+)", sections.stdout).groups()
    shift = int(offset, 16) - int(address, 16)
    code = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", "-j", ".text", library], stdout=subprocess.PIPE)
    lines = subprocess.run(["grep", "-P", r"\tcpuid"], stdin=code.stdout, capture_output=True, text=True, check=True)
    return [int(line.split(":")[0], 16) + shift for line in lines.stdout.splitlines()]


def copy_of_onnx_runtime(folder: Path) -> None:
    """Copy the package onnxruntime to ``folder``, with breakpoints in place of ``cpuid``."""
    package = Path(importlib.util.find_spec("onnxruntime").origin).parent
    shutil.copytree(package, folder / "onnxruntime", ignore=shutil.ignore_patterns("transformers", "quantization"))
    for library in (folder / "onnxruntime" / "capi").glob("*pybind11_state*.so"):
        positions = positions_of_cpuid(library)
        with library.open("r+b") as file, mmap.mmap(file.fileno(), 0) as contents:
            for position in positions:
                if contents[position : position + 2] != CPUID:
                    raise SystemExit(f"{library}: there is no cpuid at byte {position}.")
                contents[position : position + 2] = BREAKPOINT


def environment(folder: Path, instructions: str) -> dict[str, str]:
    """Return the environment in which every library sees the older processor."""
    older = {
        "ATEN_CPU_CAPABILITY": TORCH_LEVELS[instructions],
        "ONEDNN_MAX_CPU_ISA": ONEDNN_LEVELS[instructions],
        "NPY_DISABLE_CPU_FEATURES": NUMPY_DISABLED[instructions],
        "NUMBA_CPU_NAME": PROCESSORS[instructions],
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        "LD_PRELOAD": str(folder / "answers.so"),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH")))),
    }
    if instructions == "avx512":
        older["OLDER_PROCESSOR_AVX512"] = "1"
    return os.environ | older


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instructions", choices=sorted(PROCESSORS), default="avx2")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if sys.platform != "linux" or platform.machine() != "x86_64" or not all(map(shutil.which, ("gcc", "objdump"))):
        print("An older processor is emulated on Linux and x86-64, with gcc and objdump.", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "answers.c").write_text(ANSWERS)
        library = ["gcc", "-O1", "-shared", "-fPIC", "-o", folder / "answers.so", folder / "answers.c"]
        subprocess.run(library, check=True)
        copy_of_onnx_runtime(folder)
        return subprocess.run(options.command, env=environment(folder, options.instructions), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
