"""Four-part harmony: given notes stay, seeds, ranges, rests, transposition, metres, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wavewright.base.errors import BadSetting, ScoreWarning
from wavewright.music.accompaniment import chorale, harmonise
from wavewright.music.accompaniment.chorale import GRAPH, WINDOW, HarmonyPredictor, HarmonySettings, harmonise_grid
from wavewright.music.accompaniment.voice_leading import (
    N_PITCHES,
    SILENT,
    UNKNOWN,
    VOICE_RANGES,
    VOICES,
    violations_per_chord,
)
from wavewright.music.score import KEY, METRE, Chord, MetaEvent, Score, Track, keys_of, notes_of
from wavewright.music.theory import MusicalKey

QUICK = HarmonySettings(n_candidates=2, n_sweeps=12, n_repairs=8)
QUARTER = 480
TUNE = (67, 67, 69, 71, 72, 71, 69, 67, 72, 74, 76, 74, 72, 71, 72, 72)


def score_of(pitches, duration=QUARTER, metre=(4, 4), start=0):
    rows = [(start + i * duration, duration, pitch, 80) for i, pitch in enumerate(pitches) if pitch]
    return Score((Track(notes_of(rows), "melody"),), QUARTER, metres=np.array([(0, *metre, 24, 8)], METRE))


def grid_of(score):
    end = max(int((track.notes["start"] + track.notes["duration"]).max()) for track in score.tracks)
    grid = np.full((end * 4 // score.ticks_per_quarter, 4), SILENT)
    for lane, track in enumerate(score.tracks):
        for note in track.notes:
            steps = slice(note["start"] * 4 // QUARTER, (note["start"] + note["duration"]) * 4 // QUARTER)
            grid[steps, lane] = note["pitch"]
    return grid


def given_of(line, voice=0):
    given = np.zeros((len(line), 4), int)
    given[:, voice] = line
    is_given = np.zeros((len(line), 4), bool)
    is_given[:, voice] = True
    return given, is_given


def test_the_network_predicts_pitches_within_the_ranges():
    cells = np.full((2, 12, 4), UNKNOWN)
    probabilities = np.exp(HarmonyPredictor().log_probabilities(cells))
    assert probabilities.shape == (2, 12, 4, N_PITCHES)
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)
    for voice, (low, high) in enumerate(VOICE_RANGES):
        allowed = probabilities[:, :, voice, low - 36 : high - 36 + 1]
        np.testing.assert_allclose(allowed.sum(-1), 1, rtol=1e-5)


def test_the_card_names_data_and_licence():
    card = json.loads(GRAPH.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["licence"]
    assert {"name", "licence", "origin"} <= set(card["sources"][0])


def test_known_chords_are_preferred_to_clusters():
    chords = np.repeat([(72, 67, 64, 48), (74, 65, 59, 43), (72, 64, 60, 48)], 4, axis=0)
    cells = chords - 36 + 1
    cells[4:8, 2] = UNKNOWN
    tenor = HarmonyPredictor().log_probabilities(cells[None])[0, 4:8, 2]
    assert (tenor[:, 59 - 36] > tenor[:, 61 - 36]).all()


@pytest.mark.parametrize("voice", range(4))
def test_given_notes_stay_and_others_keep_to_their_ranges(voice):
    low, high = VOICE_RANGES[voice]
    line = np.repeat(np.array([0, 2, 4, 5, 7, 5, 4, 0]) + (low + high) // 2 - 3, 4)
    harmony = harmonise_grid(*given_of(line, voice), seed=voice, settings=QUICK)
    np.testing.assert_array_equal(harmony[:, voice], line)
    for other, (lowest, highest) in enumerate(VOICE_RANGES):
        assert harmony[:, other].min() >= lowest
        assert harmony[:, other].max() <= highest


def test_a_seed_gives_one_harmony_and_another_seed_another():
    given = given_of(np.repeat(TUNE, 4))
    one, again, other = (harmonise_grid(*given, seed=seed, settings=QUICK) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_other_voices_change_on_eighths_only():
    harmony = harmonise_grid(*given_of(np.repeat(TUNE, 2)), settings=QUICK)
    np.testing.assert_array_equal(harmony[::2, 1:], harmony[1::2, 1:])


def test_few_rules_are_broken():
    harmony = harmonise_grid(*given_of(np.repeat(TUNE, 4)), tonic=0, settings=QUICK)
    assert sum(violations_per_chord(harmony, 0).values()) < 0.3


@pytest.mark.parametrize("n_steps", [1, 3, 7, WINDOW + 5, 2 * WINDOW])
def test_any_length_is_harmonised(n_steps):
    line = np.resize(np.repeat(TUNE, 4), n_steps)
    settings = HarmonySettings(n_candidates=1, n_sweeps=2, n_repairs=1)
    harmony = harmonise_grid(*given_of(line), settings=settings)
    assert harmony.shape == (n_steps, 4)
    assert (harmony >= 36).all()
    np.testing.assert_array_equal(harmony[:, 0], line)


def test_a_score_has_four_voices_and_the_melody():
    melody = score_of(TUNE)
    harmony = harmonise(melody, seed=3, settings=QUICK)
    assert [track.name for track in harmony.tracks] == list(VOICES)
    np.testing.assert_array_equal(harmony.tracks[0].notes, melody.tracks[0].notes)
    assert all(track.notes["start"].min() == 0 for track in harmony.tracks)
    assert (grid_of(harmony) != SILENT).all()


@pytest.mark.parametrize("shift", [-36, -12, 12, 24])
def test_a_melody_of_another_octave_is_moved_by_octaves(shift):
    melody = score_of([pitch + shift for pitch in TUNE])
    with pytest.warns(ScoreWarning, match=rf"moved by {-shift:+d} semitones".replace("+", "[+]")):
        harmony = harmonise(melody, settings=QUICK)
    np.testing.assert_array_equal(harmony.tracks[0].notes["pitch"], TUNE)


def test_what_a_chorale_leaves_out_is_named_and_the_lyrics_stay():
    melody = score_of(TUNE)
    lyrics = (MetaEvent(0, 5, b"la"),)
    low = melody.tracks[0].notes[:1].copy()
    low["pitch"] -= 5
    track = replace(melody.tracks[0], name="melody", notes=np.concatenate([low, melody.tracks[0].notes]), metas=lyrics)
    others = (replace(track, name="Pad"), replace(track, name=""))
    score = replace(melody, tracks=(track, *others), chords=(Chord(0, "C"),))
    expected = r"left out: tracks \(Pad, one without a name\), chord symbols, notes under those of the melody\."
    with pytest.warns(ScoreWarning, match=expected):
        harmony = harmonise(score, settings=QUICK)
    assert [each.metas for each in harmony.tracks] == [lyrics, (), (), ()]


@given(st.integers(0, 3), st.integers(0, 21), st.integers(-30, 30))
def test_a_melody_moves_as_little_as_it_must_and_by_octaves_if_it_can(voice, width, above):
    low, high = VOICE_RANGES[voice]
    width = min(width, high - low)
    shift = chorale._shift_into(np.array([low + above, low + above + width]), voice)
    possible = [each for each in range(-128, 128) if low <= low + above + each <= high - width]
    octaves = [each for each in possible if each % 12 == 0]
    assert shift in possible
    assert abs(shift) == min(map(abs, octaves or possible))


def test_a_melody_that_no_octave_fits_is_transposed_with_its_key():
    melody = score_of((57, 60, 64, 69, 72, 76, 69, 57))
    with pytest.warns(ScoreWarning, match="moved by"):
        harmony = harmonise(melody, key=MusicalKey.parse("Am"), settings=QUICK)
    shifts = harmony.tracks[0].notes["pitch"] - melody.tracks[0].notes["pitch"]
    assert len(set(shifts.tolist())) == 1
    shift = int(shifts[0])
    low, high = VOICE_RANGES[0]
    assert low <= 57 + shift <= 76 + shift <= high
    ((_, found),) = keys_of(harmony)
    assert found.tonic == (9 + shift) % 12
    keys = np.array([(0, 0, "dorian"), (1_920, -2, "major")], KEY)
    with pytest.warns(ScoreWarning, match="moved by"):
        moved = harmonise(replace(melody, keys=keys), settings=QUICK)
    assert [(tick, found.tonic, found.scale) for tick, found in keys_of(moved)] == [
        *((0, (2 + shift) % 12, "dorian"), (1_920, (10 + shift) % 12, "major"))
    ]


@pytest.mark.parametrize("metre", [(3, 4), (6, 8), (5, 4), (7, 8)])
@pytest.mark.parametrize("duration", [QUARTER, QUARTER // 3, QUARTER // 2])
def test_metres_and_triplets(metre, duration):
    melody = score_of(TUNE[:9], duration, metre)
    harmony = harmonise(melody, settings=QUICK)
    np.testing.assert_array_equal(harmony.tracks[0].notes, melody.tracks[0].notes)
    np.testing.assert_array_equal(harmony.metres, melody.metres)


def test_voices_rest_where_the_melody_rests_for_long_and_not_where_it_breathes():
    grid = grid_of(harmonise(score_of((67, 69, 0, 71, 72, 0, 0, 0, 72, 71, 72)), settings=QUICK))
    assert (grid[8:12, 1:] != SILENT).all()
    assert (grid[20:32] == SILENT).all()


def test_held_pitches_are_struck_with_the_melody():
    harmony = harmonise(score_of((72,) * 4), settings=QUICK)
    for track in harmony.tracks:
        assert {0, QUARTER, 2 * QUARTER, 3 * QUARTER} <= set(track.notes["start"].tolist())


@pytest.mark.parametrize(
    ("melody", "options", "message"),
    [
        (Score(), {}, "no notes"),
        (score_of((48, 84)), {}, "spans 36 semitones"),
        (score_of(TUNE), {"voice": "counter-tenor"}, "no voice"),
        (score_of((67,), start=QUARTER * 20_000), {}, "quarters"),
    ],
)
def test_what_cannot_be_harmonised_is_refused(melody, options, message):
    with pytest.raises(BadSetting, match=message):
        harmonise(melody, settings=QUICK, **options)
