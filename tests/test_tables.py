"""What people read comes from the code: tables of families and effects, the help of train, numbers in sentences."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from wavewright import models
from wavewright.apps.cli import run
from wavewright.families import FAMILIES, SUMMARIES

ROOT = Path(__file__).parents[1]


with_documents = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not beside the tests")


@pytest.fixture(scope="module")
def tables():
    """The names of the script that writes tables and facts."""
    return runpy.run_path(str(ROOT / "docs" / "tables.py"))


@with_documents
def test_tables_and_numbers_of_the_pages_are_up_to_date(tables):
    for name in tables["TABLES"]:
        path, text = tables["with_table"](name)
        assert path.read_text(encoding="utf-8") == text, f"{name}: run python docs/tables.py"
    for name in tables["FACTS"]:
        path, text = tables["with_fact"](name)
        assert path.read_text(encoding="utf-8") == text, f"{name}: run python docs/tables.py"


@with_documents
def test_a_number_of_a_page_that_is_wrong_is_corrected_where_it_stands(tables):
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    _, text = tables["with_value"]("README.md", tables["FACTS"]["trained models"][1], "seven")
    assert "`wavewright`, and seven trained models" in text
    assert len(text) - len(page) == len("seven") - len(str(len(models.bundled())))
    with pytest.raises(ValueError, match=r"README\.md has 0 sentences like"):
        tables["with_value"]("README.md", "no such (.)", "1")


@with_documents
def test_the_size_of_a_demo_is_that_of_its_folder(tables, tmp_path):
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "a.wav").write_bytes(bytes(31_000_000))
    _, text = tables["with_demo_size"](tmp_path)
    assert "every bundled model (30 MB)" in " ".join(text.split())


@with_documents
def test_a_page_lists_every_bundled_model_once(tables):
    rows = re.findall(
        r"^\| `([\w-]+)` \|.*\| (?:CC|Apache|MIT)\S* \|$",
        (ROOT / "docs" / "models.md").read_text(encoding="utf-8"),
        re.M,
    )
    assert sorted(rows) == sorted(models.bundled())


def test_the_help_of_train_lists_families_and_sizes(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "2000")
    assert run(["train", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, family in FAMILIES.items():
        assert f"{name} ({SUMMARIES[name]})" in shown
        assert not SUMMARIES[name].endswith(".")
        further = [size for size in family.sizes if size not in ("tiny", "small", "base")]
        assert not further or f"{name} also {', '.join(further)}" in shown
