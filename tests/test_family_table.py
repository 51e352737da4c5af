"""The lists of families that people read come from `FAMILIES`: README's table and the help of train."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from wavewright.cli import run
from wavewright.families import FAMILIES

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not beside the tests")
def test_the_table_of_families_is_up_to_date():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert runpy.run_path(str(ROOT / "docs" / "families.py"))["with_table"](text) == text, "run python docs/families.py"


def test_the_help_of_train_lists_families_and_sizes(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "2000")
    assert run(["train", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, family in FAMILIES.items():
        assert f"{name} ({family.summary})" in shown
        assert f"{name} {', '.join(family.sizes)}" in shown
