"""What CONTRIBUTING.md builds, file by file, keeps the contracts: a family, an effect, a command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import wavewright
from wavewright.audio.clip import Clip

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "CONTRIBUTING.md"
FILE = re.compile(r"^### \d\. `(\w+\.py)`.*?```python\n(.*?)```", re.MULTILINE | re.DOTALL)
FILE_BY_PATH = re.compile(r"^`(src/[\w/]+\.py)`:\n\n```python\n(.*?)```", re.MULTILINE | re.DOTALL)

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
        "effect_streams.py",
        "test_catalogue.py",
        "test_effects.py",
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
    (line,) = re.findall(r'`("autoencoder": ".*?",)` in `SUMMARIES`', guide)
    (entry,) = re.findall(r'`("autoencoder": TinyFamily.*?)`', guide)
    insert(family.parent / "__init__.py", '    "classifier"', f"    {line}\n")
    insert(copied / "tests" / "tiny_families.py", '    "classifier": TinyFamily', f"    {entry},\n")
    for path, code in FILE_BY_PATH.findall(guide):
        (copied / path).write_text(code, encoding="utf-8")
    effects = copied / "src" / "wavewright" / "effects" / "catalogue.py"
    insert(effects, "from .restoration import", "from .rectifier import Rectifier\n")
    for written, before, file in (
        ('"rectify": Rectifier,', '"saturate": Saturation', effects),
        ('"Rectifier",', '"RemoveDC",', effects),
        ('"peak": "tasks.peak:peak",', '"detect":', copied / "src" / "wavewright" / "tasks" / "catalogue.py"),
        ('"peak": set(),', '"phonemes":', copied / "tests" / "test_catalogue.py"),
    ):
        assert f"`{written}`" in guide
        insert(file, f"    {before}", f"    {written}\n")
    return copied


def test_the_guide_has_every_file(clone):
    files = {path.name for path in (clone / "src" / "wavewright" / "families" / "autoencoder").glob("*.py")}
    assert files == {"__init__.py", "recipe.py", "runtime.py", "training.py"}


def run_in(clone, *words):
    environment = {**os.environ, "PYTHONPATH": str(clone / "src")}
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return done.stdout


def test_the_family_the_effect_and_the_command_of_the_guide_keep_the_contracts(clone):
    names = (
        "[autoencoder",
        "[rectify",
        "[peak",
    )  # with the bracket of cases: most names of tests have "peak" in "speak"
    said = run_in(clone, "pytest", "-n", "0", "-vv", "-p", "no:cacheprovider", "-k", " or ".join(names), "tests")
    assert all(name in said for name in names)


def test_the_effect_and_the_command_of_the_guide_run(clone, tmp_path):
    write_tone(tmp_path / "tone.wav")
    run_in(clone, "wavewright", "edit", str(tmp_path / "tone.wav"), "--do=rectify", f"--out={tmp_path / 'edited.wav'}")
    assert "-6.0 dB at 0.002 s" in run_in(clone, "wavewright", "peak", str(tmp_path / "tone.wav"))
    assert Clip.read(tmp_path / "edited.wav").wave.min() >= 0


def write_tone(path):
    """Write a sine of 125 Hz at half of full scale, whose first peak is after 2 ms."""
    time = np.arange(8_000) / 8_000
    Clip(np.float32(0.5 * np.sin(2 * np.pi * 125 * time))[None], 8_000).write(path)


def test_the_files_of_the_guide_are_clean(clone):
    ruff = [sys.executable, "-m", "ruff"]
    source = clone / "src" / "wavewright"
    files = [source / "families" / "autoencoder", source / "effects" / "rectifier.py", source / "tasks" / "peak.py"]
    for command in ([*ruff, "check"], [*ruff, "format", "--check"]):
        done = subprocess.run([*command, *map(str, files)], cwd=clone, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
