"""Performances: events at exact samples, swing, seeded deviations, blocks of any length, tails, stems."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from tone_engine import RecordingEngine

from wavewright.base.errors import BadScore, BadSetting
from wavewright.music.performance import PerformanceSettings, perform, stem_names
from wavewright.music.score import (
    CONTROL,
    CONTROL_CHANGE,
    METRE,
    PITCH_BEND,
    PROGRAM,
    Score,
    Track,
    controls_of,
    notes_of,
)
from wavewright.music.timing import TEMPO

RATE = 8_000


def score_of(*rows: tuple[int, int, int, int], tempo: int = 500_000, **changes: object) -> Score:
    return replace(Score((Track(notes_of(rows)),), 480, np.array([(0, tempo)], TEMPO)), **changes)


def rendered(score: Score, settings: PerformanceSettings | None = None, **options: object):
    """Return the sound of a score and the instruments that made it."""
    engines: list[RecordingEngine] = []

    def opened() -> RecordingEngine:
        engines.append(RecordingEngine(RATE))
        return engines[-1]

    blocks = list(perform(score, RATE, settings).blocks(opened, **options))
    return np.concatenate([np.zeros((2, 0), np.float32), *blocks], axis=1), engines


def events_of(score: Score, settings: PerformanceSettings | None = None, *kinds: str) -> list[tuple[object, ...]]:
    _, engines = rendered(score, settings)
    return [event for engine in engines for event in engine.events if event[1] in (kinds or ("on", "off"))]


def test_notes_begin_and_end_at_their_exact_samples():
    score = score_of((0, 480, 60, 80), (961, 7, 61, 90), tempo=333_333)

    def sample(tick: int) -> int:
        return int(Fraction(tick * 333_333 * RATE, 480 * 1_000_000) + Fraction(1, 2))

    assert events_of(score) == [
        (0, "on", 0, 60, 80),
        (sample(480), "off", 0, 60),
        (sample(961), "on", 0, 61, 90),
        (sample(968), "off", 0, 61),
    ]


@pytest.mark.parametrize("block_samples", [1, 128, 1_000, 100_000])
def test_blocks_of_any_length_have_the_same_samples(block_samples):
    rng = np.random.default_rng(3)
    rows = [(int(start), int(length), 60, 100) for start, length in rng.integers(0, 900, (40, 2))]
    reference, _ = rendered(score_of(*rows))
    wave, _ = rendered(score_of(*rows), block_samples=block_samples)
    assert np.array_equal(wave, reference)


def test_events_of_one_tick_take_effect_in_their_order():
    rows = [(480, CONTROL_CHANGE, 1, 10, 0), (480, CONTROL_CHANGE, 2, 20, 1), (480, CONTROL_CHANGE, 3, 30, 2)]
    notes = notes_of([(0, 480, 60, 80), (480, 480, 60, 81), (480, 0, 62, 82)])
    score = Score((Track(notes, controls=np.array(rows, CONTROL)),))
    at_tick = [event for event in events_of(score, None, "on", "off", "control") if event[0] == 4_000]
    assert [event[1] for event in at_tick] == ["control", "off", "control", "on", "on", "control", "off"]


def test_banks_programmes_bends_and_controls_reach_the_instrument():
    rows = [(0, CONTROL_CHANGE, 0, 1), (0, CONTROL_CHANGE, 32, 2), (0, PROGRAM, 0, 40), (5, PITCH_BEND, 0, -8192)]
    score = Score((Track(notes_of([(0, 10, 60, 80)]), channel=4, controls=controls_of([*rows, (6, 0xB, 7, 99)])),))
    events = events_of(score, None, "program", "bend", "control")
    assert [event[1:] for event in events if event[-1] != 0] == [
        ("program", 4, 130, 40),
        ("bend", 4, -8192),
        ("control", 4, 7, 99),
    ]


def test_more_than_sixteen_channels_have_an_instrument_for_each_port():
    tracks = tuple(Track(notes_of([(0, 480, 60, 1)]), is_drum=index == 3) for index in range(40))
    wave, engines = rendered(Score(tracks))
    assert len(engines) == 3
    assert wave[0, 0] == pytest.approx(0.04)


@pytest.mark.parametrize("swing", [0.55, 2 / 3, 0.75])
def test_swing_moves_the_second_eighth_of_each_quarter(swing):
    score = score_of(*[(240 * index, 240, 60, 80) for index in range(8)])
    starts = [event[0] for event in events_of(score, PerformanceSettings(swing=swing), "on")]
    assert starts[::2] == [4_000 * index for index in range(4)]
    assert np.allclose(np.array(starts[1::2]), 4_000 * (np.arange(4) + swing), atol=1)


def test_compound_metres_do_not_swing_and_quarters_count_from_the_metre():
    metres = np.array([(0, 6, 8, 24, 8), (720, 4, 4, 24, 8)], METRE)
    score = score_of((240, 240, 60, 80), (720, 240, 60, 80), (960, 240, 60, 80), metres=metres)
    starts = [event[0] for event in events_of(score, PerformanceSettings(swing=0.75), "on")]
    assert starts == [2_000, 6_000, 9_000]


def test_deviations_are_those_of_their_seed_and_keep_durations():
    score = score_of(*[(480 * index, 240, 60 + index, 80) for index in range(60)])
    human = PerformanceSettings(timing_ms=10, velocity=8, seed=5)
    events = events_of(score, human)
    assert events == events_of(score, human)
    assert events != events_of(score, replace(human, seed=6))
    on = {event[3]: event for event in events if event[1] == "on"}
    off = {event[3]: event for event in events if event[1] == "off"}
    moves = np.array([on[60 + index][0] - 4_000 * index for index in range(60)])
    assert {off[key][0] - on[key][0] for key in on} == {2_000}
    assert np.abs(moves).max() <= 200
    assert 40 < moves[1:].std() < 120
    assert 4 < np.std([event[4] for event in on.values()]) < 12


def test_notes_do_not_move_before_the_change_of_their_programme():
    rows = [(480 * index, PROGRAM, 0, index) for index in range(50)]
    track = Track(notes_of([(480 * index, 240, index, 80) for index in range(50)]), controls=controls_of(rows))
    events = events_of(Score((track,)), PerformanceSettings(timing_ms=20), "on", "program")
    program = 0
    for event in events:
        program = event[4] if event[1] == "program" else program
        assert event[1] == "program" or event[3] == program


@pytest.mark.parametrize("tempo", [60.0, 97.3, 240.0])
def test_another_tempo_changes_all_in_proportion(tempo):
    tempos = np.array([(0, 500_000), (480, 250_000)], TEMPO)
    score = score_of((0, 480, 60, 80), (480, 480, 60, 80), (960, 1, 60, 80), tempos=tempos)
    starts = [event[0] for event in events_of(score, PerformanceSettings(tempo=tempo), "on")]
    assert np.allclose(starts, [0, 60 / tempo * RATE, 90 / tempo * RATE], atol=2)


def test_the_tail_ends_with_silence_whatever_is_held():
    wave, engines = rendered(score_of((0, 480, 60, 80)))
    assert wave.shape[1] == 4_000 + 1_024
    assert wave[0, 4_639] > 0
    assert not wave[:, 4_640:].any()
    assert engines[0].events[-1][1:3] == ("control", 15)


def test_a_tail_that_is_too_long_fades_out():
    class Hanging(RecordingEngine):
        def is_silent(self) -> bool:
            return False

    score = score_of((0, 480, 60, 80), length=400)
    blocks = perform(score, RATE).blocks(lambda: Hanging(RATE, 10**6), max_tail_seconds=0.1)
    wave = np.concatenate([*blocks], axis=1)
    assert wave.shape == (2, 4_800)
    assert wave[0, -1] == 0
    assert np.all(np.diff(wave[0, -300:]) <= 0)


def test_stems_add_up_to_the_mix_and_share_the_controls_of_their_channel():
    pedal = controls_of([(0, CONTROL_CHANGE, 7, 3)])
    tracks = [Track(notes_of([(100 * index, 480, 60 + index, 50)]), channel=index // 2) for index in range(4)]
    tracks[0] = replace(tracks[0], controls=pedal)
    score = Score(tuple(tracks))
    mix, _ = rendered(score)
    stems, engines = zip(*[rendered(score, tracks=[index], n_samples=mix.shape[1]) for index in range(4)], strict=True)
    assert np.allclose(sum(stems), mix, atol=1e-6)
    assert [any(event[1:] == ("control", 0, 7, 3) for event in opened[0].events) for opened in engines] == [
        *(True, True, False, False)
    ]


def test_stems_have_distinct_names():
    tracks = (Track(name="Flute"), Track(is_drum=True), Track(controls=controls_of([(0, PROGRAM, 0, 40)])))
    assert stem_names(Score(tracks)) == ("01-Flute", "02-drums", "03-program-41")


def test_a_score_of_days_is_refused():
    with pytest.raises(BadScore, match="lasts 56 hours"):
        perform(score_of((0, 480 * 12_000, 60, 80), tempo=2**24 - 1), RATE)


@pytest.mark.parametrize("changes", [{"swing": 0.4}, {"timing_ms": -1}, {"velocity": 100}])
def test_settings_out_of_range_are_refused(changes):
    with pytest.raises(BadSetting, match="must lie between"):
        PerformanceSettings(**changes)


def test_a_tempo_that_midi_cannot_store_is_refused():
    with pytest.raises(BadSetting, match="tempo"):
        perform(score_of((0, 1, 60, 80)), RATE, PerformanceSettings(tempo=1))


def test_a_score_without_notes_is_silence():
    wave, engines = rendered(Score(length=480))
    assert (wave.shape[1], wave.any(), engines) == (4_000, False, [])


def test_the_sostenuto_pedal_holds_the_notes_that_sound_when_it_goes_down():
    rows = [(240, CONTROL_CHANGE, 66, 127), (1920, CONTROL_CHANGE, 66, 0)]
    notes = notes_of([(0, 480, 60, 80), (480, 480, 64, 80), (960, 240, 60, 80)])
    score = Score((Track(notes, controls=controls_of(rows)), Track(notes_of([(0, 480, 50, 80)]))))
    events = [event for event in events_of(score) if event[0] < 20_000]
    ends = sorted((sample / RATE * 960, channel, key) for sample, kind, channel, key, *_ in events if kind == "off")
    assert ends == [(480, 1, 50), (960, 0, 64), (1200, 0, 60), (1920, 0, 60)]
