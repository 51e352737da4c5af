"""The project's files agree with each other: version, lowest versions, changelog, hooks."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

import wavewright

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(not (ROOT / ".ci").is_dir(), reason="the project's files are not beside the tests")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture
def lowest_versions():
    spec = importlib.util.spec_from_file_location("lowest_versions", ROOT / ".ci" / "lowest_versions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_version_everywhere():
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert wavewright.__version__ == version
    assert re.search(r"^version: (\S+)$", text_of("CITATION.cff"), re.MULTILINE)[1] == version


def test_the_lowest_versions_are_those_of_pyproject(lowest_versions):
    """``python .ci/lowest_versions.py`` writes the file anew."""
    assert text_of("constraints-lowest.txt") == lowest_versions.constraints(text_of("pyproject.toml"))


def test_lowest_versions_of_a_small_project(lowest_versions):
    project = '[project]\ndependencies = ["b>=2.1", "a-c>=0.5"]\n'
    project += '[project.optional-dependencies]\ntrain = ["d>=1"]\ndev = ["e>=3"]'
    assert lowest_versions.lowest(project) == {"b": "2.1", "a-c": "0.5", "d": "1"}
    assert lowest_versions.constraints(project).splitlines()[1:] == ["a-c==0.5", "b==2.1", "d==1"]


@pytest.mark.parametrize("dependencies", ['["a"]', '["a<2"]', '["a>=1", "a>=2"]'])
def test_a_dependency_without_one_lowest_version_is_refused(lowest_versions, dependencies):
    with pytest.raises(ValueError, match="lowest version"):
        lowest_versions.lowest(f"[project]\ndependencies = {dependencies}")


def test_constraints_keep_to_the_bounds(lowest_versions):
    """The versions that the tests run with are allowed by pyproject.toml."""

    def key(version):
        return [int(number) for number in version.split(".")]

    tested = dict(line.split("==") for line in text_of("constraints.txt").splitlines() if "==" in line)
    tested = {name.lower(): version for name, version in tested.items()}
    lowest = lowest_versions.lowest(text_of("pyproject.toml"))
    assert {name for name, version in lowest.items() if name in tested and key(tested[name]) < key(version)} == set()


def test_the_changelog_has_the_sections_of_keep_a_changelog():
    headings = re.findall(r"^(##+) (.+)$", text_of("CHANGELOG.md"), re.MULTILINE)
    versions = [title for signs, title in headings if signs == "##"]
    kinds = {title for signs, title in headings if signs == "###"}
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", version) for version in versions[1:])
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_hooks_need_no_network():
    assert set(re.findall(r"^ *- repo: (\S+)$", text_of(".pre-commit-config.yaml"), re.MULTILINE)) == {"local"}
