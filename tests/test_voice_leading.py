"""The sixteen rules of four-part harmony: each on chords that break exactly it, and on chords that do not."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.music.accompaniment.voice_leading import RULES, SILENT, find_violations, violations_per_chord

C_MAJOR = (72, 67, 64, 48)  # C5 G4 E4 C3
C = 0

EXAMPLES = {  # chords of a beat each that break the rule, and similar ones that do not
    "parallel_fifths": ([(76, 67, 60, 48), (77, 69, 62, 53), (77, 69, 60, 53)], [(76, 67, 60, 48), (77, 69, 60, 53)]),
    "parallel_octaves": ([(72, 67, 64, 48), (74, 65, 62, 50)], [(72, 67, 64, 48), (71, 67, 62, 55)]),
    "contrary_fifths_and_octaves": ([(71, 67, 62, 43), (71, 67, 59, 52)], [(71, 67, 62, 43), (72, 67, 55, 52)]),
    "hidden_fifths": ([(72, 72, 64, 43), (76, 72, 64, 45)], [(72, 72, 64, 43), (72, 72, 64, 55)]),
    "hidden_octaves": ([(72, 60, 52, 45), (67, 60, 52, 43)], [(72, 60, 52, 45), (67, 60, 52, 48)]),
    "crossing": ([(72, 64, 67, 48)], [(72, 67, 64, 48)]),
    "overlap": ([(72, 64, 64, 45), (72, 69, 65, 45)], [(72, 64, 64, 45), (77, 69, 62, 45)]),
    "spacing": ([(76, 60, 55, 48)], [(76, 67, 60, 48)]),
    "voice_range": ([(84, 76, 67, 48)], [(79, 72, 64, 48)]),
    "dissonant_leap": ([(77, 65, 62, 45), (77, 71, 62, 43)], [(77, 65, 62, 45), (77, 65, 62, 57)]),
    "wide_leap": ([(67, 64, 64, 47), (67, 64, 64, 60)], [(67, 64, 64, 47), (67, 64, 52, 48)]),
    "uncompensated_leap": (
        [(72, 67, 64, 60), (72, 67, 64, 48), (72, 69, 64, 45)],
        [(72, 67, 64, 60), (72, 67, 64, 48), (72, 69, 65, 53)],
    ),
    "unresolved_leading_tone": ([(71, 62, 55, 41), (69, 60, 57, 41)], [(71, 62, 55, 43), (72, 64, 55, 48)]),
    "unresolved_seventh": ([(74, 67, 59, 41), (74, 67, 59, 43)], [(74, 67, 59, 41), (72, 67, 60, 40)]),
    "doubled_leading_tone": ([(71, 67, 62, 47)], [(71, 67, 62, 55)]),
    "missing_third": ([(72, 67, 60, 48)], [(72, 67, 64, 48)]),
}


def grid_of(chords: list[tuple[int, ...]]) -> np.ndarray:
    return np.repeat(np.array(chords), 4, axis=0)


def broken_by(pitches: np.ndarray, tonic: int | None = C) -> set[str]:
    names = list(RULES)
    return {names[index] for index in find_violations(pitches, tonic)["rule"]}


def test_there_are_sixteen_rules_with_examples():
    assert len(RULES) == 16
    assert list(EXAMPLES) == list(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_an_example_breaks_exactly_one_rule(rule):
    assert broken_by(grid_of(EXAMPLES[rule][0])) == {rule}


@pytest.mark.parametrize("rule", RULES)
def test_a_similar_example_keeps_all_rules(rule):
    assert broken_by(grid_of(EXAMPLES[rule][1])) == set()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shift", [-2, 3])
def test_rules_but_that_of_ranges_hold_in_every_key(rule, shift):
    broken = broken_by(grid_of(EXAMPLES[rule][0]) + shift, (C + shift) % 12)
    assert broken - {"voice_range"} == {rule} - {"voice_range"}


def test_rests_break_no_rule():
    grid = grid_of([C_MAJOR, C_MAJOR, C_MAJOR])
    assert not len(find_violations(np.full((8, 4), SILENT), C))
    for voice in range(4):
        rested = grid.copy()
        rested[4:8, voice] = SILENT
        assert broken_by(rested) == set()


def test_a_violation_has_its_step_and_voices():
    found = find_violations(grid_of([C_MAJOR, (74, 65, 62, 50)]), C)
    assert found.tolist() == [(list(RULES).index("parallel_octaves"), 4, 0, 3)]


def test_violations_are_counted_by_beats_with_sound():
    grid = np.concatenate([grid_of([C_MAJOR, (74, 65, 62, 50)]), np.full((8, 4), SILENT)])
    assert violations_per_chord(grid, C)["parallel_octaves"] == 0.5
    assert violations_per_chord(np.full((0, 4), SILENT), C) == dict.fromkeys(RULES, 0.0)
