"""How to install is said one way: Wavewright is not published, so it is installed from its folder."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from wavewright.base.errors import how_to_install

ROOT = Path(__file__).parents[1]
FOLDERS = ("src/wavewright", "docs", "recipes", "benchmarks", "tests")
PUBLISHED = re.compile(
    r"wavewright\s*\[\s*\w|pip3? install\s+(?:-\S+\s+)*[\"'`]?wavewright\b"
    r"|(?:uv|pipx) \S*\s*install\s+[\"']?wavewright\b"
)
EXTRA = re.compile(r"pip install [^\n]*?\.\[([\w,]+)\]")
UNQUOTED = re.compile(r"pip install (?:-\S+ (?:constraints\.txt )?)*\.\[")

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not beside the tests")


def texts() -> dict[str, str]:
    """Every text that a person may read."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md", ".txt")]
    paths += [*ROOT.glob("*.md"), ROOT / "constraints.txt"]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths if path != Path(__file__)}


def test_no_text_names_a_package_that_is_not_published():
    documents = texts()
    assert len(documents) > 150
    assert {name: match[0] for name, text in documents.items() if (match := PUBLISHED.search(text))} == {}
    assert {
        name for name, text in documents.items() if UNQUOTED.search(text)
    } == set()  # a shell may expand the brackets


def test_every_extra_that_is_named_is_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {extra for text in texts().values() for match in EXTRA.findall(text) for extra in match.split(",")}
    asked = {extra for text in texts().values() for extra in re.findall(r"how_to_install\([\"'](\w+)[\"']\)", text)}
    assert {"train", "plot", "espeak"} <= named
    assert {"train", "plot", "espeak", "media"} <= asked
    assert named | asked <= project["optional-dependencies"].keys()


def test_the_words_for_an_extra():
    assert how_to_install("train") == 'run pip install ".[train]" in the folder of Wavewright'


@pytest.mark.parametrize(
    "text",
    ["pip install wavewright", "pip install 'wavewright[train]'", "wavewright[espeak]", "pip install -U wavewright"],
)
def test_what_is_looked_for_would_be_found(text):
    assert PUBLISHED.search(text)
