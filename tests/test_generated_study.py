"""The study of generated clips: names of sources, divisions by fold, intervals of a reduction."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from benchmarks.recognition.study_results import Cell, Outcome, append_result, intervals, read_results, summary
from benchmarks.recognition.study_sources import KINDS, SOURCES, SourceName
from benchmarks.recognition.study_tasks import divide, draw_share


def test_names_of_sources_have_their_parts():
    assert len(set(SOURCES)) == 4 * len(KINDS)
    parts = [SourceName.parse(name) for name in SOURCES]
    assert len({(part.kind, part.is_matched, part.is_judged) for part in parts}) == len(SOURCES)
    assert {part.kind for part in parts} == set(KINDS)
    assert SourceName.parse("all") == SourceName("all", is_matched=False, is_judged=True)
    assert SourceName.parse("all-all") == SourceName("all", is_matched=False, is_judged=False)
    assert SourceName.parse("voices-match-all") == SourceName("voices", is_matched=True, is_judged=False)


def test_folds_of_esc10_are_tested_in_turn(tmp_path):
    for label in ("rain", "rooster"):
        for fold in "1234":
            for take in "AB":
                path = tmp_path / "esc10" / label / f"{fold}-10-{take}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, np.full(800, 0.1), 8_000)
    for seed in range(5):
        division = divide("esc10", tmp_path, seed)
        assert {entry.path.name[0] for entry in division.test} == {"1234"[seed % 4]}
        assert (len(division.train), len(division.test), division.number) == (12, 4, seed % 4)
        assert not {entry.path for entry in division.train} & {entry.path for entry in division.test}
        share = draw_share(division.train, 0.5, seed)
        assert sorted(entry.label for entry in share) == ["rain"] * 3 + ["rooster"] * 3


def test_a_reduction_is_relative_to_the_control_of_the_same_seeds(tmp_path):
    path = tmp_path / "results.jsonl"
    for seed, (correct, control) in enumerate((("1110", "1100"), ("1111", "0111"))):
        append_result(path, Cell("digits", 0.1, seed, "voices", 1.0), Outcome(4, 4, correct, 0.1))
        append_result(path, Cell("digits", 0.1, seed, "none", 0.0), Outcome(4, 0, control, 0.1))
    append_result(path, Cell("digits", 0.1, 7, "voices", 1.0), Outcome(4, 4, "0000", 0.1))  # without a control
    path.write_text(path.read_text() + '{"cell": {"task"')  # cut off by a kill
    rows = {row["source"]: row for row in summary(read_results(path))}
    assert rows["none"]["error"].value == pytest.approx(3 / 8)
    assert rows["voices"]["error"].value == pytest.approx(1 / 8)
    assert rows["voices"]["reduction"].value == pytest.approx(2 / 3)
    assert rows["voices"]["seeds"] == 2


def test_intervals_of_a_reduction_contain_the_truth():
    rng = np.random.default_rng(0)
    control = [(rng.random(400) < 0.6).astype(float) for _ in range(4)]
    better = [np.where(rng.random(400) < 0.5, 1.0, each) for each in control]  # half of the errors
    error, reduction = intervals(list(zip(better, control, strict=True)))
    assert error.low < 0.2 < error.high
    assert reduction.low < 0.5 < reduction.high
    assert reduction.high - reduction.low < 0.15
