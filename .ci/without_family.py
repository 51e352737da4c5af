"""Delete a model family and run the tests of everything else.

    python .ci/without_family.py                  # each family in turn: the suite as often
    python .ci/without_family.py gan vae

In a copy of the repository, the family's folder, its line in ``families/__init__.py``, its files in the tree of
``docs/architecture.md``, its bundled models and its entry in ``tests/tiny_families.py`` are deleted. A family that
imports it goes with it. So do the test modules that import the family, directly or through a helper, and the tests that
name the family or one of its bundled models (family_tests.py). The tests of `ABOUT_ALL`, whose
subject are all families at once, are left out. All others must pass. Exits with 1 where one fails.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from family_tests import NAMES

from wavewright import models
from wavewright.families import FAMILIES
from wavewright.models.card import Card

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "family_tests"

ABOUT_ALL = ("test_documents", "test_site", "test_benchmarks", "test_family_table")
"""Tests of the documents and benchmarks, which describe every family."""


def main() -> int:
    """Run the suite without each family; return 1 if a test fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="families, by default all")
    options = parser.parse_args()
    has_fault = False
    for name in options.families or FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder) / "wavewright"
            copy_tree(tree)
            names = (name, *dependents(tree, name))
            bundled = [model for each in names for model in delete_family(tree, each)]
            modules = {module for each in names for module in delete_tests(tree, each)}
            output = run_tests(tree, (*names, *bundled))
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", output)}
        n_failed = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
        n_passed = counts.get("passed", 0)
        print(f"without {' and '.join(names)}: {n_passed} passed, {n_failed} failed, {len(modules)} modules deleted")
        if n_failed or not n_passed:
            has_fault = True
            print(output[-20_000:], file=sys.stderr)
    return int(has_fault)


def copy_tree(target: Path) -> None:
    """Copy the files that git tracks or could track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)


def dependents(tree: Path, name: str) -> list[str]:
    """Return the families whose packages import that of another family, such as the prior that of the codec."""
    packages = (tree / "src" / "wavewright" / "families").glob("*/*.py")
    importing = {path.parent.name for path in packages if f"from ..{name}" in path.read_text(encoding="utf-8")}
    return sorted(importing)


def delete_family(tree: Path, name: str) -> tuple[str, ...]:
    """Delete a family's folder, lines, bundled models and tiny model; return the names of the bundled models."""
    package = tree / "src" / "wavewright"
    shutil.rmtree(package / "families" / name)
    table = package / "families" / "__init__.py"
    line = re.compile(rf'^    "{name}": ".*",\n', re.MULTILINE)
    table.write_text(line.sub("", table.read_text(encoding="utf-8")), encoding="utf-8")
    document = tree / "docs" / "architecture.md"
    listed = re.compile(rf"^    {name}/\n(      .*\n)*", re.MULTILINE)
    document.write_text(listed.sub("", document.read_text(encoding="utf-8")), encoding="utf-8")
    tiny = tree / "tests" / "tiny_families.py"
    start = rf'^    "{name}": TinyFamily\('
    entry = re.compile(rf"{start}.*\),\n|{start}(?s:.)*?^    \),\n", re.MULTILINE)
    tiny.write_text(entry.sub("", tiny.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    bundled = tuple(each for each in models.bundled() if Card.read(models.find(each)).family == name)
    for each in bundled:
        shutil.rmtree(package / "models" / "bundled" / each)
    return bundled


def delete_tests(tree: Path, name: str) -> list[str]:
    """Delete the test modules that import the family, or import one that does; return their names."""
    modules = {path.stem: path for path in (tree / "tests").glob("*.py")}
    deleted = {stem for stem, path in modules.items() if f"families.{name}" in path.read_text(encoding="utf-8")}
    while True:
        imports = re.compile(rf"^(?:from|import) (?:{'|'.join(sorted(deleted)) or '-'})\b", re.MULTILINE)
        more = {stem for stem, path in modules.items() if imports.search(path.read_text(encoding="utf-8"))} - deleted
        if not more:
            break
        deleted |= more
    for stem in {*deleted, *ABOUT_ALL} & modules.keys():
        modules[stem].unlink()
    return sorted(deleted)


def run_tests(tree: Path, names: Sequence[str]) -> str:
    """Run the tests of a tree that name none of some families and bundled models; return pytest's output."""
    others = {"PYTEST_ADDOPTS": ""}  # options of the tests that run this
    environment = os.environ | others | {NAMES: " ".join(names), "PYTHONPATH": f"{tree / 'src'}:{tree}:{tree / '.ci'}"}
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    sys.exit(main())
