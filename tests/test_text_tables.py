"""Tables of facts of the English front end: each is well formed, its words have phones, and code uses each list."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import wavewright.text.english
from wavewright.text.english import rules as tables
from wavewright.text.english.phones import CONSONANTS, PHONES, VOWELS
from wavewright.text.english.pronounce import known, with_s

FOLDER = Path(wavewright.text.english.__file__).parent
TABLES = sorted(path.stem for path in (FOLDER / "data").glob("*.tsv"))
CODE = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))


def lines(name):
    return [line.split("\t") for line in tables.data_text(name).splitlines() if line and not line.startswith("# ")]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_its_columns_and_source_and_has_no_row_twice(name):
    head = " ".join(line for line in tables.data_text(f"{name}.tsv").splitlines() if line.startswith("# "))
    assert "Columns: " in head
    assert "# Source: " in head
    keys = Counter((fields[0], fields[1]) if len(fields) > 1 else fields[0] for fields in lines(f"{name}.tsv"))
    assert [key for key, count in keys.items() if count > 1] == []
    assert all(field == field.strip() for fields in lines(f"{name}.tsv") for field in fields)


def test_rows_are_filled_and_comments_left_out():
    numbers = tables.rows("numbers", 4)
    assert numbers[:2] == [["0", "zero", "", ""], ["1", "one", "first", ""]]
    assert tables.mapping("letters")["W"] == "D AH1 B AH0 L Y UW0"
    assert tables.of_kind(tables.rows("abbreviations", 3), "chess")["N"] == "knight"
    assert tables.of_kind(tables.rows("signs", 3), "text")["#"] == "hash"  # no comment


PREFIX = re.compile("(?:kibi|mebi|gibi|tebi|peta|exa|zetta|tera|giga|mega|kilo|hecto|deci|centi|milli|micro|nano|pico)")


@pytest.mark.parametrize(
    ("name", "columns"), [("units", (1, 2)), ("states", (1,)), ("calendar", (1,)), ("abbreviations", (2,))]
)
def test_every_word_of_a_table_is_in_the_lexicon(name, columns):
    words = {word for row in tables.rows(name, 4) for column in columns for word in row[column].split()}
    stems = {re.sub("s$", "", PREFIX.sub("", word)) for word in words if len(word) > 1 and not known(word)}
    assert {stem for stem in stems if not known(stem)} <= {"farad", "messer"}


@pytest.mark.parametrize(("name", "column"), [("letters", 1), ("affixes", 2), ("heteronyms", 2), ("heteronyms", 3)])
def test_phones_of_a_table_are_phones(name, column):
    assert {phone for row in tables.rows(name, 4) for phone in row[column].split()} <= {*PHONES}


def test_ipa_signs_stand_for_phones_without_stress():
    assert {phone for row in tables.rows("ipa", 3) for phone in row[1].split()} <= {*VOWELS, *CONSONANTS}


@pytest.mark.parametrize("name", ["supplement.txt", "names.txt"])
def test_phones_of_a_supplement_are_phones(name):
    entries = [line.split() for line in tables.data_text(name).splitlines() if line and not line.startswith("#")]
    assert {phone for _, *phones in entries for phone in phones} <= {*PHONES}


def test_code_uses_every_word_list_and_no_other():
    names = re.findall(r"^([a-z-]+):$", tables.data_text("word_lists.txt"), re.MULTILINE)
    assert len(names) == len({*names})
    assert {*names} == {*re.findall(r'word_list\("([a-z-]+)"\)', CODE)}
    assert all(tables.word_list(name) for name in names)


def test_alternatives_prefer_the_longest():
    assert re.fullmatch(tables.alternatives(["m", "m.", "mm"]), "mm")
    assert re.match(tables.alternatives(["m", "m.", "mm"]), "m.m")[0] == "m."
    assert tables.alternatives(["b", "a", "ab"]) == "ab|a|b"


def test_forms_in_s():
    assert [with_s((last,))[1:] for last in ("T", "D", "SH", "IY1")] == [("S",), ("Z",), ("IH0", "Z"), ("Z",)]
