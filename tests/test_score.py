"""Scores: exact times of ticks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from wavewright.base.errors import BadSetting
from wavewright.music.score import Score, Track, notes_of
from wavewright.music.timing import MAX_TICK, TEMPO, TempoMap


def exact_seconds(tick: int, ticks_per_quarter: int, tempos: list[tuple[int, int]]) -> Fraction:
    """Sum over the pieces of the tempo map in rational numbers."""
    seconds, position, us = Fraction(0), 0, 500_000
    for at, new in tempos:
        if at > tick:
            break
        seconds += Fraction((at - position) * us, 1_000_000 * ticks_per_quarter)
        position, us = at, new
    return seconds + Fraction((tick - position) * us, 1_000_000 * ticks_per_quarter)


@pytest.mark.parametrize("seed", range(5))
def test_samples_of_ticks_are_rational_numbers_rounded_once(seed):
    rng = np.random.default_rng(seed)
    ticks_per_quarter = int(rng.integers(1, 32_768))
    at = np.sort(rng.choice(1_000_000, 50, replace=False))
    us = rng.integers(1, 0x1000000, 50)
    tempo_map = TempoMap(ticks_per_quarter, np.array([*zip(at, us, strict=True)], TEMPO))
    ticks = rng.integers(0, 1_200_000, 200)
    tempos = [(int(a), int(b)) for a, b in zip(at, us, strict=True)]
    seconds = [exact_seconds(int(tick), ticks_per_quarter, tempos) for tick in ticks]
    assert tempo_map.samples(ticks, 44_100).tolist() == [int(each * 44_100 + Fraction(1, 2)) for each in seconds]
    assert np.array_equal(tempo_map.seconds(ticks), [float(each) for each in seconds])
    assert np.array_equal(tempo_map.ticks(tempo_map.seconds(ticks)), ticks)


def test_without_a_tempo_there_are_120_quarters_a_minute():
    assert Score((Track(notes_of([(480, 480, 60, 80)])),)).seconds == 1.0


def test_times_at_the_limits_do_not_overflow():
    slowest = np.array([(0, 0xFFFFFF)], TEMPO)
    units = TempoMap(1, slowest).units(MAX_TICK)
    assert int(units) == 0xFFFFFF * MAX_TICK


@pytest.mark.parametrize("rows", [[(0, 0)], [(0, 2**24)], [(-1, 1)], [(5, 1), (4, 1)], [(MAX_TICK + 1, 1)]])
def test_impossible_tempos_are_refused(rows):
    with pytest.raises(BadSetting):
        TempoMap(480, np.array(rows, TEMPO))
