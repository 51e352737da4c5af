"""The family that CONTRIBUTING.md builds, file by file, keeps the contract."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wavewright

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "CONTRIBUTING.md"
FILE = re.compile(r"^### \d\. `(\w+\.py)`.*?```python\n(.*?)```", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(not GUIDE.is_file(), reason="the documents are not beside the tests")


def insert(path: Path, before: str, text: str) -> None:
    """Insert text before the first place of another text."""
    contents = path.read_text(encoding="utf-8")
    assert before in contents
    path.write_text(contents.replace(before, text + before, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of the package and of the tests' own modules, with the family of the guide."""
    copied = tmp_path_factory.mktemp("clone")
    unneeded = shutil.ignore_patterns("bundled", "__pycache__")
    shutil.copytree(Path(wavewright.__file__).parent, copied / "src" / "wavewright", ignore=unneeded)
    (copied / "tests").mkdir()
    for name in (
        "conftest.py",
        "tiny_families.py",
        "tiny_models.py",
        "test_family_contract.py",
        "test_named_commands.py",
    ):
        shutil.copy(ROOT / "tests" / name, copied / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", copied)
    guide = GUIDE.read_text(encoding="utf-8")
    family = copied / "src" / "wavewright" / "families" / "autoencoder"
    family.mkdir()
    for name, code in FILE.findall(guide):
        (family / name).write_text(code, encoding="utf-8")
    (line,) = re.findall(r'`("autoencoder",)` in `NAMES`', guide)
    (entry,) = re.findall(r'`("autoencoder": TinyFamily.*?)`', guide)
    insert(family.parent / "__init__.py", '    "classifier"', f"    {line}\n")
    insert(copied / "tests" / "tiny_families.py", '    "classifier": TinyFamily', f"    {entry},\n")
    return copied


def test_the_guide_has_every_file(clone):
    files = {path.name for path in (clone / "src" / "wavewright" / "families" / "autoencoder").glob("*.py")}
    assert files == {"__init__.py", "recipe.py", "runtime.py", "training.py"}


def test_the_family_of_the_guide_keeps_the_contract_and_runs_its_commands(clone):
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", "-k", "autoencoder", "tests"]
    environment = {**os.environ, "PYTHONPATH": str(clone / "src")}
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3_000:]


def test_the_family_of_the_guide_is_clean(clone):
    ruff = [sys.executable, "-m", "ruff"]
    folder = str(clone / "src" / "wavewright" / "families" / "autoencoder")
    for command in ([*ruff, "check", folder], [*ruff, "format", "--check", folder]):
        done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
