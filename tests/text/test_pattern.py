"""A pattern that is not compiled says of no text that it does not match where it would."""

from __future__ import annotations

import gc
import re
from pathlib import Path

import pytest

import wavewright.text.english.rule_order  # noqa: F401, for its patterns
from wavewright.text.pattern import Pattern, beginning_of, pattern

TEXTS = "\n".join(
    [(Path(__file__).parent / "blind.tsv").read_text(encoding="utf-8")]
    + [f"{sign}x 5 {sign}a{sign}" for sign in map(chr, range(33, 0x2200, 7))]
)


@pytest.mark.parametrize(
    ("expression", "may", "may_not"),
    [
        ("abc", "a", "b "),
        (r"\$\d", "$", "1"),
        (r"(?:Rs|₹)\s?\d", "R₹", "s1"),
        (r"(?<=\d)[xX](?=\d)", "xX", "1"),
        (r"(?:-|\+)?(\d+)", "-+7", "a"),
        (r"[a-f_]{0,2}z", "adfz_", "g"),
        (r"(?P<sign>[$€])?\.5", "$€.", "5"),
        (r"\w+\s", "aé_9", " -"),
        (r"\b(?!in)(?:o|i)n\b", "oi", "n"),
    ],
)
def test_beginnings_of_expressions(expression, may, may_not):
    beginning = beginning_of(expression)
    assert all(beginning.has(sign) for sign in may)
    assert not any(beginning.has(sign) for sign in may_not)
    assert not beginning.has("")


@pytest.mark.parametrize("expression", ["", "a?", "(?:a|)", ".", "(?i:a)", "[^a]b", r"(a)?(?:b*)", r"(?=a)", "a{0,3}"])
def test_beginnings_that_say_nothing(expression):
    assert beginning_of(expression) is None


def test_no_rule_misses_a_match():
    gc.unfreeze()  # else the collector does not tell of what was imported
    rules = [each for each in gc.get_objects() if type(each) is Pattern]
    gc.freeze()
    read = {each.pattern: beginning_of(each.pattern) for each in rules if not each.flags}
    known = {expression: beginning for expression, beginning in read.items() if beginning is not None}
    assert len(known) > 0.8 * len(read) > 200
    for expression, beginning in known.items():
        found = {match[0][:1] for match in re.finditer(expression, TEXTS)}
        assert [sign for sign in found if not beginning.has(sign)] == [], expression


def test_a_pattern_compiles_only_where_it_could_match():
    mark = pattern(r"\$(\d+)")
    assert mark.match("a $5", 0) is None
    assert "sub" not in vars(mark)
    assert mark.match("a $5", 2)[1] == "5"
    assert "sub" in vars(mark)
    assert mark.match("a $5", 3) is None
