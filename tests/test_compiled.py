"""Compiled loops: kept for the next process, made again where what was kept is damaged or cannot be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

MODULE = '''
"""A loop to compile."""

from wavewright.dsp.compiled import compiled, inlined


@inlined
def twice(number):
    return 2 * number


@compiled("the sum")
def doubled_sum(values):
    total = values[0] * 0
    for index in range(values.size):
        total += twice(values[index])
    return total
'''
PROGRAM = "import numpy as np, loops; print(loops.doubled_sum(np.arange(4)), loops.doubled_sum(np.arange(4.0)))"
ONCE = "compiling the sum for this machine, once: some seconds ..."


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    """A folder with a module and its compiled code, a copy of it, and the lines that its first run wrote."""
    folder = tmp_path_factory.mktemp("compiled") / "code"
    folder.mkdir()
    (folder / "loops.py").write_text(MODULE)
    lines = sums(folder)
    return folder, shutil.copytree(folder, folder.with_name("copy")), lines


@pytest.fixture
def compiled_once(first_run):
    """The folder as its first run left it, whatever another test did to it, and the lines of that run."""
    folder, copy, lines = first_run
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    return folder, lines


def sums(folder, cache="cache"):
    """Compute the sums in a new process, check them, and return its lines on standard error."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / cache), "NUMBA_CPU_NAME": "generic"}
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": path},
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["12", "12.0"]), done.stderr
    return done.stderr.splitlines()


def files(folder):
    return sorted(path for path in (folder / "cache").rglob("*") if path.is_file())


def test_it_is_reported_once_and_cached(compiled_once):
    folder, lines = compiled_once
    assert lines == [ONCE]
    assert sums(folder) == []
    assert len(files(folder)) == 2  # one for integers, one for floats


def test_what_a_killed_process_left_is_removed(compiled_once):
    folder, _ = compiled_once
    before = files(folder)
    (before[0].parent / ".wavewright-1-0123abcd.lock").write_text("1")
    assert sums(folder) == []
    assert files(folder) == before


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_to_its_files_the_result_is_right(compiled_once, seed):
    folder, _ = compiled_once
    random = np.random.default_rng(seed)
    for harmed, path in enumerate(files(folder)):
        contents = bytearray(path.read_bytes())
        match (seed + harmed) % 3:
            case 0:
                contents = b""
            case 1:
                contents = contents[: random.integers(1, len(contents))]
            case 2:
                contents[random.integers(len(contents))] ^= 1 << random.integers(8)
        path.write_bytes(contents)
    lines = sums(folder)
    assert len(lines) == 1
    assert lines[0].endswith("is damaged; compiling the sum again: some seconds ...")
    assert sums(folder) == []


def test_a_file_that_cannot_be_read_is_compiled_again(compiled_once):
    folder, _ = compiled_once
    path = files(folder)[0]
    contents = path.read_bytes()
    path.unlink()
    path.mkdir()
    assert "damaged" in sums(folder)[0]
    path.rmdir()
    path.write_bytes(contents)


def test_without_a_folder_it_is_compiled_each_time(compiled_once):
    folder, _ = compiled_once
    (folder / "blocked").write_text("a file where the folder would be")
    lines = sums(folder, "blocked/cache")
    assert len(lines) == 1
    assert lines[0].startswith("compiling the sum")


def test_a_changed_source_is_compiled_again(compiled_once):
    folder, _ = compiled_once
    (folder / "loops.py").write_text(MODULE.replace("2 * number", "number + number"))
    assert sums(folder) == [ONCE]
    assert sums(folder) == []
    (folder / "loops.py").write_text(MODULE)


def test_another_installation_of_the_same_source_compiles_nothing(compiled_once, tmp_path):
    folder, _ = compiled_once
    (tmp_path / "loops.py").write_text(MODULE)
    assert sums(tmp_path, folder / "cache") == []


def test_code_is_compiled_again_when_an_imported_constant_or_kernel_has_changed(tmp_path):
    package = tmp_path / "music_loops"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "layout.py").write_text("FACTOR = 2\n")
    inner = "from wavewright.dsp.compiled import inlined\nfrom .layout import FACTOR\n"
    (package / "inner_kernels.py").write_text(inner + "@inlined\ndef scaled(number):\n    return FACTOR * number\n")
    outer = "from wavewright.dsp.compiled import compiled\nfrom .inner_kernels import scaled\n"
    outer += "@compiled('the total')\ndef total(number):\n    return scaled(number) + 1\n"
    (package / "outer_kernels.py").write_text(outer)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_CPU_NAME": "generic"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    program = "from music_loops.outer_kernels import total; print(total(5))"
    results = []
    for factor in ("2", "2", "100"):
        (package / "layout.py").write_text(f"FACTOR = {factor}\n")
        os.utime(package / "layout.py", ns=(0, int(factor)))
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
        )
        results.append((done.stdout.strip(), len(done.stderr.splitlines())))
    assert results == [("11", 1), ("11", 0), ("501", 1)]
