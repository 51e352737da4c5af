"""No process of ours opens a socket or leaves a file outside its own cache and outputs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ONNX_RUNTIME = ROOT / "src" / "wavewright" / "base" / "onnx_runtime.py"
FOLDERS = [ROOT / name for name in ("src", "recipes", "benchmarks", "tests")]
OWN_CACHE = Path(".cache") / "wavewright"


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it, or names for an import."""
    packages = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            packages |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            packages.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
            "importorskip",
        ):
            packages |= {
                str(argument.value).split(".")[0] for argument in node.args if isinstance(argument, ast.Constant)
            }
    return packages


def test_one_file_imports_onnx_runtime():
    files = [path for folder in FOLDERS for path in folder.rglob("*.py")]
    assert ONNX_RUNTIME in files
    assert [path.name for path in files if "onnxruntime" in imported(path)] == [ONNX_RUNTIME.name]


@pytest.mark.parametrize(
    "first", ["import wavewright", "import wavewright.base.onnx_runtime", "from wavewright import models, Clip"]
)
def test_telemetry_is_off_before_onnx_runtime_is_imported(first):
    """It is off whichever module is imported first, and whatever the environment says."""
    program = (
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'onnxruntime':\n"
        "            print(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "sys.meta_path.insert(0, Finder())\n"
        f"{first}\n"
        "import wavewright.base.onnx_runtime\n"
    )
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "0"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["1"]


@pytest.mark.uses("gan", "acoustic", "vocoder", "codec")  # in fresh_home.py
@pytest.mark.parametrize("what", ["play", "train"])
def test_a_process_in_a_fresh_home_leaves_only_what_is_ours(tmp_path, what):
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    others = ("XDG_", "MPL", "WAVEWRIGHT_", "PYTEST", "TORCHINDUCTOR", "USER", "LOGNAME")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    environment = kept | {"HOME": str(home), "USERPROFILE": str(home), "TMPDIR": str(tmp_path / "temporary")}
    (tmp_path / "temporary").mkdir()
    program = [sys.executable, str(Path(__file__).with_name("fresh_home.py")), what]
    done = subprocess.run(program, capture_output=True, text=True, cwd=work, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
    left = [path.relative_to(home) for path in home.rglob("*") if path.is_file()]
    assert [path for path in left if not path.is_relative_to(OWN_CACHE)] == []
    assert list((tmp_path / "temporary").iterdir()) == []
