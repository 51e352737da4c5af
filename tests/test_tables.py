"""The tables that people read come from the code: families, in the help of train too, and effects of both kinds."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from wavewright.cli import run
from wavewright.families import FAMILIES

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not beside the tests")
@pytest.mark.parametrize("table", ["families", "effects", "procedures"])
def test_the_tables_of_the_pages_are_up_to_date(table):
    path, text = runpy.run_path(str(ROOT / "docs" / "tables.py"))["with_table"](table)
    assert path.read_text(encoding="utf-8") == text, "run python docs/tables.py"


def test_the_help_of_train_lists_families_and_sizes(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "2000")
    assert run(["train", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, family in FAMILIES.items():
        assert f"{name} ({family.summary})" in shown
        assert f"{name} {', '.join(family.sizes)}" in shown
