"""Importing is quick, torch stays where learning is, and the arrows between the parts point one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import wavewright

PACKAGE = Path(wavewright.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Which parts a part may import; "tasks" stands for the folder or file of that name.
BASE = {"errors", "units"}
ARROWS = {
    "errors": set(),
    "units": set(),
    "sound_file": BASE,
    "clip": BASE | {"sound_file"},
    "dsp": BASE,
}


def imports(path: Path) -> list[str]:
    """The absolute names of all modules that a file imports, anywhere in it."""
    found = []
    package = ["wavewright", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            found += [f"{module}.{alias.name}" for alias in node.names]
    return found


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def may_use_torch(path: Path) -> bool:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] in ("nn", "training") or (parts[0] == "families" and parts[-1] == "network.py")


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_torch_is_imported_only_where_learning_is(path):
    uses_torch = [name for name in imports(path) if name.split(".")[0] in ("torch", "accelerate", "onnx", "onnxscript")]
    assert may_use_torch(path) or not uses_torch


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_arrows_point_one_way(path):
    part = part_of(path)
    own = {name.split(".")[1] for name in imports(path) if name.startswith("wavewright.")}
    if part in ARROWS:
        assert own - {part} <= ARROWS[part]
    if part in ("data", "metrics", "models", "families", "nn"):
        assert not own & {"tasks", "cli"}
    if part != "cli" and path.name != "__main__.py":
        assert "cli" not in own
    if part == "nn":
        assert not own & {"families", "training"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_file_says_what_it_is_and_keeps_to_its_size(path):
    text = path.read_text(encoding="utf-8")
    assert (ast.get_docstring(ast.parse(text)) or "").endswith(".") or "\n" in (ast.get_docstring(ast.parse(text)) or "")
    assert len(text.splitlines()) <= 400


def in_a_new_python(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    heavy = ["torch", "numpy", "scipy", "onnxruntime", "matplotlib", "pydantic", "typer", "soundfile", "librosa"]
    assert in_a_new_python(f"import sys, wavewright; print([name for name in {heavy} if name in sys.modules])") == "[]"


def test_importing_the_package_is_quick():
    program = "import time; start = time.perf_counter(); import wavewright; print(time.perf_counter() - start)"
    assert min(float(in_a_new_python(program)) for _ in range(3)) < 0.3


@pytest.mark.parametrize("name", [name for name in wavewright.__all__ if name != "__version__"])
def test_public_words_exist_where_they_say(name):
    word = getattr(wavewright, name)
    assert word.__name__ == name
    assert word.__module__.startswith(f"wavewright.{wavewright._PLACES[name]}")
    assert name in dir(wavewright)


def test_other_words_do_not_exist():
    with pytest.raises(AttributeError, match="has no attribute 'sing'"):
        _ = wavewright.sing


def test_public_words_need_no_torch():
    words = [name for name in wavewright.__all__ if name != "__version__"]
    program = f"import sys, wavewright; [getattr(wavewright, name) for name in {words}]; print('torch' in sys.modules)"
    assert in_a_new_python(program) == "False"
